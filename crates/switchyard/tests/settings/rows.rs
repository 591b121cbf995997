//! Every setting, under each of its names, arrives in its field.

use crate::{GOOD_KEY, load, load_environment};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;
use std::time::Duration;
use switchyard::settings::{
    DatabaseUrl, Deployment, Durability, EncryptionKey, Fsync, GatewayAuth, LogLevel, Origin, PasswordPolicy,
    Settings, Sources,
};

/// A setting, a text for it, the unprefixed names that the documents promise, and whether the text has arrived.
type Row = (&'static str, &'static str, &'static [&'static str], fn(&Settings) -> bool);

fn is(secret: Option<&SecretString>, text: &str) -> bool {
    secret.is_some_and(|secret| secret.expose_secret() == text)
}

const S: fn(u64) -> Duration = Duration::from_secs;

const ROWS: &[Row] = &[
    ("LISTEN", "127.0.0.1:1,[::1]:2", &[], |s| s.server.listen.to_string() == "127.0.0.1:1,[::1]:2"),
    ("METRICS_LISTEN", "127.0.0.1:9", &[], |s| {
        s.server.metrics_listen.as_ref().is_some_and(|l| l.addresses().len() == 1)
    }),
    ("TLS_CERT_FILE", "/c.pem", &[], |s| {
        s.server.tls.as_ref().is_some_and(|t| t.certificate == Path::new("/c.pem"))
    }),
    ("TLS_KEY_FILE", "/k.pem", &[], |s| s.server.tls.as_ref().is_some_and(|t| t.key == Path::new("/k.pem"))),
    ("ALLOW_PLAIN_HTTP", "true", &[], |s| s.server.allow_plain_http),
    ("TRUSTED_PROXIES", "10.0.0.0/8, ::1", &[], |s| s.server.trusted_proxies.len() == 2),
    ("CORS_ORIGINS", "https://a.example, https://b.example", &["CORS_ORIGINS"], |s| {
        s.server.cors_origins == ["https://a.example", "https://b.example"]
    }),
    ("WORKERS", "3", &[], |s| s.server.workers == Some(3)),
    ("MAX_BODY_BYTES", "2048", &[], |s| s.server.max_body_bytes == 2048),
    ("DRAIN_SECONDS", "0.5", &[], |s| s.server.drain == Duration::from_millis(500)),
    ("ENVIRONMENT", "development", &["FLASK_ENV"], |s| s.server.deployment == Deployment::Development),
    ("CONFIG", "s.yaml", &[], |s| s.server.config.as_deref() == Some(Path::new("s.yaml"))),
    ("DATA_DIR", "/d", &[], |s| {
        s.data_dir == Path::new("/d")
            && s.journal.dir == Path::new("/d/journal")
            && s.database.backup_file == Path::new("/d/config_backup.json")
            && matches!(&s.database.url, DatabaseUrl::SqliteFile(f) if f == Path::new("/d/switchyard.db"))
    }),
    (
        "DATABASE_URL",
        "sqlite:////x.db",
        &["DATABASE_URL", "BACKEND_DATABASE_URL"],
        |s| matches!(&s.database.url, DatabaseUrl::SqliteFile(f) if f == Path::new("/x.db")),
    ),
    ("DATABASE_POOL_SIZE", "5", &[], |s| s.database.pool_size == 5),
    ("SQLITE_READERS", "2", &[], |s| s.database.sqlite_readers == 2),
    ("BACKUP_FILE", "/b.json", &["BACKEND_BACKUP_FILE"], |s| s.database.backup_file == Path::new("/b.json")),
    ("JOURNAL_DIR", "/j", &[], |s| s.journal.dir == Path::new("/j")),
    ("JOURNAL_DURABILITY", "strict", &[], |s| s.journal.durability == Durability::Strict),
    ("JOURNAL_FSYNC", "always", &[], |s| s.journal.fsync == Fsync::Always),
    ("REDIS_URL", "redis://:pw@r:6380/2", &["REDIS_URL"], |s| {
        s.database
            .redis
            .as_ref()
            .is_some_and(|r| r.to_string() == "r:6380" && is(Some(r.url()), "redis://:pw@r:6380/2"))
    }),
    ("REPLICAS", "3", &[], |s| s.database.replicas == 3),
    ("CONVERSATION_TTL_SECONDS", "60", &["REDIS_CONVERSATION_TTL"], |s| s.database.conversation_ttl == S(60)),
    ("SECRET_KEY", GOOD_KEY, &["SECRET_KEY"], |s| is(s.secrets.secret_key.as_ref(), GOOD_KEY)),
    ("JWT_SECRET", GOOD_KEY, &["JWT_SECRET_KEY"], |s| is(s.secrets.jwt_secret.as_ref(), GOOD_KEY)),
    ("JWT_SECRET_PREVIOUS", GOOD_KEY, &[], |s| is(s.secrets.jwt_secret_previous.as_ref(), GOOD_KEY)),
    (
        "ENCRYPTION_KEY_PREVIOUS",
        GOOD_KEY,
        &[],
        |s| matches!(&s.secrets.encryption_keys_previous[..], [(_, EncryptionKey::Bytes(b))] if b.expose_secret()[..2] == [0x9f, 0x1c]),
    ),
    (
        "ENCRYPTION_KEY",
        GOOD_KEY,
        &["ENCRYPTION_KEY"],
        |s| matches!(&s.secrets.encryption_key, Some(EncryptionKey::Bytes(b)) if b.expose_secret()[..2] == [0x9f, 0x1c]),
    ),
    (
        "BACKEND_API_KEY_SECRET",
        "q7#mZp2!vKx9Lw4c",
        &["BACKEND_API_KEY_SECRET"],
        |s| matches!(&s.secrets.encryption_key, Some(EncryptionKey::Passphrase(p)) if is(Some(p), "q7#mZp2!vKx9Lw4c")),
    ),
    (
        "BACKEND_API_KEY_SECRET_PREVIOUS",
        "q7#mZp2!vKx9Lw4c",
        &[],
        |s| matches!(&s.secrets.encryption_keys_previous[..], [(_, EncryptionKey::Passphrase(p))] if is(Some(p), "q7#mZp2!vKx9Lw4c")),
    ),
    ("IV", "0011223344556677", &["IV"], |s| s.secrets.encryption_key.is_none()),
    ("ADMIN_USERNAME", "ada", &[], |s| {
        s.accounts.first_administrator.as_ref().is_some_and(|a| a.username == "ada")
    }),
    ("ADMIN_PASSWORD", "blue-kettle-77", &[], |s| {
        is(s.accounts.first_administrator.as_ref().map(|a| &a.password), "blue-kettle-77")
    }),
    ("ALLOW_OPEN_REGISTRATION", "yes", &["ALLOW_OPEN_REGISTRATION"], |s| s.accounts.allow_open_registration),
    ("REGISTRATION_TOKEN", "join-7f3a", &["REGISTRATION_TOKEN"], |s| {
        is(s.accounts.registration_token.as_ref(), "join-7f3a")
    }),
    ("PASSWORD_POLICY", "strict", &[], |s| s.accounts.password_policy == PasswordPolicy::Strict),
    ("COOKIE_SECURE", "true", &["JWT_COOKIE_SECURE"], |s| s.accounts.cookie_secure),
    ("ACCESS_TOKEN_EXPIRES_MINUTES", "5", &["ACCESS_TOKEN_EXPIRES_MINUTES"], |s| {
        s.accounts.access_token_lifetime == S(300)
    }),
    ("REFRESH_TOKEN_EXPIRES_DAYS", "2", &["REFRESH_TOKEN_EXPIRES_DAYS"], |s| {
        s.accounts.refresh_token_lifetime == S(2 * 86_400)
    }),
    ("MAX_KEYS_PER_USER", "5", &[], |s| s.accounts.max_keys_per_user == 5),
    ("API_RATE_LIMIT", "7 per hour", &["API_RATE_LIMIT"], |s| {
        s.limits.api.requests == 7 && s.limits.api.window.duration() == S(3_600)
    }),
    ("REGISTER_RATE_LIMIT", "1 per second", &[], |s| s.limits.register.to_string() == "1 per second"),
    ("LOGIN_RATE_LIMIT", "2 per day", &[], |s| s.limits.login.to_string() == "2 per day"),
    ("SESSION_RATE_LIMIT", "3 Per Minute", &[], |s| s.limits.session.to_string() == "3 per minute"),
    ("RATE_LIMIT_ENABLED", "off", &["RATE_LIMIT_ENABLED"], |s| s.limits.llm_per_minute.is_none()),
    ("RATE_LIMIT_PER_MINUTE", "9", &["RATE_LIMIT_PER_MINUTE"], |s| s.limits.llm_per_minute == Some(9)),
    ("LLM_TIMEOUT_SECONDS", "11", &[], |s| {
        s.upstream.first_byte_timeout == S(11) && s.upstream.first_byte_is_set
    }),
    ("UPSTREAM_CONNECT_TIMEOUT_SECONDS", "1", &[], |s| s.upstream.connect_timeout == S(1)),
    ("UPSTREAM_IDLE_TIMEOUT_SECONDS", "2", &[], |s| s.upstream.idle_timeout == S(2)),
    ("UPSTREAM_TOTAL_TIMEOUT_SECONDS", "40", &[], |s| s.upstream.total_timeout == S(40)),
    ("UNPRICED_CALL_CEILING_USD", "0.25", &[], |s| {
        s.upstream.unpriced_call_ceiling == Some(switchyard_domain::money::NanoUsd(250_000_000))
    }),
    ("CHARGE_UNANSWERED_CALLS", "on", &[], |s| s.upstream.charge_unanswered_calls),
    ("LLM_MAX_TOKENS", "50", &[], |s| s.upstream.default_max_tokens == 50),
    ("MAX_ATTEMPTS", "4", &[], |s| s.upstream.max_attempts == 4),
    ("REQUEST_TIMEOUT_SECONDS", "6", &["BACKEND_REQUEST_TIMEOUT_SECONDS"], |s| {
        s.upstream.provider_test_timeout == S(6)
    }),
    ("RESPONSE_CACHE_TTL_SECONDS", "8", &[], |s| s.upstream.response_cache_ttl == Some(S(8))),
    ("EGRESS_ALLOW", "provider=ollama:11434,10.0.0.0/8", &[], |s| s.upstream.egress_allow.len() == 2),
    ("OPENAI_BASE_URL", "http://o/v1", &[], |s| {
        s.upstream.base_urls.openai.as_deref() == Some("http://o/v1")
    }),
    ("ANTHROPIC_BASE_URL", "http://a", &[], |s| {
        s.upstream.base_urls.anthropic.as_deref() == Some("http://a")
    }),
    ("GEMINI_BASE_URL", "http://g/", &[], |s| s.upstream.base_urls.gemini.as_deref() == Some("http://g")),
    ("MISTRAL_BASE_URL", "http://m", &[], |s| s.upstream.base_urls.mistral.as_deref() == Some("http://m")),
    ("XAI_BASE_URL", "http://x", &[], |s| s.upstream.base_urls.xai.as_deref() == Some("http://x")),
    ("LLM_CHAT_ROUTE", "team", &[], |s| s.shared_models.route == "team"),
    ("GEMINI_API_KEY", "AIza1", &["GEMINI_API_KEY"], |s| {
        is(s.shared_models.gemini.api_key.as_ref(), "AIza1")
    }),
    ("GEMINI_MODEL", "g", &["GEMINI_MODEL"], |s| s.shared_models.gemini.model == "g"),
    ("GROK_API_KEY", "xai-1", &["SWITCHYARD_XAI_API_KEY", "GROK_API_KEY", "XAI_API_KEY"], |s| {
        is(s.shared_models.grok.api_key.as_ref(), "xai-1")
    }),
    ("GROK_MODEL", "grok-4", &["GROK_MODEL"], |s| s.shared_models.grok.model == "grok-4"),
    ("NGROK_API_KEY", "n", &["NGROK_API_KEY"], |s| is(s.shared_models.ngrok.api_key.as_ref(), "n")),
    ("NGROK_MODEL", "m", &["NGROK_MODEL"], |s| s.shared_models.ngrok.model == "m"),
    ("NGROK_BASE_URL", "https://t.ngrok.app", &["NGROK_BASE_URL"], |s| {
        s.shared_models.ngrok.base_url == "https://t.ngrok.app" && s.shared_models.ngrok.is_base_url_given
    }),
    ("GATEWAY_AUTH", "optional", &[], |s| s.surfaces.gateway_auth == GatewayAuth::Optional),
    ("SHARED_CREDENTIALS", "off", &[], |s| !s.surfaces.shared_credentials),
    ("OPEN_LLM_CHAT", "1", &[], |s| s.surfaces.open_llm_chat),
    ("OPEN_VIRTUAL_KEYS", "on", &[], |s| s.surfaces.open_virtual_keys),
    ("EXTERNAL_API", "off", &[], |s| !s.surfaces.external_api),
    ("EXTERNAL_API_TIMEOUT", "2.5", &["EXTERNAL_API_TIMEOUT"], |s| {
        s.surfaces.external_api_timeout == Duration::from_millis(2_500)
    }),
    ("EXTERNAL_API_MAX_RETRIES", "0", &["EXTERNAL_API_MAX_RETRIES"], |s| {
        s.surfaces.external_api_max_retries == 0
    }),
    ("HEALTH_CHECK_ENABLED", "false", &["BACKEND_HEALTH_CHECK_ENABLED"], |s| !s.health.enabled),
    ("HEALTH_CHECK_INTERVAL_SECONDS", "30", &["BACKEND_HEALTH_CHECK_INTERVAL_SECONDS"], |s| {
        s.health.interval == S(30)
    }),
    ("HEALTH_CHECK_TIMEOUT_SECONDS", "1", &["BACKEND_HEALTH_CHECK_TIMEOUT_SECONDS"], |s| {
        s.health.timeout == S(1)
    }),
    ("HEALTH_CHECK_FAILURE_THRESHOLD", "9", &["BACKEND_HEALTH_CHECK_FAILURE_THRESHOLD"], |s| {
        s.health.failure_threshold == 9
    }),
    ("LOG_LEVEL", "WARNING", &["LOG_LEVEL"], |s| s.logging.level == LogLevel::Warn),
    ("LOG_DIR", "/l", &["LOG_DIR"], |s| s.logging.dir.as_deref() == Some(Path::new("/l"))),
];

/// What a setting can't go without.
fn companion(name: &str) -> Option<(&'static str, &'static str)> {
    match name {
        "TLS_CERT_FILE" => Some(("SWITCHYARD_TLS_KEY_FILE", "/k.pem")),
        "TLS_KEY_FILE" => Some(("SWITCHYARD_TLS_CERT_FILE", "/c.pem")),
        "ADMIN_USERNAME" => Some(("SWITCHYARD_ADMIN_PASSWORD", "blue-kettle-77")),
        "ADMIN_PASSWORD" => Some(("SWITCHYARD_ADMIN_USERNAME", "ada")),
        _ => None,
    }
}

#[test]
fn every_setting_arrives_in_its_field_from_each_of_its_variables() {
    for (name, text, aliases, has_arrived) in ROWS {
        let prefixed = format!("SWITCHYARD_{name}");
        for variable in std::iter::once(prefixed.as_str()).chain(aliases.iter().copied()) {
            let pairs: Vec<_> = companion(name).into_iter().chain([(variable, *text)]).collect();
            let loaded = load_environment(&pairs);
            assert!(has_arrived(&loaded.settings), "{variable}");
            let listed = loaded.listing.iter().find(|listed| listed.variable == prefixed).expect(name);
            assert_eq!(listed.origin, Origin::Environment, "{variable}");
        }
    }
}

#[test]
fn no_setting_has_an_alias_that_the_documents_do_not_promise() {
    for (name, text, aliases, has_arrived) in ROWS.iter().filter(|(name, ..)| companion(name).is_none()) {
        let loaded = load_environment(&[(name, text)]);
        // What these say is so without them too.
        let is_so_anyway = matches!(*name, "IV" | "JOURNAL_DURABILITY");
        assert_eq!(has_arrived(&loaded.settings), aliases.contains(name) || is_so_anyway, "{name}");
    }
}

#[test]
fn every_setting_arrives_from_flags_and_but_for_config_from_the_file() {
    for (name, text, _, has_arrived) in ROWS {
        let flag = name.to_lowercase().replace('_', "-");
        let mut flags = vec![(flag, (*text).to_owned())];
        let mut lines = vec![format!("  {}: \"{text}\"", name.to_lowercase())];
        if let Some((variable, other)) = companion(name) {
            let other_name = variable.trim_start_matches("SWITCHYARD_").to_lowercase();
            flags.push((other_name.clone(), other.to_owned()));
            lines.push(format!("  {other_name}: {other}"));
        }
        assert!(has_arrived(&load(&Sources { flags, ..Sources::default() }).settings), "{name} as a flag");
        if *name != "CONFIG" {
            let yaml = format!("settings:\n{}\n", lines.join("\n"));
            assert!(has_arrived(&load(&crate::file(&yaml)).settings), "{name} in the file");
        }
    }
}

#[test]
fn the_table_of_this_test_is_the_table_of_the_product() {
    let listing = load(&Sources::default()).listing;
    let listed: Vec<_> = listing.iter().map(|listed| listed.variable.clone()).collect();
    for (name, ..) in ROWS {
        assert!(listed.contains(&format!("SWITCHYARD_{name}")), "{name}");
    }
    assert_eq!(listed.len(), ROWS.len());
}

#[test]
fn defaults_are_those_of_the_documents() {
    let Settings {
        server,
        database,
        accounts,
        limits,
        upstream,
        shared_models,
        surfaces,
        health,
        logging,
        ..
    } = load(&Sources::default()).settings;
    assert_eq!(server.listen.to_string(), "127.0.0.1:3044");
    assert!(server.cors_origins.is_empty() && server.trusted_proxies.is_empty());
    assert_eq!((server.max_body_bytes, server.drain), (10 * 1024 * 1024, S(30)));
    assert_eq!(database.url.to_string(), "./data/switchyard.db");
    assert_eq!(database.backup_file, Path::new("./data/config_backup.json"));
    assert!(database.redis.is_none() && database.replicas == 1);
    assert!(!accounts.cookie_secure, "a loopback listener without TLS");
    assert_eq!((accounts.access_token_lifetime, accounts.refresh_token_lifetime), (S(900), S(7 * 86_400)));
    assert_eq!(limits.api.to_string(), "60 per minute");
    assert_eq!(limits.llm_per_minute, Some(60));
    assert_eq!((upstream.connect_timeout, upstream.first_byte_timeout), (S(3), S(30)));
    assert_eq!((upstream.idle_timeout, upstream.total_timeout), (S(60), S(600)));
    assert_eq!((upstream.max_attempts, upstream.response_cache_ttl), (3, None));
    assert_eq!((shared_models.route.as_str(), shared_models.grok.model.as_str()), ("auto", "grok-beta"));
    assert_eq!(surfaces.gateway_auth, GatewayAuth::Required);
    assert!(
        surfaces.shared_credentials
            && surfaces.external_api
            && !surfaces.open_llm_chat
            && !surfaces.open_virtual_keys
    );
    assert_eq!((health.interval, health.timeout, health.failure_threshold), (S(60), S(5), 3));
    assert_eq!(logging.level, LogLevel::Info);
}

#[test]
fn development_admits_the_local_web_clients_unless_others_are_named() {
    let of = |pairs: &[(&str, &str)]| load_environment(pairs).settings.server.cors_origins;
    let local = ["http://localhost:3044", "http://localhost:3000"];
    assert_eq!(of(&[("FLASK_ENV", "development")]), local);
    assert!(of(&[("FLASK_ENV", "development"), ("CORS_ORIGINS", "")]).is_empty());
    assert!(of(&[("SWITCHYARD_ENVIRONMENT", "production")]).is_empty());
}
