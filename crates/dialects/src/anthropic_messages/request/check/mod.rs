//! Judging a client's request: everything that no provider could mean to accept is refused here, with the member's name,
//! before anything is reserved or sent. What a provider may know and we do not is let through: this dialect grows by types of
//! blocks and tools.

mod blocks;
mod messages;
mod parameters;
mod tools;

use bytes::Bytes;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::Dialect;
use switchyard_domain::route::{Need, Needs};

use crate::request::{CheckedRequest, RequestError, RequestLimits, model, scanned};
use crate::scan::{self, Node};

/// Whether a request is to be answered or only counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::anthropic_messages) enum Counting {
    /// Answered: it must say how many tokens the answer may have.
    Answered,
    /// Counted.
    Only,
}

/// What is gathered while the members are judged in turn.
#[derive(Default)]
struct Gathered {
    model: Option<String>,
    has_messages: bool,
    stream: bool,
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
pub(in crate::anthropic_messages) fn check(
    body: Bytes,
    limits: &RequestLimits,
    counting: Counting,
) -> Result<CheckedRequest, RequestError> {
    let document = scanned(body, limits)?;
    let mut gathered = Gathered::default();
    for member in document.members() {
        gathered.judge(member, limits)?;
    }
    let facts = gathered.finish(counting)?;
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
            "messages" => {
                self.has_messages = true;
                messages::check(value, limits, self)
            }
            _ if value.is_null() => Ok(()),
            "system" => blocks::check_system(value, self),
            "tools" => tools::check(value, limits, self),
            "tool_choice" => tools::check_choice(value),
            name => parameters::check(name, value, self),
        }
    }

    fn finish(self, counting: Counting) -> Result<CallFacts, RequestError> {
        let required = |name: &str| RequestError::new(name, "is required");
        let model = self.model.ok_or_else(|| required("model"))?;
        if !self.has_messages {
            return Err(required("messages"));
        }
        if counting == Counting::Answered && self.max_output_tokens.is_none() {
            return Err(required("max_tokens"));
        }
        Ok(CallFacts {
            dialect: Dialect::ANTHROPIC_MESSAGES,
            model,
            stream: self.stream,
            // Streams of this dialect tell their counts unasked.
            wants_stream_usage: true,
            max_output_tokens: self.max_output_tokens,
            choices: 1,
            prompt_text_bytes: self.text_bytes,
            messages: self.messages,
            images: self.images,
            has_unseen_input: self.unseen,
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
}
