/// More changes between narrow and wide characters than a text of some megabytes has; beyond them places are not told.
const MAX_RUNS: usize = 16 * 1024;

/// Where the characters of a text stand in its bytes. Google counts bytes, the canonical form characters.
///
/// Only the changes of width are kept, so that the usual text costs nothing to remember.
#[derive(Debug, Default)]
pub(in crate::gemini) struct Places {
    runs: Vec<Run>,
    bytes: u32,
    chars: u32,
    overflown: bool,
}

/// Characters of one width in a row.
#[derive(Clone, Copy, Debug)]
struct Run {
    byte: u32,
    char: u32,
    width: u32,
}

impl Places {
    /// The text goes on.
    pub(in crate::gemini) fn push(&mut self, text: &str) {
        let is_narrow = self.runs.last().is_some_and(|run| run.width == 1);
        if is_narrow && text.is_ascii() {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            return self.advance(length, length);
        }
        for c in text.chars() {
            // At most four.
            let width = c.len_utf8() as u32;
            if self.runs.last().is_none_or(|run| run.width != width) {
                self.overflown |= self.runs.len() >= MAX_RUNS;
                if self.overflown {
                    return;
                }
                self.runs.push(Run { byte: self.bytes, char: self.chars, width });
            }
            self.advance(width, 1);
        }
    }

    fn advance(&mut self, bytes: u32, chars: u32) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.chars = self.chars.saturating_add(chars);
    }

    /// The bytes so far.
    pub(in crate::gemini) fn bytes(&self) -> u32 {
        self.bytes
    }

    /// The character in which a byte stands, or the end.
    pub(in crate::gemini) fn char_at(&self, byte: u32) -> Option<u32> {
        if self.overflown || byte > self.bytes {
            return None;
        }
        let run = self.run(|run| run.byte <= byte);
        Some(run.char + (byte - run.byte) / run.width)
    }

    /// The byte at which a character begins, or the end.
    pub(in crate::gemini) fn byte_at(&self, char: u32) -> Option<u32> {
        if self.overflown || char > self.chars {
            return None;
        }
        let run = self.run(|run| run.char <= char);
        Some(run.byte + (char - run.char) * run.width)
    }

    /// The last run of which this is so.
    fn run(&self, is_before: impl Fn(&Run) -> bool) -> Run {
        let after = self.runs.partition_point(is_before);
        let run = after.checked_sub(1).and_then(|at| self.runs.get(at));
        run.copied().unwrap_or(Run { byte: 0, char: 0, width: 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_found_in_both_directions() {
        let text = "abc é日本😀 d\u{301}xyz";
        for split in text.char_indices().map(|(at, _)| at) {
            let mut places = Places::default();
            places.push(&text[..split]);
            places.push(&text[split..]);
            for (char, (byte, _)) in text.char_indices().chain([(text.len(), ' ')]).enumerate() {
                let (char, byte) = (char as u32, byte as u32);
                assert_eq!((places.char_at(byte), places.byte_at(char)), (Some(char), Some(byte)));
            }
            assert_eq!((places.char_at(text.len() as u32 + 1), places.byte_at(99)), (None, None));
        }
    }

    #[test]
    fn a_text_that_changes_too_often_has_no_places_rather_than_wrong_ones() {
        let mut places = Places::default();
        places.push(&"aé".repeat(MAX_RUNS));
        assert_eq!(places.char_at(1), None);
        assert!(places.runs.len() <= MAX_RUNS);
    }
}
