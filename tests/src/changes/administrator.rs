//! Somebody who changes the configuration while calls come: over the management API, and in the file.

use super::Kind;
use crate::installation::{Installation, PROVIDER};
use reqwest::Client;
use serde_json::{Value, json};
use std::time::Duration;

/// The administrator's name.
pub(super) const NAME: &str = "ada.admin";
/// And password.
pub(super) const PASSWORD: &str = "Gravel-Otter-7";
/// The providers that are made over the API.
const ROUTED: &str = "routed-provider";
const KEYED: &str = "keyed-provider";
const PRICED: &str = "priced-provider";
const ONLY_MODEL: &str = "only";

/// What clients call to see a kind of change.
pub(super) fn model_of(kind: Kind) -> String {
    match kind {
        Kind::Route => "routed".to_owned(),
        Kind::Provider => "keyed".to_owned(),
        Kind::Price => format!("{PRICED}/{ONLY_MODEL}"),
        Kind::File => "filed".to_owned(),
    }
}

/// The two models of a version of a route.
pub(super) fn pair_of(kind: Kind, version: usize) -> [String; 2] {
    ["first", "second"]
        .map(|place| format!("{}-{place}-{version}", if kind == Kind::File { "f" } else { "r" }))
}

/// The models of the provider whose address and key change.
pub(super) const KEYED_MODELS: [&str; 2] = ["keyed-first", "keyed-second"];

/// The address of a version, below the simulator's own.
pub(super) fn path_of(version: usize) -> String {
    format!("/version-{version}/v1")
}

/// The key of a version.
pub(super) fn key_of(version: usize) -> String {
    format!("sk-version-{version}-0123456789")
}

/// Signed in at one process.
pub(super) struct Administrator<'a> {
    http: Client,
    base: String,
    token: String,
    installation: &'a Installation,
    /// The address of the provider.
    upstream: &'a str,
    /// The configuration file without what changes in it.
    file: Value,
    ids: [u64; 3],
}

impl<'a> Administrator<'a> {
    /// Signs in, and makes the first version of everything over the API. `versions` are those that there will be.
    pub(super) async fn begin(
        installation: &'a Installation,
        upstream: &'a str,
        file: Value,
        versions: usize,
    ) -> Self {
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().expect("a client");
        let base = format!("http://{}", installation.address());
        let mut one = Self { http, base, token: String::new(), installation, upstream, file, ids: [0; 3] };
        let who = json!({"username": NAME, "password": PASSWORD});
        let session = one.send("POST", "/api/auth/login", &who).await;
        one.token = session["access_token"].as_str().expect("a token").to_owned();
        let models = versions_of(Kind::Route, versions);
        one.add_provider(ROUTED, models.flat_map(|version| pair_of(Kind::Route, version))).await;
        one.ids[1] = one.add_provider(KEYED, KEYED_MODELS.map(str::to_owned)).await;
        one.ids[2] = one.add_provider(PRICED, [ONLY_MODEL.to_owned()]).await;
        let targets = targets(ROUTED, pair_of(Kind::Route, 0));
        let route = json!({"name": model_of(Kind::Route), "targets": targets});
        one.ids[0] = id_of(&one.send("POST", "/api/v1/routes", &route).await);
        let targets = self::targets(KEYED, KEYED_MODELS.map(str::to_owned));
        one.send("POST", "/api/v1/routes", &json!({"name": model_of(Kind::Provider), "targets": targets}))
            .await;
        one.change(Kind::Provider, 0).await;
        one.change(Kind::Price, 0).await;
        one
    }

    async fn add_provider(&self, name: &str, models: impl IntoIterator<Item = String>) -> u64 {
        let models: Vec<Value> = models.into_iter().map(|model| json!({"model": model})).collect();
        let provider = json!({
            "name": name, "vendor": "openai_compatible", "base_url": format!("{}/v1", self.upstream),
            "api_key": key_of(0), "models": models,
        });
        id_of(&self.send("POST", "/api/v1/providers", &provider).await)
    }

    /// Makes this version the one that calls shall see.
    pub(super) async fn change(&self, kind: Kind, version: usize) {
        let [route, keyed, priced] = self.ids;
        match kind {
            Kind::Route => {
                let targets = targets(ROUTED, pair_of(kind, version));
                self.send("PATCH", &format!("/api/v1/routes/{route}"), &json!({"targets": targets})).await;
            }
            Kind::Provider => {
                let base_url = format!("{}{}", self.upstream, path_of(version));
                let change = json!({"base_url": base_url, "api_key": key_of(version)});
                self.send("PATCH", &format!("/api/v1/providers/{keyed}"), &change).await;
            }
            Kind::Price => {
                // So many nano-USD for a token of a prompt, and twice that for one of an answer.
                let usd = |each: usize| format!("{}.{:03}", each / 1_000, each % 1_000);
                let price = json!({"input": usd(version + 1), "output": usd(2 * (version + 1))});
                let path = format!("/api/v1/providers/{priced}/models/{ONLY_MODEL}");
                self.send("PUT", &path, &json!({"price": price})).await;
            }
            Kind::File => {
                write_file(self.installation, &self.file, version);
                self.send("POST", "/reload-config", &json!({})).await;
            }
        }
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let request = self.http.request(method.parse().expect("a method"), format!("{}{path}", self.base));
        let request = request.bearer_auth(&self.token).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "{method} {path}: {status}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }
}

/// The versions of a kind, when there are so many changes of all kinds: the first one, and those whose turn it is.
pub(super) fn versions_of(kind: Kind, changes: usize) -> impl Iterator<Item = usize> {
    (0..=changes).filter(move |version| *version == 0 || Kind::of(*version) == kind)
}

/// The configuration file with the models of all its versions, and nothing yet of what changes.
pub(super) fn file_of(mut file: Value, changes: usize) -> Value {
    let models = file["providers"][0]["models"].as_array_mut().expect("a list of models");
    let pairs = versions_of(Kind::File, changes).flat_map(|version| pair_of(Kind::File, version));
    models.extend(pairs.map(|model| json!({"model": model})));
    file
}

/// Writes the file in one of its versions.
pub(super) fn write_file(installation: &Installation, file: &Value, version: usize) {
    let mut file = file.clone();
    let targets = targets(PROVIDER, pair_of(Kind::File, version));
    file["routes"] = json!([{"name": model_of(Kind::File), "targets": targets}]);
    std::fs::write(installation.path("switchyard.yaml"), file.to_string()).expect("a file");
}

fn targets(provider: &str, models: [String; 2]) -> Value {
    let target = |(priority, model)| json!({"provider": provider, "model": model, "priority": priority});
    models.into_iter().enumerate().map(target).collect()
}

fn id_of(answer: &Value) -> u64 {
    answer["id"].as_u64().unwrap_or_else(|| panic!("no id: {answer}"))
}
