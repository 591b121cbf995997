//! A server whose calls cost something, for those who look at what was used.

use crate::scene::{ADMIN, bearer, builder, patch, register};
use serde_json::{Value, json};
use switchyard::declared::DeclaredModel;
use switchyard_domain::money::PricePerMillion;
use switchyard_domain::price::Rates;
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{Answer, Database, TestApp, TestAppBuilder, TestClient};

/// What an answer of ten tokens costs.
pub(crate) const CALL: &str = "0.010000000";
/// A model whose answers have ten tokens, of a thousandth of a dollar each.
pub(crate) const MODEL: &str = "upstream/priced";

/// People, and what each of them asks with.
pub(crate) struct Looks {
    pub(crate) app: TestApp,
    pub(crate) ana: TestClient,
    pub(crate) ana_id: i64,
    pub(crate) bob: TestClient,
    pub(crate) auditor: TestClient,
    pub(crate) admin: TestClient,
}

/// People at a server of their own, on a database of this kind.
pub(crate) async fn start_on(database: Database) -> Looks {
    let app = priced().on(database).start().await;
    app.simulator().script("priced", Script::of("tokens=10"));
    app.simulator().script("broken", Script::of("status=503"));
    let ana_id = register(&app, "ana").await["user"]["id"].as_i64().unwrap();
    register(&app, "bob").await;
    let auditor = register(&app, "aud.auditor").await["user"]["id"].as_i64().unwrap();
    assert_eq!(patch(&app, auditor, json!({"role": "auditor"})).await.status, 200);
    let of = async |name: &str| app.client(&bearer(&app, name).await);
    let (ana, bob) = (of("ana").await, of("bob").await);
    let (auditor, admin) = (of("aud.auditor").await, of(ADMIN).await);
    Looks { app, ana, ana_id, bob, auditor, admin }
}

impl Looks {
    /// A call of somebody's, whose usage is in the ledger when this returns.
    pub(crate) async fn call(&self, client: &TestClient, model: &str) -> Answer {
        let answer = client.ask(model, "hi").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(self.app.embedded().flush_usage().await);
        answer
    }

    /// A virtual key of somebody's own: its id, and a client with it.
    pub(crate) async fn key_of(&self, client: &TestClient, name: &str) -> (i64, TestClient) {
        let made = client.post("/api/v1/virtual-keys", json!({"name": name}).to_string()).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let key = made.json();
        (key["id"].as_i64().unwrap(), self.app.client(key["key"].as_str().unwrap()))
    }
}

fn priced() -> TestAppBuilder {
    let rates = Rates {
        input: Some(PricePerMillion(0)),
        output: Some(PricePerMillion(1_000_000_000_000)),
        ..Rates::default()
    };
    let priced = DeclaredModel { model: "priced".to_owned(), rates: Some(rates), ..DeclaredModel::default() };
    builder().model(priced).models(["broken"]).route("fallback", ["broken", "priced"])
}

/// The answer to a question that is let through.
pub(crate) async fn seen(client: &TestClient, path: &str) -> Value {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()
}
