//! Reading a JSON object while it passes, whatever the length of the list in it: vectors and pictures run to megabytes, and what
//! must be known of their answers stands beside them.

use memchr::memchr2;

/// More beside the list than this is no answer to what was asked.
const MOST_KEPT: usize = 256 * 1024;

/// Why bytes can't be skimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkimFault {
    /// They are no JSON object, or one that broke off.
    #[error("the provider's answer is not a JSON object")]
    NotJson,
    /// There is too much beside the list.
    #[error("the provider's answer has too much beside its list")]
    TooMuch,
}

/// Skims one object, given in pieces of any size.
#[derive(Debug)]
pub struct Skimmer {
    /// The member whose elements are passed over.
    list: &'static str,
    /// The object as it came, without what is inside the list.
    kept: Vec<u8>,
    depth: usize,
    elements: u64,
    in_string: bool,
    escaped: bool,
    /// Where the string at the top level that was read last begins in `kept`, and whether it may be a name.
    string: Option<usize>,
    /// Whether the value that follows is the list.
    list_follows: bool,
    /// The depth within the list; 0 outside.
    list_depth: usize,
    started: bool,
    ended: bool,
    fault: Option<SkimFault>,
}

/// What was skimmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skimmed {
    /// The object with an empty list.
    pub object: Vec<u8>,
    /// How many elements the list had.
    pub elements: u64,
}

impl Skimmer {
    /// Of an object whose long list is called so.
    #[must_use]
    pub fn new(list: &'static str) -> Self {
        Self {
            list,
            kept: Vec::new(),
            depth: 0,
            elements: 0,
            in_string: false,
            escaped: false,
            string: None,
            list_follows: false,
            list_depth: 0,
            started: false,
            ended: false,
            fault: None,
        }
    }

    /// Whether the list has begun and has an element.
    #[must_use]
    pub fn has_content(&self) -> bool {
        self.elements > 0
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// As soon as it can't be what is skimmed; again from then on.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), SkimFault> {
        let mut rest = piece;
        while let Some((&byte, after)) = rest.split_first() {
            if let Some(fault) = self.fault {
                return Err(fault);
            }
            // Long texts, such as pictures, at once.
            let plain = if self.in_string && !self.escaped { plain_text(rest) } else { 0 };
            match rest.split_at_checked(plain).filter(|_| plain > 0) {
                Some((text, after)) => {
                    self.keep(text);
                    rest = after;
                }
                None => {
                    self.byte(byte);
                    rest = after;
                }
            }
        }
        self.fault.map_or(Ok(()), Err)
    }

    /// What is left at the end of the bytes.
    ///
    /// # Errors
    /// When the object did not end.
    pub fn finish(self) -> Result<Skimmed, SkimFault> {
        match self.fault {
            Some(fault) => Err(fault),
            None if self.ended => Ok(Skimmed { object: self.kept, elements: self.elements }),
            None => Err(SkimFault::NotJson),
        }
    }

    /// What came of the object so far, for what can be read of a beginning.
    #[must_use]
    pub fn kept(&self) -> &[u8] {
        &self.kept
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.list_depth > 0 {
            return;
        }
        if self.kept.len().saturating_add(bytes.len()) > MOST_KEPT {
            self.fault = Some(SkimFault::TooMuch);
            return;
        }
        self.kept.extend_from_slice(bytes);
    }

    fn byte(&mut self, byte: u8) {
        if self.in_string {
            self.keep(&[byte]);
            match (std::mem::take(&mut self.escaped), byte) {
                (true, _) => {}
                (false, b'\\') => self.escaped = true,
                (false, _) => self.in_string = byte != b'"',
            }
            return;
        }
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ if self.ended => return self.fault = Some(SkimFault::NotJson),
            b'{' if !self.started => self.started = true,
            0xef | 0xbb | 0xbf if !self.started => return,
            _ if !self.started => return self.fault = Some(SkimFault::NotJson),
            _ => {}
        }
        match byte {
            b'{' | b'[' => self.open(byte),
            b'}' | b']' => self.close(byte),
            b'"' => {
                self.string = (self.depth == 1).then_some(self.kept.len() + 1);
                self.in_string = true;
                self.keep(&[byte]);
            }
            b':' if self.depth == 1 => {
                let name = self.string.take().and_then(|start| self.kept.get(start..));
                let name = name.map(<[u8]>::trim_ascii_end).and_then(|name| name.strip_suffix(b"\""));
                self.list_follows = name == Some(self.list.as_bytes());
                self.keep(&[byte]);
            }
            b',' if self.depth == 1 => {
                self.list_follows = false;
                self.keep(&[byte]);
            }
            _ => self.keep(&[byte]),
        }
    }

    fn open(&mut self, byte: u8) {
        self.elements += u64::from(self.list_depth == 1);
        self.keep(&[byte]);
        self.depth += 1;
        let begins = self.depth == 2 && byte == b'[' && std::mem::take(&mut self.list_follows);
        if self.list_depth > 0 || begins {
            self.list_depth += 1;
        }
    }

    fn close(&mut self, byte: u8) {
        self.depth = self.depth.saturating_sub(1);
        self.list_depth = self.list_depth.saturating_sub(1);
        self.keep(&[byte]);
        self.ended = self.depth == 0;
    }
}

/// How many bytes come before one that means something within a string.
fn plain_text(bytes: &[u8]) -> usize {
    memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = concat!(
        " {\n \"object\" : \"list\", \"note\":\"data\", \"data\" : [ {\"embedding\":[1, -2e3],\"index\":0},",
        "{\"b64_json\":\"\\\"}]\",\"data\":[{}]} ],\"usage\":{\"data\":[{},{}],\"prompt_tokens\":8}, \"model\":\"m\"}\n"
    );
    const LEFT: &str = concat!(
        " {\n \"object\" : \"list\", \"note\":\"data\", \"data\" : [],",
        "\"usage\":{\"data\":[{},{}],\"prompt_tokens\":8}, \"model\":\"m\"}\n"
    );

    fn skimmed(pieces: &[&[u8]]) -> Result<Skimmed, SkimFault> {
        let mut skimmer = Skimmer::new("data");
        for piece in pieces {
            skimmer.push(piece)?;
        }
        skimmer.finish()
    }

    #[test]
    fn the_list_is_counted_and_all_else_stays_wherever_the_pieces_are_cut() {
        let expected = Skimmed { object: LEFT.as_bytes().to_vec(), elements: 2 };
        for at in 0..=BODY.len() {
            let (head, tail) = BODY.as_bytes().split_at(at);
            assert_eq!(skimmed(&[head, tail]), Ok(expected.clone()), "{at}");
        }
        let bytes: Vec<&[u8]> = BODY.as_bytes().chunks(1).collect();
        assert_eq!(skimmed(&bytes), Ok(expected));
    }

    #[test]
    fn what_is_no_object_or_does_not_end_is_told() {
        for bad in ["", "  ", "[1]", "<html>", "{", "{\"data\":[{", "{} {}", "x{}"] {
            assert_eq!(skimmed(&[bad.as_bytes()]), Err(SkimFault::NotJson), "{bad}");
        }
        assert_eq!(skimmed(&[b"\xef\xbb\xbf{}"]).unwrap().elements, 0);
        let endless = vec![b'x'; MOST_KEPT];
        assert_eq!(skimmed(&[b"{\"a\":\"", &endless]), Err(SkimFault::TooMuch));
    }

    #[test]
    fn megabytes_of_the_list_leave_nothing_behind() {
        let mut skimmer = Skimmer::new("data");
        skimmer.push(b"{\"data\":[{\"b64_json\":\"").unwrap();
        for _ in 0..64 {
            skimmer.push(&[b'A'; 64 * 1024]).unwrap();
        }
        assert!(skimmer.has_content() && skimmer.kept().len() < 32);
        skimmer.push(b"\"}]}").unwrap();
        assert_eq!(skimmer.finish().unwrap().object, b"{\"data\":[]}");
    }
}
