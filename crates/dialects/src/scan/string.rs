use wide::u8x16;

use super::{ScanError, ScanErrorKind, escape};

/// A string or member name whose end was found.
pub(super) struct StringEnd {
    /// Offset after the closing quote.
    pub(super) end: usize,
    /// Length of the text in UTF-8 once decoded.
    pub(super) decoded_len: usize,
}

/// Finds the end of the string whose opening quote stands at `start`, checking all that UTF-8 validation does not.
pub(super) fn find_end(bytes: &[u8], start: usize, runs: PlainRuns) -> Result<StringEnd, ScanError> {
    let mut marks = Marks::new(bytes, runs);
    let mut at = start + 1;
    let mut saved = 0;
    loop {
        at = marks.first_from(at);
        match bytes.get(at) {
            Some(b'"') => return Ok(StringEnd { end: at + 1, decoded_len: at - start - 1 - saved }),
            Some(b'\\') => {
                let escape = escape::read(bytes, at)?;
                at += escape.width;
                saved += escape.width - escape.character.len_utf8();
            }
            Some(_) => return Err(ScanError::new(ScanErrorKind::ControlCharacter, at)),
            None => return Err(ScanError::new(ScanErrorKind::UnexpectedEnd, bytes.len())),
        }
    }
}

/// What ends the runs of bytes that stand for themselves in the strings of a body. Prompts are nearly all of a body, so finding
/// these ends decides the speed of the scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlainRuns {
    /// Quotes and backslashes alone: nowhere in the body stands a control character, as in all that the clients' libraries write.
    EndAtMarks,
    /// The control characters too, which are white space between values and forbidden within strings.
    EndAtControlsToo,
}

impl PlainRuns {
    /// In one pass that the compiler makes of vectors.
    pub(super) fn within(body: &[u8]) -> Self {
        let least = |bytes: &[u8]| bytes.iter().fold(u8::MAX, |least, byte| least.min(*byte));
        let (blocks, tail) = body.as_chunks::<256>();
        let has_controls = blocks.iter().any(|block| least(block) < 0x20) || least(tail) < 0x20;
        if has_controls { Self::EndAtControlsToo } else { Self::EndAtMarks }
    }
}

/// Where in a text quotes, backslashes and control characters stand, found block by block: in prose with an escape in every line
/// the next mark is in the block that was just looked at.
struct Marks<'b> {
    bytes: &'b [u8],
    runs: PlainRuns,
    /// Where the block begins that was looked at last.
    block: usize,
    /// A bit for each of its bytes that is a mark.
    found: u64,
}

/// Bytes of a block: a bit each in a word.
const BLOCK: usize = 64;

impl<'b> Marks<'b> {
    fn new(bytes: &'b [u8], runs: PlainRuns) -> Self {
        Self { bytes, runs, block: 0, found: 0 }
    }

    /// Where the first mark at or after `at` stands; at the end of the text where there is none. `at` never goes back.
    fn first_from(&mut self, at: usize) -> usize {
        let into = at.saturating_sub(self.block);
        let left = if into < BLOCK { self.found & (u64::MAX << into) } else { 0 };
        if left != 0 {
            return self.block + left.trailing_zeros() as usize;
        }
        // Of a block without further marks all bytes are known.
        self.look_from(if self.found == 0 { at } else { at.max(self.block + BLOCK) })
    }

    fn look_from(&mut self, mut at: usize) -> usize {
        while let Some(block) = self.bytes.get(at..).and_then(|rest| rest.first_chunk::<BLOCK>()) {
            (self.block, self.found) = (at, marks(block));
            if self.found != 0 {
                return at + self.found.trailing_zeros() as usize;
            }
            at += BLOCK;
            // Prose without escapes goes on like that.
            if self.runs == PlainRuns::EndAtMarks {
                let rest = self.bytes.get(at..).unwrap_or_default();
                return at + memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
            }
        }
        let tail = self.bytes.get(at..).unwrap_or_default();
        let found = tail.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
        at + found.unwrap_or(tail.len())
    }
}

/// A bit for each byte that is a quote, a backslash or below 0x20.
fn marks(block: &[u8; BLOCK]) -> u64 {
    let (vectors, _) = block.as_chunks::<16>();
    let bits = vectors.iter().map(|vector| {
        let bytes = u8x16::new(*vector);
        // With this bit turned, the quote is the one next to the control characters, and the space is not.
        let turned = bytes ^ u8x16::splat(0x02);
        let is_low = turned.min(u8x16::splat(0x20)).simd_eq(turned);
        (is_low | bytes.simd_eq(u8x16::splat(b'\\'))).to_bitmask()
    });
    bits.rev().fold(0, |all, bits| all << 16 | u64::from(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_marks_every_byte_that_does_not_stand_for_itself_and_no_other() {
        for byte in 0..=255_u8 {
            for position in 0..BLOCK {
                let mut block = [if position % 2 == 0 { b'a' } else { 0xC3 }; BLOCK];
                block[position] = byte;
                let marked = byte == b'"' || byte == b'\\' || byte < 0x20;
                assert_eq!(marks(&block), u64::from(marked) << position, "{byte:#x} at {position}");
            }
        }
    }

    #[test]
    fn marks_are_found_in_turn_wherever_they_stand_and_however_long_the_text_is() {
        let positions = [0, 1, 15, 16, 63, 64, 65, 127, 130, 200, 299];
        for length in 0..300 {
            let mut text = vec![b'a'; length];
            let expected: Vec<usize> = positions.into_iter().filter(|at| *at < length).collect();
            expected.iter().for_each(|at| text[*at] = b'\\');
            for runs in [PlainRuns::EndAtMarks, PlainRuns::EndAtControlsToo] {
                let mut marks = Marks::new(&text, runs);
                let mut found = vec![marks.first_from(0)];
                while *found.last().unwrap() < length {
                    found.push(marks.first_from(found.last().unwrap() + 1));
                }
                assert_eq!(found.pop(), Some(length));
                assert_eq!(found, expected, "{length} {runs:?}");
            }
        }
    }

    #[test]
    fn a_control_character_anywhere_in_a_body_is_seen() {
        for length in [1, 255, 256, 257, 600] {
            let mut bytes = vec![0xC3; length];
            assert_eq!(PlainRuns::within(&bytes), PlainRuns::EndAtMarks);
            for position in 0..length {
                bytes[position] = 0x1F;
                assert_eq!(PlainRuns::within(&bytes), PlainRuns::EndAtControlsToo, "{position} of {length}");
                bytes[position] = b' ';
            }
        }
        assert_eq!(PlainRuns::within(b""), PlainRuns::EndAtMarks);
    }

    #[test]
    fn both_ways_find_the_same_end() {
        for text in [
            r#""""#,
            r#""a""#,
            r#""a\"b\\" c"#,
            r#""\u00e9\n" "#,
            "\"\u{e9}\" ",
            r#""no end"#,
            r#""bad \x""#,
            r#""cut \"#,
        ] {
            let ends = [PlainRuns::EndAtMarks, PlainRuns::EndAtControlsToo]
                .map(|runs| find_end(text.as_bytes(), 0, runs).map(|found| (found.end, found.decoded_len)));
            assert_eq!(ends[0], ends[1], "{text}");
        }
    }
}
