//! Judging the clients' requests: what all these operations have in common.

use bytes::Bytes;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::Dialect;
use switchyard_domain::route::Needs;

use crate::request::{CheckedRequest, RequestError, RequestLimits, boolean, model, scanned};
use crate::scan::{Kind, Node};

/// Four bytes of text are taken for a token.
const BYTES_OF_A_TOKEN: u64 = 4;

/// What is gathered while the members are judged in turn.
#[derive(Default)]
pub(super) struct Gathered {
    model: Option<String>,
    pub(super) stream: bool,
    pub(super) stream_options: bool,
    pub(super) wants_stream_usage: bool,
    pub(super) max_output_tokens: Option<u64>,
    pub(super) choices: Option<u64>,
    pub(super) text_bytes: u64,
    /// How many texts there are, where each has an answer of its own.
    pub(super) texts: u64,
    pub(super) images: u32,
}

/// What an operation asks for.
pub(super) struct Demands {
    pub(super) dialect: Dialect,
    /// The member without which it means nothing.
    pub(super) required: &'static str,
    /// The model that stands for none.
    pub(super) default_model: Option<&'static str>,
}

impl Demands {
    /// Scans and judges a body. `judge` is given the members that are not common to all operations and not `null`.
    pub(super) fn check(
        &self,
        body: Bytes,
        limits: &RequestLimits,
        judge: impl Fn(&str, Node<'_>, &mut Gathered) -> Result<(), RequestError>,
    ) -> Result<CheckedRequest, RequestError> {
        let document = scanned(body, limits)?;
        let mut gathered = Gathered::default();
        let mut is_complete = false;
        for member in document.members() {
            let (name, value) = (member.name(), member.value());
            match name.as_ref() {
                "model" if !(value.is_null() && self.default_model.is_some()) => {
                    gathered.model = Some(model(value)?);
                }
                // OpenAI's SDKs send `null` for what was not given.
                _ if value.is_null() => {}
                name => {
                    is_complete |= name == self.required;
                    judge(name, value, &mut gathered)?;
                }
            }
        }
        let default = self.default_model.map(str::to_owned);
        let model =
            gathered.model.take().or(default).ok_or_else(|| RequestError::new("model", "is required"))?;
        if !is_complete {
            return Err(RequestError::new(self.required, "is required"));
        }
        if gathered.stream_options && !gathered.stream {
            return Err(RequestError::new("stream_options", "is only allowed with `stream`"));
        }
        let facts = gathered.facts(self.dialect, model);
        Ok(CheckedRequest::new(document, facts))
    }
}

impl Gathered {
    fn facts(self, dialect: Dialect, model: String) -> CallFacts {
        CallFacts {
            headers: Vec::new(),
            dialect,
            model,
            stream: self.stream,
            wants_stream_usage: self.wants_stream_usage,
            max_output_tokens: self.max_output_tokens,
            choices: u32::try_from(self.choices.unwrap_or(1)).unwrap_or(u32::MAX),
            prompt_text_bytes: self.text_bytes,
            messages: 0,
            images: self.images,
            has_unseen_input: false,
            needs: Needs::NONE,
            tags: Vec::new(),
            plain_messages: false,
            decodes_answer: false,
            strict: false,
        }
    }

    fn count_text(&mut self, text: Node<'_>) {
        self.text_bytes += text.text_len().unwrap_or_default() as u64;
        self.texts += 1;
    }

    fn count_tokens(&mut self, tokens: Node<'_>) {
        self.text_bytes += BYTES_OF_A_TOKEN * tokens.elements().count() as u64;
        self.texts += 1;
    }
}

/// A text, several texts, a list of tokens, or several such lists; none of them empty.
pub(super) fn texts(name: &str, value: Node<'_>, gathered: &mut Gathered) -> Result<(), RequestError> {
    let wrong = |at: String| RequestError::new(at, "must be a text or a list of tokens, and not empty");
    let is_text = |value: Node<'_>| value.text_len().is_some_and(|length| length > 0);
    match value.kind() {
        Kind::String if is_text(value) => gathered.count_text(value),
        Kind::Array if is_tokens(value) => gathered.count_tokens(value),
        Kind::Array if value.elements().next().is_some() => {
            for (at, element) in value.elements().enumerate() {
                match element.kind() {
                    Kind::String if is_text(element) => gathered.count_text(element),
                    Kind::Array if is_tokens(element) => gathered.count_tokens(element),
                    _ => return Err(wrong(format!("{name}[{at}]"))),
                }
            }
        }
        _ => return Err(wrong(name.to_owned())),
    }
    Ok(())
}

/// Whether a list is a text as tokens: one or more, each a number that a vocabulary may have.
pub(super) fn is_tokens(list: Node<'_>) -> bool {
    let is_token = |element: Node<'_>| element.as_u64().is_some_and(|token| u32::try_from(token).is_ok());
    list.elements().next().is_some() && list.elements().all(is_token)
}

/// One text that is not empty.
pub(super) fn one_text(name: &str, value: Node<'_>, gathered: &mut Gathered) -> Result<(), RequestError> {
    match value.text_len() {
        Some(length) if length > 0 => {
            gathered.count_text(value);
            Ok(())
        }
        Some(_) => Err(RequestError::new(name, "must not be empty")),
        None => Err(RequestError::new(name, "must be a string")),
    }
}

/// Whether and how to stream.
pub(super) fn stream(name: &str, value: Node<'_>, gathered: &mut Gathered) -> Result<(), RequestError> {
    if name == "stream" {
        gathered.stream = boolean(name, value)?;
        return Ok(());
    }
    if value.kind() != Kind::Object {
        return Err(RequestError::new(name, "must be an object"));
    }
    gathered.stream_options = true;
    if let Some(usage) = value.get("include_usage").filter(|usage| !usage.is_null()) {
        gathered.wants_stream_usage = boolean("stream_options.include_usage", usage)?;
    }
    Ok(())
}
