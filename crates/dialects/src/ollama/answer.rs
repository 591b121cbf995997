//! Answers: a whole one is a line that says all at once.

use serde_json::value::RawValue;
use switchyard_domain::chat::{ChatEvent, Delta, FinishReason, Json, TokenUsage, ToolCallKind};

use super::created::unix_seconds;
use crate::codec::{AnswerFault, DecodedAnswer, StreamReader, Taken};
use crate::counts::Counter;
use crate::error::{ProviderError, from_members, has_error};
use crate::json::{
    ArrayWriter, ObjectWriter, RawMembers, elements, keep, members, object, text, without_lone_surrogates,
};
use crate::tool_call_id::made_call_id;

/// How long it all took: what stands beside the answer and has no canonical form.
const DURATIONS: &[&str] = &["total_duration", "load_duration", "prompt_eval_duration", "eval_duration"];

/// Reads a whole answer, see `ProviderCodec::decode`.
pub(super) fn decode(body: &[u8]) -> Result<DecodedAnswer, AnswerFault> {
    let body = String::from_utf8_lossy(body);
    let body = without_lone_surrogates(body.trim());
    let top = object(&body).ok_or(AnswerFault::NotJson)?;
    if has_error(&top) {
        return Err(AnswerFault::Error(from_members(&top)));
    }
    if top.get("message").and_then(members).is_none() {
        return Err(AnswerFault::NoChoices);
    }
    let mut reader = StreamDecoder::default();
    let mut events = Vec::new();
    reader.line(&top, &mut events);
    Ok(DecodedAnswer { events, usage_corrected: reader.usage_corrected })
}

/// Reads the lines of one stream in turn.
#[derive(Debug, Default)]
pub(super) struct StreamDecoder {
    /// The time of the first line: what tells the calls of one answer from those of another.
    begun: Option<String>,
    calls: u32,
    has_output: bool,
    is_done: bool,
    usage_corrected: bool,
}

impl StreamReader for StreamDecoder {
    fn event(
        &mut self,
        _name: Option<&[u8]>,
        data: &[u8],
        out: &mut Vec<ChatEvent>,
    ) -> Result<Taken, ProviderError> {
        if self.is_done {
            return Ok(Taken::Done);
        }
        let data = String::from_utf8_lossy(data.trim_ascii());
        let data = without_lone_surrogates(&data);
        let Some(top) = object(&data) else { return Ok(Taken::Malformed) };
        if has_error(&top) {
            return Err(from_members(&top));
        }
        if top.get("message").is_none() && top.get("done").is_none_or(|done| done.get() != "true") {
            return Ok(Taken::Unknown);
        }
        self.line(&top, out);
        Ok(Taken::Chunk)
    }

    fn finish(&mut self, _out: &mut Vec<ChatEvent>) {}

    fn is_finished(&self) -> bool {
        self.is_done
    }

    fn usage_corrected(&self) -> bool {
        self.usage_corrected
    }
}

impl StreamDecoder {
    /// Appends what a line says. What is said comes before the end, which may be in the same line.
    fn line(&mut self, top: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        self.start(top, out);
        if let Some(message) = top.get("message").and_then(members) {
            self.message(&message, out);
        }
        if let Some(logprobs) = top.get("logprobs").and_then(openai_logprobs) {
            out.push(ChatEvent::Delta { choice: 0, delta: Delta::Logprobs(logprobs) });
        }
        if top.get("done").is_some_and(|done| done.get() == "true") {
            self.end(top, out);
        }
    }

    fn start(&mut self, top: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        if self.begun.is_some() {
            return;
        }
        let word = |name: &str| top.get(name).and_then(text).unwrap_or_default().into_owned();
        let created_at = word("created_at");
        out.push(ChatEvent::Started {
            id: String::new(),
            model: word("model"),
            created: unix_seconds(&created_at),
            extensions: Vec::new(),
        });
        self.begun = Some(created_at);
    }

    fn message(&mut self, message: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        let said = |name: &str| message.get(name).and_then(text).filter(|said| !said.is_empty());
        let thought = said("thinking").map(|said| Delta::Reasoning(said.into_owned()));
        let answer = said("content").map(|said| Delta::Text(said.into_owned()));
        for delta in thought.into_iter().chain(answer) {
            self.has_output = true;
            out.push(ChatEvent::Delta { choice: 0, delta });
        }
        for call in message.get("tool_calls").and_then(elements).unwrap_or_default() {
            if let Some(call) = members(call) {
                self.call(&call, out);
            }
        }
    }

    /// A call comes whole.
    fn call(&mut self, call: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        let Some(function) = call.get("function").and_then(members) else { return };
        let index = self.calls;
        self.calls += 1;
        self.has_output = true;
        let id = call.get("id").and_then(text).filter(|id| !id.is_empty());
        let made = || made_call_id(self.begun.as_deref().unwrap_or_default(), 0, index as usize);
        let id = id.map_or_else(made, |id| id.into_owned());
        let name = function.get("name").and_then(text).unwrap_or_default().into_owned();
        let mut push = |delta| out.push(ChatEvent::Delta { choice: 0, delta });
        push(Delta::ToolCall { index, id, name, kind: ToolCallKind::Function });
        let arguments = function.get("arguments").map(|raw| match text(raw) {
            Some(text) => text.into_owned(),
            None => raw.get().to_owned(),
        });
        push(Delta::Arguments { index, fragment: arguments.unwrap_or_else(|| "{}".to_owned()) });
    }

    fn end(&mut self, top: &RawMembers<'_>, out: &mut Vec<ChatEvent>) {
        self.is_done = true;
        let word = top.get("done_reason").and_then(text).unwrap_or_default();
        let reason = match word.as_ref() {
            // Servers before 0.1.40 gave no reason.
            "stop" | "" if self.calls > 0 => FinishReason::ToolCalls,
            "stop" | "" => FinishReason::Stop,
            "length" => FinishReason::Length,
            // `load` and `unload`: the model was loaded or taken off, and said nothing.
            word => FinishReason::Other(word.to_owned()),
        };
        out.push(ChatEvent::Finished { choice: 0, reason });
        for name in DURATIONS {
            if let Some(value) = top.get(name) {
                out.push(ChatEvent::Extension { name: (*name).to_owned(), value: keep(value) });
            }
        }
        if let Some(usage) = self.count(top) {
            out.push(ChatEvent::Usage(usage));
        }
    }

    fn count(&mut self, top: &RawMembers<'_>) -> Option<TokenUsage> {
        let (read, made) = (top.get("prompt_eval_count"), top.get("eval_count"));
        if read.is_none() && made.is_none() {
            return None;
        }
        let mut counter = Counter::default();
        let usage =
            TokenUsage { input: counter.count(read), output: counter.count(made), ..TokenUsage::default() };
        // A zero is left out of the answer. There is no prompt of no tokens: all of it was cached.
        self.usage_corrected |= counter.corrected || read.is_none() || (made.is_none() && self.has_output);
        Some(usage)
    }
}

/// The elements are those of OpenAI's form, with members left out.
fn openai_logprobs(list: &RawValue) -> Option<Json> {
    let tokens = elements(list).filter(|tokens| !tokens.is_empty())?;
    let mut out = bytes::BytesMut::new();
    let mut object = ObjectWriter::begin(&mut out);
    object.array("content", |list| {
        for token in tokens.iter().filter_map(|token| members(token)) {
            write_token(list, &token, true);
        }
    });
    object.end();
    Json::parse(String::from_utf8_lossy(&out)).ok()
}

fn write_token(list: &mut ArrayWriter<'_>, token: &RawMembers<'_>, is_top: bool) {
    list.object(|object| {
        for name in ["token", "logprob", "bytes"] {
            match token.get(name) {
                Some(value) => object.plain(name, value.get()),
                None => object.null(name),
            }
        }
        if is_top {
            object.array("top_logprobs", |list| {
                let others = token.get("top_logprobs").and_then(elements).unwrap_or_default();
                for other in others.iter().filter_map(|other| members(other)) {
                    write_token(list, &other, false);
                }
            });
        }
    });
}
