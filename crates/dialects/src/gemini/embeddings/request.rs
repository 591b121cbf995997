//! Requests: judging a client's, reading it into the canonical form.

use bytes::Bytes;
use switchyard_domain::call::CallFacts;
use switchyard_domain::embedding::{EmbeddingInput, EmbeddingRequest};
use switchyard_domain::route::Needs;

use super::{Texts, task};
use crate::codec::Address;
use crate::gemini::address::plain;
use crate::gemini::members::{Listed, field, fields, join, no_twins, whole};
use crate::gemini::request::{ContentSize, check_content};
use crate::request::{CheckedRequest, RequestError, RequestLimits, check_model, keep, scanned, text, word};
use crate::scan::{Document, Kind, Node};

/// Scans and judges a body.
pub(super) fn check(
    texts: Texts,
    body: Bytes,
    address: Address<'_>,
    limits: &RequestLimits,
) -> Result<CheckedRequest, RequestError> {
    let document = scanned(body, limits)?;
    let root = document.root();
    no_twins("", root)?;
    let mut model = address.model.map(|model| plain(model).to_owned());
    let (mut prompt_text_bytes, mut images, mut has_unseen_input) = (0, 0, false);
    for (path, one) in requests(texts, root)? {
        check_named_model(&path, one, &mut model)?;
        let size = check_one(&path, one)?;
        prompt_text_bytes += size.text_bytes;
        images += size.images;
        has_unseen_input |= size.unseen;
    }
    let model = model.ok_or_else(|| RequestError::new("model", "is required"))?;
    check_model(&model)?;
    let facts = CallFacts {
        headers: Vec::new(),
        dialect: texts.dialect(),
        model,
        stream: false,
        wants_stream_usage: false,
        // Vectors are no output that is counted.
        max_output_tokens: Some(0),
        choices: 1,
        prompt_text_bytes,
        messages: 0,
        images,
        has_unseen_input,
        needs: Needs::NONE,
        tags: Vec::new(),
        plain_messages: false,
        decodes_answer: false,
        strict: false,
    };
    Ok(CheckedRequest::new(document, facts))
}

/// The requests of a body, each with the path to it.
fn requests(texts: Texts, root: Node<'_>) -> Result<Vec<(String, Node<'_>)>, RequestError> {
    if texts == Texts::One {
        return Ok(vec![(String::new(), root)]);
    }
    let list = field(root, "requests").and_then(Listed::of);
    let list = list.ok_or_else(|| RequestError::new("requests", "must be a list of objects"))?;
    let requests: Vec<_> = (0..).zip(list).map(|(at, one): (usize, _)| (path_of(at), one)).collect();
    if requests.is_empty() {
        return Err(RequestError::new("requests", "must have at least one request"));
    }
    Ok(requests)
}

/// Where a request stands in a batch.
fn path_of(at: usize) -> String {
    format!("requests[{at}]")
}

/// The model stands in the path and again here, for whatever reason.
fn check_named_model(path: &str, one: Node<'_>, model: &mut Option<String>) -> Result<(), RequestError> {
    let Some(named) = field(one, "model") else { return Ok(()) };
    let at = join(path, "model");
    let named = text(&at, named)?;
    match model {
        Some(model) if *model == plain(&named) => Ok(()),
        Some(_) => Err(RequestError::new(at, "must be the model of the path")),
        None => {
            *model = Some(plain(&named).to_owned());
            Ok(())
        }
    }
}

fn check_one(path: &str, one: Node<'_>) -> Result<ContentSize, RequestError> {
    if one.kind() != Kind::Object {
        return Err(RequestError::new(path, "must be an object"));
    }
    no_twins(path, one)?;
    let mut size = None;
    for (name, value) in fields(one) {
        let at = join(path, &name);
        match name.as_ref() {
            "content" => size = Some(check_content(&at, value)?),
            "taskType" | "title" => word(&at, value)?,
            "outputDimensionality" => dimensions(&at, value).map(drop)?,
            _ => {}
        }
    }
    size.ok_or_else(|| RequestError::new(join(path, "content"), "is required"))
}

fn dimensions(path: &str, value: Node<'_>) -> Result<u64, RequestError> {
    let number = whole(value).and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0);
    number.map(u64::from).ok_or_else(|| RequestError::new(path, "must be an integer from 1"))
}

/// The canonical form of a body that was judged. It has one length and one purpose for all texts.
pub(super) fn decode(
    texts: Texts,
    document: &Document,
    address: Address<'_>,
) -> Result<EmbeddingRequest, RequestError> {
    let mut model = address.model.map(|model| plain(model).to_owned());
    let mut request = EmbeddingRequest::default();
    for (at, (path, one)) in requests(texts, document.root())?.into_iter().enumerate() {
        check_named_model(&path, one, &mut model)?;
        decode_one(&path, one, at == 0, &mut request)?;
    }
    request.model = model.unwrap_or_default();
    Ok(request)
}

fn decode_one(
    path: &str,
    one: Node<'_>,
    is_first: bool,
    request: &mut EmbeddingRequest,
) -> Result<(), RequestError> {
    let (mut wanted, mut purpose) = (None, None);
    for (name, value) in fields(one) {
        let at = join(path, &name);
        match name.as_ref() {
            "model" => {}
            "content" => request.inputs.push(EmbeddingInput::Text(read_text(&at, value)?)),
            "taskType" => purpose = task::read(&text(&at, value)?),
            "outputDimensionality" => wanted = Some(dimensions(&at, value)?),
            _ => request.extensions.push((at, keep(value))),
        }
    }
    if is_first {
        (request.dimensions, request.task) = (wanted, purpose);
    } else if (request.dimensions, &request.task) != (wanted, &purpose) {
        return Err(RequestError::new(path, "must want what the first one wants, for this model"));
    }
    Ok(())
}

/// The text of a content. Only texts can be embedded by all.
fn read_text(path: &str, content: Node<'_>) -> Result<String, RequestError> {
    if let Some(text) = content.text() {
        return Ok(text.into_owned());
    }
    let parts = field(content, "parts").and_then(Listed::of).into_iter().flatten();
    let texts: Option<Vec<_>> = parts.map(|part| field(part, "text").and_then(Node::text)).collect();
    let texts =
        texts.ok_or_else(|| RequestError::new(join(path, "parts"), "must be texts, for this model"))?;
    Ok(texts.concat())
}
