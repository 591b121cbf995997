use std::borrow::Cow;

use serde_json::value::RawValue;
use switchyard_domain::chat::{Delta, Signature, ToolCallKind};

use super::Piece;
use crate::json::{RawMembers, elements, integer, members, text};
use crate::proof::unmarked;

/// More calls than any model makes in one turn.
const MAX_CALLS: usize = 1024;

/// The tool calls of one choice, put together from pieces.
///
/// OpenAI numbers the pieces and names the call in the first one only. Others leave the number out
/// (`mistral-chat_completions-ae9f5fad10`, 2026), repeat the id in every piece, or send each call whole.
#[derive(Debug, Default)]
pub(super) struct Calls {
    slots: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    /// The provider's number, where it gives one.
    number: Option<i64>,
    id: String,
    kind: ToolCallKind,
    /// Whether the call was announced. It is once its name is known.
    named: bool,
    /// Arguments and proof that came before the name.
    arguments: String,
    signature: Option<Signature>,
}

/// A piece of a call.
struct Fragment<'a> {
    number: Option<i64>,
    id: Cow<'a, str>,
    name: Cow<'a, str>,
    arguments: Cow<'a, str>,
    kind: ToolCallKind,
    signature: Option<Signature>,
}

impl Calls {
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Takes in the pieces of calls that stand in a delta or a message. Answers whether one has a name or arguments, though they may be
    /// held back, or be said for the second time.
    pub(super) fn read(
        &mut self,
        inside: &RawMembers<'_>,
        kind: Piece,
        push: &mut impl FnMut(Delta),
    ) -> bool {
        let mut is_said = false;
        for call in inside.get("tool_calls").and_then(elements).unwrap_or_default() {
            if let Some(piece) = members(call).map(|call| Fragment::read(&call)) {
                is_said |= piece.says_something();
                self.take(piece, kind, push);
            }
        }
        if let Some(call) = inside.get("function_call").and_then(members) {
            let mut piece = Fragment::of_function(&call);
            piece.kind = ToolCallKind::LegacyFunction;
            // There is one such call at most: the pieces need no number to be told apart.
            piece.number = Some(-1);
            is_said |= piece.says_something();
            self.take(piece, kind, push);
        }
        is_said
    }

    /// Announces the calls whose name never came.
    pub(super) fn flush(&mut self, push: &mut impl FnMut(Delta)) {
        for (index, slot) in (0..).zip(&mut self.slots) {
            slot.announce(index, "", push);
        }
    }

    fn take(&mut self, piece: Fragment<'_>, kind: Piece, push: &mut impl FnMut(Delta)) {
        // In a whole answer the calls are whole.
        let known = if kind == Piece::Message { None } else { self.find(&piece) };
        let at = known.unwrap_or(self.slots.len());
        if at == self.slots.len() {
            if at == MAX_CALLS {
                return;
            }
            self.slots.push(Slot {
                number: piece.number,
                id: piece.id.into_owned(),
                kind: piece.kind,
                named: false,
                arguments: String::new(),
                signature: None,
            });
        }
        let (Some(slot), Ok(index)) = (self.slots.get_mut(at), u32::try_from(at)) else { return };
        slot.arguments.push_str(&piece.arguments);
        slot.signature = piece.signature.or(slot.signature.take());
        if slot.named {
            slot.pour(index, push);
        } else if !piece.name.is_empty() {
            slot.announce(index, &piece.name, push);
        }
    }

    /// The call that a piece goes on with; `None` if it begins a new one.
    fn find(&self, piece: &Fragment<'_>) -> Option<usize> {
        if let Some(number) = piece.number {
            let at = self.slots.iter().rposition(|slot| slot.number == Some(number))?;
            let slot = self.slots.get(at)?;
            // Whole calls that all have the number 0 are told apart by their ids.
            let other = slot.named && !piece.name.is_empty() && !piece.id.is_empty() && slot.id != piece.id;
            return (!other).then_some(at);
        }
        if !piece.id.is_empty() {
            return self.slots.iter().rposition(|slot| slot.id == piece.id);
        }
        if piece.name.is_empty() { self.slots.len().checked_sub(1) } else { None }
    }
}

impl Slot {
    fn announce(&mut self, index: u32, name: &str, push: &mut impl FnMut(Delta)) {
        if !self.named {
            self.named = true;
            push(Delta::ToolCall { index, id: self.id.clone(), name: name.to_owned(), kind: self.kind });
            self.pour(index, push);
        }
    }

    fn pour(&mut self, index: u32, push: &mut impl FnMut(Delta)) {
        let fragment = std::mem::take(&mut self.arguments);
        if !fragment.is_empty() {
            push(Delta::Arguments { index, fragment });
        }
        if let Some(signature) = self.signature.take() {
            push(Delta::ToolCallSignature { index, signature });
        }
    }
}

impl<'a> Fragment<'a> {
    fn says_something(&self) -> bool {
        !self.name.is_empty() || !self.arguments.is_empty()
    }

    fn read(call: &RawMembers<'a>) -> Self {
        let custom = call.get("custom").and_then(members);
        let function = call.get("function").and_then(members);
        let mut piece = match (&custom, &function) {
            (Some(custom), _) => Self {
                kind: ToolCallKind::Custom,
                // A custom tool takes a text of any kind; whoever sends it as arguments means the same.
                arguments: custom
                    .get("input")
                    .or_else(|| custom.get("arguments"))
                    .map(written)
                    .unwrap_or_default(),
                ..Self::of_function(custom)
            },
            (None, Some(function)) => Self::of_function(function),
            (None, None) => Self::empty(),
        };
        let id = call.get("id");
        piece.id = id
            .and_then(|id| text(id).or_else(|| integer(id).map(|id| id.to_string().into())))
            .unwrap_or_default();
        piece.number = call.get("index").and_then(integer);
        // Google's place for the proof of reasoning in this dialect.
        let google = || members(members(call.get("extra_content")?)?.get("google")?);
        let signature = google().and_then(|google| google.get("thought_signature").and_then(text));
        piece.signature = signature.map(|text| unmarked(&text, Signature::GOOGLE));
        piece
    }

    fn of_function(function: &RawMembers<'a>) -> Self {
        Self {
            name: function.get("name").and_then(text).unwrap_or_default(),
            arguments: function.get("arguments").map(written).unwrap_or_default(),
            ..Self::empty()
        }
    }

    fn empty() -> Self {
        Self {
            number: None,
            id: Cow::Borrowed(""),
            name: Cow::Borrowed(""),
            arguments: Cow::Borrowed(""),
            kind: ToolCallKind::Function,
            signature: None,
        }
    }
}

/// Arguments as text. Some servers send the object itself in place of its text.
fn written(arguments: &RawValue) -> Cow<'_, str> {
    text(arguments).unwrap_or(Cow::Borrowed(arguments.get()))
}
