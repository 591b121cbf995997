use serde::Deserialize;
use serde_json::value::RawValue;
use switchyard_domain::chat::TokenUsage;

use crate::counts::{Counter, MOST};
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
    if let Some((mut usage, total)) = Plain::read(raw.get()) {
        if let Some(total) = total {
            apply(rule, &mut usage, total);
        }
        return Some(UsageReading { usage, corrected: false });
    }
    any(raw, rule)
}

/// Reads the object whatever it has: names of other vendors, and numbers that make no sense.
fn any(raw: &RawValue, rule: UsageRule) -> Option<UsageReading> {
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

/// The object as OpenAI itself writes it, which most do: read at once, without a list of its members. Anything else in it is an error
/// here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<PlainPrompt>,
    completion_tokens_details: Option<PlainCompletion>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainPrompt {
    cached_tokens: Option<u64>,
    audio_tokens: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainCompletion {
    reasoning_tokens: Option<u64>,
    audio_tokens: Option<u64>,
    #[serde(rename = "accepted_prediction_tokens")]
    _accepted_prediction_tokens: Option<u64>,
    #[serde(rename = "rejected_prediction_tokens")]
    _rejected_prediction_tokens: Option<u64>,
}

impl Plain {
    /// The counts and the vendor's total; `None` of another form, or where one of them is beyond any model.
    fn read(json: &str) -> Option<(TokenUsage, Option<u64>)> {
        // A list too would be read as a structure, by the order of its members.
        if json.contains('[') {
            return None;
        }
        serde_json::from_str::<Self>(json).ok()?.usage()
    }

    fn usage(self) -> Option<(TokenUsage, Option<u64>)> {
        let prompt = self.prompt_tokens_details.unwrap_or_default();
        let completion = self.completion_tokens_details.unwrap_or_default();
        let usage = TokenUsage {
            input: self.prompt_tokens,
            cached_input: prompt.cached_tokens.unwrap_or_default(),
            audio_input: prompt.audio_tokens.unwrap_or_default(),
            output: self.completion_tokens,
            reasoning: completion.reasoning_tokens.unwrap_or_default(),
            audio_output: completion.audio_tokens.unwrap_or_default(),
            ..TokenUsage::default()
        };
        let TokenUsage { input, cached_input, audio_input, output, reasoning, audio_output, .. } = usage;
        let total = self.total_tokens;
        let counts =
            [input, cached_input, audio_input, output, reasoning, audio_output, total.unwrap_or_default()];
        counts.iter().all(|count| *count <= MOST).then_some((usage, total))
    }
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
    fn the_plain_form_is_read_as_any_other() {
        let rule = UsageRule { completion_excludes_reasoning: true, prompt_excludes_audio: true };
        for json in [
            r#"{"prompt_tokens":9,"completion_tokens":7}"#,
            r#"{"prompt_tokens":9,"completion_tokens":7,"total_tokens":16,"prompt_tokens_details":null}"#,
            r#"{"prompt_tokens":9,"completion_tokens":7,"total_tokens":30,"completion_tokens_details":{"reasoning_tokens":null}}"#,
            r#"{"completion_tokens":7,"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":3},
                "completion_tokens_details":{"reasoning_tokens":5,"audio_tokens":1,"accepted_prediction_tokens":2,
                "rejected_prediction_tokens":6},"total_tokens":21}"#,
        ] {
            assert!(Plain::read(json).is_some(), "{json}");
            assert_eq!(reading(json, rule), any(serde_json::from_str(json).unwrap(), rule), "{json}");
        }
    }

    #[test]
    fn lists_are_not_read_as_the_plain_form() {
        assert_eq!(reading("[9,7,16,null,null]", UsageRule::default()), None);
        let json = r#"{"prompt_tokens":9,"completion_tokens":7,"prompt_tokens_details":[4,3]}"#;
        assert_eq!(reading(json, UsageRule::default()).unwrap().usage.cached_input, 0);
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
