//! A client's own body for a provider that speaks its dialect. It stays as it is, save for what was put into it here: proofs of
//! other makers, which its provider would refuse, and ids that nobody knows.

use bytes::{Bytes, BytesMut};
use memchr::memmem;
use switchyard_domain::chat::{LossReport, Reasoning};
use switchyard_domain::wire::Member;

use super::super::codec::OpenAiResponses;
use crate::json::{ArrayWriter, ObjectWriter, RawMembers, keep, object, text};
use crate::openai_responses::ids;
use crate::openai_responses::proof::{self, Proven};
use crate::scan::{Document, Node, ScanLimits};
use crate::splice::find;

/// The value of `input` as the vendor takes it; `None` where it may stay as it is.
pub(in crate::openai_responses) fn rewritten(
    body: &Bytes,
    members: &[Member],
    vendor: &OpenAiResponses,
    losses: &mut LossReport,
) -> Option<Vec<u8>> {
    let place = find(body, members, "input")?.value;
    let input = place.of(body);
    let has = |word: &[u8]| memmem::find(input, word).is_some();
    if !has(crate::proof::MARK.as_bytes()) && !has(ids::mark()) {
        return None;
    }
    let document = Document::scan(body.clone(), ScanLimits::UNBOUNDED).ok()?;
    let items = document.get("input")?;
    let mut out = BytesMut::with_capacity(input.len());
    let mut list = ArrayWriter::begin(&mut out);
    let mut changed = false;
    for (index, item) in items.elements().enumerate() {
        match fate(item, vendor) {
            Fate::Stays => list.element().extend_from_slice(item.raw()),
            Fate::Becomes(bytes) => {
                changed = true;
                list.element().extend_from_slice(&bytes);
            }
            Fate::Goes => {
                changed = true;
                losses.dropped(format!("input[{index}]"), "the reasoning is another maker's");
            }
        }
    }
    list.end();
    changed.then(|| out.to_vec())
}

enum Fate {
    Stays,
    Becomes(BytesMut),
    Goes,
}

fn fate(item: Node<'_>, vendor: &OpenAiResponses) -> Fate {
    let Some(parsed) = str::from_utf8(item.raw()).ok().and_then(object) else { return Fate::Stays };
    let word = |name: &str| parsed.get(name).and_then(text);
    let is_made = word("id").is_some_and(|id| ids::is_made(&id));
    if word("type").as_deref() != Some("reasoning") {
        return if is_made { Fate::Becomes(without_id(&parsed)) } else { Fate::Stays };
    }
    let is_marked = word("encrypted_content").is_some_and(|text| text.starts_with(crate::proof::MARK));
    if !is_made && !is_marked {
        return Fate::Stays;
    }
    match proof::read(&crate::request::keep(item).0, vendor.issuer) {
        Some(Proven::Reasoning(reasoning)) => written(&reasoning, vendor),
        _ => Fate::Goes,
    }
}

/// The reasoning in the vendor's own form, if it has one for it.
fn written(reasoning: &Reasoning, vendor: &OpenAiResponses) -> Fate {
    let mut out = BytesMut::new();
    match &reasoning.signature {
        Some(signature) if signature.issuer == vendor.issuer => {
            proof::write_own(&mut out, reasoning, signature);
        }
        _ if vendor.reasoning_text && !reasoning.text.is_empty() => {
            proof::write_text(&mut out, &reasoning.text);
        }
        _ => return Fate::Goes,
    }
    Fate::Becomes(out)
}

fn without_id(item: &RawMembers<'_>) -> BytesMut {
    let mut out = BytesMut::new();
    let mut object = ObjectWriter::begin(&mut out);
    for (name, value) in item.iter().filter(|(name, _)| *name != "id") {
        object.json(name, &keep(value));
    }
    object.end();
    out
}
