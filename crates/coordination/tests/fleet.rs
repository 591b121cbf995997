//! A fleet of eight targets whose latency, faults, prices and quotas change, in virtual time: every plan is the one that a model of the
//! rule makes of the same state and draws, faults of one target are hidden, and the quick ones are found.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and prints its table"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;
use switchyard_coordination::memory::MemoryHealth;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::health::AnswerForm;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::route::{Candidate, Draws, Field, Headroom, PlannedCall, RouteMode, Strategy, When};
use switchyard_ports::health::{Account, AttemptFact, Health, Occasion, WatchedAttempt};
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::entropy::SeededEntropy;
use switchyard_testkit::plan_model::{Question, first};

const TARGETS: usize = 8;
const CALLS: u64 = 50_000;
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
        let minute = usize::try_from(now.as_secs() / 60).unwrap();
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
    fn mean(&self) -> Duration {
        self.waited / u32::try_from(self.succeeded).unwrap()
    }

    fn best(&self) -> Duration {
        *self.alone.iter().min().unwrap() / u32::try_from(self.calls).unwrap()
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
    under_way: std::collections::HashMap<u64, UnderWay>,
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
            under_way: std::collections::HashMap::new(),
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
        let at = BETWEEN * u32::try_from(number).unwrap();
        while let Some(Reverse((end, _))) = self.ends.peek().copied()
            && end <= at
        {
            let Reverse((end, id)) = self.ends.pop().unwrap();
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
        let plan = Field::of(mode, strategy, &candidates, false, &call).unwrap().plan(number, draw);
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
        let (call, mut watched, fault) = self.under_way.remove(&id).unwrap();
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

    fn all(mut self, strategy: Strategy) -> Tale {
        for number in 0..CALLS {
            self.call(number, strategy);
        }
        while let Some(Reverse((end, id))) = self.ends.pop() {
            self.go_to(end);
            self.ended(id);
        }
        self.tale
    }
}

const STRATEGIES: [Strategy; 7] = [
    Strategy::Failover,
    Strategy::RoundRobin,
    Strategy::Weighted,
    Strategy::LeastLatency,
    Strategy::LeastBusy,
    Strategy::Cheapest,
    Strategy::Headroom,
];

#[test]
fn a_fleet_with_one_target_in_trouble_answers_all_but_one_call_in_a_thousand_and_finds_the_quick_ones() {
    println!("strategy       trouble     as the model  success   upstream/call  mean ms  best target ms");
    for strategy in STRATEGIES {
        for trouble in TROUBLES {
            let tale = Run::new(trouble, 0).all(strategy);
            let of = |part: u64| 100.0 * part as f64 / tale.calls as f64;
            println!(
                "{:<14} {:<11} {:>10.3} % {:>8.3} % {:>13.4} {:>9} {:>9}",
                strategy.as_str(),
                format!("{trouble:?}"),
                of(tale.agreed),
                of(tale.succeeded),
                of(tale.upstream) / 100.0,
                tale.mean().as_millis(),
                tale.best().as_millis()
            );
            assert!(
                of(tale.agreed) >= 99.9 && of(tale.succeeded) >= 99.9,
                "{strategy:?} {trouble:?}: {tale:?}"
            );
            assert!(of(tale.upstream) <= 120.0, "{strategy:?} {trouble:?}: {tale:?}");
            if strategy == Strategy::LeastLatency && trouble == Trouble::None {
                assert!(tale.mean() * 5 <= tale.best() * 6, "{:?} and {:?}", tale.mean(), tale.best());
            }
        }
    }
}
