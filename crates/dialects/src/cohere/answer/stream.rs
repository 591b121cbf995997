use serde_json::value::RawValue;
use switchyard_domain::chat::ChatEvent;

use super::reader::Reader;
use crate::codec::{StreamReader, Taken};
use crate::error::{ProviderError, announces_error, from_members, has_error};
use crate::json::{RawMembers, elements, integer, members, object, text, without_lone_surrogates};
use crate::sse::DONE_DATA;

/// Reads the events of one stream in turn.
#[derive(Debug, Default)]
pub(in crate::cohere) struct StreamDecoder {
    reader: Reader,
    done: bool,
}

impl StreamReader for StreamDecoder {
    fn event(
        &mut self,
        name: Option<&[u8]>,
        data: &[u8],
        out: &mut Vec<ChatEvent>,
    ) -> Result<Taken, ProviderError> {
        if self.done || data.trim_ascii() == DONE_DATA {
            self.done = true;
            return Ok(Taken::Done);
        }
        let data = String::from_utf8_lossy(data.trim_ascii());
        let data = without_lone_surrogates(&data);
        let Some(top) = object(&data) else { return Ok(Taken::Malformed) };
        if name == Some(b"error") || has_error(&top) {
            return Err(from_members(&top));
        }
        // Some gateways leave the type to the name of the event.
        let kind = top.get("type").and_then(text);
        let kind = kind.or_else(|| name.map(String::from_utf8_lossy)).unwrap_or_default();
        self.take(&kind, &top, out)
    }

    fn finish(&mut self, out: &mut Vec<ChatEvent>) {
        self.reader.end_call(out);
    }

    fn is_finished(&self) -> bool {
        self.reader.is_ended()
    }

    fn usage_corrected(&self) -> bool {
        self.reader.usage_corrected()
    }
}

impl StreamDecoder {
    fn take(
        &mut self,
        kind: &str,
        top: &RawMembers<'_>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<Taken, ProviderError> {
        let delta = top.get("delta").and_then(members);
        let message = delta.as_ref().and_then(|delta| delta.get("message")).and_then(members);
        let inside = |name: &str| message.as_ref().and_then(|message| message.get(name));
        let number = top.get("index").and_then(integer);
        let reader = &mut self.reader;
        match kind {
            "message-start" => reader.start(&top.get("id").and_then(text).unwrap_or_default(), out),
            "content-start" | "content-delta" => {
                if kind == "content-start" {
                    reader.open_block(number.unwrap_or_default());
                }
                if let Some(content) = inside("content").and_then(one) {
                    reader.said(&content, out);
                }
                if let Some(piece) = top.get("logprobs") {
                    reader.logprobs(&[piece], out);
                }
            }
            "tool-plan-delta" => reader.plan(&inside("tool_plan").and_then(text).unwrap_or_default(), out),
            "tool-call-start" => {
                if let Some(call) = inside("tool_calls").and_then(one) {
                    reader.begin_call(number.unwrap_or_default(), &call, out);
                }
            }
            "tool-call-delta" => {
                if let Some(call) = inside("tool_calls").and_then(one) {
                    reader.arguments(number, &call, out);
                }
            }
            "citation-start" => {
                let raw = inside("citations");
                let list = raw.and_then(elements).unwrap_or_else(|| raw.into_iter().collect());
                list.into_iter().for_each(|citation| reader.citation(citation, out));
            }
            "tool-call-end" => reader.end_call(out),
            "content-end" | "citation-end" => {}
            "message-end" => {
                // It is the last, whatever it says.
                self.done = true;
                if let Some(delta) = &delta {
                    reader.end(delta, out)?;
                }
            }
            _ if announces_error(top) => return Err(from_members(top)),
            _ => return Ok(Taken::Unknown),
        }
        Ok(Taken::Chunk)
    }
}

/// An object, or the first of a list: what is an object in events is a list in answers, and vendors change their minds.
fn one(raw: &RawValue) -> Option<RawMembers<'_>> {
    members(raw).or_else(|| members(elements(raw)?.first()?))
}
