//! What the ledger has of calls, and how that compares with what their clients saw.

use crate::client::Seen;
use futures_util::{StreamExt, stream};
use std::collections::{HashMap, HashSet};
use switchyard::Embedded;
use switchyard_domain::ids::AttemptId;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::usage::{LedgerProblem, Outcome, UsageEvent};
use switchyard_orchestrator::usage::UsageReports;

/// How many reads run at once.
const AT_ONCE: usize = 4;

/// The recorded attempts of each call, in order.
pub type Events = HashMap<String, Vec<UsageEvent>>;

/// Reads the attempts of the calls with these request ids; calls without any are there with none.
///
/// # Panics
/// When the database can't be read.
pub async fn events_of(usage: &UsageReports, ids: impl IntoIterator<Item = String>) -> Events {
    let read = |id: String| async move {
        let mut events = usage.events_of(&id).await.expect("the ledger is read");
        events.sort_by_key(|event| event.attempt);
        (id, events)
    };
    stream::iter(ids).map(read).buffer_unordered(AT_ONCE).collect().await
}

/// Where clients and ledger differ.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Calls that clients saw completed.
    pub completed: usize,
    /// Calls that clients saw in another way, by how.
    pub others: HashMap<String, usize>,
    /// Of the completed ones, those that are not recorded as completed once.
    pub lost: Vec<String>,
    /// Calls with an attempt that is recorded twice, or with two last attempts.
    pub doubled: Vec<String>,
    /// Calls whose recorded usage is not what the client was told.
    pub misreported: Vec<String>,
    /// Recorded attempts, those of calls that nobody made included.
    pub recorded: u64,
    /// Recorded attempts that belong to no call that a client made.
    pub strays: u64,
    /// Differences within the books.
    pub problems: Vec<LedgerProblem>,
    /// The sum of the ledger.
    pub total: NanoUsd,
}

impl Comparison {
    /// Compares the ledger with all calls that were ever made.
    ///
    /// # Panics
    /// When the database can't be read.
    pub async fn of(app: &Embedded, seen: &[Seen]) -> Self {
        assert!(app.flush_usage().await, "the journal does not drain");
        let events = events_of(app.usage(), seen.iter().map(|call| call.id.clone())).await;
        let check = app.usage().verify().await.expect("the ledger is read");
        let mut comparison =
            Self { recorded: check.events, problems: check.problems, total: check.total, ..Self::default() };
        let mut attempts = HashSet::new();
        for call in seen {
            comparison.call(call, &events[&call.id], &mut attempts);
        }
        comparison.strays = comparison.recorded - attempts.len() as u64;
        comparison
    }

    fn call(&mut self, call: &Seen, events: &[UsageEvent], attempts: &mut HashSet<AttemptId>) {
        let finals: Vec<&UsageEvent> = events.iter().filter(|event| event.is_final).collect();
        let repeats = events.iter().filter(|event| !attempts.insert(event.id)).count();
        if finals.len() > 1 || repeats > 0 {
            self.doubled.push(call.id.clone());
        }
        if !call.is_completed() {
            *self.others.entry(format!("{:?}", call.ending)).or_default() += 1;
            return;
        }
        self.completed += 1;
        match finals[..] {
            [only] if only.outcome == Outcome::Complete => {
                let recorded = (only.usage.input, only.usage.output);
                if call.usage.is_some_and(|told| told != recorded) {
                    self.misreported.push(call.id.clone());
                }
            }
            _ => self.lost.push(call.id.clone()),
        }
    }

    /// What breaks the promise, in words.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let mut check = |what: &str, calls: &[String]| {
            if !calls.is_empty() {
                broken.push(format!("{} {what}: {:?}", calls.len(), &calls[..calls.len().min(5)]));
            }
        };
        check("lost", &self.lost);
        check("doubled", &self.doubled);
        check("with another usage than the client was told", &self.misreported);
        if self.strays > 0 {
            broken.push(format!("{} recorded attempts belong to no call", self.strays));
        }
        broken
            .extend(self.problems.iter().map(|problem| format!("{}: {}", problem.place, problem.difference)));
        if self.completed == 0 {
            broken.push("no call was completed, so nothing was tried".to_owned());
        }
        broken
    }
}

impl std::fmt::Display for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut others: Vec<String> =
            self.others.iter().map(|(how, count)| format!("{count} {how}")).collect();
        others.sort();
        writeln!(f, "completed at clients      {}", self.completed)?;
        writeln!(
            f,
            "ended otherwise           {}",
            if others.is_empty() { "0".to_owned() } else { others.join(", ") }
        )?;
        writeln!(f, "recorded attempts         {}, {} USD", self.recorded, self.total)?;
        writeln!(f, "lost                      {}", self.lost.len())?;
        writeln!(f, "doubled                   {}", self.doubled.len())?;
        writeln!(f, "other usage than told     {}", self.misreported.len())?;
        writeln!(f, "differences in the books  {}", self.problems.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Ending;
    use std::time::{Duration, Instant};
    use switchyard_domain::time::Timestamp;
    use switchyard_harness::testkit::contracts::repositories::sample_event;

    fn completed() -> Seen {
        let (id, ending) = ("call".to_owned(), Ending::Completed);
        Seen { id, ending, usage: None, began: Instant::now(), took: Duration::ZERO }
    }

    fn last_event() -> UsageEvent {
        UsageEvent { is_final: true, outcome: Outcome::Complete, ..sample_event(None, Timestamp(0)) }
    }

    fn compare(call: &Seen, events: &[UsageEvent]) -> Comparison {
        let mut comparison = Comparison::default();
        comparison.call(call, events, &mut HashSet::new());
        comparison
    }

    #[test]
    fn one_completed_record_of_a_completed_call_is_right() {
        let comparison = compare(&completed(), &[last_event()]);
        assert_eq!((comparison.completed, comparison.broken()), (1, vec![]));
    }

    #[test]
    fn a_completed_call_without_a_record_or_with_one_of_failure_is_lost() {
        assert_eq!(compare(&completed(), &[]).lost, ["call"]);
        let failed = UsageEvent { outcome: Outcome::Failed, ..last_event() };
        assert_eq!(compare(&completed(), &[failed]).lost, ["call"]);
        let not_the_last = UsageEvent { is_final: false, ..last_event() };
        assert_eq!(compare(&completed(), &[not_the_last]).lost, ["call"]);
    }

    #[test]
    fn an_attempt_that_stands_there_twice_and_a_second_last_attempt_are_doubled() {
        let event = last_event();
        assert_eq!(compare(&completed(), &[event.clone(), event]).doubled, ["call"]);
        assert_eq!(compare(&completed(), &[last_event(), last_event()]).doubled, ["call"]);
    }

    #[test]
    fn a_record_of_another_usage_than_the_client_was_told_is_noticed() {
        let event = last_event();
        let told = Some((event.usage.input, event.usage.output + 1));
        assert_eq!(compare(&Seen { usage: told, ..completed() }, &[event]).misreported, ["call"]);
    }

    #[test]
    fn calls_that_no_client_saw_completed_need_no_record() {
        let unanswered = Seen { ending: Ending::Unanswered, ..completed() };
        let comparison = compare(&unanswered, &[]);
        assert!(comparison.lost.is_empty() && comparison.doubled.is_empty());
        assert_eq!(comparison.broken().len(), 1, "nothing was tried: {:?}", comparison.broken());
    }
}
