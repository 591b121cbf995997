use switchyard_domain::chat::ChatEvent;

use crate::codec::{StreamReader, Taken};
use crate::error::ProviderError;
use crate::gemini::answer::ChunkReader;
use crate::json::without_lone_surrogates;
use crate::sse::DONE_DATA;

/// Reads the events of one stream in turn. The dialect has no last word: the connection ends.
#[derive(Debug)]
pub(in crate::gemini) struct StreamDecoder {
    reader: ChunkReader,
}

impl StreamDecoder {
    /// A decoder at the start of a stream of so many candidates.
    pub(in crate::gemini) fn new(candidates: u32) -> Self {
        Self { reader: ChunkReader::of(candidates) }
    }
}

impl StreamReader for StreamDecoder {
    fn event(
        &mut self,
        name: Option<&[u8]>,
        data: &[u8],
        out: &mut Vec<ChatEvent>,
    ) -> Result<Taken, ProviderError> {
        let data = data.trim_ascii();
        if name == Some(b"error") {
            return Err(ProviderError::read(data, None));
        }
        if data == DONE_DATA {
            // Gateways between put it there, perhaps behind what they themselves got only a part of.
            return Ok(if self.reader.has_ended() { Taken::Done } else { Taken::Unknown });
        }
        let text = String::from_utf8_lossy(data);
        self.reader.read(&without_lone_surrogates(&text), out)
    }

    fn finish(&mut self, out: &mut Vec<ChatEvent>) {
        self.reader.finish(out);
    }

    fn is_finished(&self) -> bool {
        self.reader.is_finished()
    }

    /// Nothing says that there will be no further candidate but the end of the body, and Google may make fewer than it was asked
    /// for.
    fn may_end(&self) -> bool {
        self.reader.has_ended()
    }

    fn usage_corrected(&self) -> bool {
        self.reader.usage_corrected()
    }
}
