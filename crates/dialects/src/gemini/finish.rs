use switchyard_domain::chat::FinishReason;

/// The words that are not told apart in the canonical form, or not by name. Where one of them ended an answer, it is kept
/// beside the canonical reason.
const WORDS: &[(&str, FinishReason)] = &[
    ("STOP", FinishReason::Stop),
    ("MAX_TOKENS", FinishReason::Length),
    ("SAFETY", FinishReason::ContentFilter),
    ("RECITATION", FinishReason::ContentFilter),
    ("BLOCKLIST", FinishReason::ContentFilter),
    ("PROHIBITED_CONTENT", FinishReason::ContentFilter),
    ("SPII", FinishReason::ContentFilter),
    ("IMAGE_SAFETY", FinishReason::ContentFilter),
    ("IMAGE_PROHIBITED_CONTENT", FinishReason::ContentFilter),
    ("IMAGE_RECITATION", FinishReason::ContentFilter),
    // `vertex-generatecontent-b8d88197d5`, 2026.
    ("MODEL_ARMOR", FinishReason::ContentFilter),
    ("OTHER", FinishReason::Error),
    ("LANGUAGE", FinishReason::Error),
    ("MALFORMED_FUNCTION_CALL", FinishReason::Error),
    ("MALFORMED_RESPONSE", FinishReason::Error),
    // `vertex-generatecontent-0ef3bb4494`, 2026: with the call that the model made up.
    ("UNEXPECTED_TOOL_CALL", FinishReason::Error),
    ("TOO_MANY_TOOL_CALLS", FinishReason::Error),
    ("MISSING_THOUGHT_SIGNATURE", FinishReason::Error),
    ("NO_IMAGE", FinishReason::Error),
    ("IMAGE_OTHER", FinishReason::Error),
];

/// The member in which the vendor's own word is kept where the canonical reason says less. The name is OpenRouter's, which
/// clients of OpenAI's dialect may know.
pub(super) const NATIVE_WORD: &str = "native_finish_reason";

/// What a word means. An unknown one is kept: Google adds new ones.
pub(super) fn parse(word: &str) -> FinishReason {
    WORDS
        .iter()
        .find(|(known, _)| word.eq_ignore_ascii_case(known))
        .map_or_else(|| FinishReason::Other(word.to_owned()), |(_, reason)| reason.clone())
}

/// Whether calls beside this word are what ended the answer. Google has no word for calls.
pub(super) fn yields_to_calls(word: &str) -> bool {
    matches!(parse(word), FinishReason::Stop) || word.eq_ignore_ascii_case("UNEXPECTED_TOOL_CALL")
}

/// The word of this dialect.
pub(super) fn word(reason: &FinishReason) -> &str {
    match reason {
        FinishReason::Stop | FinishReason::StopSequence(_) | FinishReason::ToolCalls => "STOP",
        FinishReason::Length => "MAX_TOKENS",
        FinishReason::ContentFilter => "SAFETY",
        FinishReason::Error => "OTHER",
        FinishReason::Other(word) => word,
    }
}

/// The word of this dialect, given the one that was kept. A word of another dialect in that place means nothing here.
/// `refused` says that the model declined in words of its own, which others tell apart from an answer and Google by this word
/// alone.
pub(super) fn word_given<'a>(reason: &'a FinishReason, native: Option<&'a str>, refused: bool) -> &'a str {
    let is_ours = |native: &&str| WORDS.iter().any(|(known, _)| known == native);
    native.filter(is_ours).unwrap_or_else(|| match reason {
        FinishReason::Stop if refused => word(&FinishReason::ContentFilter),
        reason => word(reason),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_is_written_reads_as_what_it_was_written_for() {
        for reason in [
            FinishReason::Stop,
            FinishReason::Length,
            FinishReason::ContentFilter,
            FinishReason::Error,
            FinishReason::Other("PUP".to_owned()),
        ] {
            assert_eq!(parse(word(&reason)), reason);
        }
        assert_eq!(parse("safety"), FinishReason::ContentFilter);
    }

    #[test]
    fn a_refusal_is_no_usual_end_but_a_limit_stays_one() {
        assert_eq!(word_given(&FinishReason::Stop, None, true), "SAFETY");
        assert_eq!(word_given(&FinishReason::Length, None, true), "MAX_TOKENS");
    }

    #[test]
    fn a_kept_word_counts_only_if_it_is_googles() {
        assert_eq!(word_given(&FinishReason::ContentFilter, Some("SPII"), false), "SPII");
        assert_eq!(word_given(&FinishReason::ContentFilter, Some("refusal"), false), "SAFETY");
        assert_eq!(word_given(&FinishReason::Stop, None, false), "STOP");
    }
}
