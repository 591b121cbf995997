//! Counting tokens with the byte pair vocabularies that are public, where a provider did not count or can't be believed.
//!
//! Vendors publish few vocabularies. For models whose own is not known, the commonest one stands in: its counts are estimates
//! and say so.

use crate::vendors::Vendors;
use crate::vocabulary::Vocabulary;
use switchyard_ports::tokenizer::{TokenCount, Tokenizer};

/// Stands in for vocabularies that are not public.
const STAND_IN: Vocabulary = Vocabulary::O200k;
/// The splitting expression backtracks, so that a single run of megabytes would take it minutes or end it; texts are counted
/// in pieces of at most this many bytes.
const PIECE_BYTES: usize = 64 * 1024;
/// How far before a piece's end a gap between words is looked for, where a cut costs no exactness.
const GAP_WINDOW: usize = 1024;
/// English text has about so many bytes in a token: the estimate where a vocabulary can't be loaded.
const BYTES_PER_TOKEN: u64 = 4;

/// The tokenizer port over the vendors' facts. Vocabularies are shared by the whole process.
#[derive(Clone, Debug, Default)]
pub struct BpeTokenizer {
    vendors: Vendors,
}

impl BpeTokenizer {
    /// A tokenizer that knows these vendors.
    #[must_use]
    pub fn new(vendors: Vendors) -> Self {
        Self { vendors }
    }

    /// The vocabulary that a vendor's model really uses, where that is public. Models made by tuning keep their base's.
    fn own_vocabulary(&self, vendor: &str, model: &str) -> Option<Vocabulary> {
        let model = model.strip_prefix("ft:").map_or(model, |tuned| tuned.split(':').next().unwrap_or(tuned));
        let known = self.vendors.find(vendor)?.vocabularies;
        known.iter().find(|(family, _)| is_of(model, family)).map(|(_, vocabulary)| *vocabulary)
    }
}

impl Tokenizer for BpeTokenizer {
    fn count(&self, vendor: &str, model: &str, text: &str) -> TokenCount {
        let own = self.own_vocabulary(vendor, model);
        let Some(encoder) = own.unwrap_or(STAND_IN).encoder() else {
            return TokenCount { tokens: (text.len() as u64).div_ceil(BYTES_PER_TOKEN), exact: false };
        };
        let mut exact = own.is_some();
        let mut tokens = 0;
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, later, cut) = split(rest);
            tokens += encoder.count_ordinary(piece) as u64;
            exact &= cut != Cut::WithinRun;
            rest = later;
        }
        TokenCount { tokens, exact }
    }

    fn is_ready(&self, vendor: &str, model: &str) -> bool {
        self.own_vocabulary(vendor, model).unwrap_or(STAND_IN).is_loaded()
    }
}

/// Whether a model is of a family: the family's name itself, or with a version or size behind a separator.
fn is_of(model: &str, family: &str) -> bool {
    model.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.', ':']))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// There is nothing behind it, or a gap between two words.
    BetweenWords,
    /// No gap was near, so that one token may have become two.
    WithinRun,
}

/// The first piece of a text and what follows it.
fn split(text: &str) -> (&str, &str, Cut) {
    if text.len() <= PIECE_BYTES {
        return (text, "", Cut::BetweenWords);
    }
    let bytes = text.as_bytes();
    let is_gap = |at: &usize| {
        let around = at.checked_sub(1).and_then(|before| bytes.get(before..at + 2));
        matches!(around, Some([before, b' ', after]) if before.is_ascii_alphabetic() && after.is_ascii_alphabetic())
    };
    let gap = (PIECE_BYTES - GAP_WINDOW..PIECE_BYTES).rev().find(is_gap);
    let (at, cut) = match gap {
        Some(at) => (at, Cut::BetweenWords),
        None => (text.floor_char_boundary(PIECE_BYTES), Cut::WithinRun),
    };
    let (piece, rest) = text.split_at_checked(at).unwrap_or((text, ""));
    (piece, rest, cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(vendor: &str, model: &str, text: &str) -> TokenCount {
        BpeTokenizer::default().count(vendor, model, text)
    }

    #[test]
    fn models_with_a_public_vocabulary_are_counted_exactly() {
        // Counts of OpenAI's own published examples: the two vocabularies differ on this text.
        let text = "お誕生日おめでとう";
        assert_eq!(counted("openai", "gpt-4", text), TokenCount { tokens: 9, exact: true });
        assert_eq!(counted("openai", "gpt-4o-mini", text), TokenCount { tokens: 8, exact: true });
        assert_eq!(counted("openai", "ft:gpt-3.5-turbo-0125:acme::x", text).tokens, 9);
    }

    #[test]
    fn unknown_models_and_vendors_are_estimated_by_the_commonest_vocabulary() {
        for (vendor, model) in
            [("openai", "gpt-9-unknown"), ("openai", "gpt-4olive"), ("mistral", "x"), ("nobody", "gpt-4o")]
        {
            assert_eq!(counted(vendor, model, " the of and"), TokenCount { tokens: 3, exact: false });
        }
    }

    #[test]
    fn control_words_of_the_vocabulary_are_ordinary_text() {
        assert!(counted("openai", "gpt-4o", "<|endoftext|>").tokens > 1);
    }

    #[test]
    fn a_vocabulary_is_ready_once_it_was_used() {
        counted("openai", "gpt-4", "x");
        assert!(BpeTokenizer::default().is_ready("openai", "gpt-4-turbo"));
    }

    #[test]
    fn long_texts_of_words_are_cut_between_words_and_stay_exact() {
        let words = " the of and".repeat(20_000);
        assert_eq!(counted("openai", "gpt-4o", &words), TokenCount { tokens: 60_000, exact: true });
    }

    #[test]
    fn runs_without_words_are_counted_in_bounded_pieces() {
        for run in [" ", "\n", "a", "é", "🦀", "=", "1", "a\u{301}", " \n", "\u{a0}"] {
            let count = counted("openai", "gpt-4o", &run.repeat(100_000));
            assert!(count.tokens > 100 && !count.exact, "{run:?}: {count:?}");
        }
    }

    #[test]
    fn pieces_joined_are_the_text() {
        let mut text = "é🦀 ab".repeat(30_000);
        text.push_str(&"x".repeat(70_000));
        let (mut rest, mut joined) = (text.as_str(), String::new());
        while !rest.is_empty() {
            let (piece, later, _) = split(rest);
            assert!(!piece.is_empty() && piece.len() <= PIECE_BYTES);
            joined.push_str(piece);
            rest = later;
        }
        assert!(joined == text);
    }
}
