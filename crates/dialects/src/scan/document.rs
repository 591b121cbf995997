use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use switchyard_domain::wire;

use super::token::Token;
use super::{Members, Node, ScanError, ScanLimits, scanner};

/// A request body that passed the scan, with the table of what stands where.
///
/// Body and table travel together, so a span can never be applied to other bytes than those it was taken from.
/// Cloning shares the body but copies the table; share the whole by reference or `Arc`.
#[derive(Clone)]
pub struct Document {
    body: Bytes,
    tokens: Vec<Token>,
    root: Token,
}

impl Document {
    /// Scans a body.
    ///
    /// # Errors
    /// The first reason found why the body is not one acceptable JSON object. Syntax goes before the kind of the
    /// root: `[1,` is invalid JSON, `[1]` an invalid request.
    pub fn scan(body: Bytes, limits: ScanLimits) -> Result<Self, ScanError> {
        let tokens = scanner::scan(&body, limits)?;
        let root = *tokens.first().ok_or(ScanError::new(super::ScanErrorKind::UnexpectedEnd, 0))?;
        Ok(Self { body, tokens, root })
    }

    /// The body as it came.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The object that the body is.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        Node::new(self, 0, self.root)
    }

    /// The members at the top level, in their order.
    #[must_use]
    pub fn members(&self) -> Members<'_> {
        self.root().members()
    }

    /// The value of a member at the top level, however its name is spelled.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Node<'_>> {
        self.root().get(name)
    }

    /// The places of the members at the top level, to travel with the body to whoever splices it.
    #[must_use]
    pub fn wire_members(&self) -> Vec<wire::Member> {
        self.members().map(super::Member::to_wire).collect()
    }

    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The bytes of a span of this body; nothing for a span that is not of it.
    pub(super) fn slice(&self, span: Range<usize>) -> &[u8] {
        self.body.get(span).unwrap_or_default()
    }
}

/// Sizes only: a body is somebody's prompt, and has no business in a log.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("bytes", &self.body.len())
            .field("values", &self.tokens.len())
            .finish_non_exhaustive()
    }
}
