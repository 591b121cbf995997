use std::borrow::Cow;
use std::collections::BTreeMap;

use switchyard_domain::chat::{ChatEvent, ToolCallKind};

use crate::codec::{StreamReader, Taken};
use crate::error::{ProviderError, from_members, from_value, has_error};
use crate::json::{RawMembers, elements, integer, members, object, text, without_lone_surrogates};
use crate::openai_responses::answer::{Progress, Reading};
use crate::sse::DONE_DATA;

/// Reads the events of one stream in turn.
#[derive(Debug)]
pub(in crate::openai_responses) struct Reader {
    reading: Reading,
    /// The items by their places, as far as they were read; `None` once they are whole.
    items: BTreeMap<i64, Option<Progress>>,
    finished: bool,
    done: bool,
}

/// One event.
struct Event<'a> {
    members: RawMembers<'a>,
    /// The place of its item.
    item: i64,
}

impl<'a> Event<'a> {
    fn word(&self, name: &str) -> Option<Cow<'a, str>> {
        self.members.get(name).and_then(text)
    }

    fn index(&self, name: &str) -> u64 {
        self.members
            .get(name)
            .and_then(integer)
            .and_then(|index| u64::try_from(index).ok())
            .unwrap_or_default()
    }
}

impl Reader {
    /// A reader at the start of a stream of a vendor whose proofs are `issuer`'s.
    pub(in crate::openai_responses) fn new(issuer: &'static str) -> Self {
        Self { reading: Reading::new(issuer), items: BTreeMap::new(), finished: false, done: false }
    }

    fn read(
        &mut self,
        kind: &str,
        event: &Event<'_>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<Taken, ProviderError> {
        match kind {
            "response.created" | "response.in_progress" | "response.queued" => {
                if let Some(response) = event.members.get("response").and_then(members) {
                    self.reading.start(&response, out);
                }
            }
            "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled" => {
                return self.end(kind, event, out);
            }
            "response.output_item.added" => self.open_item(event, out),
            "response.output_item.done" => self.close_item(event, out),
            _ if kind.starts_with("response.") => self.piece(kind, event, out),
            _ => return Ok(Taken::Unknown),
        }
        Ok(Taken::Chunk)
    }

    /// A piece of an item. Of what tools of the vendor do, only the end is told, which has all of it.
    fn piece(&mut self, kind: &str, event: &Event<'_>, out: &mut Vec<ChatEvent>) {
        let progress = self.items.entry(event.item).or_insert_with(|| Some(Progress::default()));
        let Some(progress) = progress else { return };
        let reading = &mut self.reading;
        let part = event.index("content_index");
        let word = |name: &str| event.word(name);
        match kind {
            "response.output_text.delta" => {
                reading.text(word("delta").as_deref(), part, false, progress, out);
                reading.logprobs(event.members.get("logprobs"), part, progress, out);
            }
            "response.output_text.done" => reading.text(word("text").as_deref(), part, true, progress, out),
            "response.output_text.annotation.added" => {
                if let Some(annotation) = event.members.get("annotation") {
                    reading.annotation(annotation, part, progress, out);
                }
            }
            "response.refusal.delta" => reading.refusal(word("delta").as_deref(), part, false, progress, out),
            "response.refusal.done" => reading.refusal(word("refusal").as_deref(), part, true, progress, out),
            "response.reasoning_summary_text.delta" => {
                let place = ("summary", event.index("summary_index"));
                reading.thought(&word("delta").unwrap_or_default(), place, progress, out);
            }
            "response.reasoning_text.delta" => {
                reading.thought(&word("delta").unwrap_or_default(), ("content", part), progress, out);
            }
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                reading.arguments(word("delta").as_deref(), false, progress, out);
            }
            "response.function_call_arguments.done" => {
                reading.arguments(word("arguments").as_deref(), true, progress, out);
            }
            "response.custom_tool_call_input.done" => {
                reading.arguments(word("input").as_deref(), true, progress, out);
            }
            _ => {}
        }
    }

    fn open_item(&mut self, event: &Event<'_>, out: &mut Vec<ChatEvent>) {
        let progress = self.items.entry(event.item).or_insert_with(|| Some(Progress::default()));
        let Some((item, progress)) = event.members.get("item").and_then(members).zip(progress.as_mut())
        else {
            return;
        };
        match item.get("type").and_then(text).as_deref() {
            Some("function_call") => self.reading.open_call(&item, ToolCallKind::Function, progress, out),
            Some("custom_tool_call") => self.reading.open_call(&item, ToolCallKind::Custom, progress, out),
            _ => {}
        }
    }

    fn close_item(&mut self, event: &Event<'_>, out: &mut Vec<ChatEvent>) {
        let progress = self.items.entry(event.item).or_insert_with(|| Some(Progress::default()));
        if let (Some(item), Some(mut progress)) = (event.members.get("item"), progress.take()) {
            self.reading.item(item, &mut progress, out);
        }
    }

    fn end(
        &mut self,
        kind: &str,
        event: &Event<'_>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<Taken, ProviderError> {
        let response = event.members.get("response").and_then(members);
        if kind == "response.failed" || kind == "response.cancelled" {
            let error = response.as_ref().and_then(|response| response.get("error")).map(from_value);
            return Err(error.unwrap_or_else(|| ProviderError::new("the provider gave the answer up")));
        }
        let Some(response) = response else { return Ok(Taken::Malformed) };
        self.reading.start(&response, out);
        // Items of which not all was told come whole at the end, if the provider gives them.
        let output = response.get("output").and_then(elements).unwrap_or_default();
        let told_nothing = self.items.is_empty();
        for (place, item) in (0..).zip(output) {
            let open = self.items.get_mut(&place).and_then(Option::take);
            if let Some(mut progress) = open.or_else(|| told_nothing.then(Progress::default)) {
                self.reading.item(item, &mut progress, out);
            }
        }
        self.reading.end(&response, out)?;
        self.finished = true;
        Ok(Taken::Chunk)
    }
}

impl StreamReader for Reader {
    fn event(
        &mut self,
        name: Option<&[u8]>,
        data: &[u8],
        out: &mut Vec<ChatEvent>,
    ) -> Result<Taken, ProviderError> {
        if self.done || self.finished {
            return Ok(Taken::Done);
        }
        let data = data.trim_ascii();
        if data == DONE_DATA {
            // OpenRouter ends so, as in the other dialect: `openrouter-responses-0468579320`, 2025.
            self.done = true;
            return Ok(Taken::Done);
        }
        let is_error = name == Some(b"error");
        let data = String::from_utf8_lossy(data);
        let data = without_lone_surrogates(&data);
        let Some(members) = object(&data) else {
            return if is_error {
                Err(ProviderError::read(data.as_bytes(), None))
            } else {
                Ok(Taken::Malformed)
            };
        };
        let kind = members.get("type").and_then(text);
        let kind = kind.or_else(|| name.map(String::from_utf8_lossy)).unwrap_or_default();
        let is_event = kind.starts_with("response.");
        if kind == "error" || (!is_event && (is_error || has_error(&members))) {
            return Err(of_event(&members));
        }
        let item = members.get("output_index").and_then(integer).unwrap_or_default();
        self.read(&kind, &Event { members, item }, out)
    }

    fn finish(&mut self, _out: &mut Vec<ChatEvent>) {}

    fn is_finished(&self) -> bool {
        self.finished
    }

    fn usage_corrected(&self) -> bool {
        self.reading.usage_corrected()
    }
}

/// The error that an event tells. Its own type, `error`, is no class of errors.
fn of_event(members: &RawMembers<'_>) -> ProviderError {
    let error = from_members(members);
    ProviderError { kind: error.kind.filter(|kind| kind != "error"), ..error }
}
