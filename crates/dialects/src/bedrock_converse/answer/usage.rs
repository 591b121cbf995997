use serde_json::value::RawValue;
use switchyard_domain::chat::TokenUsage;

use crate::counts::Counter;
use crate::json::{RawMembers, elements, members, text};

/// Reads a `usage` object, whose input leaves out what the cache gave and took. The second value says whether a number made
/// no sense. `None` if it counts nothing at all.
pub(in crate::bedrock_converse) fn read(raw: &RawValue) -> Option<(TokenUsage, bool)> {
    let usage = members(raw)?;
    let (input, output) = (usage.get("inputTokens"), usage.get("outputTokens"));
    if input.is_none() && output.is_none() {
        return None;
    }
    let mut counter = Counter { corrected: input.is_none() || output.is_none() };
    // The cache's counts come under two names, with the same value (`bedrock-converse-081bd33ae2`, 2026).
    let mut cache = |name: &str, other: &str| counter.count(usage.get(name).or_else(|| usage.get(other)));
    let given = cache("cacheReadInputTokens", "cacheReadInputTokenCount");
    let taken = cache("cacheWriteInputTokens", "cacheWriteInputTokenCount");
    let hour = written_for_an_hour(&usage, &mut counter).min(taken);
    let counted = TokenUsage {
        input: counter.count(input).saturating_add(given).saturating_add(taken),
        cached_input: given,
        cache_write: taken - hour,
        cache_write_1h: hour,
        output: counter.count(output),
        ..TokenUsage::default()
    };
    Some((counted, counter.corrected))
}

fn written_for_an_hour(usage: &RawMembers<'_>, counter: &mut Counter) -> u64 {
    let details = usage.get("cacheDetails").and_then(elements).unwrap_or_default();
    let mut hour: u64 = 0;
    for detail in details.into_iter().filter_map(members) {
        if detail.get("ttl").and_then(text).as_deref() == Some("1h") {
            hour = hour.saturating_add(counter.count(detail.get("inputTokens")));
        }
    }
    hour
}
