//! The ledger's entries against the events.

use super::sums::end;
use super::{MOST_PROBLEMS, PLAUSIBLE, Problems};
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::{ledger_entries, usage_events};
use crate::usage::row::uuid;
use diesel::prelude::*;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::money::UnroundedCost;
use switchyard_domain::price::LineItem;
use switchyard_domain::time::Day;

/// One more than is listed, so that a cut list shows as such.
const AT_ONCE: i64 = MOST_PROBLEMS as i64 + 1;

/// What an event and its entry must agree in: amount, key, time, provider, model, user; the call, the price's version, who counted.
type Facts = (Option<i64>, Option<i64>, i64, i64, String, Option<i64>, (Vec<u8>, Option<String>, String));

/// Whether two columns, either of which may be null, differ.
macro_rules! differs {
    ($one:expr, $other:expr) => {
        $one.ne($other)
            .or($one.is_null().and($other.is_not_null()))
            .or($one.is_not_null().and($other.is_null()))
    };
}

/// Compares a day's events with their entries.
pub(super) fn compare(
    connection: &mut AnyConnection,
    day: Day,
    problems: &mut Problems,
) -> Result<(), Fault> {
    let rows: Vec<(Vec<u8>, Facts, Option<Facts>)> = usage_events::table
        .left_join(ledger_entries::table.on(ledger_entries::id.eq(usage_events::id)))
        .filter(usage_events::at.ge(day.start().0))
        .filter(usage_events::at.lt(end(day).0))
        .filter(usage_events::usage_source.ne(UsageSource::None.as_str()))
        .filter(
            ledger_entries::id
                .is_null()
                .or(differs!(usage_events::cost, ledger_entries::amount))
                .or(differs!(usage_events::key_id, ledger_entries::key_id))
                .or(differs!(usage_events::user_id, ledger_entries::user_id))
                .or(usage_events::at.ne(ledger_entries::at))
                .or(usage_events::provider_id.ne(ledger_entries::provider_id))
                .or(usage_events::model.ne(ledger_entries::model))
                .or(usage_events::call_id.ne(ledger_entries::call_id))
                .or(differs!(usage_events::price_version, ledger_entries::price_version))
                .or(usage_events::usage_source.ne(ledger_entries::usage_source)),
        )
        .order(usage_events::id)
        .limit(AT_ONCE)
        .select((
            usage_events::id,
            (
                usage_events::cost,
                usage_events::key_id,
                usage_events::at,
                usage_events::provider_id,
                usage_events::model,
                usage_events::user_id,
                (usage_events::call_id, usage_events::price_version, usage_events::usage_source),
            ),
            (
                ledger_entries::amount,
                ledger_entries::key_id,
                ledger_entries::at,
                ledger_entries::provider_id,
                ledger_entries::model,
                ledger_entries::user_id,
                (ledger_entries::call_id, ledger_entries::price_version, ledger_entries::usage_source),
            )
                .nullable(),
        ))
        .load(connection)?;
    for (id, event, entry) in rows {
        let difference = match entry {
            Some(entry) => difference(&event, &entry),
            None => format!("the event has no ledger entry; it says {}", amount(event.0)),
        };
        problems.add(format!("entry {}", uuid(&id)?), difference);
    }
    Ok(())
}

/// Finds entries of a day whose lines are no bill of their amount.
pub(super) fn compare_lines(
    connection: &mut AnyConnection,
    day: Day,
    problems: &mut Problems,
) -> Result<(), Fault> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let mut page = ledger_entries::table
            .filter(ledger_entries::at.ge(day.start().0))
            .filter(ledger_entries::at.lt(end(day).0))
            .filter(ledger_entries::lines.ne("[]"))
            .order(ledger_entries::id)
            .limit(AT_ONCE)
            .select((ledger_entries::id, ledger_entries::amount, ledger_entries::lines))
            .into_boxed();
        if let Some(after) = after.take() {
            page = page.filter(ledger_entries::id.gt(after));
        }
        let rows: Vec<(Vec<u8>, Option<i64>, String)> = page.load(connection)?;
        for (id, amount, lines) in &rows {
            if let Some(difference) = difference_of_lines(*amount, lines) {
                problems.add(format!("entry {}", uuid(id)?), difference);
            }
        }
        let Some((last, ..)) = rows.last() else { return Ok(()) };
        after = Some(last.clone());
    }
}

/// What is wrong with a bill. Its amount is the sum of its lines and a fee for the request, which no line states and none is below
/// nothing.
fn difference_of_lines(billed: Option<i64>, lines: &str) -> Option<String> {
    let Ok(lines) = serde_json::from_str::<Vec<LineItem>>(lines) else {
        return Some("its lines can't be read".to_owned());
    };
    let mut sum = UnroundedCost::default();
    lines.iter().for_each(|line| sum.add_tokens(line.tokens, line.price));
    let sum = sum.round().0;
    let is_bill = billed.is_some_and(|billed| billed >= sum);
    (!is_bill).then(|| format!("lines: they come to {sum} nano-USD, the entry says {}", amount(billed)))
}

/// Finds entries whose event is gone or used nothing.
pub(super) fn without_use(connection: &mut AnyConnection, problems: &mut Problems) -> Result<(), Fault> {
    let rows: Vec<(Vec<u8>, Option<i64>)> = ledger_entries::table
        .left_join(usage_events::table.on(usage_events::id.eq(ledger_entries::id)))
        .filter(usage_events::id.is_null().or(usage_events::usage_source.eq(UsageSource::None.as_str())))
        .order(ledger_entries::id)
        .limit(AT_ONCE)
        .select((ledger_entries::id, ledger_entries::amount))
        .load(connection)?;
    for (id, entry) in rows {
        let difference =
            format!("the entry says {}, but there is no event that used anything", amount(entry));
        problems.add(format!("entry {}", uuid(&id)?), difference);
    }
    Ok(())
}

/// Finds events whose numbers no honest provider gives and no sane price makes.
pub(super) fn implausible(connection: &mut AnyConnection, problems: &mut Problems) -> Result<(), Fault> {
    let rows: Vec<(Vec<u8>, Option<i64>, i64, i64)> = usage_events::table
        .filter(
            usage_events::cost
                .gt(PLAUSIBLE)
                .or(usage_events::input_tokens.gt(PLAUSIBLE))
                .or(usage_events::output_tokens.gt(PLAUSIBLE)),
        )
        .order(usage_events::id)
        .limit(AT_ONCE)
        .select((
            usage_events::id,
            usage_events::cost,
            usage_events::input_tokens,
            usage_events::output_tokens,
        ))
        .load(connection)?;
    for (id, cost, input, output) in rows {
        let cost = amount(cost);
        let difference = format!("implausible: {cost} for {input} input and {output} output tokens");
        problems.add(format!("event {}", uuid(&id)?), difference);
    }
    Ok(())
}

fn difference(event: &Facts, entry: &Facts) -> String {
    let pairs = [
        ("amount", amount(entry.0), amount(event.0)),
        ("key", party(entry.1, "key"), party(event.1, "key")),
        ("user", party(entry.5, "user"), party(event.5, "user")),
        ("time", entry.2.to_string(), event.2.to_string()),
        ("provider", entry.3.to_string(), event.3.to_string()),
        ("model", entry.4.clone(), event.4.clone()),
        ("call", call(&entry.6.0), call(&event.6.0)),
        ("price", version(entry.6.1.as_ref()), version(event.6.1.as_ref())),
        ("source", entry.6.2.clone(), event.6.2.clone()),
    ];
    let differences: Vec<String> = pairs
        .into_iter()
        .filter(|(_, entry, event)| entry != event)
        .map(|(what, entry, event)| format!("{what}: the entry says {entry}, the event says {event}"))
        .collect();
    differences.join("; ")
}

fn amount(value: Option<i64>) -> String {
    value.map_or_else(|| "an unknown amount".to_owned(), |value| format!("{value} nano-USD"))
}

fn call(id: &[u8]) -> String {
    uuid(id).map_or_else(|_| "no id".to_owned(), |id| id.to_string())
}

fn version(value: Option<&String>) -> String {
    value.map_or_else(|| "no version".to_owned(), |value| format!("`{value}`"))
}

fn party(value: Option<i64>, what: &str) -> String {
    value.map_or_else(|| format!("no {what}"), |value| value.to_string())
}
