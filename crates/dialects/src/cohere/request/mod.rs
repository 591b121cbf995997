//! From the canonical form to a body.

mod content;
mod documents;
mod messages;
mod parameters;
mod tools;

use bytes::{Bytes, BytesMut};
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport};

use crate::codec::Unsupported;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::outbound::{Origin, note_lacking, one_choice};
use documents::Documents;
pub(super) use documents::place_of;
use messages::MessageWriter;

/// The members that are written here, save `documents` and `strict_tools`, which may also be the client's own.
const MEMBERS: &[&str] = &[
    "model",
    "messages",
    "tools",
    "tool_choice",
    "response_format",
    "max_tokens",
    "stop_sequences",
    "temperature",
    "p",
    "k",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "logprobs",
    "thinking",
    "stream",
];

/// Writes a request, see `ProviderCodec::encode`.
pub(super) fn encode(
    request: &ChatRequest,
    model: &str,
    source: Dialect,
    losses: &mut LossReport,
) -> Result<Bytes, Unsupported> {
    one_choice(request)?;
    let mut out = BytesMut::with_capacity(1024);
    let mut body = Body {
        request,
        origin: Origin::new(source, Dialect::COHERE),
        losses,
        object: ObjectWriter::begin(&mut out),
        taken: MEMBERS.to_vec(),
    };
    body.object.text("model", model);
    body.write()?;
    body.object.end();
    Ok(out.freeze())
}

struct Body<'r, 'o> {
    request: &'r ChatRequest,
    origin: Origin,
    losses: &'r mut LossReport,
    object: ObjectWriter<'o>,
    /// The names that the client's own members can't have.
    taken: Vec<&'static str>,
}

impl Body<'_, '_> {
    fn write(&mut self) -> Result<(), Unsupported> {
        self.write_messages()?;
        self.write_tools()?;
        self.write_parameters();
        let lacking = [
            "top_logprobs",
            "logit_bias",
            "parallel_tool_calls",
            "metadata",
            "user",
            "service_tier",
            "reasoning.summary",
        ];
        note_lacking(self.request, &lacking, self.losses);
        if self.request.stream.is_some() {
            self.object.plain("stream", true);
        }
        let taken = &self.taken;
        self.origin.write_members(self.request, |_| false, taken, &mut self.object, self.losses);
        Ok(())
    }

    fn write_messages(&mut self) -> Result<(), Unsupported> {
        let request = self.request;
        let mut documents = Documents::new(request);
        let mut list = ArrayWriter::begin(self.object.name("messages"));
        let mut writer = MessageWriter::new(self.origin, self.losses, &mut documents);
        for (index, message) in request.messages.iter().enumerate() {
            writer.write(index, message, &mut list)?;
        }
        list.end();
        if documents.write(&mut self.object) {
            self.taken.push("documents");
        }
        Ok(())
    }
}
