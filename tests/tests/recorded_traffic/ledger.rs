//! What was recorded of an exchange for the bill.

use crate::answers::Kind;
use serde_json::Value;
use std::collections::BTreeMap;
use switchyard_domain::chat::{TokenUsage, UsageSource};
use switchyard_domain::usage::{Outcome, UsageEvent};
use switchyard_testkit::corpus::Exchange;

fn only(events: &[UsageEvent]) -> Result<&UsageEvent, String> {
    match events {
        [event] if event.is_final => Ok(event),
        _ => Err(format!("{} events: {events:?}", events.len())),
    }
}

/// Whether a success is recorded once, with what the provider counted; by our own count where it counted nothing.
pub(crate) fn check(exchange: &Exchange, events: &[UsageEvent]) -> Result<(), String> {
    let kind = Kind::of(exchange);
    if kind == Kind::Error {
        return check_error(exchange, events);
    }
    let event = only(events)?;
    if (event.model.as_str(), event.stream) != (exchange.id.as_str(), exchange.stream) {
        return Err(format!("of another call: {event:?}"));
    }
    if kind == Kind::BrokenStream {
        let partial = (event.outcome, event.usage_source) == (Outcome::Partial, UsageSource::Partial);
        return if partial && event.usage.output > 0 { Ok(()) } else { Err(format!("{event:?}")) };
    }
    if (event.outcome, event.fault.as_deref()) != (Outcome::Complete, None) {
        return Err(format!("{:?} {:?}", event.outcome, event.fault));
    }
    let Some(counted) = counted(exchange) else {
        let ours = matches!(event.usage_source, UsageSource::Counted | UsageSource::Estimated);
        return if ours && event.usage.input > 0 { Ok(()) } else { Err(format!("not our count: {event:?}")) };
    };
    let count = |name: &str| counted.get(name).copied();
    let TokenUsage { input, output, .. } = event.usage;
    let totals = Some((input, output)) == count("prompt_tokens").zip(count("completion_tokens"))
        || exchange.expected.usage_alt.contains(&(input, output));
    let parts = [
        ("cached_tokens", event.usage.cached_input),
        ("reasoning_tokens", event.usage.reasoning),
        ("cache_write_tokens", event.usage.cache_write),
    ];
    let parts = parts.iter().all(|(name, got)| count(name).is_none_or(|count| count == *got));
    let provider = event.usage_source == UsageSource::Provider;
    if provider && totals && parts { Ok(()) } else { Err(in_words(event)) }
}

/// What the provider counted, in OpenAI's words.
fn counted(exchange: &Exchange) -> Option<BTreeMap<String, u64>> {
    if exchange.expected.ok == Some(true) {
        return exchange.expected.usage.clone().filter(|usage| !usage.is_empty());
    }
    // A call of a custom tool, which the official SDKs' interpretation left out.
    let body: Value = serde_json::from_str(&exchange.response.body).unwrap();
    let count = |name: &str| Some((name.to_owned(), body["usage"][name].as_u64()?));
    ["prompt_tokens", "completion_tokens"].into_iter().map(count).collect()
}

fn in_words(event: &UsageEvent) -> String {
    let TokenUsage { input, cached_input, cache_write, output, reasoning, .. } = event.usage;
    let source = event.usage_source.as_str();
    format!(
        "{source}: {input} ({cached_input} cached, {cache_write} written), {output} ({reasoning} reasoning)"
    )
}

/// Whether an error is recorded once, in its class, and costs nothing.
pub(crate) fn check_error(exchange: &Exchange, events: &[UsageEvent]) -> Result<(), String> {
    let event = only(events)?;
    let outcome = match exchange.response.status {
        401 | 403 | 500.. => Outcome::Failed,
        429 => Outcome::Throttled,
        _ => Outcome::Rejected,
    };
    let free = event.usage == TokenUsage::default() && event.usage_source == UsageSource::None;
    if event.outcome == outcome && free { Ok(()) } else { Err(format!("{event:?}")) }
}
