//! A row of the fault matrix as data: what is hidden where another target remains, and what the client gets where none
//! does.

use crate::scene::{ALONE, BOTH, FAULTY, HEALTHY, Heard, Mode, PAIR, Scene};
use futures_util::future::join_all;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::usage::{Outcome, UsageEvent};
use switchyard_harness::TestAppBuilder;

/// A fault before the first byte to the client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    /// What the provider does.
    pub(crate) script: &'a str,
    /// The record's word for it.
    pub(crate) fault: &'a str,
    /// How the attempt is recorded.
    pub(crate) outcome: Outcome,
    /// Whether the provider had begun to work, so that its prompt is paid for.
    pub(crate) billed: bool,
    /// Whether another target is tried.
    pub(crate) moves_on: bool,
    /// Status and code where no other target is there.
    pub(crate) answer: (u16, &'a str),
    /// Attempts where no other target is there.
    pub(crate) tries: usize,
}

impl Row<'_> {
    /// A failed attempt that was not billed, moves on, and is tried three times at the same target.
    pub(crate) const FAILS: Row<'static> = Row {
        script: "",
        fault: "",
        outcome: Outcome::Failed,
        billed: false,
        moves_on: true,
        answer: (502, "upstream_error"),
        tries: 3,
    };

    /// Checks the row, buffered and streamed, with another target and without.
    pub(crate) async fn holds(self) {
        self.holds_at(Scene::builder).await;
    }

    /// The same at another server.
    pub(crate) async fn holds_at(self, builder: impl Fn() -> TestAppBuilder) {
        join_all(BOTH.map(|mode| self.holds_in(mode, &builder))).await;
    }

    /// The same in one mode only. Each call meets a target that did nothing yet: who failed is not asked as if nothing had been.
    pub(crate) async fn holds_in(self, mode: Mode, builder: impl Fn() -> TestAppBuilder) {
        let scene = Scene::start(builder(), self.script).await;
        let heard = scene.ask(mode, PAIR).await;
        if self.moves_on {
            self.is_hidden(&scene, &heard).await;
        } else {
            self.is_told(&scene, &heard, 1).await;
        }
        let scene = Scene::start(builder(), self.script).await;
        let heard = scene.ask(mode, ALONE).await;
        self.is_told(&scene, &heard, self.tries).await;
    }

    async fn is_hidden(&self, scene: &Scene, heard: &Heard) {
        let models = models_tried(scene, heard).await;
        assert_eq!(heard.answer.status, 200, "{self:?}: {}", heard.answer.text);
        assert!(heard.whole && heard.error.is_none(), "{self:?}: {}", heard.answer.text);
        assert_eq!(models, [FAULTY, HEALTHY], "{self:?}");
        assert_eq!(heard.answer.header("x-switchyard-target"), format!("upstream/{HEALTHY}"), "{self:?}");
        assert_eq!(heard.answer.header("x-switchyard-attempts"), "2", "{self:?}");
        let calls = scene.calls(heard).await;
        assert_eq!(heard.text, calls[1].text_sent, "{self:?}: answers were mixed");
        let events = scene.events(heard).await;
        assert_eq!(events.len(), 2, "{self:?}: {events:?}");
        self.is_recorded(&events[0], calls[0].billed.prompt);
        let last = &events[1];
        assert_eq!((last.outcome, last.is_final, last.attempt), (Outcome::Complete, true, 2), "{self:?}");
        assert_eq!(last.usage_source, UsageSource::Provider, "{self:?}");
        let billed = calls[1].billed;
        assert_eq!((last.usage.input, last.usage.output), (billed.prompt, billed.completion), "{self:?}");
    }

    async fn is_told(&self, scene: &Scene, heard: &Heard, tries: usize) {
        let (status, code) = self.answer;
        assert_eq!(heard.answer.status, status, "{self:?}: {}", heard.answer.text);
        assert_eq!(heard.error.as_deref(), Some(code), "{self:?}: {}", heard.answer.text);
        is_an_error_of_the_dialect(heard);
        let models = models_tried(scene, heard).await;
        assert_eq!(models, vec![FAULTY; tries], "{self:?}");
        let events = scene.events(heard).await;
        assert_eq!(events.len(), tries, "{self:?}: {events:?}");
        let calls = scene.calls(heard).await;
        for (index, event) in events.iter().enumerate() {
            assert_eq!(event.is_final, index + 1 == tries, "{self:?}");
            self.is_recorded(event, calls[index].billed.prompt);
        }
    }

    fn is_recorded(&self, event: &UsageEvent, prompt: u64) {
        assert_eq!(event.outcome, self.outcome, "{self:?}: {event:?}");
        assert_eq!(event.fault.as_deref(), Some(self.fault), "{self:?}: {event:?}");
        if self.billed {
            assert_eq!((event.usage.input, event.usage_source), (prompt, UsageSource::Partial), "{self:?}");
        } else {
            assert_eq!((event.usage.total(), event.usage_source), (0, UsageSource::None), "{self:?}");
        }
    }
}

/// Where a call went, in order.
pub(crate) async fn models_tried(scene: &Scene, heard: &Heard) -> Vec<String> {
    scene.calls(heard).await.into_iter().map(|call| call.model).collect()
}

/// OpenAI's shape, nothing of the provider's raw body, and neither its credential nor its address.
pub(crate) fn is_an_error_of_the_dialect(heard: &Heard) {
    let body = heard.answer.json();
    let members: Vec<&String> = body["error"].as_object().unwrap().keys().collect();
    assert_eq!(members, ["code", "message", "param", "type"], "{body}");
    assert!(heard.answer.header("content-type").starts_with("application/json"));
    let message = body["error"]["message"].as_str().unwrap();
    assert!((10..600).contains(&message.len()), "{message}");
    for secret in ["sk-simulated", "127.0.0.1", "<html", "sim_script_invalid"] {
        assert!(!heard.answer.text.contains(secret), "{secret}: {body}");
    }
}
