//! The table of all settings. Parsing, the unknown ones, `.env.example`, the reference in `docs` and the listing of
//! `switchyard check` all follow from it; nothing else names a setting's default.

use super::groups::{Deployment, Durability, Fsync, GatewayAuth, LogLevel, PasswordPolicy};
use super::listen::{Addresses, Listen};
use super::network::{EgressEntry, base_url, network, web_origin};
use super::problem::Reason;
use super::rate_limit::RateLimit;
use super::secrets::{ApiKey, KeyText, Passphrase, Password, Token};
use super::setting::{Row, Setting, WhenEmpty, setting};
use super::shapes::{Boolean, Count, FilePath, Label, ListOf, Milliseconds, OneOf, Read, Whole};
use super::store::{DatabaseUrl, RedisUrl};
use ipnet::IpNet;
use secrecy::{SecretBox, SecretString};
use std::path::PathBuf;
use std::time::Duration;
use switchyard_domain::money::NanoUsd;
use switchyard_security::keyring::MIN_TEXT_CHARS;
use switchyard_security::weak::MIN_SECRET_BYTES;

/// Settings that belong together, under the heading that the generated documents give them.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) rows: &'static [&'static dyn Row],
}

/// Every setting of every section.
pub(super) fn rows() -> impl Iterator<Item = &'static dyn Row> {
    TABLE.iter().flat_map(|section| section.rows.iter().copied())
}

/// The setting that the prefix and this name make.
pub(super) fn row_named(name: &str) -> Option<&'static dyn Row> {
    rows().find(|row| row.facts().is_named(name))
}

const RATE: Read<RateLimit> = Read { expected: RateLimit::EXPECTED, parse: RateLimit::parse };
const URL: Read<String> = Read { expected: "an http or https URL", parse: base_url };
const ORIGINS: ListOf<String> =
    ListOf { expected: "origins such as https://chat.example.com", parse: web_origin };
const DESTINATIONS: ListOf<EgressEntry> = ListOf {
    expected: "host, host:port or network, perhaps after `provider=` or `external=`",
    parse: EgressEntry::parse,
};
/// An amount above nothing.
fn dollars(text: &str) -> Result<NanoUsd, Reason> {
    let amount = NanoUsd::parse(text.trim()).filter(|amount| amount.0 > 0);
    amount.ok_or_else(|| Reason::new("expected an amount of US dollars such as 0.25"))
}

const SWITCH: OneOf<bool> =
    OneOf(&[(&["on", "true", "yes", "1"], true), (&["off", "false", "no", "0"], false)]);

macro_rules! table {
    ($($title:literal { $($(#[doc = $line:literal])+ $name:ident: $kind:ty = $row:expr;)* })*) => {
        $($(
            $(#[doc = $line])+
            pub(super) static $name: Setting<$kind> = $row.named(stringify!($name), concat!($($line),+));
        )*)*

        /// The sections in the order of the documents.
        pub(super) static TABLE: &[Section] =
            &[$(Section { title: $title, rows: &[$(&$name as &dyn Row),*] }),*];
    };
}

table! {
    "Server" {
        /// The addresses to listen on. One that other machines reach needs TLS_CERT_FILE and TLS_KEY_FILE, or
        /// ALLOW_PLAIN_HTTP.
        LISTEN: Listen = setting(&Addresses).default("127.0.0.1:3044").port_alias("PORT");
        /// Addresses of a separate listener for /metrics. Unset: it is not served.
        METRICS_LISTEN: Listen = setting(&Addresses);
        /// The certificate chain in PEM form, for TLS on all listeners. Needs TLS_KEY_FILE. SIGHUP reads both files again.
        TLS_CERT_FILE: PathBuf = setting(&FilePath);
        /// The certificate's private key in PEM form, readable by its owner only.
        TLS_KEY_FILE: PathBuf = setting(&FilePath);
        /// Permits a listener that other machines reach without TLS, for TLS that ends in a proxy in front.
        ALLOW_PLAIN_HTTP: bool = setting(&Boolean).default("false");
        /// The proxies whose X-Forwarded-For, -Host and -Proto are believed: the access log names the client behind them, and pages of
        /// the host that it asked for are our own. Their own connections are under no source's cap.
        TRUSTED_PROXIES: Vec<IpNet> = setting(&ListOf { expected: "networks in CIDR form", parse: network })
            .default("").when_empty(WhenEmpty::Keep);
        /// The web origins whose pages may call with credentials.
        CORS_ORIGINS: Vec<String> = setting(&ORIGINS)
            .derived("none in production, http://localhost:3044,http://localhost:3000 in development")
            .alias(&["CORS_ORIGINS"]).when_empty(WhenEmpty::Keep);
        /// The number of threads that serve requests.
        WORKERS: u32 = setting(&Count { min: 1, max: 1_024 }).derived("one for each processor");
        /// The largest request body.
        MAX_BODY_BYTES: u64 = setting(&Whole { min: 1_024, max: 268_435_456 }).default("10485760");
        /// How long running requests may take to finish after SIGTERM.
        DRAIN_SECONDS: Duration = setting(&Milliseconds::seconds(0, 3_600_000)).default("30");
        /// What the installation is for; `development` admits the origins of local web clients.
        ENVIRONMENT: Deployment = setting(&OneOf(Deployment::WORDS))
            .default("production").alias(&["FLASK_ENV"]);
        /// The YAML file with further settings, providers and routes.
        CONFIG: PathBuf = setting(&FilePath).not_in_file();
    }
    "Data" {
        /// The directory of everything that the server writes. Made with mode 0700 if missing.
        DATA_DIR: PathBuf = setting(&FilePath).default("./data");
        /// The database. sqlite:///relative.db, sqlite:////absolute.db, or
        /// postgresql://user:password@host:port/database.
        DATABASE_URL: DatabaseUrl = setting(&Read { expected: DatabaseUrl::EXPECTED, parse: DatabaseUrl::parse })
            .derived("the SQLite file switchyard.db in DATA_DIR")
            .alias(&["DATABASE_URL", "BACKEND_DATABASE_URL"]).secret();
        /// The most connections to PostgreSQL, beside one that reads the whole ledger or audit log to prove it.
        DATABASE_POOL_SIZE: u32 = setting(&Count { min: 1, max: 256 }).default("10");
        /// The number of SQLite connections that read; exactly one writes.
        SQLITE_READERS: u32 = setting(&Count { min: 1, max: 64 }).default("4");
        /// The backup of providers and routes, rewritten after each change of them.
        BACKUP_FILE: PathBuf = setting(&FilePath)
            .derived("config_backup.json in DATA_DIR").alias(&["BACKEND_BACKUP_FILE"]);
        /// The directory of the usage journal, which belongs to one replica alone.
        JOURNAL_DIR: PathBuf = setting(&FilePath).derived("journal in DATA_DIR");
        /// What happens to a paid call whose usage can't be recorded. `strict`, the only answer so far, refuses it.
        JOURNAL_DURABILITY: Durability = setting(&OneOf(Durability::WORDS)).default("strict");
        /// When the journal is forced to disk: `group` every 50 ms, `always` before each answer ends. A
        /// killed process loses nothing in either.
        JOURNAL_FSYNC: Fsync = setting(&OneOf(Fsync::WORDS)).default("group");
        /// The Redis that processes share limits, budgets and named requests through. Unset: each counts for itself, and the database
        /// keeps conversations. Without REDIS_URL, REDIS_HOST counts, with REDIS_PORT, REDIS_DB and
        /// REDIS_PASSWORD.
        REDIS_URL: RedisUrl = setting(&Read { expected: RedisUrl::EXPECTED, parse: RedisUrl::parse })
            .alias(&["REDIS_URL", "REDIS_HOST"]).secret();
        /// How many processes share REDIS_URL, at least. While Redis does not answer each of them holds the limits by its share; the
        /// number that was seen last counts where it is larger.
        REPLICAS: u32 = setting(&Count { min: 1, max: 1_000 }).default("1");
        /// How long a conversation of /llm/chat is kept.
        CONVERSATION_TTL_SECONDS: Duration = setting(&Milliseconds::seconds(1_000, 31_536_000_000))
            .default("86400").alias(&["REDIS_CONVERSATION_TTL"]);
    }
    "Secrets" {
        /// The secret that virtual keys are hashed with, and that the CSRF and audit keys derive from.
        SECRET_KEY: SecretString = setting(&Passphrase { min_chars: MIN_SECRET_BYTES })
            .derived("made at first start, kept in DATA_DIR").alias(&["SECRET_KEY"]).secret()
            .when_empty(WhenEmpty::Refuse);
        /// The secret that sessions are signed with. A new one ends all sessions.
        JWT_SECRET: SecretString = setting(&Passphrase { min_chars: MIN_SECRET_BYTES })
            .derived("made at first start, kept in DATA_DIR").alias(&["JWT_SECRET_KEY"]).secret()
            .when_empty(WhenEmpty::Refuse);
        /// The JWT_SECRET before this one, whose sessions go on.
        JWT_SECRET_PREVIOUS: SecretString = setting(&Passphrase { min_chars: MIN_SECRET_BYTES })
            .secret().when_empty(WhenEmpty::Refuse);
        /// The key that stored provider credentials are sealed under: 64 hex digits, or 32 bytes as
        /// base64url.
        ENCRYPTION_KEY: SecretBox<[u8; 32]> = setting(&KeyText)
            .derived("made at first start, kept in DATA_DIR").alias(&["ENCRYPTION_KEY"]).secret()
            .when_empty(WhenEmpty::Refuse);
        /// The ENCRYPTION_KEY before this one, which still opens: `switchyard rekey` seals anew what stands under it.
        ENCRYPTION_KEY_PREVIOUS: SecretBox<[u8; 32]> = setting(&KeyText)
            .secret().when_empty(WhenEmpty::Refuse);
        /// A text to derive the sealing key from. ENCRYPTION_KEY wins over it; what stands under this one opens still.
        BACKEND_API_KEY_SECRET: SecretString = setting(&Passphrase { min_chars: MIN_TEXT_CHARS })
            .alias(&["BACKEND_API_KEY_SECRET"]).secret().when_empty(WhenEmpty::Refuse);
        /// The BACKEND_API_KEY_SECRET before this one, or before ENCRYPTION_KEY, which still opens: `switchyard rekey` seals anew what
        /// stands under it.
        BACKEND_API_KEY_SECRET_PREVIOUS: SecretString = setting(&Passphrase { min_chars: MIN_TEXT_CHARS })
            .secret().when_empty(WhenEmpty::Refuse);
        /// Ignored: every record is sealed with a random nonce of its own.
        IV: String = setting(&Label).alias(&["IV"]).secret();
    }
    "Accounts" {
        /// The administrator to create at first start. Needs ADMIN_PASSWORD.
        ADMIN_USERNAME: String = setting(&Label);
        /// The password of that administrator. Unset: the start prints a one-time link.
        ADMIN_PASSWORD: SecretString = setting(&Password).secret().when_empty(WhenEmpty::Refuse);
        /// Lets anyone register who reaches the server.
        ALLOW_OPEN_REGISTRATION: bool = setting(&Boolean)
            .default("false").alias(&["ALLOW_OPEN_REGISTRATION"]);
        /// Lets those register who know it.
        REGISTRATION_TOKEN: SecretString = setting(&Token).alias(&["REGISTRATION_TOKEN"]).secret();
        /// `standard` takes 8 to 128 characters, `strict` 15 to 128 and no common password.
        PASSWORD_POLICY: PasswordPolicy = setting(&OneOf(PasswordPolicy::WORDS)).default("standard");
        /// Whether browsers send the session cookies over HTTPS only.
        COOKIE_SECURE: bool = setting(&Boolean)
            .derived("true, but false where every listener is loopback without TLS")
            .alias(&["JWT_COOKIE_SECURE"]);
        /// How long an access token lives.
        ACCESS_TOKEN_EXPIRES_MINUTES: Duration = setting(&Milliseconds::minutes(1, 1_440))
            .default("15").alias(&["ACCESS_TOKEN_EXPIRES_MINUTES"]);
        /// How long a session can be refreshed.
        REFRESH_TOKEN_EXPIRES_DAYS: Duration = setting(&Milliseconds::days(1, 365))
            .default("7").alias(&["REFRESH_TOKEN_EXPIRES_DAYS"]);
        /// How many virtual keys somebody may have who is no administrator.
        MAX_KEYS_PER_USER: u32 = setting(&Count { min: 0, max: 1_000_000 }).default("100");
    }
    "Limits" {
        /// Chat and compare calls of one user, or one address without a user.
        API_RATE_LIMIT: RateLimit = setting(&RATE).default("60 per minute").alias(&["API_RATE_LIMIT"]);
        /// Registrations from one address.
        REGISTER_RATE_LIMIT: RateLimit = setting(&RATE).default("5 per minute");
        /// Logins from one address.
        LOGIN_RATE_LIMIT: RateLimit = setting(&RATE).default("10 per minute");
        /// Refreshes and logouts from one address.
        SESSION_RATE_LIMIT: RateLimit = setting(&RATE).default("20 per minute");
        /// Whether RATE_LIMIT_PER_MINUTE holds.
        RATE_LIMIT_ENABLED: bool = setting(&Boolean).default("true").alias(&["RATE_LIMIT_ENABLED"]);
        /// Calls per minute on /llm and the /api paths of the same document, of one person, or one address without one.
        RATE_LIMIT_PER_MINUTE: u32 = setting(&Count { min: 1, max: 1_000_000 })
            .default("60").alias(&["RATE_LIMIT_PER_MINUTE"]);
    }
    "Upstream" {
        /// How long a provider may take to its first byte; never the length of a stream. Pictures, sound and transcripts that are
        /// not streamed are made before their first byte: they have the time of a whole answer, unless this is set.
        LLM_TIMEOUT_SECONDS: Duration = setting(&Milliseconds::seconds(100, 3_600_000)).default("30");
        /// How long a connection to a provider may take.
        UPSTREAM_CONNECT_TIMEOUT_SECONDS: Duration = setting(&Milliseconds::seconds(100, 60_000))
            .default("3");
        /// The longest silence within a provider's answer.
        UPSTREAM_IDLE_TIMEOUT_SECONDS: Duration = setting(&Milliseconds::seconds(1_000, 3_600_000))
            .default("60");
        /// The longest whole answer of a provider.
        UPSTREAM_TOTAL_TIMEOUT_SECONDS: Duration = setting(&Milliseconds::seconds(1_000, 86_400_000))
            .default("600");
        /// The output limit of calls whose documented form has none.
        LLM_MAX_TOKENS: u32 = setting(&Count { min: 1, max: 1_000_000 }).default("1000");
        /// What a call whose price is not known reserves of a budget, and is charged, in US dollars. Unset: under a budget it is
        /// refused.
        UNPRICED_CALL_CEILING_USD: NanoUsd = setting(&Read {
            expected: "an amount of US dollars such as 0.25", parse: dollars,
        });
        /// Whether a call under a budget that was sent, and left by its client or given up before its provider began to answer, is
        /// charged as it was reserved. Off: it costs nothing, though the provider may bill it, so that who always leaves in time never
        /// uses a budget up.
        CHARGE_UNANSWERED_CALLS: bool = setting(&Boolean).default("false");
        /// Attempts of one call over all targets.
        MAX_ATTEMPTS: u32 = setting(&Count { min: 1, max: 10 }).default("3");
        /// The default `timeout` of a provider's test; calls have others.
        REQUEST_TIMEOUT_SECONDS: Duration = setting(&Milliseconds::seconds(100, 600_000))
            .default("10").alias(&["BACKEND_REQUEST_TIMEOUT_SECONDS"]);
        /// How long an answer may be given again to the same caller. 0: never.
        RESPONSE_CACHE_TTL_SECONDS: Duration = setting(&Milliseconds::seconds(0, 31_536_000_000))
            .default("0");
        /// Private destinations that calls may go to.
        EGRESS_ALLOW: Vec<EgressEntry> = setting(&DESTINATIONS)
            .default("").when_empty(WhenEmpty::Keep);
        /// Where OpenAI's API is.
        OPENAI_BASE_URL: String = setting(&URL).derived("the vendor's");
        /// Where Anthropic's API is.
        ANTHROPIC_BASE_URL: String = setting(&URL).derived("the vendor's");
        /// Where Gemini's API is.
        GEMINI_BASE_URL: String = setting(&URL).derived("the vendor's");
        /// Where Mistral's API is.
        MISTRAL_BASE_URL: String = setting(&URL).derived("the vendor's");
        /// Where xAI's API is.
        XAI_BASE_URL: String = setting(&URL).derived("the vendor's");
    }
    "Shared models of /llm/chat" {
        /// The route behind /llm/chat.
        LLM_CHAT_ROUTE: String = setting(&Label).default("auto");
        /// Google's key for /llm/chat. It serves no user's own calls.
        GEMINI_API_KEY: SecretString = setting(&ApiKey).alias(&["GEMINI_API_KEY"]).secret();
        /// Its model.
        GEMINI_MODEL: String = setting(&Label).default("gemini-2.5-flash").alias(&["GEMINI_MODEL"]);
        /// xAI's key for /llm/chat. It serves no user's own calls.
        GROK_API_KEY: SecretString = setting(&ApiKey)
            .also(&["XAI_API_KEY"]).alias(&["GROK_API_KEY", "XAI_API_KEY"]).secret();
        /// Its model.
        GROK_MODEL: String = setting(&Label).default("grok-beta").alias(&["GROK_MODEL"]);
        /// The key of the model behind the tunnel, if it wants one.
        NGROK_API_KEY: SecretString = setting(&ApiKey).alias(&["NGROK_API_KEY"]).secret();
        /// The model behind the tunnel.
        NGROK_MODEL: String = setting(&Label).default("gemini-2.5-flash").alias(&["NGROK_MODEL"]);
        /// Where the tunnel ends. This server's own listener disables the provider.
        NGROK_BASE_URL: String = setting(&URL).default("http://localhost:8080").alias(&["NGROK_BASE_URL"]);
    }
    "Surfaces" {
        /// Who may call /v1*: `required` wants a key, `optional` admits none, `off` ignores the header.
        GATEWAY_AUTH: GatewayAuth = setting(&OneOf(GatewayAuth::WORDS)).default("required");
        /// Whether calls whose key and user have no credential of their own use the provider's shared one.
        SHARED_CREDENTIALS: bool = setting(&Boolean).default("true");
        /// Lets anyone call /llm/chat without a token, at your cost.
        OPEN_LLM_CHAT: bool = setting(&Boolean).default("false");
        /// Lets anyone mint virtual keys at /api/generate-virtual-key.
        OPEN_VIRTUAL_KEYS: bool = setting(&Boolean).default("false");
        /// Whether /api/external calls public addresses for signed-in users.
        EXTERNAL_API: bool = setting(&SWITCH)
            .default("on");
        /// Seconds until /api/external gives up.
        EXTERNAL_API_TIMEOUT: Duration = setting(&Milliseconds::seconds(100, 600_000))
            .default("30").alias(&["EXTERNAL_API_TIMEOUT"]);
        /// Further tries of get, put and delete after connect errors and 5xx.
        EXTERNAL_API_MAX_RETRIES: u32 = setting(&Count { min: 0, max: 10 })
            .default("3").alias(&["EXTERNAL_API_MAX_RETRIES"]);
    }
    "Provider health" {
        /// Whether providers are probed in the background.
        HEALTH_CHECK_ENABLED: bool = setting(&Boolean)
            .default("true").alias(&["BACKEND_HEALTH_CHECK_ENABLED"]);
        /// The time between probes.
        HEALTH_CHECK_INTERVAL_SECONDS: Duration = setting(&Milliseconds::seconds(1_000, 86_400_000))
            .default("60").alias(&["BACKEND_HEALTH_CHECK_INTERVAL_SECONDS"]);
        /// How long a probe may take.
        HEALTH_CHECK_TIMEOUT_SECONDS: Duration = setting(&Milliseconds::seconds(100, 600_000))
            .default("5").alias(&["BACKEND_HEALTH_CHECK_TIMEOUT_SECONDS"]);
        /// Failures in a row that make a provider unhealthy.
        HEALTH_CHECK_FAILURE_THRESHOLD: u32 = setting(&Count { min: 1, max: 100 })
            .default("3").alias(&["BACKEND_HEALTH_CHECK_FAILURE_THRESHOLD"]);
    }
    "Logging" {
        /// The least severe level that is written.
        LOG_LEVEL: LogLevel = setting(&OneOf(LogLevel::WORDS)).default("INFO").alias(&["LOG_LEVEL"]);
        /// A directory for rotating app.log and error.log. Unset: standard error only.
        LOG_DIR: PathBuf = setting(&FilePath).alias(&["LOG_DIR"]);
    }
}
