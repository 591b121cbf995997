use std::collections::BTreeMap;

use switchyard_domain::chat::{Part, Signature, ToolCall};

use crate::json::Nesting;

/// The calls of a choice that are not written yet, and what was said after a call whose arguments are not whole.
#[derive(Debug, Default)]
pub(super) struct Pending {
    parts: Vec<Part>,
    /// Where the last call of an index stands, and how much of its arguments came.
    calls: BTreeMap<u32, (usize, Nesting)>,
    /// How many calls are not whole.
    open: usize,
    /// Whether something other than calls waits.
    has_said: bool,
}

impl Pending {
    /// Takes a call that begins.
    pub(super) fn call(&mut self, index: u32, call: ToolCall) {
        self.calls.insert(index, (self.parts.len(), Nesting::default()));
        self.parts.push(Part::ToolCall(call));
        self.open += 1;
    }

    /// Takes more of a call's arguments.
    pub(super) fn arguments(&mut self, index: u32, fragment: &str) {
        let Some((at, nesting)) = self.calls.get_mut(&index) else { return };
        let was_whole = nesting.is_whole();
        nesting.take(fragment);
        if !was_whole && nesting.is_whole() {
            self.open = self.open.saturating_sub(1);
        }
        if let Some(Part::ToolCall(call)) = self.parts.get_mut(*at) {
            call.arguments.push_str(fragment);
        }
    }

    /// Takes the proof of a call.
    pub(super) fn sign(&mut self, index: u32, signature: Signature) {
        let at = self.calls.get(&index).map(|(at, _)| *at);
        if let Some(Part::ToolCall(call)) = at.and_then(|at| self.parts.get_mut(at)) {
            call.signature = Some(signature);
        }
    }

    /// Takes something else, which comes after the calls.
    pub(super) fn say(&mut self, part: Part) {
        self.parts.push(part);
        self.has_said = true;
    }

    /// Whether all calls are whole.
    pub(super) fn is_whole(&self) -> bool {
        self.open == 0
    }

    /// Whether something followed calls that are all whole: they can go.
    pub(super) fn is_due(&self) -> bool {
        self.has_said && self.is_whole()
    }

    /// All that waits, in its order.
    pub(super) fn take(&mut self) -> Vec<Part> {
        std::mem::take(self).parts
    }
}
