use switchyard_domain::chat::{ChatEvent, TokenUsage};

use crate::anthropic_messages::read::MessageReader;
use crate::codec::{StreamReader, Taken};
use crate::error::{ProviderError, from_members};
use crate::json::{RawMembers, members, object, text, without_lone_surrogates};

/// Reads the events of one stream in turn.
#[derive(Debug, Default)]
pub(in crate::anthropic_messages) struct StreamDecoder {
    reader: MessageReader,
    done: bool,
}

impl StreamReader for StreamDecoder {
    fn event(
        &mut self,
        name: Option<&[u8]>,
        data: &[u8],
        out: &mut Vec<ChatEvent>,
    ) -> Result<Taken, ProviderError> {
        if self.done {
            return Ok(Taken::Done);
        }
        let data = String::from_utf8_lossy(data.trim_ascii());
        let data = without_lone_surrogates(&data);
        let Some(event) = object(&data) else {
            let is_error = name == Some(b"error");
            return if is_error {
                Err(ProviderError::read(data.as_bytes(), None))
            } else {
                Ok(Taken::Malformed)
            };
        };
        let kind = event.get("type").and_then(text);
        let named = || String::from_utf8_lossy(name.unwrap_or_default());
        self.take(&kind.unwrap_or_else(named), &event, out)
    }

    fn finish(&mut self, out: &mut Vec<ChatEvent>) {
        self.reader.stop_block(out);
    }

    fn is_finished(&self) -> bool {
        self.reader.is_finished()
    }

    fn usage_corrected(&self) -> bool {
        self.reader.usage_corrected()
    }

    fn prompt(&self) -> Option<TokenUsage> {
        self.reader.prompt()
    }
}

impl StreamDecoder {
    fn take(
        &mut self,
        kind: &str,
        event: &RawMembers<'_>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<Taken, ProviderError> {
        let inner = |name: &str| event.get(name);
        match kind {
            "message_start" => {
                if let Some(message) = inner("message").and_then(members) {
                    self.reader.begin(&message, out);
                }
            }
            "content_block_start" => {
                inner("content_block").into_iter().for_each(|block| self.reader.start_block(block, out));
            }
            "content_block_delta" => {
                inner("delta").into_iter().for_each(|delta| self.reader.piece(delta, out));
            }
            "content_block_stop" => self.reader.stop_block(out),
            "message_delta" => {
                if let Some(delta) = inner("delta").and_then(members) {
                    self.reader.end(&delta, out);
                    self.reader.beside(&delta, out);
                }
                self.reader.beside(event, out);
                inner("usage").into_iter().for_each(|usage| self.reader.count(usage, out));
            }
            "message_stop" => {
                self.done = true;
                self.reader.stop_block(out);
                return Ok(Taken::Done);
            }
            "error" => return Err(from_members(event)),
            // Some send an error in another shape.
            _ if crate::error::has_error(event) => return Err(from_members(event)),
            _ => return Ok(Taken::Unknown),
        }
        Ok(Taken::Chunk)
    }
}
