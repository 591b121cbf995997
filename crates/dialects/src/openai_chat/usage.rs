use serde_json::value::RawValue;
use switchyard_domain::chat::TokenUsage;

use crate::counts::Counter;
use crate::json::{ObjectWriter, RawMembers, members};

/// How a vendor counts where it differs from OpenAI, whose `prompt_tokens` include everything that was read and whose
/// `completion_tokens` include everything that was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageRule {
    /// `completion_tokens` leaves out the reasoning, which only shows in `total_tokens` (xAI:
    /// `xai-chat_completions-fd7dbe5e33`; Google's endpoint: `google-chat_completions-07c4fda80d`; both 2026).
    pub completion_excludes_reasoning: bool,
    /// `prompt_tokens` leaves out the sound, which stands in the details and in `total_tokens` (Mistral:
    /// `mistral-chat_completions-c434b0f9ee`, 2026).
    pub prompt_excludes_audio: bool,
}

/// What a provider counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageReading {
    /// The counts, by OpenAI's rule.
    pub usage: TokenUsage,
    /// Whether a number made no sense (negative, broken, beyond any model, one of the two totals missing) and was replaced
    /// by the nearest that does: such counts are no base for a bill.
    pub corrected: bool,
}

/// Reads a `usage` object of either of OpenAI's dialects; `None` if it counts nothing at all.
pub(crate) fn read(raw: &RawValue, rule: UsageRule) -> Option<UsageReading> {
    let top = members(raw)?;
    let prompt = top.get("prompt_tokens").or_else(|| top.get("input_tokens"));
    let completion = top.get("completion_tokens").or_else(|| top.get("output_tokens"));
    if prompt.is_none() && completion.is_none() {
        return None;
    }
    let mut counter = Counter { corrected: prompt.is_none() || completion.is_none() };
    let mut usage = TokenUsage {
        input: counter.count(prompt),
        output: counter.count(completion),
        ..TokenUsage::default()
    };
    let total = top.get("total_tokens").map(|raw| counter.count(Some(raw)));
    // The second names are those of OpenAI's Responses.
    let details = |name: &str, other: &str| top.get(name).or_else(|| top.get(other)).and_then(members);
    let in_prompt = details("prompt_tokens_details", "input_tokens_details");
    read_input(&mut counter, &mut usage, &top, in_prompt.as_ref());
    let made = details("completion_tokens_details", "output_tokens_details");
    let made = |name: &str| made.as_ref().and_then(|details| details.get(name));
    usage.reasoning = counter.count(made("reasoning_tokens"));
    usage.audio_output = counter.count(made("audio_tokens"));
    usage.image_output = counter.count(made("image_tokens"));
    if let Some(total) = total {
        apply(rule, &mut usage, total);
    }
    Some(UsageReading { usage, corrected: counter.corrected })
}

/// Adds what the vendor left out of the two sums, as far as its own total says that it did.
fn apply(rule: UsageRule, usage: &mut TokenUsage, total: u64) {
    let missing = total.saturating_sub(usage.total());
    if rule.prompt_excludes_audio && missing > 0 && missing == usage.audio_input {
        usage.input += missing;
    } else if rule.completion_excludes_reasoning && missing > 0 {
        if usage.reasoning == 0 {
            usage.reasoning = missing;
        }
        if usage.reasoning == missing {
            usage.output += missing;
        }
    }
}

fn read_input(
    counter: &mut Counter,
    usage: &mut TokenUsage,
    top: &RawMembers<'_>,
    details: Option<&RawMembers<'_>>,
) {
    let detail = |name: &str| details.and_then(|details| details.get(name));
    let cached = detail("cached_tokens")
        .or_else(|| top.get("prompt_cache_hit_tokens"))
        .or_else(|| top.get("num_cached_tokens"))
        .or_else(|| top.get("cached_tokens"))
        .or_else(|| top.get("cache_read_input_tokens"));
    usage.cached_input = counter.count(cached);
    let written = detail("cache_write_tokens").or_else(|| top.get("cache_creation_input_tokens"));
    let written = counter.count(written);
    let kinds = top.get("cache_creation").and_then(members);
    let hour = kinds.as_ref().and_then(|kinds| kinds.get("ephemeral_1h_input_tokens"));
    usage.cache_write_1h = counter.count(hour);
    usage.cache_write = written.saturating_sub(usage.cache_write_1h);
    usage.audio_input = counter.count(detail("audio_tokens").or_else(|| top.get("audio_prompt_tokens")));
    usage.image_input = counter.count(detail("image_tokens"));
}

/// Writes the members of a `usage` object.
pub(super) fn write(object: &mut ObjectWriter<'_>, usage: &TokenUsage) {
    object.plain("prompt_tokens", usage.input);
    object.plain("completion_tokens", usage.output);
    object.plain("total_tokens", usage.total());
    object.object("prompt_tokens_details", |details| {
        details.plain("cached_tokens", usage.cached_input);
        let written = usage.cache_write.saturating_add(usage.cache_write_1h);
        for (name, count) in [
            ("cache_write_tokens", written),
            ("audio_tokens", usage.audio_input),
            ("image_tokens", usage.image_input),
        ] {
            if count > 0 {
                details.plain(name, count);
            }
        }
    });
    object.object("completion_tokens_details", |details| {
        details.plain("reasoning_tokens", usage.reasoning);
        for (name, count) in [("audio_tokens", usage.audio_output), ("image_tokens", usage.image_output)] {
            if count > 0 {
                details.plain(name, count);
            }
        }
    });
    if usage.cache_write_1h > 0 {
        object.object("cache_creation", |kinds| {
            kinds.plain("ephemeral_5m_input_tokens", usage.cache_write);
            kinds.plain("ephemeral_1h_input_tokens", usage.cache_write_1h);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::MOST;

    fn reading(json: &str, rule: UsageRule) -> Option<UsageReading> {
        read(serde_json::from_str(json).unwrap(), rule)
    }

    #[test]
    fn absurd_numbers_are_replaced_and_flagged() {
        for (json, input, output) in [
            (r#"{"prompt_tokens":-5,"completion_tokens":7}"#, 0, 7),
            (r#"{"prompt_tokens":5,"completion_tokens":1.5}"#, 5, 1),
            (r#"{"prompt_tokens":99999999999999999999999,"completion_tokens":1}"#, MOST, 1),
            (r#"{"prompt_tokens":1e999,"completion_tokens":1}"#, MOST, 1),
            (r#"{"prompt_tokens":9007199254740992,"completion_tokens":1}"#, MOST, 1),
            (r#"{"prompt_tokens":"12","completion_tokens":1}"#, 12, 1),
            (r#"{"prompt_tokens":12}"#, 12, 0),
            (r#"{"prompt_tokens":[],"completion_tokens":2}"#, 0, 2),
        ] {
            let read = reading(json, UsageRule::default()).unwrap();
            assert!(read.corrected, "{json}");
            assert_eq!((read.usage.input, read.usage.output), (input, output), "{json}");
        }
    }

    #[test]
    fn whole_numbers_in_any_spelling_are_taken_as_they_are() {
        let json = r#"{"prompt_tokens":12.0,"completion_tokens":1e1,"prompt_tokens_details":null}"#;
        let read = reading(json, UsageRule::default()).unwrap();
        assert!(!read.corrected);
        assert_eq!((read.usage.input, read.usage.output), (12, 10));
    }

    #[test]
    fn an_object_that_counts_nothing_is_no_usage() {
        for json in ["{}", "[]", "7", r#"{"prompt_tokens":null}"#, r#"{"total_tokens":3}"#] {
            assert_eq!(reading(json, UsageRule::default()), None);
        }
    }

    #[test]
    fn what_a_vendor_leaves_out_of_its_sums_is_added_only_where_its_total_says_so() {
        let rule = UsageRule { completion_excludes_reasoning: true, prompt_excludes_audio: true };
        let xai = r#"{"prompt_tokens":291,"completion_tokens":26,"total_tokens":506,
            "completion_tokens_details":{"reasoning_tokens":189}}"#;
        let google = r#"{"prompt_tokens":66,"completion_tokens":6,"total_tokens":100}"#;
        let inside = r#"{"prompt_tokens":10,"completion_tokens":30,"total_tokens":40,
            "completion_tokens_details":{"reasoning_tokens":20}}"#;
        let mistral = r#"{"prompt_tokens":11,"completion_tokens":15,"total_tokens":401,
            "prompt_tokens_details":{"audio_tokens":375,"cached_tokens":9}}"#;
        for (json, input, output, reasoning) in
            [(xai, 291, 215, 189), (google, 66, 34, 28), (inside, 10, 30, 20), (mistral, 386, 15, 0)]
        {
            let usage = reading(json, rule).unwrap().usage;
            assert_eq!((usage.input, usage.output, usage.reasoning), (input, output, reasoning));
        }
        let usage = reading(xai, UsageRule::default()).unwrap().usage;
        assert_eq!(usage.output, 26);
    }
}
