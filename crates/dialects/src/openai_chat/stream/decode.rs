use switchyard_domain::chat::ChatEvent;

use crate::codec::{StreamReader, Taken};
use crate::error::ProviderError;
use crate::json::without_lone_surrogates;
use crate::openai_chat::UsageRule;
use crate::openai_chat::chunk::{ChunkFault, ChunkReader, Piece};
use crate::sse::DONE_DATA;

/// Reads the events of one stream in turn.
#[derive(Debug)]
pub struct StreamDecoder {
    reader: ChunkReader,
    done: bool,
}

impl StreamDecoder {
    /// A decoder at the start of a stream of so many choices, of a vendor that counts by `rule`.
    #[must_use]
    pub fn new(rule: UsageRule, choices: u32) -> Self {
        Self { reader: ChunkReader::new(rule, Piece::Delta).of(choices), done: false }
    }

    /// Whether the stream said that it is done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done
    }
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
        let data = data.trim_ascii();
        if data == DONE_DATA {
            self.done = true;
            self.reader.end(out);
            self.reader.finish(out);
            return Ok(Taken::Done);
        }
        let is_error = name == Some(b"error");
        let text = String::from_utf8_lossy(data);
        match self.reader.read(&without_lone_surrogates(&text), is_error, out) {
            Ok(()) => Ok(Taken::Chunk),
            Err(ChunkFault::Error(error)) => Err(error),
            Err(ChunkFault::Malformed) if is_error => Err(ProviderError::read(data, None)),
            Err(ChunkFault::Malformed) => Ok(Taken::Malformed),
            Err(ChunkFault::Unknown) => Ok(Taken::Unknown),
        }
    }

    fn finish(&mut self, out: &mut Vec<ChatEvent>) {
        self.reader.finish(out);
    }

    fn is_finished(&self) -> bool {
        self.reader.is_finished()
    }

    /// As the watcher has it.
    fn may_end(&self) -> bool {
        self.reader.has_ended()
    }

    fn usage_corrected(&self) -> bool {
        self.reader.usage_corrected()
    }
}
