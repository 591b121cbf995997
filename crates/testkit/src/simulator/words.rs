//! The words that answers are made of, and how a text is cut into them.
//!
//! A word here is one token to OpenAI's tokenizer (`o200k_base`) when a space precedes it, so that the
//! number of words in an answer is its number of tokens for whoever counts them independently.

/// Common English words; each is one `o200k_base` token with a space before it.
pub const WORDS: [&str; 256] = [
    "the", "of", "and", "to", "in", "is", "that", "it", "for", "was", "on", "are", "as", "with", "they",
    "be", "at", "one", "have", "this", "from", "or", "had", "by", "hot", "word", "but", "what", "some", "we",
    "can", "out", "other", "were", "all", "there", "when", "up", "use", "your", "how", "said", "an", "each",
    "she", "which", "do", "their", "time", "if", "will", "way", "about", "many", "then", "them", "write",
    "would", "like", "so", "these", "her", "long", "make", "thing", "see", "him", "two", "has", "look",
    "more", "day", "could", "go", "come", "did", "number", "sound", "no", "most", "people", "my", "over",
    "know", "water", "than", "call", "first", "who", "may", "down", "side", "been", "now", "find", "any",
    "new", "work", "part", "take", "get", "place", "made", "live", "where", "after", "back", "little",
    "only", "round", "man", "year", "came", "show", "every", "good", "me", "give", "our", "under", "name",
    "very", "through", "just", "form", "sentence", "great", "think", "say", "help", "low", "line", "differ",
    "turn", "cause", "much", "mean", "before", "move", "right", "boy", "old", "too", "same", "tell", "does",
    "set", "three", "want", "air", "well", "also", "play", "small", "end", "put", "home", "read", "hand",
    "port", "large", "spell", "add", "even", "land", "here", "must", "big", "high", "such", "follow", "act",
    "why", "ask", "men", "change", "went", "light", "kind", "off", "need", "house", "picture", "try", "us",
    "again", "animal", "point", "mother", "world", "near", "build", "self", "earth", "father", "head",
    "stand", "own", "page", "should", "country", "found", "answer", "school", "grow", "study", "still",
    "learn", "plant", "cover", "food", "sun", "four", "between", "state", "keep", "eye", "never", "last",
    "let", "thought", "city", "tree", "cross", "farm", "hard", "start", "might", "story", "saw", "far",
    "sea", "draw", "left", "late", "run", "while", "press", "close", "night", "real", "life", "few", "north",
    "open", "seem", "together", "next", "white", "children", "begin", "got", "walk", "example", "ease",
    "paper",
];

/// The `count` words of an answer whose character is `seed`, each with a space before it.
///
/// The same seed always says the same; two seeds say different things, so that a test sees at once
/// when two answers were mixed.
pub(crate) fn words(seed: u64) -> impl Iterator<Item = &'static str> + Clone + Send {
    // A multiplier that is odd and far from a power of two visits the whole list before it repeats.
    let start = seed % 256;
    let step = (seed >> 8) % 128 * 2 + 1;
    (0u64..).map(move |i| {
        let at = usize::try_from((start + i.wrapping_mul(step)) % 256).unwrap_or_default();
        WORDS.get(at).copied().unwrap_or("the")
    })
}

/// Cuts a text into its words, each with the white space before it; what follows the last word stays
/// with it. The pieces joined are the text.
pub(crate) fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut piece = String::new();
    let mut in_word = false;
    for c in text.chars() {
        if c.is_whitespace() && in_word {
            pieces.push(std::mem::take(&mut piece));
        }
        in_word = !c.is_whitespace();
        piece.push(c);
    }
    match pieces.last_mut() {
        Some(last) if piece.trim().is_empty() => last.push_str(&piece),
        _ if piece.is_empty() => {}
        _ => pieces.push(piece),
    }
    pieces
}

/// Cuts a text without words, such as JSON, into fragments of some eight characters: three at least,
/// as long as it has three characters.
pub(crate) fn fragments(text: &str) -> Vec<String> {
    let length = text.chars().count();
    let count = (length / 8).max(3).min(length.max(1));
    let mut fragments = vec![String::new(); count];
    for (i, c) in text.chars().enumerate() {
        if let Some(fragment) = fragments.get_mut(i * count / length.max(1)) {
            fragment.push(c);
        }
    }
    fragments
}

/// A stable hash (FNV-1a) of some texts: the seed of an answer.
pub(crate) fn seed<'a>(texts: impl IntoIterator<Item = &'a str>) -> u64 {
    texts
        .into_iter()
        .flat_map(|text| text.bytes().chain([0xff]))
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_joined_are_the_text_and_as_many_as_its_words() {
        for text in [" the of", "a  b\n", "", "one", " \n", "é ✓ 日本"] {
            let pieces = pieces(text);
            assert_eq!(pieces.concat(), text);
            assert_eq!(pieces.len().max(1), text.split_whitespace().count().max(1), "{text:?}");
        }
    }

    #[test]
    fn fragments_joined_are_the_text_and_at_least_three() {
        for text in ["{\"a\":1}", "{ }", "{\"location\":\"text\",\"unit\":\"text\"}"] {
            let fragments = fragments(text);
            assert_eq!(fragments.concat(), text);
            assert!(fragments.len() >= 3 && fragments.iter().all(|f| !f.is_empty()), "{fragments:?}");
        }
        assert_eq!(fragments("{}"), ["{", "}"]);
    }

    #[test]
    fn answers_of_one_seed_agree_and_of_two_seeds_differ() {
        let text = |seed| words(seed).take(20).collect::<Vec<_>>();
        assert_eq!(text(seed(["a"])), text(seed(["a"])));
        assert_ne!(text(seed(["a"])), text(seed(["b"])));
    }
}
