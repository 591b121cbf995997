//! `countTokens`: how many tokens a request would be, both ways.
//!
//! Google's own service takes a conversation alone, or a whole request under `generateContentRequest`
//! (`google-counttokens-084e063631`, 2026); Vertex takes the members of a request as they are
//! (`vertex-counttokens-d6c29dc050`, 2025).

use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport};

use super::members::field;
use super::{Gemini, address, request};
use crate::codec::{Address, AnswerFault, ProviderCodec, Unsupported, crossing};
use crate::counts::Counter;
use crate::error::{from_members, has_error};
use crate::json::{ObjectWriter, object};
use crate::request::{CheckedRequest, RequestError, RequestLimits, scanned};
use crate::scan::{Document, Kind, Node};

/// The operation, as it stands in paths.
pub const OPERATION: &str = "countTokens";

/// The member in which a whole request stands.
const WHOLE: &str = "generateContentRequest";

/// How many tokens there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountedTokens {
    /// In the whole request.
    pub total: u64,
    /// Of them in the provider's prompt cache.
    pub cached: u64,
}

/// Scans and judges a client's body.
///
/// # Errors
/// The first thing found wrong.
pub fn check(
    body: Bytes,
    address: Address<'_>,
    limits: &RequestLimits,
) -> Result<CheckedRequest, RequestError> {
    let document = scanned(body, limits)?;
    let (path, node, address) = counted(&document, address)?;
    let facts = request::check_node(path, node, address, limits)?;
    Ok(CheckedRequest::new(document, facts))
}

/// The request that is to be counted.
///
/// # Errors
/// When a member has a type or value that it can't have.
pub fn decode(document: &Document, address: Address<'_>) -> Result<ChatRequest, RequestError> {
    let (_, node, address) = counted(document, address)?;
    request::decode_node(node, address)
}

/// Where the request stands. A stream makes no sense here.
fn counted<'d, 'a>(
    document: &'d Document,
    address: Address<'a>,
) -> Result<(&'static str, Node<'d>, Address<'a>), RequestError> {
    let address = Address { stream: None, ..address };
    match field(document.root(), WHOLE) {
        None => Ok(("", document.root(), address)),
        Some(node) if node.kind() == Kind::Object => Ok((WHOLE, node, address)),
        Some(_) => Err(RequestError::new(WHOLE, "must be an object")),
    }
}

/// A provider's body that asks for the count of a request.
///
/// # Errors
/// As for the request itself.
pub fn encode(
    facts: &Gemini,
    request: &ChatRequest,
    model: &str,
    source: Dialect,
    losses: &mut LossReport,
) -> Result<Bytes, Unsupported> {
    if facts.vertex {
        return facts.encode(request, model, source, losses);
    }
    crossing(request, (source, Dialect::GEMINI), losses, |request, losses| {
        let mut out = BytesMut::with_capacity(1024);
        let mut body = ObjectWriter::begin(&mut out);
        let mut whole = ObjectWriter::begin(body.name(WHOLE));
        whole.text("model", &address::resource_name(model));
        let whole = request::encode_into(whole, request, model, source, facts, losses)?;
        whole.end();
        body.end();
        Ok(out.freeze())
    })
}

/// Reads a provider's answer.
///
/// # Errors
/// When it is none, or an error.
pub fn read(body: &[u8]) -> Result<CountedTokens, AnswerFault> {
    let body = String::from_utf8_lossy(body);
    let top = object(body.trim()).ok_or(AnswerFault::NotJson)?;
    if has_error(&top) {
        return Err(AnswerFault::Error(from_members(&top)));
    }
    let mut counter = Counter::default();
    let mut count =
        |name: &str| -> Option<u64> { top.get(name).map(|raw: &RawValue| counter.count(Some(raw))) };
    let total = count("totalTokens").ok_or(AnswerFault::NoChoices)?;
    let cached = count("cachedContentTokenCount").unwrap_or(0);
    Ok(CountedTokens { total, cached })
}

/// Writes a client's answer.
#[must_use]
pub fn write(counted: CountedTokens) -> Bytes {
    let mut out = BytesMut::new();
    let mut body = ObjectWriter::begin(&mut out);
    body.plain("totalTokens", counted.total);
    if counted.cached > 0 {
        body.plain("cachedContentTokenCount", counted.cached);
    }
    body.end();
    out.freeze()
}
