//! Judging a client's request: everything that no provider could mean to accept is refused here, with the member's name,
//! before anything is reserved or sent. What a provider may know and we do not is let through.

mod contents;
mod generation;
mod tools;

use bytes::Bytes;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::Dialect;
use switchyard_domain::route::{Need, Needs};

use crate::codec::Address;
use crate::gemini::address::plain;
use crate::gemini::members::{field, fields, join, no_twins};
use crate::request::{
    CheckedRequest, RequestError, RequestLimits, check_model, check_names, metadata, scanned, word,
};
use crate::scan::{Kind, Node};

type Checked = Result<(), RequestError>;

/// What is gathered while the members are judged in turn.
#[derive(Default)]
struct Gathered {
    max_output_tokens: Option<u64>,
    choices: Option<u32>,
    text_bytes: u64,
    messages: u32,
    images: u32,
    unseen: bool,
    needs: Needs,
}

impl Gathered {
    fn count_text(&mut self, node: Node<'_>) {
        self.text_bytes += node.text_len().unwrap_or_default() as u64;
    }
}

/// Scans and judges a body.
pub(in crate::gemini) fn check(
    body: Bytes,
    address: Address<'_>,
    limits: &RequestLimits,
) -> Result<CheckedRequest, RequestError> {
    let document = scanned(body, limits)?;
    let facts = check_node("", document.root(), address, limits)?;
    Ok(CheckedRequest::new(document, facts))
}

/// Judges a request that may stand within another body, at `path`.
pub(in crate::gemini) fn check_node(
    path: &str,
    root: Node<'_>,
    address: Address<'_>,
    limits: &RequestLimits,
) -> Result<CallFacts, RequestError> {
    let model = model(root, address)?;
    no_twins(path, root)?;
    if !path.is_empty() {
        // At the top level that was done with the scan.
        check_names(path, root)?;
    }
    let mut gathered = Gathered::default();
    let mut has_contents = false;
    for (name, value) in fields(root) {
        let at = join(path, &name);
        match name.as_ref() {
            "contents" => {
                has_contents = true;
                contents::check(&at, value, limits, &mut gathered)?;
            }
            "systemInstruction" => contents::check_instruction(&at, value, &mut gathered)?,
            "tools" => tools::check(&at, value, limits, &mut gathered)?,
            "toolConfig" => tools::check_config(&at, value)?,
            "generationConfig" => generation::check(&at, value, &mut gathered)?,
            "safetySettings" if value.elements().any(|setting| setting.kind() != Kind::Object) => {
                return Err(RequestError::new(at, "must be a list of objects"));
            }
            "labels" if metadata(value).is_err() => {
                return Err(RequestError::new(at, "must be a small object of strings"));
            }
            "cachedContent" => {
                gathered.unseen = true;
                word(&at, value)?;
            }
            "serviceTier" => word(&at, value)?,
            _ => {}
        }
    }
    if !has_contents {
        return Err(RequestError::new(join(path, "contents"), "is required"));
    }
    Ok(CallFacts {
        dialect: Dialect::GEMINI,
        model,
        stream: address.stream == Some(true),
        wants_stream_usage: true,
        max_output_tokens: gathered.max_output_tokens,
        choices: gathered.choices.unwrap_or(1),
        prompt_text_bytes: gathered.text_bytes,
        messages: gathered.messages,
        images: gathered.images,
        has_unseen_input: gathered.unseen,
        needs: gathered.needs.and(Need::Vision, gathered.images > 0),
        tags: Vec::new(),
        plain_messages: false,
        decodes_answer: false,
        strict: false,
        headers: Vec::new(),
    })
}

/// How large a content is.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::gemini) struct ContentSize {
    pub(in crate::gemini) text_bytes: u64,
    pub(in crate::gemini) images: u32,
    pub(in crate::gemini) unseen: bool,
}

/// Judges a content that stands by itself, or its text alone.
pub(in crate::gemini) fn check_content(path: &str, content: Node<'_>) -> Result<ContentSize, RequestError> {
    let mut gathered = Gathered::default();
    contents::check_instruction(path, content, &mut gathered)?;
    Ok(ContentSize { text_bytes: gathered.text_bytes, images: gathered.images, unseen: gathered.unseen })
}

/// The model of the path, else that of the body.
fn model(root: Node<'_>, address: Address<'_>) -> Result<String, RequestError> {
    let model = match (address.model, field(root, "model")) {
        (Some(model), _) => plain(model).to_owned(),
        (None, Some(model)) => plain(&crate::request::model(model)?).to_owned(),
        (None, None) => return Err(RequestError::new("model", "is required")),
    };
    check_model(&model)?;
    Ok(model)
}
