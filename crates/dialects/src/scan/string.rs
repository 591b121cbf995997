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
    let mut at = start + 1;
    let mut saved = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        at += match runs {
            PlainRuns::EndAtMarks => memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len()),
            PlainRuns::EndAtControlsToo => plain_run(rest),
        };
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

/// How many bytes from the start stand for themselves: eight bytes a step, without a bounds check.
fn plain_run(bytes: &[u8]) -> usize {
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return index * 8 + marks.trailing_zeros() as usize / 8;
        }
    }
    let in_tail = tail.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    words.len() * 8 + in_tail.unwrap_or(tail.len())
}

/// The high bit of each byte that is a quote, a backslash or below 0x20, exact up to the first such byte.
///
/// Subtracting per byte borrows from the next higher byte only out of a byte that is itself a hit, so marks above the
/// lowest one may lie, the lowest never does. Bytes from 0x80 up (UTF-8) are masked out by `!word`.
fn marks(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    ((quote.wrapping_sub(ONES) & !quote) | (backslash.wrapping_sub(ONES) & !backslash) | control) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_ends_before_the_first_marked_byte_at_every_position_and_for_every_byte() {
        for length in 0..40 {
            for byte in 0..=255_u8 {
                for position in 0..length {
                    // A high neighbour on either side: a borrow must not leak into or out of UTF-8 bytes.
                    let mut bytes = vec![if position % 2 == 0 { b'a' } else { 0xC3 }; length];
                    bytes[position] = byte;
                    let marked = byte == b'"' || byte == b'\\' || byte < 0x20;
                    assert_eq!(
                        plain_run(&bytes),
                        if marked { position } else { length },
                        "{byte:#x} at {position}"
                    );
                }
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

    #[test]
    fn a_second_marked_byte_never_hides_the_first() {
        for first in 0..16 {
            for second in first + 1..16 {
                for (a, b) in [(b'"', b'#'), (0x1F, 0x20), (b'\\', b']'), (0, 1), (b'"', b'\\'), (0x1F, b'"')]
                {
                    let mut bytes = [b'~'; 16];
                    bytes[first] = a;
                    bytes[second] = b;
                    assert_eq!(plain_run(&bytes), first);
                }
            }
        }
    }
}
