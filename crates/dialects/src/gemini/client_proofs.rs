//! The proofs of other vendors in a client's own body, which must not reach Google: it refuses a request with a proof that it
//! can't read.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use memchr::memmem;
use switchyard_domain::chat::{LossReport, Signature};

use super::members::{Listed, field};
use super::proofs::{self, MARKED};
use crate::scan::{Document, Node, ScanLimits};

/// The body without the proofs of other vendors: in their places stands `null`. All other bytes stay.
pub(super) fn without_foreign(body: &Bytes, losses: &mut LossReport) -> Bytes {
    if memmem::find(body, MARKED.as_bytes()).is_none() {
        return body.clone();
    }
    let Ok(document) = Document::scan(body.clone(), ScanLimits::UNBOUNDED) else { return body.clone() };
    let mut out = BytesMut::with_capacity(body.len());
    let mut copied = 0;
    for (place, path) in foreign(document.root()) {
        losses.dropped(path, "is another vendor's and means nothing to Google");
        out.extend_from_slice(body.get(copied..place.start).unwrap_or_default());
        out.extend_from_slice(b"null");
        copied = place.end;
    }
    out.extend_from_slice(body.get(copied..).unwrap_or_default());
    out.freeze()
}

fn foreign(root: Node<'_>) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    let contents = field(root, "contents").and_then(Listed::of).into_iter().flatten();
    for (index, content) in contents.enumerate() {
        let parts = field(content, "parts").and_then(Listed::of).into_iter().flatten();
        for (at, part) in parts.enumerate() {
            let Some(proof) = field(part, "thoughtSignature") else { continue };
            if proof.text().is_some_and(|text| proofs::read(&text).0.issuer != Signature::GOOGLE) {
                found.push((proof.span(), format!("contents[{index}].parts[{at}].thoughtSignature")));
            }
        }
    }
    found
}
