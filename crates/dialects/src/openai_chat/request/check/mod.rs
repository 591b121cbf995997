//! Judging a client's request: everything that no provider could mean to accept is refused here, with the member's name,
//! before anything is reserved or sent. What a provider may know and we do not is let through.

mod messages;
mod parameters;
mod parts;
mod references;
mod tools;

use std::sync::Arc;

use bytes::Bytes;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::Dialect;
use switchyard_domain::wire::{Member, Span, ValueKind};

use super::{RequestCode, RequestError};
use crate::scan::{self, Document, Kind, Node, ScanLimits};

/// Bounds of a request beyond those of the scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    /// Bounds of the JSON.
    pub scan: ScanLimits,
    /// The most bytes of a body.
    pub max_body_bytes: usize,
    /// The most messages.
    pub max_messages: usize,
    /// The most bytes of one tool's definition.
    pub max_tool_bytes: usize,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            scan: ScanLimits::default(),
            max_body_bytes: 10 * 1024 * 1024,
            max_messages: 2048,
            max_tool_bytes: 1024 * 1024,
        }
    }
}

/// A request that was found good.
#[derive(Clone, Debug)]
pub struct CheckedRequest {
    /// The body and the table of what stands where: what `splice` edits and `decode` reads without a second scan.
    pub document: Document,
    /// What admission and routing need. `strict` is false: it comes in a header.
    pub facts: CallFacts,
    /// The members at the top level, in order.
    pub members: Arc<[Member]>,
}

/// The members that would make another gateway send the call, or its key, elsewhere. They have no meaning here, and are
/// refused rather than sent on to a provider that may be such a gateway.
const NOT_FOR_CLIENTS: &[&str] = &[
    "api_base",
    "api_key",
    "api_version",
    "base_url",
    "custom_llm_provider",
    "extra_body",
    "extra_headers",
    "user_config",
];

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
    images: u32,
}

/// Scans and judges a body.
///
/// # Errors
/// The first thing found wrong, see [`RequestError`]; that the text is no JSON comes before anything that it says.
pub fn check(body: Bytes, limits: &RequestLimits) -> Result<CheckedRequest, RequestError> {
    if body.len() > limits.max_body_bytes {
        let message = format!("the body exceeds {} bytes", limits.max_body_bytes);
        return Err(RequestError { code: RequestCode::TooLarge, message, param: None });
    }
    let document = Document::scan(body, limits.scan)?;
    let mut gathered = Gathered::default();
    let mut members = Vec::with_capacity(16);
    for member in document.members() {
        gathered.judge(member, limits)?;
        members.push(placed(member));
    }
    let facts = gathered.finish()?;
    Ok(CheckedRequest { facts, members: members.into(), document })
}

impl Gathered {
    fn judge(&mut self, member: scan::Member<'_>, limits: &RequestLimits) -> Result<(), RequestError> {
        let (name, value) = (member.name(), member.value());
        match name.as_ref() {
            "model" => {
                self.has_model = true;
                self.model = parameters::model(value)?;
                Ok(())
            }
            "messages" => {
                self.has_messages = true;
                messages::check(value, limits, self)
            }
            name if NOT_FOR_CLIENTS.contains(&name) => Err(RequestError::new(name, "is not accepted here")),
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
            images: self.images,
            strict: false,
        })
    }

    fn count_text(&mut self, node: Node<'_>) {
        self.text_bytes += node.text_len().unwrap_or_default() as u64;
    }
}

fn placed(member: scan::Member<'_>) -> Member {
    let span = |range: std::ops::Range<usize>| Span { start: range.start as u32, end: range.end as u32 };
    let name = member.name_span();
    let value = member.value();
    let between = name.start + 1..name.end.saturating_sub(1);
    Member {
        name_escaped: matches!(member.name(), std::borrow::Cow::Owned(_)),
        name: span(between),
        value: span(value.span()),
        kind: match value.kind() {
            Kind::Null => ValueKind::Null,
            Kind::True | Kind::False => ValueKind::Bool,
            Kind::Number => ValueKind::Number,
            Kind::String => ValueKind::String,
            Kind::Array => ValueKind::Array,
            Kind::Object => ValueKind::Object,
        },
    }
}
