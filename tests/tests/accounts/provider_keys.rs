//! Several keys of one provider: which of them calls use, and how those are told that it does not take.

use crate::looks::{Looks, MODEL, seen};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::time::Duration;
use switchyard::Name;
use switchyard::orchestrator::admin::SharedCredentialAdmin;
use switchyard_domain::meta::Writer;
use switchyard_domain::provider::SharedPlace;
use switchyard_domain::usage::Outcome;
use switchyard_harness::on_both_databases;
use switchyard_harness::testkit::simulator::Script;

on_both_databases! {
    from crate::looks::start_on;
    calls_go_on_with_the_second_key_when_the_first_dies,
    a_throttled_key_rests_and_comes_back,
    every_key_dead_is_a_502,
}

/// What every provider of a `TestApp` is declared with.
const FIRST: &str = "sk-simulated-0123456789";
const SECOND: &str = "sk-simulated-second-0123456789";
const THIRD: &str = "sk-simulated-third-0123456789";

impl Looks {
    fn keys(&self) -> &SharedCredentialAdmin {
        self.app.embedded().administration().shared_credentials()
    }

    async fn add(&self, key: &str) -> SharedPlace {
        self.keys().add(&upstream(), &SecretString::from(key), &Writer::API).await.unwrap()
    }

    /// A call, and the keys that came along with its attempts.
    async fn tried(&self, status: u16) -> Vec<String> {
        self.app.simulator().take_calls();
        let answer = self.ana.ask(MODEL, "hi").await;
        assert_eq!(answer.status, status, "{}", answer.text);
        let bearer = |call: switchyard_harness::testkit::simulator::RecordedCall| {
            call.header("authorization").unwrap().trim_start_matches("Bearer ").to_owned()
        };
        self.app.simulator().take_calls().into_iter().map(bearer).collect()
    }

    /// The keys that rest, as an administrator sees them.
    async fn resting(&self) -> Vec<Value> {
        let status = seen(&self.admin, "/api/v1/status").await;
        assert!(!status.to_string().contains("sk-"), "{status}");
        status["resting_credentials"].as_array().unwrap().clone()
    }
}

fn upstream() -> Name {
    Name::new("upstream").unwrap()
}

fn place(number: u8) -> SharedPlace {
    SharedPlace::new(number).unwrap()
}

async fn calls_go_on_with_the_second_key_when_the_first_dies(looks: Looks) {
    assert_eq!(looks.add(SECOND).await, place(2));
    assert_eq!(looks.tried(200).await, [FIRST]);
    assert_eq!(looks.tried(200).await, [SECOND]);
    assert_eq!(looks.resting().await, [] as [Value; 0]);

    looks.app.simulator().enqueue("priced", [Script::of("status=401")]);
    assert_eq!(looks.tried(200).await, [FIRST, SECOND], "the call goes on with the other key");
    for _ in 0..3 {
        assert_eq!(looks.tried(200).await, [SECOND]);
    }
    let resting = looks.resting().await;
    assert_eq!(resting.len(), 1, "{resting:?}");
    let benched = &resting[0];
    assert_eq!(
        (&benched["provider"], &benched["place"], &benched["state"], &benched["reason"]),
        (&json!("upstream"), &json!(1), &json!("benched"), &json!("refused"))
    );
    assert!(benched["since"].as_str().unwrap() < benched["until"].as_str().unwrap(), "{benched}");
    let status = seen(&looks.admin, "/api/v1/status").await;
    assert_eq!(status["breakers"], json!([]), "the target is not cooled as a whole");
    let metrics = looks.app.embedded().status().benched_credentials();
    assert!(metrics.contains(&("upstream".to_owned(), 1)), "{metrics:?}");

    looks.keys().replace(&upstream(), place(1), &SecretString::from(THIRD), &Writer::FILE).await.unwrap();
    assert_eq!(looks.resting().await, [] as [Value; 0], "what is put in its place begins anew");
    let mut used = [looks.tried(200).await, looks.tried(200).await].concat();
    used.sort();
    assert_eq!(used, [SECOND, THIRD]);
    assert!(looks.app.embedded().flush_usage().await);
}

async fn a_throttled_key_rests_and_comes_back(looks: Looks) {
    looks.add(SECOND).await;
    looks.app.simulator().enqueue("priced", [Script::of("status=429&retry_after=2")]);
    assert_eq!(looks.tried(200).await, [FIRST, SECOND]);
    assert_eq!(looks.tried(200).await, [SECOND]);
    let resting = looks.resting().await;
    assert_eq!((&resting[0]["state"], &resting[0]["reason"]), (&json!("throttled"), &json!("throttled")));
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(looks.resting().await, [] as [Value; 0]);
    let mut used = [looks.tried(200).await, looks.tried(200).await].concat();
    used.sort();
    assert_eq!(used, [FIRST, SECOND]);
}

async fn every_key_dead_is_a_502(looks: Looks) {
    looks.add(SECOND).await;
    looks.app.simulator().script("priced", Script::of("status=403&error_message=no%20entry%20for%20you"));
    looks.app.simulator().take_calls();
    let answer = looks.ana.ask(MODEL, "hi").await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (502, &json!("upstream_auth_failed")));
    assert!(!answer.text.contains("sk-") && !answer.text.contains("no entry"), "{}", answer.text);
    assert_eq!(looks.app.simulator().take_calls().len(), 2, "each key once");
    let events = looks.app.events_of(answer.request_id()).await;
    assert!(events.len() == 2 && events.iter().all(|event| event.outcome == Outcome::Failed), "{events:?}");
    assert_eq!(looks.tried(502).await.len(), 1);
    assert_eq!(looks.resting().await.len(), 2);
    let status = seen(&looks.admin, "/api/v1/status").await;
    assert_eq!(status["breakers"][0]["model"], "priced", "now the target rests");
    looks.app.simulator().script("priced", Script::of("tokens=10"));
    looks.tried(200).await;
    assert_eq!(looks.resting().await.len(), 1, "a success ends the bench of the key that it came by");
}
