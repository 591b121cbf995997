//! From the canonical form to a body.

mod messages;
mod parameters;

use bytes::{Bytes, BytesMut};
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport, ToolChoice, ToolChoiceMode};

use crate::codec::Unsupported;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::outbound::{Origin, function_tools, is_never, note_lacking, note_strict, one_choice};
use messages::MessageWriter;

/// The members that are written here.
const MEMBERS: &[&str] =
    &["model", "messages", "tools", "stream", "think", "format", "options", "logprobs", "top_logprobs"];

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
        model,
        origin: Origin::new(source, Dialect::OLLAMA),
        losses,
        object: ObjectWriter::begin(&mut out),
    };
    body.write()?;
    body.object.end();
    Ok(out.freeze())
}

struct Body<'r, 'o> {
    request: &'r ChatRequest,
    model: &'r str,
    origin: Origin,
    losses: &'r mut LossReport,
    object: ObjectWriter<'o>,
}

impl Body<'_, '_> {
    fn write(&mut self) -> Result<(), Unsupported> {
        self.object.text("model", self.model);
        self.write_messages()?;
        self.write_tools()?;
        // A server that is told nothing streams.
        self.object.plain("stream", self.request.stream.is_some());
        self.write_parameters();
        let lacking =
            ["logit_bias", "parallel_tool_calls", "metadata", "user", "service_tier", "reasoning.summary"];
        note_lacking(self.request, &lacking, self.losses);
        self.write_own_members();
        Ok(())
    }

    fn write_messages(&mut self) -> Result<(), Unsupported> {
        let request = self.request;
        let mut list = ArrayWriter::begin(self.object.name("messages"));
        let mut writer = MessageWriter::new(self.origin, self.losses);
        for (index, message) in request.messages.iter().enumerate() {
            writer.write(index, message, &mut list)?;
        }
        list.end();
        Ok(())
    }

    fn write_tools(&mut self) -> Result<(), Unsupported> {
        let request = self.request;
        match &request.tool_choice {
            None | Some(ToolChoice::Mode(ToolChoiceMode::Auto | ToolChoiceMode::None)) => {}
            Some(_) => {
                let message = "The provider can't be made to call a tool; leave it the choice.";
                return Err(Unsupported::new("tool_choice", message));
            }
        }
        // Nothing says that tools must not be called, so the model must not know of them.
        if request.tools.is_empty() || is_never(request) {
            return Ok(());
        }
        note_strict(&request.tools, self.losses);
        let mut list = ArrayWriter::begin(self.object.name("tools"));
        function_tools(&request.tools, self.origin, &mut list, self.losses);
        list.end();
        Ok(())
    }

    fn write_own_members(&mut self) {
        let is_option = |name: &str| name.starts_with("options.");
        self.origin.write_members(self.request, is_option, MEMBERS, &mut self.object, self.losses);
    }
}
