//! Counts against what the official SDKs make of them.

use switchyard_domain::chat::ChatAnswer;
use switchyard_testkit::corpus::Exchange;

use crate::expected::same;

pub(crate) fn compare_usage(got: &ChatAnswer, exchange: &Exchange) -> Result<(), String> {
    let Some(expected) = exchange.expected.usage.as_ref().filter(|usage| !usage.is_empty()) else {
        return same("usage", &got.usage, &None);
    };
    let usage = got.usage.ok_or("no usage")?;
    let count = |name: &str| expected.get(name).copied();
    let totals = (usage.input, usage.output);
    let right = Some(totals) == count("prompt_tokens").zip(count("completion_tokens"))
        || exchange.expected.usage_alt.contains(&totals);
    if !right {
        return Err(format!("usage: got {totals:?}, expected {expected:?}"));
    }
    for (name, got) in [
        ("cached_tokens", usage.cached_input),
        ("reasoning_tokens", usage.reasoning),
        ("cache_write_tokens", usage.cache_write + usage.cache_write_1h),
    ] {
        if let Some(expected) = count(name) {
            same(name, &got, &expected)?;
        }
    }
    Ok(())
}
