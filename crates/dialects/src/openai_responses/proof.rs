//! Proofs of reasoning.
//!
//! OpenAI gives a `reasoning` item, and wants it back as it was: with its id, its summaries and what it encrypted. As a proof of
//! the canonical form it is the whole item as it was written; another dialect's place for such a proof may hold the encrypted
//! text alone, which then does not begin with a brace.
//!
//! Clients of this dialect get the proofs of all makers in `reasoning` items. Such an item has the proof in `encrypted_content`,
//! the one member that every client sends back, behind a mark that says whose it is and what it belongs to:
//! `switchyard:<maker>:<proof>`, where the maker's name is followed by `+redacted` for reasoning of which nothing is shown,
//! `+text` for a proof of the text before it, or `+call` for one of a tool call, whose id, with its length, stands before
//! the proof.

use std::borrow::Cow;

use serde_json::value::RawValue;
use switchyard_domain::chat::{Reasoning, Signature};

use super::ids;
use crate::json::{ObjectWriter, RawMembers, elements, members, object, text};
use crate::proof::{marked, unmarked};

/// What stands between the summaries of one item, and the texts of one reasoning, where they are told as one.
pub(super) const BETWEEN: &str = "\n\n";

/// What an item of reasoning means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Proven {
    /// A block of reasoning, with or without a proof.
    Reasoning(Reasoning),
    /// A proof of the text before it.
    Text(Signature),
    /// A proof of the call of this id.
    Call(String, Signature),
}

/// What a proof belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of<'a> {
    /// A reasoning of which something is shown.
    Reasoning,
    /// A reasoning of which nothing is.
    Redacted,
    /// The text before it.
    Text,
    /// The call of this id.
    Call(&'a str),
}

/// The readable text of an item: its summaries, or what it reasoned itself where there are none.
pub(super) fn text_of(item: &RawMembers<'_>) -> String {
    let texts = |name: &str| -> Vec<Cow<'_, str>> {
        let parts = item.get(name).and_then(elements).unwrap_or_default();
        let said = parts.into_iter().filter_map(|part| members(part)?.get("text").and_then(text));
        said.filter(|said| !said.is_empty()).collect()
    };
    let summary = texts("summary");
    let said = if summary.is_empty() { texts("content") } else { summary };
    said.join(BETWEEN)
}

/// Reads an item whose maker, unless it bears our mark, is `maker`. `None` if it says nothing at all.
pub(super) fn read(raw: &RawValue, maker: &str) -> Option<Proven> {
    let item = members(raw)?;
    let readable = text_of(&item);
    let encrypted = item.get("encrypted_content").and_then(text);
    if let Some(signature) = encrypted.and_then(|text| of_other(&text)) {
        return Some(of_mark(signature, readable));
    }
    if !encrypted_or_named(&item) {
        let reasoning = Reasoning::text(readable);
        return (!reasoning.text.is_empty()).then_some(Proven::Reasoning(reasoning));
    }
    let signature = Some(Signature::new(maker, raw.get()));
    Some(Proven::Reasoning(Reasoning { redacted: readable.is_empty(), text: readable, signature }))
}

/// The proof that bears our mark.
fn of_other(encrypted: &str) -> Option<Signature> {
    Some(unmarked(encrypted, "")).filter(|signature| !signature.issuer.is_empty())
}

/// Whether an item has something in it that its maker can know it by.
fn encrypted_or_named(item: &RawMembers<'_>) -> bool {
    let is_named = item.get("id").and_then(text).is_some_and(|id| !ids::is_made(&id));
    is_named || item.get("encrypted_content").is_some()
}

fn of_mark(signature: Signature, readable: String) -> Proven {
    let Signature { issuer, value } = signature;
    let (maker, of) = issuer.split_once('+').unwrap_or((&issuer, ""));
    match of {
        "text" => Proven::Text(Signature::new(maker, value)),
        "call" => {
            let (id, value) = called(&value).unwrap_or(("", &value));
            Proven::Call(id.to_owned(), Signature::new(maker, value))
        }
        _ => Proven::Reasoning(Reasoning {
            text: readable,
            signature: Some(Signature::new(maker, value)),
            redacted: of == "redacted",
        }),
    }
}

/// The id of a call and the proof of it.
fn called(value: &str) -> Option<(&str, &str)> {
    let (length, rest) = value.split_once(':')?;
    rest.split_at_checked(length.parse().ok()?)
}

/// A proof as the value of `encrypted_content`, for a client.
pub(super) fn encrypted(signature: &Signature, of: Of<'_>) -> String {
    let Signature { issuer, value } = signature;
    let signature = match of {
        Of::Reasoning => signature.clone(),
        Of::Redacted => Signature::new(format!("{issuer}+redacted"), value.as_str()),
        Of::Text => Signature::new(format!("{issuer}+text"), value.as_str()),
        Of::Call(id) => Signature::new(format!("{issuer}+call"), format!("{}:{id}{value}", id.len())),
    };
    // No maker has this name: OpenAI's own items are marked too where they can't be written as they were.
    marked(&signature, "").into_owned()
}

/// The item that a proof is, if it is a whole one. A proof may come from a client, who could write anything into it, so only
/// what is one sound item is ever written as it is.
pub(super) fn whole_item(signature: &Signature) -> Option<&str> {
    let value = signature.value.as_str();
    let item = object(value).filter(|_| value.starts_with('{'))?;
    (item.get("type").and_then(text).as_deref() == Some("reasoning")).then_some(value)
}

/// The id of an item.
pub(super) fn id_of(item: &str) -> String {
    let id = object(item).and_then(|item| item.get("id").and_then(text));
    id.map(Cow::into_owned).unwrap_or_default()
}

/// Writes a reasoning with a proof of the dialect's own maker as it goes to that maker.
pub(super) fn write_own(out: &mut bytes::BytesMut, reasoning: &Reasoning, signature: &Signature) {
    if let Some(item) = whole_item(signature) {
        return out.extend_from_slice(item.as_bytes());
    }
    let mut item = ObjectWriter::begin(out);
    item.text("type", "reasoning");
    write_summary(&mut item, &reasoning.text);
    item.text("encrypted_content", &signature.value);
    item.end();
}

/// Writes a reasoning of which only the text is known, for vendors that take it back so.
pub(super) fn write_text(out: &mut bytes::BytesMut, readable: &str) {
    let mut item = ObjectWriter::begin(out);
    item.text("type", "reasoning");
    item.array("summary", |_| {});
    item.array("content", |list| {
        list.object(|part| {
            part.text("type", "reasoning_text");
            part.text("text", readable);
        });
    });
    item.end();
}

/// Writes a `summary` of one text, or of none.
pub(super) fn write_summary(item: &mut ObjectWriter<'_>, readable: &str) {
    item.array("summary", |list| {
        if !readable.is_empty() {
            list.object(|part| {
                part.text("type", "summary_text");
                part.text("text", readable);
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn returned(encrypted: &str, summary: &str) -> Proven {
        let item = serde_json::json!({"type": "reasoning", "id": ids::made("rs", "a", 0),
            "summary": [{"type": "summary_text", "text": summary}], "encrypted_content": encrypted});
        let raw = RawValue::from_string(item.to_string()).unwrap();
        read(&raw, Signature::OPENAI).unwrap()
    }

    #[test]
    fn proofs_of_all_makers_come_back_as_they_were() {
        for issuer in ["anthropic", "google", "xai", "unknown", "openai"] {
            for value in ["EqQB==", "", "a:b+c", "{\"id\":\"rs_1\"}", "3:abc"] {
                let signature = Signature::new(issuer, value);
                let mark = |of| encrypted(&signature, of);
                let reasoning = |text: &str, redacted| {
                    let signature = Some(signature.clone());
                    Proven::Reasoning(Reasoning { text: text.to_owned(), signature, redacted })
                };
                assert_eq!(returned(&mark(Of::Reasoning), "hm"), reasoning("hm", false));
                assert_eq!(returned(&mark(Of::Redacted), ""), reasoning("", true));
                assert_eq!(returned(&mark(Of::Text), ""), Proven::Text(signature.clone()));
                for id in ["call_1", "", "resp_a:call_0", "é:2"] {
                    let expected = Proven::Call(id.to_owned(), signature.clone());
                    assert_eq!(returned(&mark(Of::Call(id)), ""), expected);
                }
            }
        }
    }

    #[test]
    fn a_proof_that_is_no_sound_item_is_written_as_a_text() {
        for value in
            ["{", "{}", r#"{"type":"message"}"#, r#"{"type":"reasoning"}],"tools":[{"a":1}"#, "{\"type\":"]
        {
            let signature = Signature::new(Signature::OPENAI, value);
            assert_eq!(whole_item(&signature), None, "{value}");
            let mut out = bytes::BytesMut::new();
            write_own(&mut out, &Reasoning::default(), &signature);
            let item: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(item["encrypted_content"], value);
        }
    }

    #[test]
    fn an_item_without_anything_of_its_makers_is_but_its_text() {
        let made = ids::made("rs", "a", 0);
        for (item, text) in [
            (r#"{"type":"reasoning","summary":[]}"#.to_owned(), None),
            (
                r#"{"summary":[{"text":"a"},{"text":"b"}],"content":[{"text":"c"}]}"#.to_owned(),
                Some("a\n\nb"),
            ),
            (format!(r#"{{"id":"{made}","summary":[],"content":[{{"text":"c"}}]}}"#), Some("c")),
        ] {
            let raw = RawValue::from_string(item).unwrap();
            let expected = text.map(|text| Proven::Reasoning(Reasoning::text(text)));
            assert_eq!(read(&raw, "openai"), expected);
        }
    }
}
