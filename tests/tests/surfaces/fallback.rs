//! The documented example: whatever is wrong with the OpenAI key, Mistral answers, at Mistral's price, and the sum is exact.

use crate::scene::{MISTRAL_KEY, OPENAI_KEY, Scene, Setting};
use serde_json::{Value, json};
use switchyard::ports::repositories::ProviderPatch;
use switchyard::{Name, Store};
use switchyard_domain::meta::Writer;
use switchyard_domain::money::NanoUsd;
use switchyard_harness::testkit::postgres::PrivatePostgres;
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{Answer, TestClient};

/// Nano-USD for a token of input and of output.
struct Price {
    model: &'static str,
    input: i64,
    output: i64,
}

const OPENAI: Price = Price { model: "openai/gpt-3.5-turbo", input: 1_500, output: 2_000 };
const MISTRAL: Price = Price { model: "mistral/mistral-tiny", input: 150, output: 750 };

async fn save(client: &TestClient, keys: Value) {
    let mut body = keys;
    body["virtualKey"] = json!(client.key());
    let answer = client.post("/api/save-keys", body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

async fn ask(client: &TestClient, words: usize) -> Answer {
    let content = vec!["word"; words].join(" ");
    let body = json!({"model": "gpt-3.5-turbo", "messages": [{"role": "user", "content": content}]});
    client.post("/chat/completions", body.to_string()).await
}

/// An amount in an answer, with all its digits.
fn amount(text: &str, member: &str) -> NanoUsd {
    let start = text.find(&format!("\"{member}\":")).unwrap_or_else(|| panic!("no {member} in {text}"));
    let rest = &text[start + member.len() + 3..];
    let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    NanoUsd::parse(&digits).unwrap_or_else(|| panic!("{member} is no amount: {text}"))
}

/// What the answer says that it cost, once it is proved to be this model's at its price.
fn paid(answer: &Answer, price: &Price) -> NanoUsd {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("x-switchyard-target"), price.model);
    let said = answer.json();
    let (usage, cost) = (&said["usage"], &said["cost"]);
    assert_eq!(
        (&cost["inputTokens"], &cost["outputTokens"]),
        (&usage["prompt_tokens"], &usage["completion_tokens"])
    );
    let (input, output) = (cost["inputTokens"].as_i64().unwrap(), cost["outputTokens"].as_i64().unwrap());
    assert!(input > 0 && output > 0, "{said}");
    assert_eq!(amount(&answer.text, "inputCost"), NanoUsd(input * price.input));
    assert_eq!(amount(&answer.text, "outputCost"), NanoUsd(output * price.output));
    let total = amount(&answer.text, "totalCost");
    assert_eq!(total, NanoUsd(input * price.input + output * price.output));
    total
}

async fn the_example_holds(store: Store) {
    let scene = Scene::start(Setting::Secure, store).await;
    let admin = scene.app.client(&scene.admin().await);
    let minted = admin.request("POST", "/api/generate-virtual-key").send().await.unwrap();
    let key: Value = serde_json::from_str(&minted.text().await.unwrap()).unwrap();
    let client = scene.app.client(key["virtualKey"].as_str().unwrap());
    let mut total = NanoUsd::ZERO;

    // Absent.
    save(&client, json!({"mistralKey": MISTRAL_KEY})).await;
    total = total.saturating_add(paid(&ask(&client, 3).await, &MISTRAL));
    assert_eq!(scene.openai.take_calls().len(), 0, "nobody is called without a key");
    // Invalid: asked each time, refused each time.
    save(&client, json!({"openaiKey": "sk-wrong-0123456789"})).await;
    for words in [5, 8] {
        let answer = ask(&client, words).await;
        total = total.saturating_add(paid(&answer, &MISTRAL));
        assert_eq!(answer.header("x-switchyard-attempts"), "2");
        let events = scene.app.events_of(answer.request_id()).await;
        assert_eq!(events.len(), 2, "{events:?}");
        assert_eq!((events[0].status, events[0].cost), (Some(401), None), "a failure costs nothing");
    }
    // Empty.
    save(&client, json!({"openaiKey": ""})).await;
    total = total.saturating_add(paid(&ask(&client, 13).await, &MISTRAL));
    assert_eq!(scene.openai.take_calls().len(), 2);
    // Restored: at once.
    save(&client, json!({"openaiKey": OPENAI_KEY})).await;
    total = total.saturating_add(paid(&ask(&client, 21).await, &OPENAI));
    assert_eq!((scene.openai.take_calls().len(), scene.mistral.calls().len()), (1, 4));
    // Both are wrong.
    save(&client, json!({"openaiKey": "sk-wrong-0123456789", "mistralKey": "wrong-0123456789"})).await;
    let failed = ask(&client, 2).await;
    assert_eq!(failed.status, 502, "{}", failed.text);
    assert!(!failed.text.contains("wrong-0123456789"), "{}", failed.text);

    assert!(scene.app.embedded().flush_usage().await);
    let own = client.get("/api/v1/virtual-keys/self").await.json();
    assert_eq!(own["totalCost"], json!(total.to_string()), "the key's sum is the sum of its answers");
    let check = scene.app.embedded().usage().verify().await.unwrap();
    assert_eq!((check.entries, check.total, check.problems.len()), (5, total, 0), "{check:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_openai_key_invalid_empty_or_absent_mistral_answers_at_its_price_and_the_total_is_exact() {
    the_example_holds(Store::SqliteMemory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_openai_key_invalid_empty_or_absent_mistral_answers_and_the_total_is_exact_in_postgresql() {
    let Some(server) = PrivatePostgres::start() else { return };
    the_example_holds(Store::Postgres(server.create_database().into())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_keys_invalid_credential_turns_nobody_elses_calls_away() {
    let scene = Scene::start(Setting::Secure, Store::SqliteMemory).await;
    let (good, bad) = (scene.app.client_with_key("good").await, scene.app.client_with_key("bad").await);
    save(&good, json!({"openaiKey": OPENAI_KEY, "mistralKey": MISTRAL_KEY})).await;
    save(&bad, json!({"openaiKey": "sk-wrong-0123456789", "mistralKey": MISTRAL_KEY})).await;
    paid(&ask(&bad, 3).await, &MISTRAL);
    paid(&ask(&good, 3).await, &OPENAI);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_of_ones_own_is_used_while_the_shared_one_is_refused() {
    let scene = Scene::start(Setting::Secure, Store::SqliteMemory).await;
    let providers = scene.app.embedded().providers();
    for (name, key) in [("openai", "sk-wrong-0123456789"), ("mistral", MISTRAL_KEY)] {
        let provider = providers.find(&Name::new(name).unwrap()).await.unwrap();
        let nothing = ProviderPatch::default();
        providers.update(&provider, nothing, Some(&key.into()), &Writer::API).await.unwrap();
    }
    let (shared, own) = (scene.app.client_with_key("shared").await, scene.app.client_with_key("own").await);
    save(&own, json!({"openaiKey": OPENAI_KEY})).await;
    let first = ask(&shared, 3).await;
    paid(&first, &MISTRAL);
    assert_eq!(first.header("x-switchyard-attempts"), "2");
    let second = ask(&shared, 3).await;
    paid(&second, &MISTRAL);
    assert_eq!(second.header("x-switchyard-attempts"), "1", "what the provider refused is left to rest");
    let answer = ask(&own, 3).await;
    paid(&answer, &OPENAI);
    assert_eq!(answer.header("x-switchyard-attempts"), "1");
}

/// Every way in which a provider can fail, its refusals and answers that nobody understands among them.
const FAILURES: [&str; 20] = [
    "status=400",
    "status=401",
    "status=403",
    "status=404",
    "status=408",
    "status=409",
    "status=413",
    "status=422",
    "status=425",
    "status=429",
    "status=429&retry_after=30",
    "status=500",
    "status=502",
    "status=503",
    "refuse",
    "cut_after=20",
    "malformed_json",
    "html",
    "error_in_200",
    "stall_before_first",
];

/// A server whose OpenAI fails so, and perhaps its Mistral too, and a key with credentials of its own at both.
async fn failing(store: Store, failure: &str, both: bool) -> (Scene, TestClient) {
    let scene = Scene::start(Setting::Secure, store).await;
    scene.openai.set_default(Script::of(failure));
    if both {
        scene.mistral.set_default(Script::of(failure));
    }
    let client = scene.app.client_with_key("ci").await;
    save(&client, json!({"openaiKey": OPENAI_KEY, "mistralKey": MISTRAL_KEY})).await;
    (scene, client)
}

/// Failures of a provider that has read the prompt and bills it, though its answer is none.
const BILLED: [&str; 3] = ["cut_after=20", "malformed_json", "stall_before_first"];

async fn however_the_first_fails_the_fallback_answers(store: impl Fn() -> Store) {
    for failure in FAILURES {
        let (scene, client) = failing(store(), failure, false).await;
        let answer = ask(&client, 3).await;
        assert_eq!(answer.status, 200, "{failure}: {}", answer.text);
        assert_eq!(answer.header("x-switchyard-attempts"), "2", "{failure}");
        assert_eq!(answer.json()["model"], "mistral-tiny", "{failure}: the model is replaced");
        let sent = scene.mistral.take_calls();
        assert_eq!((sent.len(), &sent[0].json["model"]), (1, &json!("mistral-tiny")), "{failure}");
        let events = scene.app.events_of(answer.request_id()).await;
        let failed = events[0].cost;
        assert_eq!(failed.is_some(), BILLED.contains(&failure), "{failure}: {failed:?}");
        let own = paid(&answer, &MISTRAL);
        assert_eq!(events[1].cost, Some(own), "{failure}: the usage and the price of who answered");
        let call = failed.unwrap_or(NanoUsd::ZERO).saturating_add(own);
        assert_eq!(answer.header("x-switchyard-cost"), call.0.to_string(), "{failure}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn however_the_first_model_fails_its_fallback_answers_at_its_own_price() {
    however_the_first_fails_the_fallback_answers(|| Store::SqliteMemory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn however_the_first_model_fails_its_fallback_answers_at_its_own_price_in_postgresql() {
    let Some(server) = PrivatePostgres::shared() else { return };
    however_the_first_fails_the_fallback_answers(|| Store::Postgres(server.create_database().into())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_model_and_its_fallback_fail_it_is_a_502_with_a_text_however_they_do() {
    for failure in FAILURES {
        let (scene, client) = failing(Store::SqliteMemory, failure, true).await;
        let answer = ask(&client, 3).await;
        assert_eq!(answer.status, 502, "{failure}: {}", answer.text);
        let refused = ["400", "404", "409", "413", "422"].map(|status| format!("status={status}"));
        if refused.iter().any(|refused| refused == failure) {
            assert_eq!(
                answer.header("x-should-retry"),
                "false",
                "{failure}: sending it again would not help"
            );
        }
        let error = &answer.json()["error"];
        assert!(["message", "type"].iter().all(|member| error[member].is_string()), "{failure}: {error}");
        assert!(!answer.text.contains("0123456789"), "{failure}: {}", answer.text);
        let tried = [&scene.openai, &scene.mistral].map(|vendor| vendor.accepted_connections() > 0);
        assert_eq!(tried, [true, true], "{failure}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_model_and_a_call_beyond_its_limits_reach_nobody() {
    let scene = Scene::start(Setting::Secure, Store::SqliteMemory).await;
    let admin = scene.app.client(&scene.admin().await);
    let body = json!({"requestsPerMinute": 2, "tokensPerMinute": 50}).to_string();
    let made = admin.post("/api/generate-virtual-key", body).await.json();
    let client = scene.app.client(made["virtualKey"].as_str().unwrap());
    save(&client, json!({"openaiKey": OPENAI_KEY, "mistralKey": MISTRAL_KEY})).await;
    let call = async |body: Value| client.post("/chat/completions", body.to_string()).await;
    for messages in [json!([]), json!([{"role": "user", "content": "hi"}])] {
        let unknown = call(json!({"model": "unknown-model", "messages": messages})).await;
        assert_eq!(unknown.status, 400, "{}", unknown.text);
    }
    let said = json!([{"role": "user", "content": vec!["word"; 500].join(" ")}]);
    let long = call(json!({"model": "gpt-3.5-turbo", "messages": said})).await;
    assert_eq!((long.status, long.error_code().as_str()), (429, "rate_limit_exceeded"), "{}", long.text);
    assert!(scene.openai.calls().is_empty() && scene.mistral.calls().is_empty());
}
