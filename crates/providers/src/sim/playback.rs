//! Speaking a planned answer at its pace.

use super::plan::{Ending, Plan};
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::chat::{ChatAnswer, ChatEvent, Collector};
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::provider::{AttemptContext, Deadlines, Frame, Received};

/// An answer on its way.
pub(super) struct Playback {
    clock: Arc<dyn Clock>,
    plan: Plan,
    received: Arc<Received>,
    deadlines: Deadlines,
    asked: Monotonic,
    /// Tokens of each choice that were said.
    said: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Silent,
    Speaking,
    Over,
}

pub(super) fn too_late(deadlines: &Deadlines) -> ProviderFault {
    let kind = if deadlines.total <= deadlines.first_content {
        FaultKind::TotalTimeout
    } else {
        FaultKind::FirstByteTimeout
    };
    ProviderFault::new(kind, "the simulated answer did not come in time")
}

impl Playback {
    pub(super) fn new(clock: Arc<dyn Clock>, plan: Plan, context: &AttemptContext) -> Self {
        let asked = clock.monotonic();
        Self {
            clock,
            plan,
            received: Arc::clone(&context.received),
            deadlines: context.deadlines,
            asked,
            said: 0,
            state: State::Silent,
        }
    }

    /// Waits for the first token; the answer as it is spoken.
    pub(super) async fn stream(
        self,
    ) -> Result<BoxStream<'static, Result<Frame, ProviderFault>>, ProviderFault> {
        let first = self.plan.model.first_token;
        self.until(first.min(self.latest_first())).await;
        if first > self.latest_first() {
            return Err(too_late(&self.deadlines));
        }
        self.begin();
        Ok(unfold(self, Self::step).boxed())
    }

    /// Waits for the last token; the answer.
    pub(super) async fn whole(mut self) -> Result<ChatAnswer, ProviderFault> {
        let last = self.length();
        let end = self.plan.model.due(last);
        // Nothing of a buffered answer comes before all of it does.
        self.until(end.min(self.latest_first())).await;
        if end > self.latest_first() {
            return Err(too_late(&self.deadlines));
        }
        self.begin();
        let mut collector = Collector::default();
        collector.extend(self.speak(last));
        match self.plan.ending {
            Ending::Cut(_) => Err(cut()),
            _ => {
                collector.extend(self.finish());
                Ok(collector.finish())
            }
        }
    }

    async fn step(mut self) -> Option<(Result<Frame, ProviderFault>, Self)> {
        if self.state == State::Over {
            return None;
        }
        let length = self.length();
        let next = self.plan.model.due(self.said.min(length));
        self.until(next.min(self.deadlines.total)).await;
        let elapsed = self.clock.monotonic().since(self.asked);
        let due = (self.said..length).take_while(|index| self.plan.model.due(*index) <= elapsed).count();
        if next > self.deadlines.total {
            self.state = State::Over;
            return Some((
                Err(ProviderFault::new(FaultKind::TotalTimeout, "the simulated answer took too long")),
                self,
            ));
        }
        if self.said == length && matches!(self.plan.ending, Ending::Cut(_)) {
            self.state = State::Over;
            return Some((Err(cut()), self));
        }
        let mut events = self.speak(self.said + due);
        if self.said == length && !matches!(self.plan.ending, Ending::Cut(_)) {
            events.extend(self.finish());
            self.state = State::Over;
        }
        Some((Ok(Frame::Events(events)), self))
    }

    /// The longest that any choice goes on.
    fn length(&self) -> usize {
        let longest = self.plan.choices.iter().map(|choice| choice.deltas.len()).max().unwrap_or(0);
        if let Ending::Cut(after) = self.plan.ending { longest.min(after) } else { longest }
    }

    fn latest_first(&self) -> Duration {
        self.deadlines.first_content.min(self.deadlines.total)
    }

    async fn until(&self, due: Duration) {
        let wait = due.saturating_sub(self.clock.monotonic().since(self.asked));
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
    }

    fn begin(&self) {
        let mut received = self.received.lock();
        received.began = true;
        received.served_model = Some(self.plan.model.id.to_owned());
    }

    /// The events up to the token before `end`.
    fn speak(&mut self, end: usize) -> Vec<ChatEvent> {
        let mut events = Vec::new();
        if self.state == State::Silent {
            self.state = State::Speaking;
            events.push(ChatEvent::Started {
                id: self.plan.id.clone(),
                model: self.plan.model.id.to_owned(),
                created: Some(self.clock.now().unix_seconds()),
                extensions: Vec::new(),
            });
        }
        let mut received = self.received.lock();
        for index in self.said..end {
            for (number, choice) in (0..).zip(&self.plan.choices) {
                let Some(delta) = choice.deltas.get(index) else { continue };
                received.output_text.push_str(delta.output_text());
                events.push(ChatEvent::Delta { choice: number, delta: delta.clone() });
            }
        }
        self.said = end;
        events
    }

    fn finish(&self) -> Vec<ChatEvent> {
        let mut received = self.received.lock();
        received.usage = Some(self.plan.usage);
        received.finished = true;
        let finished = (0..).zip(&self.plan.choices);
        let finished =
            finished.map(|(choice, planned)| ChatEvent::Finished { choice, reason: planned.finish.clone() });
        finished.chain([ChatEvent::Usage(self.plan.usage)]).collect()
    }
}

fn cut() -> ProviderFault {
    ProviderFault::new(FaultKind::Interrupted, "Simulated: the answer was cut off")
}
