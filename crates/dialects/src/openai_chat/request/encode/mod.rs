//! From the canonical form to a provider's body.

mod calls;
mod content;
mod displaced;
mod facts;
mod messages;
mod parameters;
mod tools;

use bytes::{Bytes, BytesMut};
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport};

use crate::codec::note_foreign_members;
use crate::json::ObjectWriter;
use calls::CallIds;
use displaced::Displaced;
pub use facts::{
    CacheForm, DocumentForm, MaxTokensMember, ProofForm, ReasoningForm, StreamUsage, TargetFacts,
    ToolCallIds, UnknownMembers,
};

/// Writes a request for a vendor, and notes what it has no place for. `source` is the dialect that the request came in:
/// only from this one do extensions mean here what they meant there.
pub(in crate::openai_chat) fn encode(
    request: &ChatRequest,
    source: Dialect,
    facts: &TargetFacts,
    losses: &mut LossReport,
) -> Bytes {
    let mut out = BytesMut::with_capacity(1024);
    let mut body = Body {
        request,
        facts,
        source,
        same_dialect: source == Dialect::OPENAI_CHAT,
        losses,
        object: ObjectWriter::begin(&mut out),
    };
    body.write();
    body.object.end();
    out.freeze()
}

/// A body as it is written.
struct Body<'r, 'o> {
    request: &'r ChatRequest,
    facts: &'r TargetFacts,
    source: Dialect,
    same_dialect: bool,
    losses: &'r mut LossReport,
    object: ObjectWriter<'o>,
}

impl Body<'_, '_> {
    fn write(&mut self) {
        // Azure takes the model from the path.
        if !self.request.model.is_empty() {
            self.object.text("model", &self.request.model);
        }
        self.write_messages();
        self.write_tools();
        self.write_parameters();
        self.write_extensions();
    }

    /// Whether a member may be written; notes the loss if not.
    fn may(&mut self, name: &str) -> bool {
        let refused = self.facts.refused_members.contains(&name);
        if refused {
            self.losses.dropped(name, "the provider refuses it");
        }
        !refused
    }

    fn write_messages(&mut self) {
        let mut ids = CallIds::new(self.facts);
        let request = self.request;
        let mut displaced = Displaced::default();
        let mut list = crate::json::ArrayWriter::begin(self.object.name("messages"));
        for (index, message) in request.messages.iter().enumerate() {
            messages::MessageWriter {
                message,
                index,
                facts: self.facts,
                source: self.source,
                same_dialect: self.same_dialect,
                losses: self.losses,
                ids: &mut ids,
                displaced: &mut displaced,
            }
            .write(&mut list);
        }
        displaced.write(&mut list, self.facts, self.same_dialect, self.losses);
        list.end();
    }

    fn write_extensions(&mut self) {
        if !self.same_dialect {
            return note_foreign_members(self.source, self.request, self.losses);
        }
        for (name, value) in &self.request.extensions {
            // Written with the options themselves.
            if name.starts_with("stream_options.") && self.writes_stream_options() {
                continue;
            }
            if name.contains(['.', '[']) {
                self.losses.dropped(name.as_str(), "has no place in the provider's dialect");
            } else if self.may(name) {
                self.object.json(name, value);
            }
        }
    }
}
