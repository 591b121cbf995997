//! The object that an answer is: what was asked, repeated, and what came of it.

use bytes::{Bytes, BytesMut};
use switchyard_domain::chat::{ChatRequest, Json, Role, TokenUsage, Tool, ToolChoice, ToolChoiceMode};

use crate::codec::AnswerForm;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::openai_responses::finish::Outcome;
use crate::openai_responses::namespaces::{self, Groups, NAMESPACE};
use crate::openai_responses::request::write_format;
use crate::openai_responses::{ids, usage};

/// What is said of an answer that failed and does not say why.
pub(in crate::openai_responses) const FAILED: (&str, &str) =
    ("server_error", "the provider says that generation failed");

/// What stands in an answer from beginning to end.
#[derive(Debug)]
pub(in crate::openai_responses) struct Head {
    pub(in crate::openai_responses) id: String,
    pub(in crate::openai_responses) model: String,
    pub(in crate::openai_responses) created: i64,
    pub(in crate::openai_responses) groups: Groups,
    /// What was asked, as the members of an object, each with a comma before it.
    asked: Bytes,
}

impl Head {
    /// Of an answer of which the provider said nothing yet.
    pub(in crate::openai_responses) fn new(form: &AnswerForm<'_>) -> Self {
        Self {
            id: ids::of_answer(form.fallback_id),
            model: form.fallback_model.to_owned(),
            created: form.fallback_created,
            groups: form.request.map(Groups::of).unwrap_or_default(),
            asked: asked(form.request),
        }
    }

    /// With what the provider said.
    pub(in crate::openai_responses) fn name(&mut self, id: &str, model: &str, created: Option<i64>) {
        if !id.is_empty() {
            self.id = ids::of_answer(id);
        }
        if !model.is_empty() {
            model.clone_into(&mut self.model);
        }
        self.created = created.unwrap_or(self.created);
    }

    /// The id of the item at a place of this answer.
    pub(in crate::openai_responses) fn item_id(&self, prefix: &str, place: usize) -> String {
        ids::made(prefix, self.id.trim_start_matches("resp_"), place)
    }
}

/// Writes an answer at one moment of its life.
pub(in crate::openai_responses) struct ResponseWriter<'a> {
    pub(in crate::openai_responses) head: &'a Head,
    pub(in crate::openai_responses) outcome: Outcome<'a>,
    /// The code and the message of a failure.
    pub(in crate::openai_responses) error: Option<(&'a str, &'a str)>,
    pub(in crate::openai_responses) usage: Option<&'a TokenUsage>,
    pub(in crate::openai_responses) beside: &'a [(String, Json)],
}

/// The members that are always written; the provider's own of these names are not repeated.
const WRITTEN: &[&str] =
    &["id", "object", "created_at", "status", "error", "incomplete_details", "model", "output"];

impl ResponseWriter<'_> {
    pub(in crate::openai_responses) fn write(
        &self,
        object: &mut ObjectWriter<'_>,
        output: impl FnOnce(&mut ArrayWriter<'_>),
    ) {
        object.text("id", &self.head.id);
        object.text("object", "response");
        object.plain("created_at", self.head.created);
        object.text("status", self.outcome.status);
        match self.error {
            Some((code, message)) => object.object("error", |error| {
                error.text("code", code);
                error.text("message", message);
            }),
            None => object.null("error"),
        }
        match self.outcome.reason {
            Some(reason) => object.object("incomplete_details", |details| details.text("reason", reason)),
            None => object.null("incomplete_details"),
        }
        object.text("model", &self.head.model);
        object.array("output", output);
        object.members(&self.head.asked);
        // Nothing is kept here, whatever was asked; the provider may, and then says so.
        if !self.beside.iter().any(|(name, _)| name == "store") {
            object.plain("store", false);
        }
        match self.usage {
            Some(counts) => object.object("usage", |object| usage::write(object, counts)),
            None => object.null("usage"),
        }
        for (name, value) in self.beside.iter().filter(|(name, _)| !WRITTEN.contains(&name.as_str())) {
            object.json(name, value);
        }
    }
}

/// What was asked, in the form in which OpenAI repeats it.
fn asked(request: Option<&ChatRequest>) -> Bytes {
    let nothing = ChatRequest::default();
    let request = request.unwrap_or(&nothing);
    let mut out = BytesMut::new();
    let mut object = ObjectWriter::begin(&mut out);
    let extension =
        |name: &str| request.extensions.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    object.plain("background", false);
    let is_instructions = |name: &str| name == "instructions";
    let instructions = request.messages.iter().find(|message| {
        message.role == Role::System && message.extensions.iter().any(|(name, _)| is_instructions(name))
    });
    match instructions.and_then(|message| message.parts.first()) {
        Some(switchyard_domain::chat::Part::Text { text }) => object.text("instructions", text),
        _ => object.null("instructions"),
    }
    number(&mut object, "max_output_tokens", request.max_output_tokens);
    for name in ["max_tool_calls", "previous_response_id", "prompt_cache_key", "safety_identifier"] {
        optional(&mut object, name, extension(name));
    }
    object.plain("parallel_tool_calls", request.parallel_tool_calls.unwrap_or(true));
    object.object("reasoning", |object| {
        word(object, "effort", request.reasoning.effort.as_ref().map(|effort| effort.0.as_str()));
        word(object, "summary", request.reasoning.summary.as_deref());
    });
    decimal(&mut object, "temperature", request.sampling.temperature);
    object.object("text", |object| {
        object.object("format", |format| match &request.response_format {
            Some(asked) => write_format(format, asked),
            None => format.text("type", "text"),
        });
        optional(object, "verbosity", extension("text.verbosity"));
    });
    write_choice(&mut object, request.tool_choice.as_ref());
    object.array("tools", |list| {
        namespaces::write_tools(&request.tools, true, list, |_, tool, name, list| {
            write_tool(tool, name, list);
        });
    });
    object.plain("top_logprobs", request.sampling.top_logprobs.unwrap_or_default());
    decimal(&mut object, "top_p", request.sampling.top_p);
    match extension("truncation") {
        Some(truncation) => object.json("truncation", truncation),
        None => object.text("truncation", "disabled"),
    }
    word(&mut object, "user", request.user.as_deref());
    object.object("metadata", |labels| {
        request.metadata.iter().for_each(|(name, label)| labels.text(name, label));
    });
    object.end();
    out.freeze()
}

fn word(object: &mut ObjectWriter<'_>, name: &str, word: Option<&str>) {
    match word {
        Some(word) => object.text(name, word),
        None => object.null(name),
    }
}

fn number(object: &mut ObjectWriter<'_>, name: &str, number: Option<u64>) {
    match number {
        Some(number) => object.plain(name, number),
        None => object.null(name),
    }
}

fn decimal(object: &mut ObjectWriter<'_>, name: &str, number: Option<f64>) {
    match number {
        Some(number) => object.decimal(name, number),
        None => object.null(name),
    }
}

fn optional(object: &mut ObjectWriter<'_>, name: &str, value: Option<&Json>) {
    match value {
        Some(value) => object.json(name, value),
        None => object.null(name),
    }
}

fn write_choice(object: &mut ObjectWriter<'_>, choice: Option<&ToolChoice>) {
    let name = "tool_choice";
    match choice {
        None | Some(ToolChoice::Mode(ToolChoiceMode::Auto)) => object.text(name, "auto"),
        Some(ToolChoice::Mode(ToolChoiceMode::None)) => object.text(name, "none"),
        Some(ToolChoice::Mode(ToolChoiceMode::Required)) => object.text(name, "required"),
        Some(ToolChoice::Function(function)) => object.object(name, |object| {
            object.text("type", "function");
            object.text("name", function);
        }),
        Some(ToolChoice::Native(json)) => object.json(name, json),
    }
}

fn write_tool(tool: &Tool, name: &str, list: &mut ArrayWriter<'_>) {
    match tool {
        Tool::Native { json, .. } => list.element().extend_from_slice(json.as_str().as_bytes()),
        Tool::Function { description, parameters, strict, extensions, .. } => list.object(|object| {
            object.text("type", "function");
            object.text("name", name);
            word(object, "description", description.as_deref());
            optional(object, "parameters", parameters.as_ref());
            match strict {
                Some(strict) => object.plain("strict", strict),
                None => object.null("strict"),
            }
            let own = extensions.iter().filter(|(name, _)| name != NAMESPACE);
            own.for_each(|(name, value)| object.json(name, value));
        }),
    }
}
