//! A server with a route over three providers, and what can be asked of it.

use crate::scene::{Heard, Mode};
use Gets::{Beginning, Error, First, Next};
use Health::{Cooled, Failure, Neutral, OpenAtOnce, Success};
use serde_json::{Value, json};
use std::ops::RangeInclusive;
use std::time::Duration;
use switchyard::Name;
use switchyard::declared::{DeclaredRoute, DeclaredTarget};
use switchyard::orchestrator::chat::CallSettings;
use switchyard::ports::provider::Deadlines;
use switchyard_domain::ids::RouteId;
use switchyard_domain::meta::Writer;
use switchyard_domain::route::{RouteMode, Timeouts};
use switchyard_domain::usage::{Outcome, UsageEvent};
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{PASSWORD, TestApp, TestClient};

const ADMIN: &str = "ada.admin";
pub(crate) const ROUTE: &str = "three";
const PATIENCE: Duration = Duration::from_millis(600);
/// So many failures in a row open a breaker.
pub(crate) const IN_A_ROW: usize = 5;

/// What the client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gets {
    /// The second target's answer.
    Next,
    /// The first one's.
    First,
    /// An error.
    Error(u16, &'static str),
    /// The beginning of the first one's, and an error event.
    Beginning,
}

/// What the first attempt says of its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Failure,
    Neutral,
    Success,
    /// It is left alone for so many milliseconds, and its breaker stays closed.
    Cooled(RangeInclusive<u64>),
    OpenAtOnce,
}

/// A server with a route over three providers, of which the first one does what a row says.
pub(crate) struct Three {
    pub(crate) app: TestApp,
    pub(crate) client: TestClient,
    pub(crate) admin: TestClient,
    pub(crate) route: RouteId,
    /// What goes wrong, for messages.
    what: String,
    /// Whether the simulator sees the calls of the first one.
    is_first_here: bool,
}

impl Three {
    pub(crate) async fn begin(what: &str, mode: Mode) -> Self {
        Self::begin_at(None, what, mode).await
    }

    /// The same with the first one at another address than the simulator's.
    pub(crate) async fn begin_at(address: Option<&str>, what: &str, mode: Mode) -> Self {
        Self::begin_with(address, 3, what, mode).await
    }

    /// The same with so many attempts of a call at most.
    pub(crate) async fn begin_with(address: Option<&str>, max_attempts: u32, what: &str, mode: Mode) -> Self {
        let deadlines = Deadlines { first_content: PATIENCE, idle: PATIENCE, total: 40 * PATIENCE };
        let settings = CallSettings { max_attempts, deadlines, first_of_pieces: None };
        let app = TestApp::builder()
            .calls(settings)
            .administrator(ADMIN)
            .server(|config| config.connections_per_source = 1_024)
            .start()
            .await;
        let simulator = app.simulator().base_url();
        for (number, base_url) in
            [address.unwrap_or(&simulator), &simulator, &simulator].into_iter().enumerate()
        {
            app.add_provider(&format!("p{number}"), "openai", base_url, &[&model(number)]).await;
        }
        let target = |number: usize| DeclaredTarget {
            priority: u32::try_from(number).unwrap(),
            timeouts: Timeouts { connect_ms: Some(300), ..Timeouts::DEFAULT },
            ..DeclaredTarget::new(Name::new(format!("p{number}")).unwrap(), model(number))
        };
        let route = DeclaredRoute {
            mode: RouteMode::Multi,
            targets: (0..3).map(target).collect(),
            ..DeclaredRoute::new(Name::new(ROUTE).unwrap())
        };
        let route = app.embedded().routes().add(&route, &Writer::API).await.unwrap();
        let login = json!({"username": ADMIN, "password": PASSWORD}).to_string();
        let login = app.anonymous().post("/api/auth/login", login).await.json();
        let admin = app.client(login["access_token"].as_str().unwrap());
        let client = app.client_with_key("ci").await;
        Self { client, admin, route, what: format!("{what} {mode:?}"), is_first_here: address.is_none(), app }
    }

    pub(crate) fn script(&self, script: &str) {
        self.app.simulator().script(&model(0), Script::of(script));
    }

    pub(crate) async fn ask(&self, mode: Mode) -> Heard {
        self.ask_with(mode, &json!({})).await
    }

    /// A call with more members than model and messages.
    pub(crate) async fn ask_with(&self, mode: Mode, more: &Value) -> Heard {
        let mut body = json!({"model": ROUTE, "messages": [{"role": "user", "content": "say some words"}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        if mode == Mode::Buffered {
            return Heard::buffered(self.client.chat(body).await);
        }
        body["stream"] = json!(true);
        Heard::streamed(self.client.chat_stream(body).await)
    }

    /// The first target in the route's state: its breaker, and for how many milliseconds it is left alone.
    pub(crate) async fn state(&self) -> (String, u64) {
        let state = self.admin.get(&format!("/api/v1/routes/{}/state", self.route.0)).await.json();
        let first = &state["targets"][0];
        assert_eq!(first["provider"], "p0", "{}: {state}", self.what);
        (first["breaker"].as_str().unwrap().to_owned(), first["rests_ms"].as_u64().unwrap_or_default())
    }

    pub(crate) async fn is_closed(&self, when: &str) {
        assert_eq!(self.state().await, ("closed".to_owned(), 0), "{}: {when}", self.what);
    }

    pub(crate) async fn is_open(&self, when: &str) {
        let (breaker, _) = self.state().await;
        assert!(breaker == "open" || breaker == "half_open", "{}: {when}: {breaker}", self.what);
    }

    /// The texts that the simulator sent of each target of the call.
    fn sent(&self, id: &str) -> Vec<(String, String)> {
        let calls = self.app.simulator().calls().into_iter();
        let mine = calls.filter(|call| call.request_id.as_deref() == Some(id));
        mine.map(|call| (call.model, call.text_sent)).collect()
    }

    pub(crate) fn got(&self, heard: &Heard, gets: Gets) {
        let (what, said) = (&self.what, &heard.answer.text);
        let target = heard.answer.header("x-switchyard-target");
        let sent = self.sent(heard.answer.request_id());
        let text_of = |number: usize| {
            sent.iter().rev().find(|(it, _)| *it == model(number)).map(|(_, text)| text.as_str())
        };
        let came = (heard.answer.status, heard.whole, heard.error.as_deref());
        let first = self.is_first_here.then(|| model(0));
        let asked = first.into_iter().chain((gets == Next).then(|| model(1)));
        let calls: Vec<&str> = sent.iter().map(|(it, _)| it.as_str()).collect();
        assert_eq!(calls, asked.collect::<Vec<_>>(), "{what}: {said}");
        match gets {
            Next => {
                assert_eq!((came, target), ((200, true, None), "p1/model-1"), "{what}: {said}");
                assert_eq!(Some(heard.text.as_str()), text_of(1), "{what}: {said}");
            }
            First => {
                assert_eq!((came, target), ((200, true, None), "p0/model-0"), "{what}: {said}");
                assert_eq!(Some(heard.text.as_str()), text_of(0), "{what}: {said}");
            }
            Beginning => {
                let broken_off = (200, false, Some("upstream_stream_interrupted"));
                assert_eq!((came, target), (broken_off, "p0/model-0"), "{what}: {said}");
                assert!(
                    !heard.text.is_empty() && text_of(0).unwrap().starts_with(&heard.text),
                    "{what}: {said}"
                );
            }
            Error(status, code) => {
                assert_eq!(heard.answer.status, status, "{what}: {said}");
                assert!(code.is_empty() || heard.error.as_deref() == Some(code), "{what}: {said}");
            }
        }
    }

    /// Answers what was recorded of the first target.
    pub(crate) async fn is_recorded(
        &self,
        heard: &Heard,
        gets: Gets,
        first: (Outcome, Option<&str>),
    ) -> UsageEvent {
        let mut events = self.app.events_of(heard.answer.request_id()).await;
        let facts: Vec<_> = events
            .iter()
            .map(|it| (it.model.clone(), it.outcome, it.fault.clone(), it.attempt, it.is_final))
            .collect();
        let goes_on = gets == Next;
        let fault = first.1.map(str::to_owned);
        let mut expected = vec![(model(0), first.0, fault, 1, !goes_on)];
        if goes_on {
            expected.push((model(1), Outcome::Complete, None, 2, true));
        }
        assert_eq!(facts, expected, "{}", self.what);
        events.remove(0)
    }

    /// What the call just made, which was the first of all, says of its target; and what further ones add to it.
    pub(crate) async fn says(&self, mode: Mode, again: &str, health: &Health) {
        match health {
            Cooled(rest) => {
                let (breaker, rests) = self.state().await;
                assert!(breaker == "closed" && rest.contains(&rests), "{}: {breaker}, {rests} ms", self.what);
            }
            OpenAtOnce => self.is_open("after one").await,
            Failure => {
                self.script("status=500");
                for _ in 2..IN_A_ROW {
                    self.ask(mode).await;
                }
                self.is_closed("one failure before the last").await;
                self.ask(mode).await;
                self.is_open("the last failure").await;
            }
            Neutral | Success => {
                self.script("status=500");
                for _ in 1..IN_A_ROW {
                    self.ask(mode).await;
                }
                self.is_closed("it was no failure").await;
                self.script(again);
                self.ask(mode).await;
                self.is_closed("it is none").await;
                self.script("status=500");
                self.ask(mode).await;
                match health {
                    Neutral => self.is_open("it says nothing, so that these are all in a row").await,
                    _ => self.is_closed("it works, so that this is the first in a row").await,
                }
            }
        }
    }
}

pub(crate) fn model(number: usize) -> String {
    format!("model-{number}")
}
