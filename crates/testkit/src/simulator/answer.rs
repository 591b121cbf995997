//! A buffered chat completion: its JSON, and where in it each token ends.

use std::io::Write;

use super::frame::{escape, quoted};
use super::logprobs;
use super::plan::{Choice, Plan, Said};

/// A body that is sent as one, with the places where its tokens end.
#[derive(Default)]
pub(crate) struct Whole {
    pub(crate) bytes: Vec<u8>,
    /// For each token in order: its end in `bytes`, and the length of `text` up to it.
    pub(crate) marks: Vec<(usize, usize)>,
    /// The text of choice 0.
    pub(crate) text: String,
    /// Where choice 0's text ends in `bytes`, so that more could stand there.
    pub(crate) text_end: Option<usize>,
}

impl Whole {
    /// A body that says nothing that would be billed.
    pub(crate) fn plain(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), ..Self::default() }
    }

    /// What the first `sent` bytes carry: completion tokens and text of choice 0.
    pub(crate) fn carried(&self, sent: usize) -> (u64, &str) {
        let count = self.marks.partition_point(|(end, _)| *end <= sent);
        let text =
            count.checked_sub(1).and_then(|last| self.marks.get(last)).map_or(0, |(_, length)| *length);
        (count as u64, self.text.get(..text).unwrap_or_default())
    }

    /// Other bytes that carry the same; a token counts when the last byte is sent.
    pub(crate) fn encoded(mut self, bytes: Vec<u8>) -> Self {
        for mark in &mut self.marks {
            *mark = (bytes.len(), self.text.len());
        }
        self.bytes = bytes;
        self
    }

    fn put(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn tokens(&mut self, pieces: &[String], is_text: bool) {
        for piece in pieces {
            escape(&mut self.bytes, piece);
            if is_text {
                self.text.push_str(piece);
            }
            self.mark();
        }
        if is_text {
            self.text_end = Some(self.bytes.len());
        }
    }

    fn mark(&mut self) {
        self.marks.push((self.bytes.len(), self.text.len()));
    }
}

/// The JSON of a whole answer.
pub(crate) fn completion(plan: &Plan) -> Whole {
    let mut body = Whole { bytes: Vec::with_capacity(1_024), ..Whole::default() };
    // Writing to memory does not fail.
    let _ = write!(
        body.bytes,
        r#"{{"id":"{}","object":"chat.completion","created":{},"model":{},"choices":["#,
        plan.id,
        plan.created,
        quoted(&plan.model)
    );
    for (i, choice) in plan.choices.iter().enumerate() {
        if i > 0 {
            body.put(",");
        }
        message(&mut body, i, choice);
        let _ = write!(body.bytes, r#","logprobs":{},"#, logprobs::of_choice(choice, plan.logprobs));
        let _ = write!(body.bytes, r#""finish_reason":{}}}"#, quoted(&choice.finish));
    }
    body.put("]");
    if let Some(usage) = plan.usage(plan.completion_tokens()) {
        let _ = write!(body.bytes, r#","usage":{usage}"#);
    }
    let _ = write!(body.bytes, r#","service_tier":"default","system_fingerprint":"{}"}}"#, plan.fingerprint);
    body
}

fn message(body: &mut Whole, index: usize, choice: &Choice) {
    let _ = write!(body.bytes, r#"{{"index":{index},"message":{{"role":"assistant","#);
    if !choice.reasoning.is_empty() {
        body.put(r#""reasoning_content":""#);
        body.tokens(&choice.reasoning, false);
        body.put(r#"","#);
    }
    match &choice.said {
        Said::Text(pieces) => {
            body.put(r#""content":""#);
            body.tokens(pieces, index == 0);
            body.put(r#"","refusal":null"#);
        }
        Said::Refusal(pieces) => {
            body.put(r#""content":null,"refusal":""#);
            body.tokens(pieces, index == 0);
            body.put(r#"""#);
        }
        Said::Calls(calls) => {
            body.put(r#""content":null,"tool_calls":["#);
            for (i, call) in calls.iter().enumerate() {
                let comma = if i > 0 { "," } else { "" };
                let (id, name) = (&call.id, quoted(&call.name));
                let _ = write!(
                    body.bytes,
                    r#"{comma}{{"id":"{id}","type":"function","function":{{"name":{name},"#
                );
                body.mark();
                body.put(r#""arguments":""#);
                body.tokens(&call.arguments, false);
                body.put(r#""}}"#);
            }
            body.put(r#"],"refusal":null"#);
        }
    }
    body.put(r#","annotations":[]}"#);
}
