use bytes::{Bytes, BytesMut};

use super::headers::Names;
use super::{PRELUDE, TRAILER};
use crate::framing::{FrameEnding, FrameError, FrameEvent, FrameItem, FrameLimits, Intake};
use crate::json::ObjectWriter;

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
    let end = cut.total.saturating_sub(TRAILER);
    let body = raw.get(..end).unwrap_or_default();
    if number(raw, end) != Some(crc32fast::hash(body)) {
        return Err("its checksum is wrong");
    }
    let headers = PRELUDE..PRELUDE + cut.headers;
    let names = Names::read(raw.get(headers.clone()).unwrap_or_default()).ok_or("its headers are broken")?;
    let name = |name: Option<&[u8]>| name.filter(|name| !name.is_empty()).map(|name| raw.slice_ref(name));
    let (name, data) = match names.message_type {
        Some(b"error") => (Some(Bytes::from_static(b"error")), error_of(&names)),
        Some(b"exception") => (name(names.exception_type), raw.slice(headers.end..end)),
        _ => (name(names.event_type), raw.slice(headers.end..end)),
    };
    Ok(FrameEvent { raw: raw.clone(), data, name, ending: FrameEnding::Whole })
}

fn error_of(names: &Names<'_>) -> Bytes {
    let mut out = BytesMut::new();
    let mut object = ObjectWriter::begin(&mut out);
    object.object("error", |error| {
        for (name, said) in [("code", names.error_code), ("message", names.error_message)] {
            if let Some(said) = said {
                error.text(name, &String::from_utf8_lossy(said));
            }
        }
    });
    object.end();
    out.freeze()
}
