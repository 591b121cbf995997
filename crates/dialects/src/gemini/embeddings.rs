//! Embeddings: `embedContent` for one text, `batchEmbedContents` for several, both ways.
//!
//! Vertex has the first of them alone: a caller with several texts asks once for each.

use bytes::{Bytes, BytesMut};
use switchyard_domain::chat::Json;

use super::address::{plain, resource_name};
use super::members::{Listed, field, no_twins, whole};
use crate::codec::{Address, AnswerFault};
use crate::counts::Counter;
use crate::error::{from_members, has_error};
use crate::json::{ArrayWriter, ObjectWriter, RawMembers, elements, keep, members, object};
use crate::request::{RequestError, RequestLimits, check_model, scanned, text};
use crate::scan::{Kind, Node};

/// The operation for one text, as it stands in paths.
pub const ONE: &str = "embedContent";

/// The operation for several texts.
pub const BATCH: &str = "batchEmbedContents";

/// What is to be embedded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmbeddingRequest {
    /// The model.
    pub model: String,
    /// The texts, each of which becomes a vector.
    pub texts: Vec<String>,
    /// How long the vectors shall be.
    pub dimensions: Option<u32>,
    /// What they are for, in Google's word (`RETRIEVAL_QUERY`, ...).
    pub task_type: Option<String>,
}

/// The vectors of a request's texts, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmbeddingAnswer {
    /// Each a list of numbers, spelled as they came.
    pub vectors: Vec<Json>,
    /// How many tokens were read, where the provider says so.
    pub input_tokens: Option<u64>,
}

/// Reads a client's body; `batch` says which operation the path named.
///
/// # Errors
/// When it is no acceptable request. All texts of a batch must be meant for one model, length and use.
pub fn read_request(
    body: Bytes,
    address: Address<'_>,
    batch: bool,
    limits: &RequestLimits,
) -> Result<EmbeddingRequest, RequestError> {
    let document = scanned(body, limits)?;
    let root = document.root();
    no_twins("", root)?;
    let mut request = EmbeddingRequest::default();
    if let Some(model) = address.model {
        check_model(model)?;
        request.model = plain(model).to_owned();
    }
    if !batch {
        read_one("", root, true, &mut request)?;
        return named(request);
    }
    let list = field(root, "requests").filter(|list| list.kind() == Kind::Array);
    let list = list.ok_or_else(|| RequestError::new("requests", "must be a list"))?;
    for (index, one) in list.elements().enumerate() {
        if index >= limits.max_messages {
            let message = format!("must have at most {} requests", limits.max_messages);
            return Err(RequestError::new("requests", message));
        }
        read_one(&format!("requests[{index}]."), one, index == 0, &mut request)?;
    }
    if request.texts.is_empty() {
        return Err(RequestError::new("requests", "must have at least one request"));
    }
    named(request)
}

fn named(request: EmbeddingRequest) -> Result<EmbeddingRequest, RequestError> {
    if request.model.is_empty() { Err(RequestError::new("model", "is required")) } else { Ok(request) }
}

fn read_one(
    path: &str,
    one: Node<'_>,
    is_first: bool,
    request: &mut EmbeddingRequest,
) -> Result<(), RequestError> {
    let model = field(one, "model").map(|model| text(format_args!("{path}model"), model)).transpose()?;
    let model = model.map(|model| plain(&model).to_owned());
    if let Some(model) = model.filter(|model| *model != request.model) {
        if !is_first || !request.model.is_empty() {
            return Err(RequestError::new(format!("{path}model"), "must be the model of the path"));
        }
        check_model(&model)?;
        request.model = model;
    }
    let dimensions = field(one, "outputDimensionality").map(|value| {
        let number = whole(value).and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0);
        number.ok_or_else(|| {
            RequestError::new(format!("{path}outputDimensionality"), "must be an integer from 1")
        })
    });
    let task = field(one, "taskType").map(|task| text(format_args!("{path}taskType"), task));
    let (dimensions, task) = (dimensions.transpose()?, task.transpose()?);
    if is_first {
        request.dimensions = dimensions;
        request.task_type = task;
    } else if (request.dimensions, &request.task_type) != (dimensions, &task) {
        let member = path.trim_end_matches('.');
        return Err(RequestError::new(member, "must want what the first one wants"));
    }
    let content = field(one, "content");
    let content = content.ok_or_else(|| RequestError::new(format!("{path}content"), "is required"))?;
    request.texts.push(read_text(&format!("{path}content.parts"), content)?);
    Ok(())
}

/// The text of a content. Only texts can be embedded here.
fn read_text(path: &str, content: Node<'_>) -> Result<String, RequestError> {
    let parts = field(content, "parts").and_then(Listed::of);
    let parts = parts.ok_or_else(|| RequestError::new(path, "must be a list of texts"))?;
    let texts: Option<Vec<_>> = parts.map(|part| field(part, "text").and_then(Node::text)).collect();
    let texts = texts.filter(|texts| !texts.is_empty());
    texts.map(|texts| texts.concat()).ok_or_else(|| RequestError::new(path, "must be a list of texts"))
}

/// Writes a provider's body for [`BATCH`].
#[must_use]
pub fn write_batch(request: &EmbeddingRequest, model: &str) -> Bytes {
    let mut out = BytesMut::with_capacity(1024);
    let mut body = ObjectWriter::begin(&mut out);
    body.array("requests", |list| {
        for text in &request.texts {
            list.object(|object| {
                object.text("model", &resource_name(model));
                write_members(object, request, text);
            });
        }
    });
    body.end();
    out.freeze()
}

/// Writes a provider's body for [`ONE`], for one of the texts.
#[must_use]
pub fn write_one(request: &EmbeddingRequest, text: &str) -> Bytes {
    let mut out = BytesMut::with_capacity(text.len() + 128);
    let mut body = ObjectWriter::begin(&mut out);
    write_members(&mut body, request, text);
    body.end();
    out.freeze()
}

fn write_members(object: &mut ObjectWriter<'_>, request: &EmbeddingRequest, text: &str) {
    object.object("content", |content| {
        content.array("parts", |list| list.object(|part| part.text("text", text)));
    });
    if let Some(task) = &request.task_type {
        object.text("taskType", task);
    }
    if let Some(dimensions) = request.dimensions {
        object.plain("outputDimensionality", dimensions);
    }
}

/// Reads a provider's answer to either operation.
///
/// # Errors
/// When it is none, or an error.
pub fn read_answer(body: &[u8]) -> Result<EmbeddingAnswer, AnswerFault> {
    let body = String::from_utf8_lossy(body);
    let top = object(body.trim()).ok_or(AnswerFault::NotJson)?;
    if has_error(&top) {
        return Err(AnswerFault::Error(from_members(&top)));
    }
    let several = top.get("embeddings").and_then(elements);
    let vectors = several.or_else(|| top.get("embedding").map(|one| vec![one])).unwrap_or_default();
    let vectors: Option<Vec<Json>> = vectors
        .into_iter()
        .map(|vector| members(vector)?.get("values").map(keep).filter(Json::is_list))
        .collect();
    let vectors = vectors.filter(|vectors| !vectors.is_empty()).ok_or(AnswerFault::NoChoices)?;
    Ok(EmbeddingAnswer { vectors, input_tokens: counted(&top) })
}

/// The tokens read, which newer models tell (`google-batchembedcontents-9446cd0a82`, 2026).
fn counted(top: &RawMembers<'_>) -> Option<u64> {
    let counted = top.get("usageMetadata").and_then(members)?;
    let mut counter = Counter::default();
    counted.get("promptTokenCount").map(|count| counter.count(Some(count)))
}

/// Writes a client's answer; `batch` says which operation it asked for.
#[must_use]
pub fn write_answer(answer: &EmbeddingAnswer, batch: bool) -> Bytes {
    let mut out = BytesMut::with_capacity(4096);
    let mut body = ObjectWriter::begin(&mut out);
    let write = |list: &mut ArrayWriter<'_>| {
        for vector in &answer.vectors {
            list.object(|object| object.json("values", vector));
        }
    };
    match answer.vectors.first() {
        Some(vector) if !batch => body.object("embedding", |object| object.json("values", vector)),
        _ => body.array("embeddings", write),
    }
    if let Some(tokens) = answer.input_tokens {
        body.object("usageMetadata", |counts| counts.plain("promptTokenCount", tokens));
    }
    body.end();
    out.freeze()
}
