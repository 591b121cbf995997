/// The head of a connection's first request, screened for line feeds that end a line alone.
///
/// The parser takes those as the ends of lines, and no client that means well sends them. Only the first head is screened:
/// where a later one begins, only the parser knows, and to take part of a body for it would spoil the body.
#[derive(Debug, Default)]
pub(super) struct FirstHead {
    /// What came of the line so far.
    line: Line,
    /// Whether one with text ended: an empty one ends the head then.
    has_lines: bool,
    is_over: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Empty,
    /// Nothing but a carriage return.
    Return,
    Text,
    /// Text, and a carriage return.
    TextReturn,
}

impl FirstHead {
    /// Looks at what was read. A bare line feed becomes a byte that no head may hold, so that the parser refuses it.
    pub(super) fn screen(&mut self, bytes: &mut [u8]) {
        if self.is_over {
            return;
        }
        for byte in bytes {
            self.line = match (*byte, self.line) {
                (b'\n', Line::Return) => {
                    self.is_over = self.has_lines;
                    Line::Empty
                }
                (b'\n', Line::TextReturn) => {
                    self.has_lines = true;
                    Line::Empty
                }
                (b'\n', _) => {
                    *byte = 0;
                    self.is_over = true;
                    Line::Text
                }
                (b'\r', Line::Empty) => Line::Return,
                (b'\r', Line::Text) => Line::TextReturn,
                _ => Line::Text,
            };
            if self.is_over {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of `text`, read in pieces of `size`.
    fn screened(text: &str, size: usize) -> String {
        let mut head = FirstHead::default();
        let mut bytes = text.as_bytes().to_vec();
        bytes.chunks_mut(size).for_each(|piece| head.screen(piece));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_head_that_ends_its_lines_as_it_should_is_left_alone_with_all_that_follows() {
        let whole = "\r\nPOST / HTTP/1.1\r\nhost: a\r\n\r\n{\n}\n\nGET / HTTP/1.1\nhost: a\n\n";
        for size in 1..whole.len() {
            assert_eq!(screened(whole, size), whole, "{size}");
        }
    }

    #[test]
    fn the_first_bare_line_feed_becomes_a_byte_that_no_head_may_hold() {
        for head in [
            "\nGET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\n\n",
        ] {
            let bare = head.match_indices('\n').find(|(at, _)| !head[..*at].ends_with('\r')).unwrap().0;
            let expected = format!("{}\0{}", &head[..bare], &head[bare + 1..]);
            for size in 1..=head.len() {
                assert_eq!(screened(head, size), expected, "{size}");
            }
        }
    }
}
