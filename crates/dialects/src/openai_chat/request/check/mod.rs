//! Judging a client's request: everything that no provider could mean to accept is refused here, with the member's name,
//! before anything is reserved or sent. What a provider may know and we do not is let through.

mod messages;
mod parameters;
mod parts;
mod tools;

use bytes::Bytes;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::Dialect;
use switchyard_domain::route::{Need, Needs};

use crate::request::{CheckedRequest, RequestError, RequestLimits, model, scanned};
use crate::scan::{self, Node};

/// What is gathered while the members are judged in turn.
#[derive(Default)]
struct Gathered {
    has_model: bool,
    model: String,
    has_messages: bool,
    stream: bool,
    stream_options: bool,
    wants_stream_usage: bool,
    max_output_tokens: Option<u64>,
    choices: Option<u32>,
    text_bytes: u64,
    messages: u32,
    /// Whether one of them may need another form at some vendor.
    has_special_messages: bool,
    images: u32,
    unseen: bool,
    needs: Needs,
}

/// Scans and judges a body.
///
/// # Errors
/// The first thing found wrong, see [`RequestError`]; that the text is no JSON comes before anything that it says.
pub fn check(body: Bytes, limits: &RequestLimits) -> Result<CheckedRequest, RequestError> {
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
                self.has_model = true;
                self.model = model(value)?;
                Ok(())
            }
            "messages" => {
                self.has_messages = true;
                messages::check(value, limits, self)
            }
            // OpenAI's SDKs send `null` for what was not given.
            _ if value.is_null() => Ok(()),
            "tools" => tools::check(value, limits, self),
            "functions" => tools::check_legacy(value, limits, self),
            "tool_choice" => tools::check_choice(value),
            "function_call" => tools::check_legacy_choice(value),
            name => parameters::check(name, value, self),
        }
    }

    fn finish(self) -> Result<CallFacts, RequestError> {
        if !self.has_model {
            return Err(RequestError::new("model", "is required"));
        }
        if !self.has_messages {
            return Err(RequestError::new("messages", "is required"));
        }
        if self.stream_options && !self.stream {
            return Err(RequestError::new("stream_options", "is only allowed with `stream`"));
        }
        Ok(CallFacts {
            dialect: Dialect::OPENAI_CHAT,
            model: self.model,
            stream: self.stream,
            wants_stream_usage: self.wants_stream_usage,
            max_output_tokens: self.max_output_tokens,
            choices: self.choices.unwrap_or(1),
            prompt_text_bytes: self.text_bytes,
            messages: self.messages,
            plain_messages: !self.has_special_messages,
            images: self.images,
            has_unseen_input: self.unseen,
            needs: self.needs.and(Need::Vision, self.images > 0),
            tags: Vec::new(),
            decodes_answer: false,
            strict: false,
            headers: Vec::new(),
        })
    }

    fn count_text(&mut self, node: Node<'_>) {
        self.text_bytes += node.text_len().unwrap_or_default() as u64;
    }
}
