use std::collections::{BTreeMap, VecDeque};

use switchyard_domain::chat::{Delta, Signature};

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

/// What comes while the arguments of a call are not whole, and has to wait for its block until they are.
#[derive(Debug)]
pub(super) enum Held {
    /// Another call.
    Call(Call),
    /// Anything else that the model said.
    Said(Delta),
}

/// What waits for its block, in the order in which it came.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    held: VecDeque<Held>,
    /// How many have left the queue.
    left: usize,
    /// The last call of each index, counted from the first that ever waited.
    latest: BTreeMap<u32, usize>,
}

impl Waiting {
    pub(super) fn push(&mut self, held: Held) {
        if let Held::Call(call) = &held {
            self.latest.insert(call.index, self.left + self.held.len());
        }
        self.held.push_back(held);
    }

    pub(super) fn pop(&mut self) -> Option<Held> {
        let held = self.held.pop_front()?;
        self.left += 1;
        Some(held)
    }

    /// A call that waits.
    pub(super) fn get(&mut self, index: u32) -> Option<&mut Call> {
        let place = self.latest.get(&index)?.checked_sub(self.left)?;
        if let Held::Call(call) = self.held.get_mut(place)? { Some(call) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_waits_is_found_until_its_turn_comes() {
        let call = |index| Held::Call(Call { index, ..Call::default() });
        let mut waiting = Waiting::default();
        let said = Held::Said(Delta::Text("t".to_owned()));
        [call(1), said, call(2), call(1)].into_iter().for_each(|held| waiting.push(held));
        waiting.get(1).unwrap().arguments.push('x');
        waiting.get(2).unwrap().arguments.push('y');
        let mut next = || match waiting.pop() {
            Some(Held::Call(call)) => Some((call.index, call.arguments)),
            Some(Held::Said(delta)) => Some((0, delta.output_text().to_owned())),
            None => None,
        };
        assert_eq!(next(), Some((1, String::new())));
        assert_eq!(next(), Some((0, "t".to_owned())));
        assert_eq!(next(), Some((2, "y".to_owned())));
        assert!(waiting.get(2).is_none() && waiting.get(3).is_none());
        assert!(matches!(waiting.pop(), Some(Held::Call(call)) if call.arguments == "x"));
        assert!(waiting.pop().is_none() && waiting.get(1).is_none());
    }
}
