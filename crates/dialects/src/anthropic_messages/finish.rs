use switchyard_domain::chat::{FinishReason, Json};

use crate::json::text;

/// The member of a choice in which the words stand that the canonical reasons don't tell apart from others: the provider
/// paused a long turn, which the client may let go on by sending it back (`anthropic-messages-160c34d377`, 2025), or the
/// context window was full rather than the limit met.
pub(super) const STOP_REASON: &str = "stop_reason";

const PAUSED: &str = "pause_turn";
const WINDOW_FULL: &str = "model_context_window_exceeded";

/// What a provider's word means. `sequence` is the stop text that was met; `has_calls` says that tools of the client are
/// called, which outranks the word for a usual end (`anthropic-messages-1a6e95ceb4` says `end_turn` beside calls).
pub(super) fn parse(word: &str, sequence: Option<&str>, has_calls: bool) -> FinishReason {
    match word {
        "end_turn" | "stop_sequence" if has_calls => FinishReason::ToolCalls,
        "end_turn" | PAUSED => FinishReason::Stop,
        "stop_sequence" => {
            sequence.map_or(FinishReason::Stop, |text| FinishReason::StopSequence(text.to_owned()))
        }
        "max_tokens" | WINDOW_FULL => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::ContentFilter,
        other => FinishReason::Other(other.to_owned()),
    }
}

/// The word itself, where the canonical reason does not say it.
pub(super) fn finer_word(word: &str) -> Option<Json> {
    let json = match word {
        PAUSED => "\"pause_turn\"",
        WINDOW_FULL => "\"model_context_window_exceeded\"",
        _ => return None,
    };
    Json::parse(json).ok()
}

/// How a choice ended, in this dialect's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) reason: String,
    pub(super) sequence: Option<String>,
}

impl Ending {
    /// Of a choice that ended for `reason`. `finer` is the value of its [`STOP_REASON`] (which other dialects use otherwise),
    /// `refused` whether the model declined in words of its own.
    pub(super) fn of(reason: &FinishReason, finer: Option<&Json>, calls: bool, refused: bool) -> Self {
        let finer = finer.and_then(|json| text(&json.0));
        let (word, sequence) = match (reason, finer.as_deref()) {
            (FinishReason::Stop, Some(PAUSED)) => (PAUSED, None),
            (FinishReason::Length, Some(WINDOW_FULL)) => (WINDOW_FULL, None),
            (FinishReason::ToolCalls, _) => ("tool_use", None),
            (FinishReason::Stop | FinishReason::StopSequence(_), _) if calls => ("tool_use", None),
            (FinishReason::Stop, _) if refused => ("refusal", None),
            (FinishReason::Stop, _) => ("end_turn", None),
            (FinishReason::StopSequence(text), _) => ("stop_sequence", Some(text.clone())),
            (FinishReason::Length, _) => ("max_tokens", None),
            (FinishReason::ContentFilter, _) => ("refusal", None),
            // There is no word for it; a usual end must not be told.
            (FinishReason::Error, _) => ("error", None),
            (FinishReason::Other(word), _) => (word.as_str(), None),
        };
        Self { reason: word.to_owned(), sequence }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_this_dialect_comes_back() {
        for (word, sequence) in [
            ("end_turn", None),
            ("stop_sequence", Some("END")),
            ("max_tokens", None),
            ("tool_use", None),
            ("refusal", None),
            ("pause_turn", None),
            ("model_context_window_exceeded", None),
            ("compaction", None),
        ] {
            let reason = parse(word, sequence, false);
            let ending = Ending::of(&reason, finer_word(word).as_ref(), false, false);
            assert_eq!((ending.reason.as_str(), ending.sequence.as_deref()), (word, sequence));
        }
    }

    #[test]
    fn a_call_outranks_a_usual_end_but_not_a_limit() {
        assert_eq!(parse("end_turn", None, true), FinishReason::ToolCalls);
        assert_eq!(parse("max_tokens", None, true), FinishReason::Length);
        assert_eq!(Ending::of(&FinishReason::Stop, None, true, false).reason, "tool_use");
    }

    #[test]
    fn another_dialects_use_of_the_member_says_nothing() {
        let number = Json::parse("128009").unwrap();
        assert_eq!(Ending::of(&FinishReason::Stop, Some(&number), false, false).reason, "end_turn");
    }
}
