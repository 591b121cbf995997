//! A call that a program makes through the library: canonical from the start.

use std::sync::Arc;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport, Message, Part, ResponseFormat, Tool};
use switchyard_domain::route::{Need, Needs};
use switchyard_ports::client_call::{AnswerPiece, Canonical, ClientCall, InvalidCall, WireBody, WireForm};

/// The dialect of a program's own calls, as usage events name it.
const LIBRARY: Dialect = Dialect("library");

/// A program's call.
pub(crate) struct ProgramCall {
    facts: CallFacts,
    request: Arc<ChatRequest>,
}

impl ProgramCall {
    pub(crate) fn new(request: ChatRequest) -> Self {
        let facts = CallFacts {
            dialect: LIBRARY,
            model: request.model.clone(),
            stream: request.stream.is_some(),
            wants_stream_usage: request.stream.is_some_and(|options| options.include_usage),
            max_output_tokens: request.max_output_tokens,
            choices: request.choices.unwrap_or(1),
            prompt_text_bytes: request.messages.iter().map(text_bytes).sum::<u64>()
                + request.tools.iter().map(tool_bytes).sum::<u64>(),
            messages: u32::try_from(request.messages.len()).unwrap_or(u32::MAX),
            images: u32::try_from(request.messages.iter().map(images).sum::<usize>()).unwrap_or(u32::MAX),
            has_unseen_input: request.messages.iter().any(|message| message.parts.iter().any(is_unseen))
                || request.tools.iter().any(|tool| matches!(tool, Tool::Native { .. })),
            needs: needs(&request),
            tags: Vec::new(),
            plain_messages: false,
            decodes_answer: false,
            strict: false,
            headers: Vec::new(),
        };
        Self { facts, request: Arc::new(request) }
    }
}

impl ClientCall for ProgramCall {
    fn facts(&self) -> &CallFacts {
        &self.facts
    }

    fn wire(&self) -> Option<&WireBody> {
        None
    }

    fn form(&self) -> Option<&WireForm> {
        None
    }

    fn canonical(&self) -> Result<Canonical, InvalidCall> {
        Ok(Canonical::Chat(Arc::clone(&self.request)))
    }

    fn fit(&self, _source: Dialect, _piece: AnswerPiece<'_>) -> LossReport {
        LossReport::default()
    }
}

fn text_bytes(message: &Message) -> u64 {
    message.parts.iter().map(part_bytes).sum()
}

fn part_bytes(part: &Part) -> u64 {
    let length = match part {
        Part::Text { text } | Part::Refusal { text } => text.len(),
        Part::Reasoning(reasoning) => reasoning.text.len(),
        Part::ToolCall(call) => call.name.len() + call.arguments.len(),
        Part::ToolResult(result) => return result.content.iter().map(part_bytes).sum(),
        Part::Image { .. }
        | Part::Document(_)
        | Part::Signature(_)
        | Part::Audio(_)
        | Part::CacheMark { .. }
        | Part::Native { .. } => 0,
    };
    length as u64
}

fn tool_bytes(tool: &Tool) -> u64 {
    let length = match tool {
        Tool::Function { name, description, parameters, .. } => {
            name.len()
                + description.as_ref().map_or(0, String::len)
                + parameters.as_ref().map_or(0, |json| json.as_str().len())
        }
        Tool::Native { json, .. } => json.as_str().len(),
    };
    length as u64
}

fn needs(request: &ChatRequest) -> Needs {
    let has_schema = matches!(request.response_format, Some(ResponseFormat::JsonSchema { .. }));
    Needs::NONE
        .and(Need::Tools, !request.tools.is_empty())
        .and(Need::Vision, request.messages.iter().any(|message| images(message) > 0))
        .and(Need::JsonSchema, has_schema)
}

fn images(message: &Message) -> usize {
    message.parts.iter().filter(|part| matches!(part, Part::Image { .. })).count()
}

/// Whether nobody here knows how much there is to read.
fn is_unseen(part: &Part) -> bool {
    match part {
        Part::Document(_) | Part::Audio(_) | Part::Native { .. } => true,
        Part::ToolResult(result) => result.content.iter().any(is_unseen),
        _ => false,
    }
}
