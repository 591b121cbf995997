//! Judging a client's request: everything that no provider could mean to accept is refused here, with the member's name. What a
//! provider may know and we do not is let through.

mod content;
mod items;
mod parameters;
mod tools;

use bytes::Bytes;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::Dialect;
use switchyard_domain::route::{Need, Needs};

use crate::request::{CheckedRequest, RequestError, RequestLimits, model, present, scanned};
use crate::scan::{self, Document, Node};

/// Whether a scanned body asks for a stream; one that asks in a form that is none does not.
#[must_use]
pub fn asks_for_stream(document: &Document) -> bool {
    present(document.root(), "stream").and_then(Node::as_bool).unwrap_or_default()
}

/// What is gathered while the members are judged in turn.
#[derive(Default)]
struct Gathered {
    model: Option<String>,
    has_input: bool,
    /// Whether the conversation may begin elsewhere: in a stored answer, a conversation, a template.
    goes_on: bool,
    stream: bool,
    stream_options: bool,
    max_output_tokens: Option<u64>,
    text_bytes: u64,
    messages: u32,
    images: u32,
    unseen: bool,
    needs: Needs,
}

/// Scans and judges a body.
///
/// # Errors
/// The first thing found wrong, see [`RequestError`]; that the text is no JSON comes before anything that it says.
pub(in crate::openai_responses) fn check(
    body: Bytes,
    limits: &RequestLimits,
) -> Result<CheckedRequest, RequestError> {
    let document = scanned(body, limits)?;
    let mut gathered = Gathered::default();
    for member in document.members() {
        gathered.judge(member, limits)?;
    }
    let facts = gathered.finish()?;
    Ok(CheckedRequest::new(document, facts))
}

impl Gathered {
    fn judge(&mut self, member: scan::Member<'_>, limits: &RequestLimits) -> Result<(), RequestError> {
        let (name, value) = (member.name(), member.value());
        match name.as_ref() {
            "model" => {
                self.model = Some(model(value)?);
                Ok(())
            }
            // OpenAI's SDKs send `null` for what was not given.
            _ if value.is_null() => Ok(()),
            "input" => {
                self.has_input = true;
                items::check(value, limits, self)
            }
            "instructions" => self.count_required_text("instructions", value),
            "tools" => tools::check(value, limits, self),
            "tool_choice" => tools::check_choice(value),
            name => parameters::check(name, value, self),
        }
    }

    fn finish(self) -> Result<CallFacts, RequestError> {
        let model = self.model.ok_or_else(|| RequestError::new("model", "is required"))?;
        if self.messages == 0 && !self.goes_on {
            let message = if self.has_input { "must have at least one item" } else { "is required" };
            return Err(RequestError::new("input", message));
        }
        if self.stream_options && !self.stream {
            return Err(RequestError::new("stream_options", "is only allowed with `stream`"));
        }
        Ok(CallFacts {
            dialect: Dialect::OPENAI_RESPONSES,
            model,
            stream: self.stream,
            // It always comes, in the last event.
            wants_stream_usage: true,
            max_output_tokens: self.max_output_tokens,
            choices: 1,
            prompt_text_bytes: self.text_bytes,
            messages: self.messages,
            images: self.images,
            has_unseen_input: self.unseen || self.goes_on,
            needs: self.needs.and(Need::Vision, self.images > 0),
            tags: Vec::new(),
            plain_messages: false,
            decodes_answer: false,
            strict: false,
            headers: Vec::new(),
        })
    }

    fn count_text(&mut self, node: Node<'_>) {
        self.text_bytes += node.text_len().unwrap_or_default() as u64;
    }

    fn count_required_text(
        &mut self,
        path: impl std::fmt::Display,
        node: Node<'_>,
    ) -> Result<(), RequestError> {
        if node.text_len().is_none() {
            return Err(RequestError::new(path.to_string(), "must be a string"));
        }
        self.count_text(node);
        Ok(())
    }
}
