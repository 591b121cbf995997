//! What simulated models say.

use super::seed::Seed;

const OPENINGS: &[&str] = &[
    "Here is a short answer to that.",
    "Let me take that step by step.",
    "That depends on what you want to optimise for.",
    "There are a few good ways to look at this.",
    "In one sentence: start small and measure.",
    "Good question, and the answer has two halves.",
];

const SENTENCES: &[&str] = &[
    "A simulated model does not think, but it can show how an answer flows.",
    "The first token tells how long you wait, the rest tells how fast you can read.",
    "Compare two answers side by side before you trust either of them.",
    "Keep the part that you can check, and treat the rest as a draft.",
    "A slower answer may still be the better one.",
    "When a provider fails, another target of the route can take over.",
    "Limits protect a budget best when they hold before the call and not after it.",
    "What was used is counted once, whatever happens to the connection.",
    "Try the same prompt again: this model will say the same thing.",
    "Change one word of the prompt, and it will say something else.",
    "Short prompts leave room for surprises, long ones leave less.",
    "If two options cost the same, prefer the one that is easier to undo.",
    "Write down what you expect before you look at the result.",
    "Averages hide the calls that users remember.",
    "A good default saves more time than a good setting.",
    "Names matter more than comments, and tests more than both.",
];

const CLOSINGS: &[&str] = &[
    "That is all a simulation can say; a real model would know more.",
    "Add a provider with a key to hear what a real model makes of it.",
    "Vote for the answer that you would rather have read.",
];

/// A few paragraphs of `sentences` sentences between an opening and a closing.
pub(super) fn paragraphs(seed: &mut Seed, sentences: u64) -> String {
    let mut text = String::new();
    text.push_str(seed.pick(OPENINGS).unwrap_or_default());
    for index in 0..sentences {
        text.push_str(if index % 4 == 3 { "\n\n" } else { " " });
        text.push_str(seed.pick(SENTENCES).unwrap_or_default());
    }
    text.push_str("\n\n");
    text.push_str(seed.pick(CLOSINGS).unwrap_or_default());
    text
}

/// Long Markdown with everything that a page has to lay out.
pub(super) fn markdown(seed: &mut Seed) -> String {
    let mut text = String::from("# A long answer, simulated\n\n");
    text.push_str(&paragraphs(seed, 4));
    text.push_str("\n\n## What to look at\n\n");
    for number in 1..=4 {
        let sentence = seed.pick(SENTENCES).unwrap_or_default();
        text.push_str(&format!("{number}. **Point {number}.** {sentence}\n"));
    }
    text.push_str(
        "\n- a list\n  - with a list inside\n  - and a [link](https://example.com)\n- and `code` in a line\n",
    );
    text.push_str("\n## Numbers\n\n| option | first token | tokens a second | note |\n|:--|--:|--:|:--|\n");
    for option in ["swift", "steady", "verbose"] {
        let (wait, pace) = (50 + seed.below(400), 20 + seed.below(100));
        text.push_str(&format!("| `{option}` | {wait} ms | {pace} | simulated |\n"));
    }
    text.push_str(
        "\n## Code\n\n```rust\n/// The larger of two numbers.\nfn larger(a: u64, b: u64) -> u64 {\n",
    );
    text.push_str(&format!(
        "    if a > b {{ a }} else {{ b }} // {}\n}}\n```\n\n```json\n",
        seed.below(1000)
    ));
    text.push_str(
        "{\"simulated\": true, \"unicode\": \"żółć 日本語 🦀\", \"markup\": \"<b>not bold</b>\"}\n```\n",
    );
    text.push_str("\n> A quotation, for good measure.\n\n---\n\n");
    text.push_str(&paragraphs(seed, 6));
    text
}

/// Cuts a text into what the simulated models call tokens: a word with the white space before it, long words and long gaps in
/// parts. The pieces joined are the text.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, later) = rest.split_at_checked(end_of_token(rest))?;
        rest = later;
        (!piece.is_empty()).then_some(piece)
    })
}

fn end_of_token(text: &str) -> usize {
    const LONGEST: usize = 12;
    const LONGEST_GAP: usize = 48;
    let (mut letters, mut gap) = (0, 0);
    for (at, c) in text.char_indices() {
        let space = c.is_whitespace();
        if letters == LONGEST || gap == LONGEST_GAP || (space && letters > 0) {
            return at;
        }
        letters += usize::from(!space);
        gap += usize::from(space);
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_joined_are_the_text() {
        let long = "x".repeat(30);
        for text in ["", " ", "a b", "\n\n one\ttwo  ", "żółć 日本語 🦀", &long] {
            assert_eq!(tokens(text).collect::<String>(), text);
        }
        assert_eq!(tokens(&long).count(), 3);
        let gap = " ".repeat(100);
        assert_eq!(tokens(&gap).collect::<String>(), gap);
        assert_eq!(tokens(&gap).count(), 3);
        assert_eq!(tokens("one two\n\nthree").collect::<Vec<_>>(), ["one", " two", "\n\nthree"]);
    }

    #[test]
    fn markdown_has_all_that_a_page_must_lay_out() {
        let text = markdown(&mut Seed::of(["x"]));
        for mark in ["# ", "## ", "1. ", "- ", "| `swift` |", "|:--|", "```rust", "```json", "> ", "**", "]("]
        {
            assert!(text.contains(mark), "{mark}");
        }
        assert!(tokens(&text).count() > 250);
    }
}
