//! A client's own messages without what the vendor of this dialect would refuse because another vendor's model made it: a
//! conversation may have gone through several.

use bytes::Bytes;
use memchr::memmem;
use switchyard_domain::chat::LossReport;
use switchyard_domain::wire::Member;

use super::citation;
use crate::proof::MARK;
use crate::request::{keep, present};
use crate::scan::{Document, Kind, Node, ScanLimits};
use crate::splice::find;

/// The bytes without which there is nothing to take out: proofs of others, thinking without a proof, citations of others.
const SIGNS: &[&[u8]] = &[
    MARK.as_bytes(),
    b"\"signature\":\"\"",
    b"\"signature\": \"\"",
    b"\"end_char_index\":0",
    b"\"end_char_index\": 0",
];

/// The value of `messages` as the vendor takes it; `None` where it may stay as it is. `unsigned` says that the vendor takes
/// thinking without a proof.
pub(super) fn cleaned(
    body: &Bytes,
    members: &[Member],
    unsigned: bool,
    losses: &mut LossReport,
) -> Option<Vec<u8>> {
    let place = find(body, members, "messages")?.value.of(body);
    if !SIGNS.iter().any(|sign| memmem::find(place, sign).is_some()) {
        return None;
    }
    // The body was scanned within the surface's limits; a second look only finds places.
    let unbounded = ScanLimits { max_depth: usize::MAX, max_members: usize::MAX, max_values: usize::MAX };
    let document = Document::scan(body.clone(), unbounded).ok()?;
    let mut cleaner = Cleaner { unsigned, losses, changed: false };
    let messages = document.get("messages")?.elements().enumerate();
    let kept: Vec<Vec<u8>> =
        messages.filter_map(|(index, message)| cleaner.message(index, message)).collect();
    cleaner.changed.then(|| listed(&kept))
}

struct Cleaner<'l> {
    unsigned: bool,
    losses: &'l mut LossReport,
    changed: bool,
}

impl Cleaner<'_> {
    /// A message as it stays; `None` if nothing of it does.
    fn message(&mut self, index: usize, message: Node<'_>) -> Option<Vec<u8>> {
        let content = present(message, "content").filter(|content| content.kind() == Kind::Array);
        let Some(content) = content else { return Some(message.raw().to_vec()) };
        let before = std::mem::take(&mut self.changed);
        let blocks = content.elements();
        let kept: Vec<Vec<u8>> = blocks.filter_map(|block| self.block(index, block)).collect();
        let changed = std::mem::replace(&mut self.changed, before);
        if !changed {
            return Some(message.raw().to_vec());
        }
        self.changed = true;
        (!kept.is_empty()).then(|| replaced(message, content, &listed(&kept)))
    }

    /// A block as it stays.
    fn block(&mut self, index: usize, block: Node<'_>) -> Option<Vec<u8>> {
        let kind = present(block, "type").and_then(Node::text).unwrap_or_default();
        let proof = |name: &str| present(block, name).and_then(Node::text).unwrap_or_default();
        let (foreign, unsigned) = match kind.as_ref() {
            "thinking" => {
                let proof = proof("signature");
                (proof.starts_with(MARK), proof.is_empty() && !self.unsigned)
            }
            "redacted_thinking" => (proof("data").starts_with(MARK), false),
            "text" => return Some(self.text(block)),
            _ => (false, false),
        };
        if foreign {
            let member = format!("messages[{index}].reasoning.signature");
            self.losses.dropped(member, "can be read by its maker alone");
        }
        if unsigned {
            let member = format!("messages[{index}].reasoning");
            self.losses.dropped(member, "has no proof, without which the provider takes none back");
        }
        self.changed |= foreign || unsigned;
        (!foreign && !unsigned).then(|| block.raw().to_vec())
    }

    fn text(&mut self, block: Node<'_>) -> Vec<u8> {
        let Some(citations) = present(block, "citations") else { return block.raw().to_vec() };
        let (kept, changed) = citation::without_ours(&keep(citations).0);
        if !changed {
            return block.raw().to_vec();
        }
        self.changed = true;
        let kept = kept.as_ref().map_or("null", |kept| kept.as_str());
        replaced(block, citations, kept.as_bytes())
    }
}

/// The bytes of `outer` with those of `inner`, which is in it, replaced.
fn replaced(outer: Node<'_>, inner: Node<'_>, value: &[u8]) -> Vec<u8> {
    let (outside, inside) = (outer.span(), inner.span());
    let raw = outer.raw();
    let head = raw.get(..inside.start - outside.start).unwrap_or_default();
    let tail = raw.get(inside.end - outside.start..).unwrap_or_default();
    [head, value, tail].concat()
}

fn listed(elements: &[Vec<u8>]) -> Vec<u8> {
    [&b"["[..], &elements.join(&b","[..]), b"]"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned_body(messages: &str, unsigned: bool) -> (Option<String>, String) {
        let body = Bytes::from(format!(r#"{{"model":"m","messages":{messages}}}"#));
        let document = Document::scan(body, ScanLimits::default()).unwrap();
        let mut losses = LossReport::default();
        let value = cleaned(document.body(), &document.wire_members(), unsigned, &mut losses);
        (value.map(|value| String::from_utf8(value).unwrap()), losses.to_string())
    }

    #[test]
    fn the_vendors_own_thinking_stays_byte_for_byte() {
        let own = r#"[{"role":"assistant","content":[ {"type":"thinking","thinking":"","signature":"Eq+/="},
            {"type":"text","text":"\"signature\":\"\" switchyard:"}]}]"#;
        assert_eq!(cleaned_body(own, false), (None, String::new()));
    }

    #[test]
    fn what_others_made_goes_and_all_else_stays_as_it_is() {
        let messages = r#"[{"role" : "user","content":"\u0068i"},
            {"role":"assistant", "content":[{"type":"thinking","thinking":"a","signature":"switchyard:google:x"},
              {"type":"thinking","thinking":"b","signature":""}, {"type":"redacted_thinking","data":"own"},
              {"type":"text","text":"c" , "citations":[{"type":"char_location","end_char_index":0}]}]},
            {"role":"assistant","content":[{"type":"redacted_thinking","data":"switchyard:google/call:y"}]}]"#;
        let expected = r#"[{"role" : "user","content":"\u0068i"},{"role":"assistant", "content":[{"type":"redacted_thinking","data":"own"},{"type":"text","text":"c" , "citations":null}]}]"#;
        let losses = "messages[1].reasoning.signature,messages[1].reasoning,messages[2].reasoning.signature";
        assert_eq!(cleaned_body(messages, false), (Some(expected.to_owned()), losses.to_owned()));
        let unsigned =
            r#"[{"role":"assistant","content":[{"type":"thinking","thinking":"b","signature":""}]}]"#;
        assert_eq!(cleaned_body(unsigned, true), (None, String::new()));
    }
}
