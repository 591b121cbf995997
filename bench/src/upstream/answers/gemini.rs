//! Google's `generateContent`.

use super::{Events, text, words};

pub(super) fn whole(tokens: usize) -> String {
    answer(&text(tokens), r#","finishReason":"STOP""#, tokens)
}

/// No opening, and no last word: the stream ends with its body.
pub(super) fn events(tokens: usize) -> Events {
    let event = |text: &str, finish: &str, tokens: usize| format!("data: {}", answer(text, finish, tokens));
    Events {
        opening: Vec::new(),
        content: (1..).zip(words(tokens)).map(|(so_far, word)| event(word, "", so_far)).collect(),
        end: vec![event("", r#","finishReason":"STOP""#, tokens)],
    }
}

fn answer(text: &str, finish: &str, tokens: usize) -> String {
    format!(
        r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}],"role":"model"}}{finish},"index":0}}],"usageMetadata":{{"promptTokenCount":250,"candidatesTokenCount":{tokens},"totalTokenCount":{},"promptTokensDetails":[{{"modality":"TEXT","tokenCount":250}}]}},"modelVersion":"gemini-sim","responseId":"bench0001"}}"#,
        250 + tokens
    )
}
