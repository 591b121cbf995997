use serde_json::value::RawValue;
use switchyard_domain::chat::TokenUsage;

use crate::counts::Counter;
use crate::json::{RawMembers, members};

/// Reads a `usage` object: what is billed, or what was read and made where the bill is not told. The second value says
/// whether a number made no sense. `None` if it counts nothing at all.
pub(in crate::cohere) fn read(raw: &RawValue) -> Option<(TokenUsage, bool)> {
    let usage = members(raw)?;
    let set = |name: &str| usage.get(name).and_then(members).filter(counts);
    let (billed, tokens) = (set("billed_units"), set("tokens"));
    let is_billed = billed.is_some();
    let (input, output) = {
        let counted = billed.as_ref().or(tokens.as_ref())?;
        (counted.get("input_tokens"), counted.get("output_tokens"))
    };
    let mut counter = Counter { corrected: input.is_none() || output.is_none() };
    let (input, output) = (counter.count(input), counter.count(output));
    let mut kind = |name: &str| counter.count(tokens.as_ref().and_then(|tokens| tokens.get(name)));
    let (reasoning, pictures) = (kind("reasoning_tokens"), kind("image_tokens"));
    // What was cached is mostly the template, which is not in the bill.
    let cached = if is_billed { 0 } else { counter.count(usage.get("cached_tokens")) };
    let counted = TokenUsage {
        input,
        output,
        cached_input: cached.min(input),
        image_input: pictures.min(input),
        reasoning: reasoning.min(output),
        ..TokenUsage::default()
    };
    Some((counted, counter.corrected))
}

fn counts(set: &RawMembers<'_>) -> bool {
    set.get("input_tokens").is_some() || set.get("output_tokens").is_some()
}
