//! What the scripts of the limiter answer, in the port's words.

use super::books::Wanted;
use super::jobs::Look;
use crate::redis::answer::{Answer, number, text};
use redis::Value;
use std::time::Duration;
use switchyard_domain::budget::Span;
use switchyard_domain::limits::LimitKind;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::{Day, Timestamp};
use switchyard_ports::limiter::{
    Allowance, Ask, Counter, CounterRef, Demand, Known, LimiterError, Mark, Refusal, Room, Rooms, Scope,
    Standing,
};

/// When to come back while calls in flight hold the rest.
const HELD_WAIT: Duration = Duration::from_secs(1);
/// What a client is told to wait for a budget that never begins anew.
const ENDLESS_WAIT: Duration = Duration::from_secs(86_400);

/// An answer that no script of ours gives.
fn strange() -> LimiterError {
    LimiterError::Unavailable("Redis answered something unexpected".to_owned())
}

/// What was taken: the step of the minute and the day that it is counted in, and what is left for each ask.
pub(super) struct Taken {
    pub(super) step: u64,
    pub(super) day: Day,
    pub(super) rooms: Vec<Rooms>,
}

/// The answer to an acquisition.
pub(super) fn acquired(mut answer: Answer, asks: &[Ask], now: Timestamp) -> Result<Taken, LimiterError> {
    match answer.word() {
        "taken" => {
            let step = answer.number().ok_or_else(strange)?;
            let mut left = answer.list().into_iter();
            let rooms = asks.iter().map(|ask| rooms(ask, &mut left)).collect::<Option<_>>();
            let day = answer.number().map(Day).ok_or_else(strange)?;
            Ok(Taken { step, day, rooms: rooms.ok_or_else(strange)? })
        }
        "refused" => Err(refused(&mut answer, asks, now).unwrap_or_else(strange)),
        "unseeded" => {
            let counter = |place: Value| {
                let Value::Array(place) = place else { return None };
                let demand = demand_at(place, asks)?;
                Some(CounterRef::of(&demand.scope, demand.allowance.as_ref()?, now).to_counter())
            };
            let counters = answer.list().into_iter().map(counter).collect::<Option<_>>();
            Err(counters.map_or_else(strange, LimiterError::Unseeded))
        }
        _ => Err(strange()),
    }
}

fn demand_at(place: Vec<Value>, asks: &[Ask]) -> Option<&Demand> {
    let mut numbers = place.into_iter().map(number::<usize>);
    let (ask, demand) = (numbers.next()??, numbers.next()??);
    asks.get(ask.checked_sub(1)?)?.demands.get(demand.checked_sub(1)?)
}

fn refused(answer: &mut Answer, asks: &[Ask], now: Timestamp) -> Option<LimiterError> {
    let place = vec![Value::Int(answer.number()?), Value::Int(answer.number()?)];
    let demand = demand_at(place, asks)?;
    let word = answer.text()?;
    let wait = Duration::from_micros(answer.number()?);
    let limits = demand.limits;
    let (kind, limit) = match word.as_str() {
        "requests" => (LimitKind::Requests, u64::from(limits.rpm?)),
        "tokens" => (LimitKind::Tokens, limits.tpm?),
        "daily_requests" => (LimitKind::DailyRequests, u64::from(limits.rpd?)),
        "concurrency" => (LimitKind::Concurrency, u64::from(limits.concurrency?)),
        word => {
            let allowance = demand.allowance.as_ref()?;
            return Some(over_budget(word, &demand.scope, allowance, allowance.span(now), now));
        }
    };
    Some(LimiterError::Refused(Refusal { scope: demand.scope.clone(), kind, limit, retry_after: wait }))
}

fn over_budget(word: &str, scope: &Scope, allowance: &Allowance, span: Span, now: Timestamp) -> LimiterError {
    let limit = u64::try_from(allowance.budget().amount.0).unwrap_or(0);
    let (kind, retry_after) = match word {
        "budget_held" => (LimitKind::BudgetHeld, HELD_WAIT),
        _ if span.is_endless() => (LimitKind::Budget, ENDLESS_WAIT),
        _ => (LimitKind::Budget, span.end.since(now).max(HELD_WAIT)),
    };
    LimiterError::Refused(Refusal { scope: scope.clone(), kind, limit, retry_after })
}

/// What is left of the narrowest limits of an ask, of which each limited demand has one entry.
fn rooms(ask: &Ask, left: &mut impl Iterator<Item = Value>) -> Option<Rooms> {
    let mut rooms = Rooms::default();
    let less = |known: Option<Room>, room: Room| match known {
        Some(known) if known.remaining <= room.remaining => Some(known),
        _ => Some(room),
    };
    for demand in ask.demands.iter().filter(|demand| !demand.limits.is_none()) {
        let Value::Array(entry) = left.next()? else { return None };
        if demand.scope.is_everybodys() {
            continue;
        }
        let mut entry = entry.into_iter();
        let requests: u64 = number(entry.next()?)?;
        // More than a number of ours holds is more than any limit.
        let tokens: u64 = text(entry.next()?)?.parse().unwrap_or(u64::MAX);
        let reset = Duration::from_micros(number(entry.next()?)?);
        if let Some(limit) = demand.limits.rpm.map(u64::from) {
            let remaining = limit.saturating_sub(requests);
            rooms.requests = less(rooms.requests, Room { limit, remaining, reset });
        }
        if let Some(limit) = demand.limits.tpm {
            let remaining = limit.saturating_sub(tokens);
            rooms.tokens = less(rooms.tokens, Room { limit, remaining, reset });
        }
    }
    Some(rooms)
}

/// The answer to a question for more money.
pub(super) fn covered(mut answer: Answer, wanted: &[Wanted], now: Timestamp) -> Result<(), LimiterError> {
    if answer.word() == "covered" {
        return Ok(());
    }
    let word = answer.word().to_owned();
    let place: Option<usize> = answer.number();
    let Wanted { payer, counter, .. } =
        place.and_then(|place| wanted.get(place.checked_sub(1)?)).ok_or_else(strange)?;
    Err(match (word.as_str(), answer.text()) {
        ("unseeded", _) => LimiterError::Unseeded(vec![counter.clone()]),
        ("refused", Some(kind)) => over_budget(&kind, &payer.scope, &payer.allowance, counter.span, now),
        _ => strange(),
    })
}

/// The answer to the question what is known of a counter.
pub(super) fn known(mut answer: Answer) -> Option<Look> {
    let word = answer.word().to_owned();
    let mut nano = || answer.text().map(|text| NanoUsd(text.parse().unwrap_or(i64::MAX)));
    let standing = Standing { spent: nano()?, held: nano()? };
    if word == "exactly" {
        return Some(Look { known: Known::Exactly(standing), wait: 0 });
    }
    let wait = answer.number()?;
    let mark = Mark { life: answer.text()?, counted: answer.text()?.parse().ok()? };
    let known = match word.as_str() {
        "at_most" => Known::AtMost(standing, mark),
        "unknown" => Known::Unknown(mark),
        _ => return None,
    };
    Some(Look { known, wait })
}

/// The answer to the question of which counters the ledger is to be asked.
pub(super) fn in_question(mut answer: Answer) -> Vec<Counter> {
    let counter = |value: Value| {
        let text = text(value)?;
        let mut words = text.splitn(3, ' ');
        let edition = words.next()?.parse().ok()?;
        let (start, end) = words.next()?.split_once(':')?;
        let span = Span { start: Timestamp(start.parse().ok()?), end: Timestamp(end.parse().ok()?) };
        Some(Counter { scope: Scope(words.next()?.into()), edition, span })
    };
    answer.list().into_iter().filter_map(counter).collect()
}
