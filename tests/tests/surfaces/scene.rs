//! A server with an administrator and two vendors that know one key each.

use serde_json::json;
use std::collections::HashMap;
use std::net::TcpListener;
use std::path::PathBuf;
use switchyard::Store;
use switchyard::orchestrator::accounts::{AccountSettings, RegistrationPolicy};
use switchyard_harness::testkit::postgres::PrivatePostgres;
use switchyard_harness::testkit::simulator::Simulator;
use switchyard_harness::{GatewayAuth, PASSWORD, TestApp};
use tempfile::TempDir;

/// The administrator's name.
pub(crate) const ADMIN: &str = "ada.admin";
/// The key that the simulated OpenAI takes.
pub(crate) const OPENAI_KEY: &str = "sk-openai-0123456789abcdef";
/// The key that the simulated Mistral takes.
pub(crate) const MISTRAL_KEY: &str = "mistral-0123456789abcdef";

/// What lets people register where registration is neither open nor closed.
const INVITATION: &str = "basalt-heron-42-quarry";

/// How the operator set the server up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// As it comes.
    Secure,
    /// With every setting that opens a documented way.
    Open,
}

impl Setting {
    pub(crate) const ALL: [Self; 2] = [Self::Secure, Self::Open];

    pub(crate) fn named(word: &str) -> Option<Self> {
        match word {
            "secure" => Some(Self::Secure),
            "open" => Some(Self::Open),
            _ => None,
        }
    }
}

/// The server and its vendors.
pub(crate) struct Scene {
    pub(crate) app: TestApp,
    pub(crate) openai: Simulator,
    pub(crate) mistral: Simulator,
    /// Takes connections and never answers.
    silent: TcpListener,
    /// Where providers and routes are backed up.
    pub(crate) backup: PathBuf,
    _folder: TempDir,
}

/// On a fresh server over each database.
pub(crate) async fn on_both(test: impl AsyncFn(Scene)) {
    test(Scene::start(Setting::Secure, Store::SqliteMemory).await).await;
    let Some(server) = PrivatePostgres::shared() else { return };
    test(Scene::start(Setting::Secure, Store::Postgres(server.create_database().into())).await).await;
}

impl Scene {
    pub(crate) async fn start(setting: Setting, store: Store) -> Self {
        Self::with_registration(setting, RegistrationPolicy::Closed, store).await
    }

    /// Where people come by invitation, unless the setting lets everybody register.
    pub(crate) async fn inviting(setting: Setting, store: Store) -> Self {
        Self::with_registration(setting, RegistrationPolicy::Token(INVITATION.into()), store).await
    }

    async fn with_registration(setting: Setting, registration: RegistrationPolicy, store: Store) -> Self {
        let vendor = |key: &str| Simulator::builder().required_key(key).start().unwrap();
        let (openai, mistral) = (vendor(OPENAI_KEY), vendor(MISTRAL_KEY));
        let folder = tempfile::tempdir().unwrap();
        let backup = folder.path().join("config_backup.json");
        let builder = TestApp::builder()
            .backup_file(&backup)
            .store(store)
            .administrator(ADMIN)
            .vendor_base_url("openai", &openai.base_url())
            .vendor_base_url("mistral", &mistral.base_url())
            .egress_allow(&format!("external={}", openai.addr()));
        let registering = |registration| AccountSettings { registration, ..AccountSettings::default() };
        let builder = match setting {
            Setting::Secure => builder.accounts(registering(registration)),
            Setting::Open => builder.accounts(registering(RegistrationPolicy::Open)).server(|config| {
                config.open_virtual_keys = true;
                config.gateway_auth = GatewayAuth::Off;
            }),
        };
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        Self { app: builder.start().await, openai, mistral, silent, backup, _folder: folder }
    }

    /// A bearer token of the administrator's.
    pub(crate) async fn admin(&self) -> String {
        token(&self.app).await
    }

    /// What the calls of a scene may name.
    pub(crate) async fn variables(&self) -> HashMap<String, String> {
        let known = [
            ("admin", self.admin().await),
            ("admin_name", ADMIN.to_owned()),
            ("password", PASSWORD.to_owned()),
            ("invitation", INVITATION.to_owned()),
            ("openai_key", OPENAI_KEY.to_owned()),
            ("mistral_key", MISTRAL_KEY.to_owned()),
            ("outside", self.openai.root_url()),
            ("upstream", self.openai.base_url()),
            ("silent", format!("http://{}/v1", self.silent.local_addr().unwrap())),
        ];
        known.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// A bearer token of a server's administrator.
pub(crate) async fn token(app: &TestApp) -> String {
    let body = json!({"username": ADMIN, "password": PASSWORD}).to_string();
    let answer = app.anonymous().post("/api/auth/login", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}
