use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::event_stream::Message;
use bytes::{Bytes, BytesMut};

use crate::framing::{FrameEnding, FrameError, FrameEvent, FrameItem, FrameLimits, Intake};
use crate::json::ObjectWriter;

/// Total length, length of the headers, and their checksum.
const PRELUDE: usize = 12;
/// The checksum at the end.
const TRAILER: usize = 4;

/// Reads a stream of binary messages. Every checksum is checked.
///
/// An event's name is its `:event-type`, an exception's its `:exception-type`, and their data is the payload. An error of
/// the protocol itself (`:message-type: error`) has no payload; it is given as an event `error` whose data is the JSON
/// object `{"error":{"code","message"}}` of what its headers say.
#[derive(Debug)]
pub struct AwsReader {
    intake: Intake,
    /// How the open message is cut, once enough of it is there.
    open: Option<Cut>,
}

#[derive(Debug, Clone, Copy)]
struct Cut {
    total: usize,
    headers: usize,
}

impl AwsReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub fn new(limits: FrameLimits) -> Self {
        Self { intake: Intake::new(limits), open: None }
    }

    /// Takes the next piece in.
    ///
    /// # Errors
    /// See [`FrameReader::push`](crate::framing::FrameReader::push).
    pub fn push(&mut self, piece: Bytes) -> Result<(), FrameError> {
        self.intake.push(piece)
    }

    /// The next whole message, or `None` until more is pushed. The head of a message that the stream's end cut off is never
    /// given: there is nothing in it to believe.
    ///
    /// # Errors
    /// [`FrameError::Corrupt`] and [`FrameError::EventTooLarge`], from the first time on for good. A message that says of
    /// itself that it is too large is refused before the rest of it comes.
    pub fn next_item(&mut self) -> Result<Option<FrameItem>, FrameError> {
        self.intake.check()?;
        let cut = match self.open {
            Some(cut) => cut,
            None => {
                let Some(prelude) = self.prelude() else { return self.wait() };
                let cut = self.cut(&prelude)?;
                self.open = Some(cut);
                cut
            }
        };
        let before = self.intake.open().len();
        if before + self.intake.rest().len() < cut.total {
            return self.wait();
        }
        self.open = None;
        let Some(raw) = self.intake.take(Some(cut.total - before))? else { return Ok(None) };
        match event(&raw, cut) {
            Ok(event) => Ok(Some(FrameItem::Event(event))),
            Err(what) => Err(self.intake.fail(FrameError::Corrupt { what })),
        }
    }

    /// How many bytes were pushed, a refused piece included.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.intake.total_bytes()
    }

    fn wait(&mut self) -> Result<Option<FrameItem>, FrameError> {
        self.intake.take(None)?;
        Ok(None)
    }

    /// The first bytes of the open message, if they are all there.
    fn prelude(&self) -> Option<[u8; PRELUDE]> {
        let mut prelude = [0; PRELUDE];
        let mut bytes = self.intake.open().iter().chain(self.intake.rest());
        for place in &mut prelude {
            *place = *bytes.next()?;
        }
        Some(prelude)
    }

    /// What a message says of its length. The library that reads messages checks it only once all of them is there: until
    /// then it decides how much is kept, and how long is waited.
    fn cut(&mut self, prelude: &[u8; PRELUDE]) -> Result<Cut, FrameError> {
        let number = |at| number(prelude, at).unwrap_or_default();
        let (total, headers) = (number(0) as usize, number(4) as usize);
        let limit = self.intake.max_event_bytes();
        let error = if crc32fast::hash(prelude.first_chunk::<8>().map_or(&[], |head| head)) != number(8) {
            FrameError::Corrupt { what: "the checksum of its prelude is wrong" }
        } else if total.checked_sub(PRELUDE + TRAILER).is_none_or(|room| headers > room) {
            FrameError::Corrupt { what: "its headers are longer than itself" }
        } else if total > limit {
            FrameError::EventTooLarge { limit }
        } else {
            return Ok(Cut { total, headers });
        };
        Err(self.intake.fail(error))
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn event(raw: &Bytes, cut: Cut) -> Result<FrameEvent, &'static str> {
    let message = read_message_from(raw.clone()).map_err(|_| "it breaks its format or a checksum")?;
    let payload = raw.slice(PRELUDE + cut.headers..cut.total.saturating_sub(TRAILER));
    let (name, data) = match header(&message, ":message-type") {
        Some("error") => (Some("error"), error_of(&message)),
        Some("exception") => (header(&message, ":exception-type"), payload),
        _ => (header(&message, ":event-type"), payload),
    };
    let name = name.filter(|name| !name.is_empty()).map(|name| Bytes::copy_from_slice(name.as_bytes()));
    Ok(FrameEvent { raw: raw.clone(), data, name, ending: FrameEnding::Whole })
}

/// A header that is a text.
fn header<'m>(message: &'m Message, name: &str) -> Option<&'m str> {
    let found = message.headers().iter().find(|header| header.name().as_str() == name)?;
    found.value().as_string().ok().map(|text| text.as_str())
}

fn error_of(message: &Message) -> Bytes {
    let mut out = BytesMut::new();
    let mut object = ObjectWriter::begin(&mut out);
    object.object("error", |error| {
        for (name, place) in [("code", ":error-code"), ("message", ":error-message")] {
            if let Some(said) = header(message, place) {
                error.text(name, said);
            }
        }
    });
    object.end();
    out.freeze()
}
