/// Whether a JSON text that comes in pieces, the arguments of a tool call, is whole by now. Only objects and lists can be told to
/// be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Nesting {
    depth: u32,
    begun: bool,
    in_text: bool,
    escaped: bool,
}

impl Nesting {
    pub(crate) fn take(&mut self, fragment: &str) {
        for byte in fragment.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_text => self.escaped = true,
                b'"' => self.in_text = !self.in_text,
                _ if self.in_text => {}
                b'{' | b'[' => {
                    self.begun = true;
                    self.depth = self.depth.saturating_add(1);
                }
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// Whether an object or a list has begun.
    pub(crate) fn has_begun(self) -> bool {
        self.begun
    }

    pub(crate) fn is_whole(self) -> bool {
        self.begun && self.depth == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_whole_when_their_object_is() {
        for (pieces, whole) in [
            (&[""][..], false),
            (&["{", "}"], true),
            (&["{\"a\":\"}", "\\\"", "}\"", "}"], true),
            (&["{\"a\":\"}"], false),
            (&["{\"a\":[{\"b\":1}", "]"], false),
            (&["SELECT"], false),
        ] {
            let mut nesting = Nesting::default();
            pieces.iter().for_each(|piece| nesting.take(piece));
            assert_eq!(nesting.is_whole(), whole, "{pieces:?}");
        }
    }
}
