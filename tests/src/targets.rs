//! Providers of one model each, all of them at the simulator; a route over them in their order; and what its clients hear. Each says
//! words of its own, so that it is known whose answer came.

use serde_json::Value;
use std::time::Duration;
use switchyard::declared::{DeclaredRoute, DeclaredTarget};
use switchyard::orchestrator::chat::CallSettings;
use switchyard::ports::provider::Deadlines;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::route::{RouteMode, Strategy};
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{TestApp, TestClient};

/// How many words an answer has.
pub(crate) const WORDS: usize = 12;

/// The provider of a target.
pub(crate) fn provider_of(target: usize) -> String {
    format!("provider-{target}")
}

/// Its model.
pub(crate) fn model_of(target: usize) -> String {
    format!("model-{target}")
}

/// What it says.
pub(crate) fn text_of(target: usize) -> String {
    vec![format!("word-{target}"); WORDS].join(" ")
}

/// Says it, in the simulator's grammar, and what more is to be done.
pub(crate) fn script_of(target: usize, more: &str) -> Script {
    Script::of(&format!("text={}&{more}", text_of(target).replace(' ', "%20")))
}

/// A target of a route.
pub(crate) fn target(number: usize) -> DeclaredTarget {
    let priority = u32::try_from(number).expect("few");
    let provider = Name::new(provider_of(number)).expect("a name");
    DeclaredTarget { priority, ..DeclaredTarget::new(provider, model_of(number)) }
}

/// A route that tries these in this order.
pub(crate) async fn add_route(app: &TestApp, name: &str, targets: &[usize]) {
    let route = DeclaredRoute {
        mode: RouteMode::Multi,
        strategy: Strategy::Failover,
        targets: targets.iter().map(|number| target(*number)).collect(),
        ..DeclaredRoute::new(Name::new(name).expect("a name"))
    };
    app.embedded().routes().add(&route, &Writer::API).await.expect("the route is added");
}

/// So many providers, which all work.
pub(crate) async fn add_providers(app: &TestApp, count: usize) {
    for number in 0..count {
        let (name, model) = (provider_of(number), model_of(number));
        app.add_provider(&name, "openai_compatible", &app.simulator().base_url(), &[&model]).await;
        app.simulator().script(&model, script_of(number, ""));
    }
}

/// Three attempts, and this patience.
pub(crate) fn settings(first_content: Duration, idle: Duration, total: Duration) -> CallSettings {
    let deadlines = Deadlines { first_content, idle, total };
    CallSettings { max_attempts: 3, deadlines, first_of_pieces: None }
}

/// What a client heard.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// The request id.
    pub(crate) id: String,
    /// The status.
    pub(crate) status: u16,
    /// `<provider>/<model>` of who answered.
    pub(crate) target: String,
    /// The text, as far as it came.
    pub(crate) text: String,
    /// The error's code, in the body or in an event.
    pub(crate) error: Option<String>,
    /// Whether the client must take the answer for a whole one.
    pub(crate) is_whole: bool,
}

impl Heard {
    /// Whether it is the whole answer of this target, and nothing else.
    pub(crate) fn is_of(&self, number: usize) -> bool {
        let target = format!("{}/{}", provider_of(number), model_of(number));
        (self.status, self.is_whole) == (200, true) && self.target == target && self.text == text_of(number)
    }
}

/// A call of one message.
pub(crate) async fn ask(client: &TestClient, model: &str, is_stream: bool) -> Heard {
    let streamed = if is_stream { Some(client.ask_stream(model, "say some words").await) } else { None };
    let began = streamed.as_ref().filter(|streamed| streamed.answer.status == 200);
    let (text, error, is_whole) = match began {
        Some(it) => (it.text(), it.error_code(), it.done && it.error_code().is_none()),
        None => (String::new(), None, false),
    };
    let is_begun = began.is_some();
    let answer = match streamed {
        Some(streamed) => streamed.answer,
        None => client.ask(model, "say some words").await,
    };
    let (id, target) = (answer.request_id().to_owned(), answer.header("x-switchyard-target").to_owned());
    if is_begun {
        return Heard { id, status: answer.status, target, text, error, is_whole };
    }
    let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    let text = body["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned();
    let error = body["error"]["code"].as_str().map(str::to_owned);
    Heard {
        id,
        status: answer.status,
        target,
        text,
        is_whole: answer.status == 200 && error.is_none(),
        error,
    }
}
