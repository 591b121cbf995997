//! Every limit and a budget at every scope that a call is asked at, all so wide that none refuses: what it costs to ask.

use super::gateway::{Created, Gateway};
use crate::dialect::Dialect;
use anyhow::{Context, Result, ensure};
use reqwest::RequestBuilder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// Whose key it is: somebody with limits of their own.
pub(super) const ADMINISTRATOR: &str = "bench";
pub(super) const PASSWORD: &str = "correct horse battery staple";

/// The first person of an empty database.
const PERSON: &str = "user:1";

/// The limits of a scope: requests and tokens in a minute, requests in a day, calls at once, dollars in a day.
const WIDE: [&str; 12] = [
    "--rpm",
    "100000000",
    "--tpm",
    "100000000000",
    "--rpd",
    "1000000000",
    "--concurrency",
    "100000",
    "--amount",
    "1000000",
    "--window",
    "day",
];

/// The limits of a model at a provider, and of a target in a route, as the configuration writes them.
pub(super) const OF_MODEL: &str =
    "{ rpm: 100000000, tpm: 100000000000, rpd: 1000000000, concurrency: 100000 }";

#[derive(Deserialize)]
struct SignedIn {
    access_token: String,
}

/// Makes a key of a person's own and sets limits and a budget for it, the person, each provider, and all calls together; those of
/// the models stand in the configuration.
pub(super) async fn set(gateway: &Gateway) -> Result<String> {
    let client = reqwest::ClientBuilder::new().no_proxy().build()?;
    let login = json!({"username": ADMINISTRATOR, "password": PASSWORD});
    let login = client.post(gateway.at("/api/auth/login")).body(login.to_string());
    let SignedIn { access_token } = answer(login).await?;
    let key = client.post(gateway.at("/api/v1/virtual-keys")).bearer_auth(access_token);
    let wanted = json!({
        "name": "bench",
        "limits": {"rpm": 100_000_000, "tpm": 100_000_000_000_u64, "rpd": 1_000_000_000, "concurrency": 100_000},
        "budget": {"amount_usd": "1000000", "window": "day"},
    });
    let Created { key } = answer(key.body(wanted.to_string())).await?;
    let scopes = [PERSON.to_owned(), "global".to_owned()];
    let providers = Dialect::ALL.map(|dialect| format!("provider:{}", dialect.vendor()));
    for scope in scopes.iter().chain(&providers) {
        gateway.output(&[&["budgets", "set", scope][..], &WIDE].concat())?;
    }
    Ok(key)
}

async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T> {
    let answer = request.header("content-type", "application/json").send().await?;
    let (status, body) = (answer.status(), answer.bytes().await?);
    ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).context("an answer of the gateway")
}
