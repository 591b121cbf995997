use switchyard_domain::chat::ChatEvent;

use crate::openai_chat::UsageRule;
use crate::openai_chat::chunk::{ChunkFault, ChunkReader, Piece};
use crate::openai_chat::error::ProviderError;
use crate::openai_chat::json::without_lone_surrogates;
use crate::sse::DONE_DATA;

/// What an event of a stream was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A chunk of the answer.
    Chunk,
    /// The end of the stream, or something after it, which does not count.
    Done,
    /// An object of another kind (a ping, a notice): nothing to do with the answer.
    Unknown,
    /// No JSON object. A stream with more than a few of these is broken.
    Malformed,
}

/// Reads the events of one stream in turn.
#[derive(Debug)]
pub struct StreamDecoder {
    reader: ChunkReader,
    done: bool,
}

impl StreamDecoder {
    /// A decoder at the start of a stream of a vendor that counts by `rule`.
    #[must_use]
    pub fn new(rule: UsageRule) -> Self {
        Self { reader: ChunkReader::new(rule, Piece::Delta), done: false }
    }

    /// Takes the name and the data of the next event, and appends what they say. Invalid UTF-8 becomes U+FFFD.
    ///
    /// # Errors
    /// When the provider says within the stream that it failed, in whatever shape. What came before it stands; the stream
    /// is over.
    pub fn event(
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

    /// Appends what is held back, at the end of a stream that may have had no `[DONE]`.
    pub fn finish(&mut self, out: &mut Vec<ChatEvent>) {
        self.reader.finish(out);
    }

    /// Whether there was at least one choice and all of them have ended: the answer is whole, `[DONE]` or not.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.reader.is_finished()
    }

    /// Whether the stream said that it is done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Whether a count made no sense and was replaced: no base for a bill.
    #[must_use]
    pub fn usage_corrected(&self) -> bool {
        self.reader.usage_corrected()
    }
}
