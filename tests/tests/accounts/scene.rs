//! A server with an administrator.

use secrecy::SecretString;
use serde_json::{Value, json};
use std::time::Duration;
use switchyard::orchestrator::accounts::{AccountSettings, Rates, RegistrationPolicy};
use switchyard::ports::throttle::Rate;
use switchyard_harness::{Answer, Database, PASSWORD, TestApp, TestAppBuilder};

/// An administrator's name.
pub(crate) const ADMIN: &str = "ada.admin";

/// Nobody is throttled, and everybody may register.
pub(crate) fn open_settings() -> AccountSettings {
    let many = Rate { count: 100_000, window: Duration::from_secs(60) };
    AccountSettings {
        registration: RegistrationPolicy::Open,
        rates: Rates { register: many, login: many, session: many, documented: None },
        ..AccountSettings::default()
    }
}

pub(crate) fn builder() -> TestAppBuilder {
    TestApp::builder().accounts(open_settings()).administrator(ADMIN)
}

pub(crate) async fn start() -> TestApp {
    builder().start().await
}

/// The same on a database of this kind.
pub(crate) async fn start_on(database: Database) -> TestApp {
    builder().on(database).start().await
}

/// Makes tests of each case on both databases. Each case is given a server of its own, with an administrator and nobody else.
macro_rules! on_both_databases {
    ($($case:ident,)+) => {
        switchyard_harness::on_both_databases! { from $crate::scene::start_on; $($case,)+ }
    };
}
pub(crate) use on_both_databases;

/// Registers through the documented API and answers both tokens.
pub(crate) async fn register(app: &TestApp, name: &str) -> Value {
    let body = json!({"username": name, "email": format!("{name}@example.com"), "password": PASSWORD});
    let answer = app.anonymous().post("/api/auth/register", body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

/// Signs in through the documented API.
pub(crate) async fn log_in(app: &TestApp, name: &str, password: &str) -> Answer {
    let body = json!({"username": name, "password": password});
    app.anonymous().post("/api/auth/login", body.to_string()).await
}

/// An access token.
pub(crate) async fn bearer(app: &TestApp, name: &str) -> String {
    let answer = log_in(app, name, PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// Changes a person as the administrator.
pub(crate) async fn patch(app: &TestApp, id: i64, body: Value) -> Answer {
    let admin = app.client(&bearer(app, ADMIN).await);
    send(admin.request("PATCH", &format!("/api/v1/users/{id}")).json_body(&body)).await
}

/// A request's JSON body.
pub(crate) trait JsonBody {
    fn json_body(self, body: &Value) -> Self;
}

impl JsonBody for reqwest::RequestBuilder {
    fn json_body(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }
}

/// Sends a request and reads the answer whole.
pub(crate) async fn send(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.unwrap() }
}

pub(crate) fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}
