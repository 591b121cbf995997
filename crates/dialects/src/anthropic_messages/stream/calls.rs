use std::collections::VecDeque;

use switchyard_domain::chat::Signature;

/// A call that has begun but whose block has not: this dialect's blocks come one after the other, and another one is open.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) index: u32,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
    /// The proof of the reasoning behind it.
    pub(super) proof: Option<Signature>,
}

/// The calls that wait for their blocks, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Waiting(VecDeque<Call>);

impl Waiting {
    pub(super) fn push(&mut self, call: Call) {
        self.0.push_back(call);
    }

    pub(super) fn pop(&mut self) -> Option<Call> {
        self.0.pop_front()
    }

    /// A call that waits.
    pub(super) fn get(&mut self, index: u32) -> Option<&mut Call> {
        self.0.iter_mut().rev().find(|call| call.index == index)
    }
}

/// Whether the arguments of a call, as far as they came, are whole.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Nesting {
    depth: u32,
    begun: bool,
    in_text: bool,
    escaped: bool,
}

impl Nesting {
    pub(super) fn take(&mut self, fragment: &str) {
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

    pub(super) fn is_whole(self) -> bool {
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
