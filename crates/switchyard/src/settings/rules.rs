//! What no setting can say alone: rules between settings.

use super::listen::Listen;
use super::problem::{Findings, Reason};
use super::secrets::{ADVICE, essence};
use super::setting::Row;
use super::values::Values;
use super::{DatabaseUrl, GatewayAuth, Settings, table};
use secrecy::ExposeSecret;

/// The loaded settings beside what was given for them.
pub(super) struct Rules<'a> {
    pub(super) settings: &'a Settings,
    pub(super) values: &'a Values,
    /// Settings whose text was refused: what depends on them can't be judged.
    pub(super) refused: &'a [&'static str],
}

impl Rules<'_> {
    pub(super) fn check(&self, findings: &mut Findings) {
        self.tls_files(findings);
        self.exposure(findings);
        self.listeners(findings);
        self.open_surfaces(findings);
        self.administrator(findings);
        self.shared_secrets(findings);
        self.superseded(findings);
        self.odd_places(findings);
    }

    fn is_given(&self, row: &dyn Row) -> bool {
        self.values.of(row).is_some()
    }

    fn is_refused(&self, rows: &[&dyn Row]) -> bool {
        rows.iter().any(|row| self.refused.contains(&row.facts().name))
    }

    fn problem(&self, row: &dyn Row, reason: Reason, findings: &mut Findings) {
        let (name, origin) = self.values.giver(row);
        findings.problem(name, origin, reason);
    }

    fn warn(&self, row: &dyn Row, message: impl Into<String>, findings: &mut Findings) {
        findings.warn(self.values.giver(row).0, message);
    }

    fn tls_files(&self, findings: &mut Findings) {
        let pair: [&dyn Row; 2] = [&table::TLS_CERT_FILE, &table::TLS_KEY_FILE];
        let [certificate, key] = pair;
        if self.is_refused(&pair) || self.is_given(certificate) == self.is_given(key) {
            return;
        }
        let (given, missing) =
            if self.is_given(certificate) { (certificate, key) } else { (key, certificate) };
        let reason = Reason::new(format!("needs {} beside it", missing.facts().variable()));
        self.problem(given, reason, findings);
    }

    /// Other machines may reach the server over TLS, or where someone has said that TLS ends in front of it.
    fn exposure(&self, findings: &mut Findings) {
        let server = &self.settings.server;
        let excuses: [&dyn Row; 3] = [&table::TLS_CERT_FILE, &table::TLS_KEY_FILE, &table::ALLOW_PLAIN_HTTP];
        let has_tls_setting = self.is_given(&table::TLS_CERT_FILE) || self.is_given(&table::TLS_KEY_FILE);
        if self.is_refused(&excuses) || has_tls_setting || server.allow_plain_http {
            return;
        }
        let listeners: [(&dyn Row, Option<&Listen>); 2] = [
            (&table::LISTEN, Some(&server.listen)),
            (&table::METRICS_LISTEN, server.metrics_listen.as_ref()),
        ];
        for (row, listen) in listeners {
            let exposed: Vec<_> =
                listen.into_iter().flat_map(Listen::exposed).map(ToString::to_string).collect();
            if !exposed.is_empty() {
                self.problem(row, plain_http(&exposed.join(", ")), findings);
            }
        }
    }

    /// What serves calls does not serve `/metrics`.
    fn listeners(&self, findings: &mut Findings) {
        let server = &self.settings.server;
        let calls = server.listen.addresses();
        let metrics = server.metrics_listen.iter().flat_map(|listen| listen.addresses());
        if let Some(twin) = metrics.into_iter().find(|address| address.port() != 0 && calls.contains(address))
        {
            let reason =
                Reason::new(format!("{twin} is an address of LISTEN too: /metrics needs one of its own"));
            self.problem(&table::METRICS_LISTEN, reason, findings);
        }
    }

    /// Each of these is a choice, but on an address that others reach it is one to be reminded of.
    fn open_surfaces(&self, findings: &mut Findings) {
        let settings = self.settings;
        if settings.server.listen.is_loopback_only() {
            return;
        }
        let open: [(&dyn Row, bool, &str); 5] = [
            (
                &table::COOKIE_SECURE,
                !settings.accounts.cookie_secure,
                "browsers send the session cookies in the clear",
            ),
            (
                &table::OPEN_LLM_CHAT,
                settings.surfaces.open_llm_chat,
                "anyone who reaches the server chats at your cost",
            ),
            (
                &table::OPEN_VIRTUAL_KEYS,
                settings.surfaces.open_virtual_keys,
                "anyone who reaches the server mints keys",
            ),
            (
                &table::GATEWAY_AUTH,
                settings.surfaces.gateway_auth != GatewayAuth::Required,
                "anyone who reaches the server calls /v1 at your cost",
            ),
            (
                &table::ALLOW_OPEN_REGISTRATION,
                settings.accounts.allow_open_registration,
                "anyone who reaches the server can register",
            ),
        ];
        for (row, is_open, message) in open {
            if is_open {
                self.warn(row, message, findings);
            }
        }
    }

    fn administrator(&self, findings: &mut Findings) {
        let pair: [&dyn Row; 2] = [&table::ADMIN_USERNAME, &table::ADMIN_PASSWORD];
        let [username, password] = pair;
        if self.is_refused(&pair) {
            return;
        }
        if self.is_given(username) != self.is_given(password) {
            let (given, missing) =
                if self.is_given(username) { (username, password) } else { (password, username) };
            let reason = Reason::new(format!("needs {} beside it", missing.facts().variable()));
            self.problem(given, reason, findings);
        }
        let Some(administrator) = &self.settings.accounts.first_administrator else { return };
        let text = administrator.password.expose_secret();
        let policy = self.settings.accounts.password_policy;
        if text.eq_ignore_ascii_case(&administrator.username) {
            self.problem(password, Reason::new("is weak: it is the username").hint(ADVICE), findings);
        } else if text.chars().count() < policy.min_chars() {
            let message = format!("the password policy demands {} or more characters", policy.min_chars());
            self.problem(password, Reason::new(message), findings);
        }
    }

    /// A secret known from one of its uses must not open another.
    fn shared_secrets(&self, findings: &mut Findings) {
        let rows: [&dyn Row; 9] = [
            &table::SECRET_KEY,
            &table::JWT_SECRET,
            &table::JWT_SECRET_PREVIOUS,
            &table::ENCRYPTION_KEY,
            &table::ENCRYPTION_KEY_PREVIOUS,
            &table::BACKEND_API_KEY_SECRET,
            &table::BACKEND_API_KEY_SECRET_PREVIOUS,
            &table::ADMIN_PASSWORD,
            &table::REGISTRATION_TOKEN,
        ];
        let given: Vec<_> = rows.into_iter().filter_map(|row| Some((row, self.values.of(row)?))).collect();
        for (at, (row, secret)) in given.iter().enumerate() {
            let of_secret = essence(secret.text.expose_secret());
            let twin = given.iter().take(at).find(|(other, earlier)| {
                essence(earlier.text.expose_secret()) == of_secret && !is_one_purpose(*other, *row)
            });
            if let Some((_, earlier)) = twin {
                let reason = Reason::new(format!(
                    "is the same secret as {}: each purpose needs its own",
                    earlier.name
                ));
                self.problem(*row, reason.hint(ADVICE), findings);
            }
        }
    }

    fn superseded(&self, findings: &mut Findings) {
        if self.is_given(&table::IV) {
            self.warn(&table::IV, "ignored: every record is sealed with a random nonce of its own", findings);
        }
        if self.is_given(&table::ENCRYPTION_KEY) && self.is_given(&table::BACKEND_API_KEY_SECRET) {
            let name = self.values.giver(&table::ENCRYPTION_KEY).0;
            self.warn(
                &table::BACKEND_API_KEY_SECRET,
                format!("seals nothing: {name} is given, and wins. What stands under it opens still"),
                findings,
            );
        }
        let text = |row: &dyn Row| self.values.of(row).map(|given| given.text.expose_secret());
        let pairs: [(&dyn Row, &dyn Row); 2] = [
            (&table::JWT_SECRET, &table::JWT_SECRET_PREVIOUS),
            (&table::BACKEND_API_KEY_SECRET, &table::BACKEND_API_KEY_SECRET_PREVIOUS),
        ];
        for (present, previous) in pairs {
            if text(present).is_some() && text(present) == text(previous) {
                self.warn(previous, "is the present secret, so it changes nothing", findings);
            }
        }
    }

    fn odd_places(&self, findings: &mut Findings) {
        let shared = &self.settings.shared_models;
        let own: [(&dyn Row, bool, &str); 3] = [
            (
                &table::NGROK_BASE_URL,
                shared.ngrok.is_own_listener && shared.ngrok.is_base_url_given,
                "llm-ngrok",
            ),
            (&table::GEMINI_BASE_URL, shared.gemini.is_own_listener, "llm-gemini"),
            (&table::XAI_BASE_URL, shared.grok.is_own_listener, "llm-grok"),
        ];
        for (row, _, provider) in own.into_iter().filter(|(_, is_own, _)| *is_own) {
            let message = format!(
                "is this server's own address: the provider `{provider}` is off, or calls would never end"
            );
            self.warn(row, message, findings);
        }
        if matches!(self.settings.database.url, DatabaseUrl::SqliteMemory) {
            self.warn(&table::DATABASE_URL, "the database is in memory, and ends with the process", findings);
        }
    }
}

/// Whether the two are versions of, or rivals for, the same secret.
fn is_one_purpose(one: &dyn Row, other: &dyn Row) -> bool {
    matches!(
        (one.facts().name, other.facts().name),
        ("JWT_SECRET", "JWT_SECRET_PREVIOUS")
            | ("ENCRYPTION_KEY", "BACKEND_API_KEY_SECRET" | "BACKEND_API_KEY_SECRET_PREVIOUS")
            | ("BACKEND_API_KEY_SECRET", "BACKEND_API_KEY_SECRET_PREVIOUS")
    )
}

fn plain_http(exposed: &str) -> Reason {
    Reason::new(format!("other machines can reach {exposed}, and there is no TLS")).hint(
        "set SWITCHYARD_TLS_CERT_FILE and SWITCHYARD_TLS_KEY_FILE; or, if TLS ends in a proxy in front, \
         SWITCHYARD_ALLOW_PLAIN_HTTP=true. SWITCHYARD_COOKIE_SECURE is then true, so that browsers keep sessions over \
         HTTPS only; false would send them in the clear",
    )
}
