//! The memory limiter against a naive one that remembers every call.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use switchyard_coordination::memory::MemoryLimiter;
use switchyard_domain::limits::{LimitKind, Limits};
use switchyard_ports::limiter::{Demand, LimiterError, Permit, Refusal, Scope};
use switchyard_testkit::clock::{ManualClock, START};
use switchyard_testkit::contracts::limiter::{ask, tokens as used};

const STEP: u64 = 250;
const MINUTE: u64 = 60_000;
const DAY: u64 = 86_400_000;
const SCOPES: [&str; 3] = ["key:1", "model:1/gpt", "team:1"];

/// A thing that happens.
#[derive(Clone, Debug)]
enum Event {
    Advance(u64),
    /// Demands on these scopes.
    Take {
        scopes: Vec<usize>,
        tokens: u64,
    },
    Settle {
        call: prop::sample::Index,
        tokens: u64,
    },
    Drop(prop::sample::Index),
}

fn event() -> impl Strategy<Value = Event> {
    let call = any::<prop::sample::Index>;
    prop_oneof![
        3 => (0_u64..3_000).prop_map(Event::Advance),
        1 => (0_u64..70_000).prop_map(Event::Advance),
        8 => (prop::collection::vec(0..SCOPES.len(), 1..4), 0_u64..60)
            .prop_map(|(scopes, tokens)| Event::Take { scopes, tokens }),
        3 => (call(), 0_u64..120).prop_map(|(call, tokens)| Event::Settle { call, tokens }),
        2 => call().prop_map(Event::Drop),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    let of = prop::option::of::<std::ops::Range<u32>>;
    (of(0..8), of(0..200), of(0..40), of(0..5)).prop_map(|(rpm, tpm, rpd, concurrency)| Limits {
        rpm,
        tpm: tpm.map(u64::from),
        rpd,
        concurrency,
    })
}

/// Something that was counted for a scope at a moment.
#[derive(Clone, Debug)]
struct Counted {
    call: usize,
    scope: usize,
    at: u64,
    requests: u64,
    tokens: u64,
}

/// Remembers all and computes each answer from scratch.
struct Naive {
    limits: Vec<Limits>,
    counted: Vec<Counted>,
    /// Scopes and times of each call that passed and whether it is still held and unsettled.
    calls: Vec<NaiveCall>,
}

struct NaiveCall {
    scopes: Vec<usize>,
    at: u64,
    tokens: u64,
    is_held: bool,
    is_settled: bool,
}

impl Naive {
    /// Until when something counts: a minute from the last that was counted in its step.
    fn end(&self, one: &Counted) -> u64 {
        let is_beside = |other: &&Counted| other.scope == one.scope && other.at / STEP == one.at / STEP;
        self.counted.iter().filter(is_beside).map(|other| other.at).max().unwrap() + MINUTE
    }

    fn sums(&self, scope: usize, now: u64) -> (u64, u64) {
        let alive = self.counted.iter().filter(|one| one.scope == scope && now < self.end(one));
        alive.fold((0, 0), |(requests, tokens), one| (requests + one.requests, tokens + one.tokens))
    }

    fn in_day(&self, scope: usize, now: u64) -> usize {
        let day = |at: u64| (START.0.unsigned_abs() + at) / DAY;
        self.calls.iter().filter(|call| call.scopes.contains(&scope) && day(call.at) == day(now)).count()
    }

    fn verdict(&self, scopes: &[usize], tokens: u64, now: u64) -> Option<(usize, LimitKind)> {
        scopes.iter().find_map(|&scope| {
            let limits = self.limits.get(scope).unwrap();
            let (requests, used) = self.sums(scope, now);
            let in_flight =
                self.calls.iter().filter(|call| call.is_held && call.scopes.contains(&scope)).count() as u64;
            let broken = [
                (LimitKind::Requests, limits.rpm.is_some_and(|limit| requests + 1 > u64::from(limit))),
                (LimitKind::Tokens, limits.tpm.is_some_and(|limit| used + tokens > limit)),
                (
                    LimitKind::DailyRequests,
                    limits.rpd.is_some_and(|limit| self.in_day(scope, now) + 1 > limit as usize),
                ),
                (
                    LimitKind::Concurrency,
                    limits.concurrency.is_some_and(|limit| in_flight + 1 > u64::from(limit)),
                ),
            ];
            broken.iter().find(|(_, is_broken)| *is_broken).map(|(kind, _)| (scope, *kind))
        })
    }

    fn take(&mut self, scopes: &[usize], tokens: u64, now: u64) {
        let mut scopes = scopes.to_vec();
        scopes.sort_unstable();
        scopes.dedup();
        let call = self.calls.len();
        self.counted.extend(scopes.iter().map(|&scope| Counted {
            call,
            scope,
            at: now,
            requests: 1,
            tokens,
        }));
        self.calls.push(NaiveCall { scopes, at: now, tokens, is_held: true, is_settled: false });
    }

    fn settle(&mut self, call: usize, tokens: u64, now: u64) {
        let settled = self.calls.get_mut(call).unwrap();
        if std::mem::replace(&mut settled.is_settled, true) {
            return;
        }
        for one in self.counted.iter_mut().filter(|one| one.call == call) {
            one.tokens = one.tokens.min(tokens);
        }
        if let Some(more @ 1..) = tokens.checked_sub(settled.tokens) {
            let more = settled.scopes.iter().map(|&scope| Counted {
                call,
                scope,
                at: now,
                requests: 0,
                tokens: more,
            });
            self.counted.extend(more);
        }
    }
}

/// Both limiters side by side.
struct Pair {
    clock: Arc<ManualClock>,
    real: MemoryLimiter,
    naive: Naive,
    held: Vec<Option<Box<dyn Permit>>>,
    now: u64,
}

impl Pair {
    fn new(limits: Vec<Limits>) -> Self {
        let clock = Arc::new(ManualClock::default());
        let real = MemoryLimiter::new(Arc::clone(&clock) as _);
        Self {
            clock,
            real,
            naive: Naive { limits, counted: Vec::new(), calls: Vec::new() },
            held: Vec::new(),
            now: 0,
        }
    }

    fn acquire(&self, scopes: &[usize], tokens: u64) -> Result<Box<dyn Permit>, Refusal> {
        let demand = |&scope: &usize| Demand {
            scope: Scope((*SCOPES.get(scope).unwrap()).into()),
            limits: *self.naive.limits.get(scope).unwrap(),
            allowance: None,
        };
        let demands: Vec<_> = scopes.iter().map(demand).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(ask(&self.real, &demands, tokens)).map_err(|error| match error {
            LimiterError::Refused(refusal) => refusal,
            error => unreachable_store(&error.to_string()),
        })
    }

    fn advance(&mut self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
        self.now += millis;
    }

    fn step(&mut self, event: &Event) -> Result<(), TestCaseError> {
        match event {
            Event::Advance(millis) => self.advance(*millis),
            Event::Take { scopes, tokens } => {
                let expected = self.naive.verdict(scopes, *tokens, self.now);
                match self.acquire(scopes, *tokens) {
                    Ok(permit) => {
                        prop_assert_eq!(expected, None);
                        self.naive.take(scopes, *tokens, self.now);
                        self.held.push(Some(permit));
                    }
                    Err(refusal) => {
                        let named = expected.map(|(scope, kind)| {
                            (Some(&refusal.scope.0[..]) == SCOPES.get(scope).copied(), kind)
                        });
                        prop_assert_eq!(named, Some((true, refusal.kind)));
                        self.check_wait(scopes, *tokens, &refusal)?;
                    }
                }
            }
            Event::Settle { call, tokens } if !self.held.is_empty() => {
                let call = call.index(self.held.len());
                if let Some(permit) = self.held.get(call).unwrap() {
                    permit.settle(&used(*tokens));
                    self.naive.settle(call, *tokens, self.now);
                }
            }
            Event::Drop(call) if !self.held.is_empty() => {
                let call = call.index(self.held.len());
                *self.held.get_mut(call).unwrap() = None;
                self.naive.calls.get_mut(call).unwrap().is_held = false;
            }
            Event::Settle { .. } | Event::Drop(_) => {}
        }
        Ok(())
    }

    /// The wait of a refused minute is the first moment at which that limit would let the call pass, if it ever can.
    fn check_wait(&self, scopes: &[usize], tokens: u64, refusal: &Refusal) -> Result<(), TestCaseError> {
        prop_assert!(refusal.retry_after > Duration::ZERO);
        let window = if refusal.kind == LimitKind::DailyRequests { DAY } else { MINUTE };
        prop_assert!(refusal.retry_after <= Duration::from_millis(window), "{:?}", refusal);
        let scope = SCOPES.iter().position(|name| *name == &*refusal.scope.0).unwrap();
        prop_assert!(scopes.contains(&scope));
        let passes = |now| match refusal.kind {
            LimitKind::Requests => self.naive.sums(scope, now).0 < refusal.limit,
            _ => self.naive.sums(scope, now).1 + tokens <= refusal.limit,
        };
        let can_ever_pass = match refusal.kind {
            LimitKind::Requests => refusal.limit > 0,
            LimitKind::Tokens => tokens <= refusal.limit,
            LimitKind::DailyRequests | LimitKind::Concurrency | LimitKind::Budget | LimitKind::BudgetHeld => {
                false
            }
        };
        if can_ever_pass {
            let then = self.now + u64::try_from(refusal.retry_after.as_millis()).unwrap();
            prop_assert!(passes(then) && !passes(then - 1), "{:?}", refusal);
        }
        Ok(())
    }
}

#[expect(clippy::panic, reason = "a test fails by panicking")]
fn unreachable_store(why: &str) -> Refusal {
    panic!("memory always answers: {why}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_answers_as_one_that_remembers_every_call(
        limits in prop::collection::vec(limits(), SCOPES.len()),
        events in prop::collection::vec(event(), 1..150),
    ) {
        // A scope without limits is not counted, so that adding one later begins at zero.
        let limits: Vec<_> = limits.into_iter().map(|limits| Limits { rpm: limits.rpm.or(Some(6)), ..limits }).collect();
        let mut pair = Pair::new(limits);
        for event in &events {
            pair.step(event)?;
        }
    }
}
