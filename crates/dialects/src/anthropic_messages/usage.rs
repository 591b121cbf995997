//! Counts. This dialect's `input_tokens` leave out what was read from the cache and written to it; canonical ones include
//! both.

use serde_json::value::RawValue;
use switchyard_domain::chat::TokenUsage;

use crate::counts::Counter;
use crate::json::{ObjectWriter, members};

/// What a provider counted so far. A stream says it at its beginning and again, in running totals, at its end, where it may
/// leave out what did not change: each member that comes replaces the earlier one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    input: Option<u64>,
    output: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    cache_write_5m: Option<u64>,
    cache_write_1h: Option<u64>,
    thinking: Option<u64>,
    counter: Counter,
}

impl Counts {
    /// Takes a `usage` object.
    pub(super) fn read(&mut self, raw: &RawValue) {
        let Some(top) = members(raw) else { return };
        let mut take = |name: &str, count: &mut Option<u64>| {
            if let Some(raw) = top.get(name) {
                *count = Some(self.counter.count(Some(raw)));
            }
        };
        take("input_tokens", &mut self.input);
        take("output_tokens", &mut self.output);
        take("cache_read_input_tokens", &mut self.cache_read);
        take("cache_creation_input_tokens", &mut self.cache_write);
        let mut take_in = |object: &str, name: &str, count: &mut Option<u64>| {
            if let Some(raw) = top.get(object).and_then(members).and_then(|inner| inner.get(name)) {
                *count = Some(self.counter.count(Some(raw)));
            }
        };
        take_in("cache_creation", "ephemeral_5m_input_tokens", &mut self.cache_write_5m);
        take_in("cache_creation", "ephemeral_1h_input_tokens", &mut self.cache_write_1h);
        // Newer models only: `anthropic-messages-38d9358452`, 2026.
        take_in("output_tokens_details", "thinking_tokens", &mut self.thinking);
    }

    /// The counts by the canonical rule; `None` if nothing was counted at all.
    pub(super) fn usage(&self) -> Option<TokenUsage> {
        self.input.or(self.output)?;
        let hour = self.cache_write_1h.unwrap_or_default();
        let five_minutes = self.cache_write_5m.unwrap_or_default();
        let written = self.cache_write.unwrap_or(hour + five_minutes);
        let cached = self.cache_read.unwrap_or_default();
        let output = self.output.unwrap_or_default();
        Some(TokenUsage {
            input: self.input.unwrap_or_default() + written + cached,
            cached_input: cached,
            cache_write: written.saturating_sub(hour),
            cache_write_1h: hour.min(written),
            output,
            reasoning: self.thinking.unwrap_or_default().min(output),
            ..TokenUsage::default()
        })
    }

    /// What was counted of the prompt, if anything, and if it makes sense.
    pub(super) fn prompt(&self) -> Option<TokenUsage> {
        let usage = self.usage().filter(|usage| usage.input > 0 && !self.counter.corrected)?;
        Some(TokenUsage { output: 0, reasoning: 0, ..usage })
    }

    /// Whether a count made no sense and was replaced, or one of the two halves is missing.
    pub(super) fn corrected(&self) -> bool {
        self.counter.corrected || self.input.is_some() != self.output.is_some()
    }
}

/// Writes the members of a `usage` object. The end of a stream has no place for the kinds of what was written to the cache;
/// `whole` says that this is no such end.
pub(super) fn write(object: &mut ObjectWriter<'_>, usage: &TokenUsage, whole: bool) {
    let written = usage.cache_write.saturating_add(usage.cache_write_1h);
    object.plain("input_tokens", usage.input.saturating_sub(usage.cached_input.saturating_add(written)));
    object.plain("cache_creation_input_tokens", written);
    object.plain("cache_read_input_tokens", usage.cached_input);
    if whole || usage.cache_write_1h > 0 {
        object.object("cache_creation", |kinds| {
            kinds.plain("ephemeral_5m_input_tokens", usage.cache_write);
            kinds.plain("ephemeral_1h_input_tokens", usage.cache_write_1h);
        });
    }
    object.plain("output_tokens", usage.output);
    if usage.reasoning > 0 {
        object.object("output_tokens_details", |details| details.plain("thinking_tokens", usage.reasoning));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(bodies: &[&str]) -> Counts {
        let mut counts = Counts::default();
        bodies.iter().for_each(|body| counts.read(serde_json::from_str(body).unwrap()));
        counts
    }

    #[test]
    fn running_totals_replace_what_the_beginning_said() {
        let start = r#"{"input_tokens":2225,"cache_creation_input_tokens":7,"cache_read_input_tokens":5,
            "cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},"output_tokens":1}"#;
        let end =
            r#"{"input_tokens":9447,"output_tokens":114,"output_tokens_details":{"thinking_tokens":14}}"#;
        let counts = counted(&[start, end]);
        let expected = TokenUsage {
            input: 9459,
            cached_input: 5,
            cache_write: 3,
            cache_write_1h: 4,
            output: 114,
            reasoning: 14,
            ..TokenUsage::default()
        };
        assert_eq!((counts.usage(), counts.corrected()), (Some(expected), false));
        let mut out = bytes::BytesMut::new();
        let mut object = ObjectWriter::begin(&mut out);
        write(&mut object, &expected, true);
        object.end();
        assert_eq!(counted(&[str::from_utf8(&out).unwrap()]).usage(), Some(expected));
    }

    #[test]
    fn absurd_numbers_are_replaced_and_flagged() {
        for (json, input, output) in [
            (r#"{"input_tokens":-5,"output_tokens":7}"#, 0, 7),
            (r#"{"input_tokens":5,"output_tokens":1.5}"#, 5, 1),
            (r#"{"input_tokens":1e999,"output_tokens":1}"#, u64::from(u32::MAX), 1),
            (r#"{"input_tokens":"12","output_tokens":1}"#, 12, 1),
            (r#"{"input_tokens":12}"#, 12, 0),
            (r#"{"output_tokens":2}"#, 0, 2),
        ] {
            let counts = counted(&[json]);
            let usage = counts.usage().unwrap();
            assert!(counts.corrected(), "{json}");
            assert_eq!((usage.input, usage.output), (input, output), "{json}");
        }
        assert_eq!(counted(&["{}", "[]", "7"]).usage(), None);
    }
}
