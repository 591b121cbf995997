//! A server whose providers are the recorded ones.

use crate::replay::Replay;
use crate::requests;
use crate::vendors;
use futures_util::StreamExt;
use futures_util::stream::iter;
use std::collections::BTreeMap;
use std::time::Duration;
use switchyard::orchestrator::chat::CallSettings;
use switchyard::ports::provider::Deadlines;
use switchyard_domain::usage::UsageEvent;
use switchyard_harness::{Answer, TestApp, TestClient};
use switchyard_testkit::corpus::Exchange;

const AT_ONCE: usize = 16;

/// What became of one exchange.
pub(crate) struct Heard {
    /// The client's body.
    pub(crate) sent: String,
    /// The body that the provider got; none when it was not asked.
    pub(crate) upstream: Option<Vec<u8>>,
    /// What the client got.
    pub(crate) answer: Answer,
}

pub(crate) struct Scene {
    app: TestApp,
    client: TestClient,
    replay: Replay,
}

/// What a client calls the model that gives an exchange's answer.
pub(crate) fn model_of(exchange: &Exchange) -> String {
    format!("{}/{}", provider_of(exchange), exchange.id)
}

/// Under which provider an exchange is reached. One that fails has a provider of its own, so that what is thought of a
/// provider after one failure says nothing of the next exchange.
fn provider_of(exchange: &Exchange) -> &str {
    if exchange.expected.ok == Some(true) { exchange.provider() } else { &exchange.id }
}

impl Scene {
    pub(crate) async fn start(exchanges: &[Exchange]) -> Self {
        let patience = Duration::from_secs(30);
        let deadlines = Deadlines { first_content: patience, idle: patience, total: patience };
        let app = TestApp::builder()
            .calls(CallSettings { max_attempts: 1, deadlines, first_of_pieces: None })
            .start()
            .await;
        let replay = Replay::start(exchanges).await;
        let mut providers: BTreeMap<&str, (&str, Vec<&str>)> = BTreeMap::new();
        for exchange in exchanges {
            let vendor = vendors::key(exchange.provider());
            let entry = providers.entry(provider_of(exchange)).or_insert((vendor, Vec::new()));
            entry.1.push(&exchange.id);
        }
        for (name, (vendor, models)) in &providers {
            app.add_provider(name, vendor, &replay.base_url(name), models).await;
        }
        let client = app.client_with_key("replay").await;
        Self { app, client, replay }
    }

    /// Meets the answers of all exchanges with requests for their models, many at a time.
    pub(crate) async fn replay_all<'e>(
        &self,
        exchanges: &'e [Exchange],
        request: fn(&Exchange, &str) -> String,
    ) -> Vec<(&'e Exchange, Heard)> {
        let replays = exchanges.iter().map(|exchange| async move {
            (exchange, self.ask(exchange, request(exchange, &model_of(exchange))).await)
        });
        let heard = iter(replays).buffer_unordered(AT_ONCE).collect().await;
        // Whatever a client has the whole of is recorded by then.
        assert!(self.app.embedded().flush_usage().await);
        heard
    }

    /// Meets an exchange's answer with a request that nothing is wrong with.
    pub(crate) async fn replay_plainly(&self, exchange: &Exchange) -> Heard {
        let heard = self.ask(exchange, requests::plain(exchange, &model_of(exchange))).await;
        assert!(self.app.embedded().flush_usage().await);
        heard
    }

    async fn ask(&self, exchange: &Exchange, body: String) -> Heard {
        let answer = self.client.post("/v1/chat/completions", body.clone()).await;
        let mut upstream = self.replay.take(&exchange.id);
        assert!(upstream.len() <= 1, "{}: the provider was asked {} times", exchange.id, upstream.len());
        Heard { sent: body, upstream: upstream.pop(), answer }
    }

    /// What was recorded of a call.
    pub(crate) async fn events(&self, heard: &Heard) -> Vec<UsageEvent> {
        self.app.embedded().usage().events_of(heard.answer.request_id()).await.unwrap()
    }
}
