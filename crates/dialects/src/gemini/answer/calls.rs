use switchyard_domain::chat::{Delta, Signature, ToolCallKind};

use super::partial::PartialArguments;
use crate::json::{RawMembers, Shape, elements, shape, text};

/// More calls than any model makes in one turn.
const MAX_CALLS: u32 = 1024;

/// The tool calls of one choice. Usually each comes whole; where the client asked for it, arguments come in pieces without
/// a name, which belong to the call that is open.
#[derive(Debug, Default)]
pub(super) struct Calls {
    count: u32,
    open: Option<(u32, PartialArguments)>,
}

impl Calls {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Takes a `functionCall`.
    pub(super) fn read(
        &mut self,
        call: &RawMembers<'_>,
        signature: Option<Signature>,
        push: &mut impl FnMut(Delta),
    ) {
        let name = call.get("name").and_then(text).filter(|name| !name.is_empty());
        if let Some(name) = name {
            self.close(push);
            if self.count >= MAX_CALLS {
                return;
            }
            let id = call.get("id").and_then(text).unwrap_or_default().into_owned();
            let index = self.count;
            self.count += 1;
            push(Delta::ToolCall { index, id, name: name.into_owned(), kind: ToolCallKind::Function });
            self.open = Some((index, PartialArguments::default()));
        }
        let Some((index, arguments)) = &mut self.open else { return };
        if let Some(signature) = signature {
            push(Delta::ToolCallSignature { index: *index, signature });
        }
        let continues = call.get("willContinue").is_some_and(|more| more.get() == "true");
        let whole = call.get("args").filter(|args| shape(args) == Shape::Object);
        let pieces = call.get("partialArgs").filter(|pieces| elements(pieces).is_some());
        if let (Some(whole), None, false) = (whole, pieces, continues) {
            let index = *index;
            self.open = None;
            // As they are spelled.
            return push(Delta::Arguments { index, fragment: whole.get().to_owned() });
        }
        whole.inspect(|whole| arguments.replace(whole));
        pieces.inspect(|pieces| arguments.take(pieces));
        if !continues {
            self.close(push);
        }
    }

    /// Nothing belongs to the open call any more.
    pub(super) fn close(&mut self, push: &mut impl FnMut(Delta)) {
        if let Some((index, arguments)) = self.open.take() {
            push(Delta::Arguments { index, fragment: arguments.finish() });
        }
    }
}
