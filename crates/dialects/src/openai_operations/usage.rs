//! Counts as the answers of these operations tell them: by chat's names or by those of OpenAI's newer endpoints.

use serde_json::value::RawValue;
use switchyard_domain::chat::TokenUsage;

use crate::codec::Look;
use crate::counts::Counter;
use crate::json::{RawMembers, members, text};

/// More sound than fits in any upload.
const MOST_SECONDS: f64 = 1e7;

/// Notes the counts of an answer, or of an event.
pub(super) fn note(look: &mut Look, top: &RawMembers<'_>) {
    let Some(raw) = top.get("usage") else { return };
    if let Some((usage, corrected)) = read(raw) {
        look.usage = Some(usage);
        look.usage_corrected = corrected;
    }
}

/// Notes the counts of an answer that has no output which anybody bills, whatever stands there.
pub(super) fn note_input(look: &mut Look, top: &RawMembers<'_>) {
    note(look, top);
    look.usage = look.usage.map(|usage| TokenUsage { output: 0, reasoning: 0, ..usage });
}

/// Reads a `usage` object, and whether a count made no sense; `None` if it counts nothing at all. Of operations without output
/// only the input is counted.
fn read(raw: &RawValue) -> Option<(TokenUsage, bool)> {
    let top = members(raw)?;
    if top.get("type").and_then(text).is_some_and(|kind| kind == "duration") {
        let (seconds, corrected) = seconds(top.get("seconds")?);
        return Some((of_seconds(seconds), corrected));
    }
    let input = top.get("prompt_tokens").or_else(|| top.get("input_tokens"));
    let output = top.get("completion_tokens").or_else(|| top.get("output_tokens"));
    if input.is_none() && output.is_none() {
        return None;
    }
    let mut counter = Counter { corrected: input.is_none() };
    let mut usage =
        TokenUsage { input: counter.count(input), output: counter.count(output), ..TokenUsage::default() };
    let details = |names: [&str; 3]| names.into_iter().find_map(|name| top.get(name)).and_then(members);
    if let Some(read) = details(["prompt_tokens_details", "input_tokens_details", "input_token_details"]) {
        usage.cached_input = counter.count(read.get("cached_tokens"));
        usage.audio_input = counter.count(read.get("audio_tokens"));
        usage.image_input = counter.count(read.get("image_tokens"));
    }
    if let Some(made) =
        details(["completion_tokens_details", "output_tokens_details", "output_token_details"])
    {
        usage.reasoning = counter.count(made.get("reasoning_tokens"));
        usage.audio_output = counter.count(made.get("audio_tokens"));
        usage.image_output = counter.count(made.get("image_tokens"));
    }
    Some((usage, counter.corrected))
}

/// So many seconds of sound and nothing else.
pub(super) fn of_seconds(seconds: u32) -> TokenUsage {
    let mut usage = TokenUsage::default();
    usage.units.audio_seconds = seconds;
    usage
}

/// A duration in whole seconds, rounded to the nearest one as vendors bill it, and whether it made no sense.
pub(super) fn seconds(raw: &RawValue) -> (u32, bool) {
    let value: f64 = raw.get().parse().unwrap_or(-1.0);
    let sound = (0.0..=MOST_SECONDS).contains(&value);
    // Saturates: negative and undefined become zero.
    (value.clamp(0.0, MOST_SECONDS).round() as u32, !sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(json: &str) -> Option<(TokenUsage, bool)> {
        read(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn vectors_count_their_input_alone() {
        let (usage, corrected) = reading(r#"{"prompt_tokens":8,"total_tokens":8}"#).unwrap();
        assert_eq!((usage.input, usage.output, corrected), (8, 0, false));
        assert_eq!(reading(r#"{"cost":{"total_cost":1e-8}}"#), None);
        assert!(reading(r#"{"prompt_tokens":-1}"#).unwrap().1);
        assert!(reading(r#"{"output_tokens":7}"#).unwrap().1, "nothing was read?");
    }

    #[test]
    fn pictures_and_sound_are_told_apart() {
        let pictures = r#"{"total_tokens":4210,"input_tokens":50,"output_tokens":4160,
            "input_tokens_details":{"text_tokens":10,"image_tokens":40},"output_tokens_details":{"image_tokens":4096,"text_tokens":64}}"#;
        let (usage, _) = reading(pictures).unwrap();
        assert_eq!((usage.input, usage.image_input, usage.output, usage.image_output), (50, 40, 4160, 4096));
        let heard = r#"{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":0,"audio_tokens":14},"output_tokens":45,"total_tokens":59}"#;
        let (usage, _) = reading(heard).unwrap();
        assert_eq!((usage.input, usage.audio_input, usage.output), (14, 14, 45));
    }

    #[test]
    fn sound_is_counted_in_whole_seconds() {
        for (json, seconds, corrected) in [
            (r#"{"type":"duration","seconds":9}"#, 9, false),
            (r#"{"type":"duration","seconds":8.47}"#, 8, false),
            (r#"{"type":"duration","seconds":8.5}"#, 9, false),
            (r#"{"type":"duration","seconds":-1}"#, 0, true),
            (r#"{"type":"duration","seconds":"nine"}"#, 0, true),
        ] {
            assert_eq!(reading(json), Some((of_seconds(seconds), corrected)), "{json}");
        }
    }
}
