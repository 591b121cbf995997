use super::header::{self, PartHead};
use super::{FormFault, Part};
use crate::request::place_among;
use memchr::memmem;

/// More parts than any request has.
const MOST_PARTS: usize = 64;
/// Longest headers of a part.
const LONGEST_HEADERS: usize = 8 * 1024;
/// Longest value that is kept.
const LONGEST_VALUE: usize = 1024;
/// Between a part's headers and its value.
const END_OF_HEADERS: &[u8] = b"\r\n\r\n";

/// Scans one form, given in pieces of any size. Holds no more of it than a delimiter, headers, and the values that are asked for.
#[derive(Debug)]
pub struct FormScanner {
    /// The names of parts that stand there once at most; of those that are no files the values are kept.
    known: &'static [&'static str],
    /// A line break, two hyphens, and the boundary.
    delimiter: Vec<u8>,
    parts: Vec<Part>,
    state: State,
    /// What was not judged yet.
    ahead: Vec<u8>,
    /// Where `ahead` stands in the form.
    offset: u64,
}

#[derive(Debug)]
enum State {
    /// Before the first delimiter.
    Start,
    /// Behind a delimiter, before what tells whether a part follows.
    Delimited,
    /// In a part's headers.
    Headers,
    /// In a part's value.
    Value(OpenPart),
    /// Behind the last delimiter.
    End,
}

#[derive(Debug)]
struct OpenPart {
    head: PartHead,
    start: u64,
    /// What came of a value that is kept.
    kept: Option<Vec<u8>>,
}

impl FormScanner {
    /// A scanner of a form with this boundary. Of the parts named in `known` there may be one each, and the values of those that
    /// are no files are kept.
    #[must_use]
    pub fn new(boundary: &str, known: &'static [&'static str]) -> Self {
        let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
        Self { known, delimiter, parts: Vec::new(), state: State::Start, ahead: Vec::new(), offset: 0 }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), FormFault> {
        self.ahead.extend_from_slice(piece);
        while self.step()? {}
        Ok(())
    }

    /// The parts, in order.
    ///
    /// # Errors
    /// When the form did not end.
    pub fn finish(self) -> Result<Vec<Part>, FormFault> {
        let ended = matches!(self.state, State::End) && matches!(self.ahead.as_slice(), b"" | b"\r\n");
        if ended { Ok(self.parts) } else { Err(FormFault::Malformed("it does not end with its boundary")) }
    }

    /// Goes on by one step; `false` when more bytes are needed.
    fn step(&mut self) -> Result<bool, FormFault> {
        match std::mem::replace(&mut self.state, State::End) {
            State::Start => self.start(),
            State::Delimited => self.delimited(),
            State::Headers => self.headers(),
            State::Value(part) => self.value(part),
            State::End if self.ahead.len() > b"\r\n".len() => {
                Err(FormFault::Malformed("something follows its last boundary"))
            }
            State::End => Ok(false),
        }
    }

    fn start(&mut self) -> Result<bool, FormFault> {
        // The first delimiter needs no line break.
        let first = self.delimiter.get(2..).unwrap_or_default();
        let known = first.len().min(self.ahead.len());
        if self.ahead.get(..known) != first.get(..known) {
            return Err(FormFault::Malformed("it does not begin with its boundary"));
        }
        if known < first.len() {
            self.state = State::Start;
            return Ok(false);
        }
        self.take(known);
        self.state = State::Delimited;
        Ok(true)
    }

    fn delimited(&mut self) -> Result<bool, FormFault> {
        let Some(next) = self.ahead.get(..2) else {
            self.state = State::Delimited;
            return Ok(false);
        };
        self.state = match next {
            b"\r\n" => State::Headers,
            b"--" => State::End,
            _ => return Err(FormFault::Malformed("its boundary is followed by something else")),
        };
        self.take(2);
        Ok(true)
    }

    fn headers(&mut self) -> Result<bool, FormFault> {
        let end = memmem::find(&self.ahead, END_OF_HEADERS);
        if end.unwrap_or(self.ahead.len()) > LONGEST_HEADERS {
            return Err(FormFault::LongHeaders(LONGEST_HEADERS));
        }
        let Some(end) = end else {
            self.state = State::Headers;
            return Ok(false);
        };
        let head = header::read(self.ahead.get(..end).unwrap_or_default())?;
        if self.parts.len() >= MOST_PARTS {
            return Err(FormFault::TooManyParts(MOST_PARTS));
        }
        let is_known = self.known.contains(&head.name.as_str());
        if is_known && self.parts.iter().any(|part| part.name == head.name) {
            return Err(FormFault::Repeated(head.name));
        }
        if !is_known && place_among(self.known, &head.name).is_some() {
            return Err(FormFault::Respelled(head.name));
        }
        let kept = (is_known && !head.is_file).then(Vec::new);
        self.take(end + END_OF_HEADERS.len());
        self.state = State::Value(OpenPart { head, start: self.offset, kept });
        Ok(true)
    }

    fn value(&mut self, mut part: OpenPart) -> Result<bool, FormFault> {
        let end = memmem::find(&self.ahead, &self.delimiter);
        // The beginning of a delimiter may lie at the end of what is there.
        let certain = end.unwrap_or(self.ahead.len().saturating_sub(self.delimiter.len() - 1));
        if let Some(kept) = &mut part.kept {
            kept.extend_from_slice(self.ahead.get(..certain).unwrap_or_default());
            if kept.len() > LONGEST_VALUE {
                return Err(FormFault::LongValue { name: part.head.name, limit: LONGEST_VALUE });
            }
        }
        self.take(certain);
        if end.is_none() {
            self.state = State::Value(part);
            return Ok(false);
        }
        self.parts.push(part.end(self.offset)?);
        self.take(self.delimiter.len());
        self.state = State::Delimited;
        Ok(true)
    }

    fn take(&mut self, length: usize) {
        self.ahead.drain(..length.min(self.ahead.len()));
        self.offset = self.offset.saturating_add(length as u64);
    }
}

impl OpenPart {
    fn end(self, at: u64) -> Result<Part, FormFault> {
        let Self { head, start, kept } = self;
        let value =
            kept.map(String::from_utf8).transpose().map_err(|_| FormFault::NotText(head.name.clone()))?;
        Ok(Part { name: head.name, is_file: head.is_file, place: start..at, value })
    }
}
