//! The server with a secret in every place where one can be given.

use super::secrets::Canaries;
use crate::installation::{Database, Installation, MODEL, PROVIDER};
use secrecy::SecretString;
use serde_json::json;
use std::path::Path;
use std::process::Stdio;
use switchyard_domain::ids::UserId;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::provider::CredentialOwner;
use switchyard_harness::testkit::redis::PrivateRedis;
use switchyard_harness::testkit::simulator::Simulator;
use switchyard_orchestrator::admin::EmptySecret;

/// The administrator.
pub(super) const ADMIN: &str = "ada.admin";
/// A provider that was added by a command; its models are the simulator's faults.
pub(super) const ADDED: &str = "added";
/// How many models it has.
pub(super) const MODELS: usize = 12;

/// A database, as far as a secret may stand in its address.
pub(super) fn with_password(database: &Database, password: &str) -> Option<String> {
    match database {
        Database::Sqlite => None,
        Database::Postgres(_, url) => Some(url.replacen("postgres@", &format!("postgres:{password}@"), 1)),
    }
}

/// Prepares it, and adds what commands add.
pub(super) fn install(
    canaries: &mut Canaries,
    database: Database,
    upstream: &Simulator,
    metrics: std::net::SocketAddr,
    redis: Option<&PrivateRedis>,
) -> Installation {
    let password = canaries.text("the database's password");
    let url = with_password(&database, &password);
    let mut settings = json!({
        "log_level": "TRACE",
        "log_dir": "logs",
        "metrics_listen": metrics.to_string(),
        "secret_key": canaries.text("SECRET_KEY"),
        "jwt_secret": canaries.text("JWT_SECRET"),
        "jwt_secret_previous": canaries.text("JWT_SECRET_PREVIOUS"),
        "encryption_key": canaries.key("ENCRYPTION_KEY"),
        "encryption_key_previous": canaries.key("ENCRYPTION_KEY_PREVIOUS"),
        "registration_token": canaries.text("REGISTRATION_TOKEN"),
        "admin_username": ADMIN,
        "admin_password": canaries.text("the administrator's password"),
        "gemini_api_key": canaries.text("GEMINI_API_KEY"),
        "xai_api_key": canaries.text("XAI_API_KEY"),
        "register_rate_limit": "10000 per minute",
        "login_rate_limit": "10000 per minute",
        "session_rate_limit": "10000 per minute",
        "rate_limit_per_minute": 10_000,
        "egress_allow": "external=127.0.0.1/32",
    });
    if let Some(url) = url {
        settings["database_url"] = json!(url);
    }
    if let Some(redis) = redis {
        settings["redis_url"] = json!(redis.url());
    }
    let shared = canaries.text("the shared credential of the file");
    let installation = Installation::prepare_with(&upstream.base_url(), database, &settings, &shared);
    canaries.note("the first virtual key", body_of_key(installation.key()));
    let by_command = canaries.text("the credential of a command");
    let mut arguments = vec!["providers", "add", ADDED, "--vendor", "openai_compatible", "--key-stdin"];
    let (base, models) = (upstream.base_url(), (0..MODELS).map(|number| format!("fault-{number}")));
    arguments.extend(["--base-url", &base]);
    let models: Vec<String> = models.collect();
    models.iter().for_each(|model| arguments.extend(["--model", model]));
    give_key(&installation, &arguments, &by_command);
    let second = canaries.text("the second credential of a command");
    give_key(&installation, &["providers", "credentials", "add", ADDED, "--key-stdin"], &second);
    installation
}

/// A command that reads a key from its standard input.
fn give_key(installation: &Installation, arguments: &[&str], key: &str) {
    let mut child = installation
        .command_of(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let mut input = child.stdin.take().expect("its input");
    std::io::Write::write_all(&mut input, key.as_bytes()).expect("it reads");
    drop(input);
    assert!(child.wait().expect("a child").success(), "{arguments:?}: {}", installation.log_text());
}

/// What of a virtual key is secret.
pub(super) fn body_of_key(key: &str) -> &str {
    key.strip_prefix("sy-").unwrap_or(key)
}

/// Credentials of a person and of a key, which calls then use.
pub(super) async fn store_own(canaries: &mut Canaries, installation: &Installation, person: i64, key: i64) {
    let administration = installation.configured().open_administration().await.expect("the data opens");
    let provider = Name::new(PROVIDER).expect("a name");
    for (owner, name) in [
        (CredentialOwner::User(UserId(person).0), "a person's credential"),
        (CredentialOwner::VirtualKey(key), "a key's credential"),
    ] {
        let secret = SecretString::from(canaries.text(name));
        let credentials = administration.credentials();
        let set = credentials.set(&owner, &provider, &secret, EmptySecret::Clears, &Writer::API).await;
        assert!(set.expect("it is stored"), "{name}");
    }
}

/// Everything in a folder, whole; files that go meanwhile are left out.
pub(super) fn files_below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return files };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            files.push((path.display().to_string(), bytes));
        }
    }
    files
}

/// The model that answers as it is told.
pub(super) fn model() -> String {
    format!("{PROVIDER}/{MODEL}")
}
