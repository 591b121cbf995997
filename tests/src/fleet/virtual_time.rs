//! The fleet in virtual time: every plan is the one that a model of the rule makes of the same state and draws, faults of one target are
//! hidden, and the quick ones are found.

use super::STRATEGIES;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use switchyard_coordination::memory::MemoryHealth;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::health::AnswerForm;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::route::{Candidate, Draws, Field, Headroom, PlannedCall, RouteMode, Strategy, When};
use switchyard_harness::testkit::clock::ManualClock;
use switchyard_harness::testkit::entropy::SeededEntropy;
use switchyard_harness::testkit::plan_model::{Question, first};
use switchyard_ports::health::{Account, AttemptFact, Health, Occasion, WatchedAttempt};

const TARGETS: usize = 8;
/// Fifty calls a second.
const BETWEEN: Duration = Duration::from_millis(20);
/// How long a call waits for the first content.
const PATIENCE: Duration = Duration::from_secs(2);
const MOST_ATTEMPTS: usize = 3;

/// How one target fails, in the second quarter of every minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    Refuses,
    Throttles,
    Fails,
    Stalls,
    Garbles,
}

const TROUBLES: [Trouble; 6] =
    [Trouble::None, Trouble::Refuses, Trouble::Throttles, Trouble::Fails, Trouble::Stalls, Trouble::Garbles];

/// What a target does at a moment, by the state of the world alone.
struct Fleet {
    trouble: Trouble,
    /// Which target is in trouble.
    troubled: usize,
}

impl Fleet {
    /// Latencies are 120 to 820 ms, and each target is three times as slow for a minute of every eight.
    fn latency(target: usize, now: Duration) -> Duration {
        let minute = usize::try_from(now.as_secs() / 60).expect("a short run");
        let base = Duration::from_millis(120 + 100 * target as u64);
        let wobble = Duration::from_millis(now.as_millis() as u64 % 17);
        if (minute + target) % TARGETS == 3 { base * 3 + wobble } else { base + wobble }
    }

    fn price(target: usize, now: Duration) -> Option<NanoUsd> {
        let hour = now.as_secs() / 300;
        (target != 6).then(|| NanoUsd(((target as i64 * 7 + hour as i64 * 3) % 11) * 1_000))
    }

    /// When the attempt ends, and with which fault.
    fn answer(&self, target: usize, now: Duration) -> (Duration, Option<FaultKind>) {
        let is_troubled = target == self.troubled && (15..30).contains(&(now.as_secs() % 60));
        let quick = Duration::from_millis(5);
        match self.trouble {
            _ if !is_troubled => (Self::latency(target, now), None),
            Trouble::None => (Self::latency(target, now), None),
            Trouble::Refuses => (quick, Some(FaultKind::Connect)),
            Trouble::Throttles => (quick, Some(FaultKind::Throttled)),
            Trouble::Fails => (quick, Some(FaultKind::ServerError)),
            Trouble::Stalls => (PATIENCE, Some(FaultKind::FirstByteTimeout)),
            Trouble::Garbles => (quick, Some(FaultKind::InvalidResponse)),
        }
    }
}

/// A call between its attempts.
struct Call {
    began: Duration,
    left: Vec<usize>,
    attempts: usize,
}

/// What became of all calls.
#[derive(Debug, Default)]
struct Tale {
    calls: u64,
    agreed: u64,
    succeeded: u64,
    upstream: u64,
    waited: Duration,
    /// What each target would have taken, had it got every call.
    alone: [Duration; TARGETS],
}

impl Tale {
    fn percent(&self, part: u64) -> f64 {
        100.0 * part as f64 / self.calls as f64
    }

    fn mean(&self) -> Duration {
        self.waited / u32::try_from(self.succeeded.max(1)).expect("few calls")
    }

    fn best(&self) -> Duration {
        self.alone.iter().min().copied().unwrap_or_default()
            / u32::try_from(self.calls.max(1)).expect("few calls")
    }
}

/// A call at a target, and how it will end.
type UnderWay = (Call, Box<dyn WatchedAttempt>, Option<FaultKind>);

struct Run {
    clock: Arc<ManualClock>,
    health: MemoryHealth,
    fleet: Fleet,
    now: Duration,
    ends: BinaryHeap<Reverse<(Duration, u64)>>,
    under_way: HashMap<u64, UnderWay>,
    /// Calls of each target in the present minute.
    used: [u64; TARGETS],
    tale: Tale,
}

impl Run {
    fn new(trouble: Trouble, troubled: usize) -> Self {
        let clock = Arc::new(ManualClock::default());
        let health = MemoryHealth::new(Arc::clone(&clock) as _, Arc::new(SeededEntropy::default()));
        Self {
            clock,
            health,
            fleet: Fleet { trouble, troubled },
            now: Duration::ZERO,
            ends: BinaryHeap::new(),
            under_way: HashMap::new(),
            used: [0; TARGETS],
            tale: Tale::default(),
        }
    }

    fn provider(target: usize) -> ProviderId {
        ProviderId(target as i64)
    }

    fn go_to(&mut self, then: Duration) {
        if then.as_secs() / 60 > self.now.as_secs() / 60 {
            self.used = [0; TARGETS];
        }
        self.clock.advance(then - self.now);
        self.now = then;
    }

    fn call(&mut self, number: u64, strategy: Strategy) {
        let at = BETWEEN * u32::try_from(number).expect("few calls");
        while let Some(Reverse((end, _))) = self.ends.peek().copied()
            && end <= at
        {
            let Reverse((end, id)) = self.ends.pop().expect("it was there");
            self.go_to(end);
            self.ended(id);
        }
        self.go_to(at);
        let always = When::default();
        let candidates: Vec<Candidate<'_>> = (0..TARGETS)
            .map(|target| {
                let view =
                    self.health.view(Self::provider(target), "m", Account::Shared, AnswerForm::Streamed);
                Candidate {
                    weight: 1 + target as u32 % 3,
                    priority: target as u32 / 4,
                    availability: view.availability,
                    latency: view.latency,
                    in_flight: view.in_flight,
                    cost: Fleet::price(target, self.now),
                    headroom: Headroom::of(self.used[target].into(), 600 + 100 * target as u128),
                    ..Candidate::plain(Self::provider(target), &always)
                }
            })
            .collect();
        let call = PlannedCall::default();
        let draw = Draws::of(number).below(u64::MAX);
        let mode = if strategy == Strategy::Failover { RouteMode::Multi } else { RouteMode::Auto };
        let plan =
            Field::of(mode, strategy, &candidates, false, &call).expect("all can take it").plan(number, draw);
        let question = Question { mode, strategy, call, turn: number, draw };
        self.tale.calls += 1;
        self.tale.agreed += u64::from(first(&question, &candidates) == plan.order.first().copied());
        for (target, alone) in self.tale.alone.iter_mut().enumerate() {
            *alone += Fleet::latency(target, self.now);
        }
        let left = plan.order.into_iter().rev().collect();
        self.attempt(number, Call { began: self.now, left, attempts: 0 });
    }

    /// Begins the call's next attempt. One that nobody takes has failed.
    fn attempt(&mut self, id: u64, mut call: Call) {
        while call.attempts < MOST_ATTEMPTS
            && let Some(target) = call.left.pop()
        {
            let begun = self.health.begin(
                Self::provider(target),
                "m",
                Account::Shared,
                AnswerForm::Streamed,
                Occasion::Turn,
            );
            let Ok(watched) = begun else { continue };
            call.attempts += 1;
            self.tale.upstream += 1;
            self.used[target] += 1;
            let (lasts, fault) = self.fleet.answer(target, self.now);
            self.ends.push(Reverse((self.now + lasts, id)));
            self.under_way.insert(id, (call, watched, fault));
            return;
        }
    }

    fn ended(&mut self, id: u64) {
        let (call, mut watched, fault) = self.under_way.remove(&id).expect("it is under way");
        match fault {
            None => {
                watched.first_content();
                watched.ended(AttemptFact::Lives);
                self.tale.succeeded += 1;
                self.tale.waited += self.now - call.began;
            }
            Some(FaultKind::Throttled) => {
                watched.ended(AttemptFact::Throttled { retry_after: Some(Duration::from_secs(5)) });
                self.attempt(id, call);
            }
            Some(kind) => {
                watched.ended(AttemptFact::Failed(kind));
                self.attempt(id, call);
            }
        }
    }

    fn all(mut self, calls: u64, strategy: Strategy) -> Tale {
        for number in 0..calls {
            self.call(number, strategy);
        }
        while let Some(Reverse((end, id))) = self.ends.pop() {
            self.go_to(end);
            self.ended(id);
        }
        self.tale
    }
}

/// How many calls each strategy makes under each trouble.
#[derive(Clone, Copy, Debug)]
pub struct VirtualFleet {
    /// Calls, at fifty a second of virtual time.
    pub calls: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct VirtualReport {
    rows: Vec<(Strategy, Trouble, Tale)>,
}

impl VirtualFleet {
    /// Makes the calls. It takes no longer than its arithmetic.
    #[must_use]
    pub fn run(self) -> VirtualReport {
        let cells = STRATEGIES.into_iter().flat_map(|strategy| TROUBLES.map(|trouble| (strategy, trouble)));
        let run = |(strategy, trouble)| (strategy, trouble, Run::new(trouble, 0).all(self.calls, strategy));
        VirtualReport { rows: cells.map(run).collect() }
    }
}

impl VirtualReport {
    /// What breaks the promises, in words.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (strategy, trouble, tale) in &self.rows {
            let mut say = |what: String| broken.push(format!("{strategy:?}, {trouble:?}: {what}"));
            if tale.percent(tale.agreed) < 99.9 {
                say(format!("{} of {} picks are the model's", tale.agreed, tale.calls));
            }
            if tale.percent(tale.succeeded) < 99.9 {
                say(format!("{} of {} calls succeeded", tale.succeeded, tale.calls));
            }
            if tale.percent(tale.upstream) > 120.0 {
                say(format!("{} calls became {} attempts", tale.calls, tale.upstream));
            }
            let finds_the_quick = *strategy == Strategy::LeastLatency && *trouble == Trouble::None;
            if finds_the_quick && tale.mean() * 5 > tale.best() * 6 {
                say(format!("{:?} in the mean, where the best target takes {:?}", tale.mean(), tale.best()));
            }
        }
        broken
    }
}

impl fmt::Display for VirtualReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "strategy       trouble    as the model    success  upstream/call  mean ms  best target ms  ratio"
        )?;
        for (strategy, trouble, tale) in &self.rows {
            writeln!(
                f,
                "{:<14} {:<10} {:>10.3} % {:>8.3} % {:>14.4} {:>8} {:>15} {:>6.2}",
                strategy.as_str(),
                format!("{trouble:?}"),
                tale.percent(tale.agreed),
                tale.percent(tale.succeeded),
                tale.percent(tale.upstream) / 100.0,
                tale.mean().as_millis(),
                tale.best().as_millis(),
                tale.mean().as_secs_f64() / tale.best().as_secs_f64(),
            )?;
        }
        Ok(())
    }
}
