//! Counts. What this dialect gives apart is added up: `promptTokenCount` leaves out what the vendor's own tools read,
//! `candidatesTokenCount` leaves out the thoughts.

use serde_json::value::RawValue;
use switchyard_domain::chat::TokenUsage;

use crate::counts::{Counter, MOST};
use crate::json::{ObjectWriter, RawMembers, elements, members, text};

/// What a provider counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) usage: TokenUsage,
    /// Whether a number made no sense and was replaced: such counts are no base for a bill.
    pub(super) corrected: bool,
}

/// Reads a `usageMetadata`; `None` if it counts nothing, as in Vertex's early chunks
/// (`google-streamgeneratecontent-ac385f26ec`, 2026).
pub(super) fn read(raw: &RawValue) -> Option<Reading> {
    let top = members(raw)?;
    let made = [top.get("candidatesTokenCount"), top.get("thoughtsTokenCount")];
    let read = [top.get("promptTokenCount"), top.get("toolUsePromptTokenCount")];
    if made.iter().chain(&read).all(Option::is_none) {
        return None;
    }
    // An answer of nothing has no count of what was made: `google-generatecontent-78f6ff7aa9`, 2025.
    let mut counter = Counter { corrected: read.iter().all(Option::is_none) };
    let mut sum = |counts: [Option<&RawValue>; 2]| -> u64 {
        counts.into_iter().map(|count| counter.count(count)).sum::<u64>().min(MOST)
    };
    let mut usage = TokenUsage { input: sum(read), output: sum(made), ..TokenUsage::default() };
    let [_, thoughts] = made;
    usage.reasoning = counter.count(thoughts);
    usage.cached_input = counter.count(top.get("cachedContentTokenCount"));
    let mut of = |word: &str, lists: &[&str]| -> u64 {
        lists.iter().map(|list| modality(&mut counter, &top, list, word)).sum::<u64>().min(MOST)
    };
    // The second is what embeddings call it: `google-batchembedcontents-9446cd0a82`, 2026.
    let read = ["promptTokensDetails", "promptTokenDetails", "toolUsePromptTokensDetails"];
    let cached = ["cacheTokensDetails"];
    // What came from the cache is counted as such, whatever it was.
    usage.audio_input = of("AUDIO", &read).saturating_sub(of("AUDIO", &cached));
    usage.image_input = of("IMAGE", &read).saturating_sub(of("IMAGE", &cached));
    usage.audio_output = of("AUDIO", &["candidatesTokensDetails"]);
    usage.image_output = of("IMAGE", &["candidatesTokensDetails"]);
    Some(Reading { usage, corrected: counter.corrected })
}

/// The tokens of one kind of media in one of the lists.
fn modality(counter: &mut Counter, top: &RawMembers<'_>, list: &str, word: &str) -> u64 {
    let list = top.get(list).and_then(elements).unwrap_or_default();
    let counts = list.into_iter().filter_map(members);
    let counts = counts.filter(|count| count.get("modality").and_then(text).as_deref() == Some(word));
    counts.map(|count| counter.count(count.get("tokenCount"))).fold(0, u64::saturating_add)
}

/// Writes the members of a `usageMetadata`.
pub(super) fn write(object: &mut ObjectWriter<'_>, usage: &TokenUsage) {
    object.plain("promptTokenCount", usage.input);
    object.plain("candidatesTokenCount", usage.output.saturating_sub(usage.reasoning));
    object.plain("totalTokenCount", usage.total());
    for (name, count) in
        [("cachedContentTokenCount", usage.cached_input), ("thoughtsTokenCount", usage.reasoning)]
    {
        if count > 0 {
            object.plain(name, count);
        }
    }
    let made = usage.output.saturating_sub(usage.reasoning);
    write_details(object, "promptTokensDetails", usage.input, (usage.audio_input, usage.image_input));
    write_details(object, "candidatesTokensDetails", made, (usage.audio_output, usage.image_output));
}

/// The kinds of media, where there are others than text.
fn write_details(object: &mut ObjectWriter<'_>, name: &str, total: u64, (audio, image): (u64, u64)) {
    if audio + image == 0 {
        return;
    }
    let words = total.saturating_sub(audio.saturating_add(image));
    object.array(name, |list| {
        for (word, count) in [("TEXT", words), ("AUDIO", audio), ("IMAGE", image)] {
            if count > 0 {
                list.object(|object| {
                    object.text("modality", word);
                    object.plain("tokenCount", count);
                });
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(json: &str) -> Option<Reading> {
        read(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn what_is_counted_apart_is_added_up() {
        let read = reading(
            r#"{"promptTokenCount":100,"toolUsePromptTokenCount":20,"candidatesTokenCount":7,"thoughtsTokenCount":30,
                "cachedContentTokenCount":60,"totalTokenCount":157,
                "promptTokensDetails":[{"modality":"TEXT","tokenCount":40},{"modality":"AUDIO","tokenCount":60}],
                "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":50},{"modality":"TEXT","tokenCount":10}],
                "candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":7}]}"#,
        )
        .unwrap();
        let expected = TokenUsage {
            input: 120,
            cached_input: 60,
            audio_input: 10,
            output: 37,
            reasoning: 30,
            image_output: 7,
            ..TokenUsage::default()
        };
        assert_eq!(read, Reading { usage: expected, corrected: false });
    }

    #[test]
    fn absurd_numbers_are_replaced_and_flagged() {
        for (json, input, output) in [
            (r#"{"promptTokenCount":-5,"candidatesTokenCount":7}"#, 0, 7),
            (r#"{"promptTokenCount":5,"candidatesTokenCount":1.5}"#, 5, 1),
            (r#"{"promptTokenCount":9007199254740992,"candidatesTokenCount":1}"#, MOST, 1),
            (r#"{"promptTokenCount":4294967295,"toolUsePromptTokenCount":"1"}"#, MOST, 0),
            (r#"{"candidatesTokenCount":3}"#, 0, 3),
        ] {
            let read = reading(json).unwrap();
            assert!(read.corrected, "{json}");
            assert_eq!((read.usage.input, read.usage.output), (input, output), "{json}");
        }
    }

    #[test]
    fn an_answer_of_nothing_is_counted_and_an_object_that_counts_nothing_is_no_usage() {
        let read = reading(r#"{"promptTokenCount":14,"totalTokenCount":14}"#).unwrap();
        assert_eq!((read.usage.input, read.usage.output, read.corrected), (14, 0, false));
        for json in ["{}", "[]", r#"{"trafficType":"ON_DEMAND"}"#, r#"{"totalTokenCount":3}"#] {
            assert_eq!(reading(json), None);
        }
    }
}
