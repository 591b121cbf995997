use std::sync::Arc;

use bytes::Bytes;
use switchyard_domain::call::CallFacts;
use switchyard_domain::wire::Member;

use super::{RequestCode, RequestError, check_names};
use crate::scan::{Document, ScanLimits};

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

/// Scans a body, within its bounds, and refuses what no call of any dialect may say.
pub(crate) fn scanned(body: Bytes, limits: &RequestLimits) -> Result<Document, RequestError> {
    if body.len() > limits.max_body_bytes {
        let message = format!("the body exceeds {} bytes", limits.max_body_bytes);
        return Err(RequestError { code: RequestCode::TooLarge, message, param: None });
    }
    let document = Document::scan(body, limits.scan)?;
    check_names("", document.root())?;
    Ok(document)
}

impl CheckedRequest {
    /// A body that was found good.
    pub(crate) fn new(document: Document, facts: CallFacts) -> Self {
        let members = document.wire_members().into();
        Self { document, facts, members }
    }
}
