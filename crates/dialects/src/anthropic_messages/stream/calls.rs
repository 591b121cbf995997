use std::collections::{BTreeMap, VecDeque};

use switchyard_domain::chat::Signature;

/// A call that has begun but whose block has not: this dialect's blocks come one after the other, and another one is open.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) index: u32,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
    /// Whether its arguments are a free text, which goes as the member of an object.
    pub(super) is_text: bool,
    /// The proof of the reasoning behind it.
    pub(super) proof: Option<Signature>,
}

/// The calls that wait for their blocks, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    calls: VecDeque<Call>,
    /// How many have left the queue.
    left: usize,
    /// The last call of each index, counted from the first that ever waited.
    latest: BTreeMap<u32, usize>,
}

impl Waiting {
    pub(super) fn push(&mut self, call: Call) {
        self.latest.insert(call.index, self.left + self.calls.len());
        self.calls.push_back(call);
    }

    pub(super) fn pop(&mut self) -> Option<Call> {
        let call = self.calls.pop_front()?;
        self.left += 1;
        Some(call)
    }

    /// A call that waits.
    pub(super) fn get(&mut self, index: u32) -> Option<&mut Call> {
        let place = self.latest.get(&index)?.checked_sub(self.left)?;
        self.calls.get_mut(place)
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
    fn a_call_that_waits_is_found_until_its_turn_comes() {
        let call = |index| Call { index, ..Call::default() };
        let mut waiting = Waiting::default();
        [1, 2, 1].map(call).into_iter().for_each(|call| waiting.push(call));
        waiting.get(1).unwrap().arguments.push('x');
        waiting.get(2).unwrap().arguments.push('y');
        let first = waiting.pop().unwrap();
        assert_eq!((first.index, first.arguments.as_str()), (1, ""));
        assert_eq!(waiting.pop().unwrap().arguments, "y");
        assert!(waiting.get(2).is_none() && waiting.get(3).is_none());
        assert_eq!(waiting.pop().unwrap().arguments, "x");
        assert!(waiting.pop().is_none() && waiting.get(1).is_none());
    }

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
