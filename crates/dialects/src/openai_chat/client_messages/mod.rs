//! The messages of a client's own body in the form that a vendor takes, all other bytes of them left alone.

mod given;

use bytes::Bytes;
use memchr::memmem;
use std::ops::Range;
use switchyard_domain::chat::LossReport;
use switchyard_domain::wire::Member;

use given::GivenMembers;

use super::request::{TargetFacts, ToolCallIds};
use crate::scan::{Document, Node, ScanLimits};
use crate::splice::find;
use crate::tool_call_id::nine_alphanumeric;

/// What messages must look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MessageRules {
    /// The role `developer` is not known; `system` means the same.
    system_for_developer: bool,
    /// Ids of tool calls must be nine letters or digits; those of other vendors in a history are given such a form.
    nine_character_call_ids: bool,
    /// What becomes of reasoning and proofs that were given to the client.
    given: GivenMembers,
}

impl MessageRules {
    pub(super) fn of(facts: &TargetFacts) -> Self {
        Self {
            system_for_developer: !facts.developer_role,
            nine_character_call_ids: facts.tool_call_ids == ToolCallIds::NineAlphanumeric,
            given: GivenMembers::of(facts),
        }
    }

    /// What departs from a client's own bytes for the sake of reasoning, for people.
    pub(super) fn reasoning_sentence(self) -> Option<String> {
        self.given.sentence()
    }
}

/// The value of `messages` as the vendor takes it; `None` where it may stay as it is, which costs no second look at what they say.
pub(super) fn rewritten(
    body: &Bytes,
    members: &[Member],
    rules: MessageRules,
    losses: &mut LossReport,
) -> Option<Vec<u8>> {
    let place = find(body, members, "messages")?.value;
    let messages = place.of(body);
    let has = |word: &[u8]| memmem::find(messages, word).is_some();
    let concerned = spells_letters(messages)
        || rules.given.is_concerned(has)
        || (rules.system_for_developer && has(b"developer"))
        || (rules.nine_character_call_ids && has(b"tool_call"));
    if !concerned {
        return None;
    }
    let document = Document::scan(body.clone(), ScanLimits::UNBOUNDED).ok()?;
    let mut changes = changes(document.get("messages")?, rules, losses);
    if changes.is_empty() {
        return None;
    }
    changes.sort_by_key(|(span, _)| span.start);
    let mut out = Vec::with_capacity(messages.len() + 16);
    let mut copied = place.start as usize;
    for (span, value) in changes {
        out.extend_from_slice(body.get(copied..span.start)?);
        out.extend_from_slice(value.as_bytes());
        copied = span.end;
    }
    out.extend_from_slice(body.get(copied..place.end as usize)?);
    Some(out)
}

/// Whether letters of a name or a role may be spelled with escapes. What clients write needs none for plain letters.
fn spells_letters(messages: &[u8]) -> bool {
    let mut escapes = memmem::find_iter(messages, b"\\u00");
    escapes.any(|at| matches!(messages.get(at + 4), Some(b'4'..=b'7')))
}

type Change = (Range<usize>, String);

fn changes(messages: Node<'_>, rules: MessageRules, losses: &mut LossReport) -> Vec<Change> {
    let mut changes = Vec::new();
    for (index, message) in messages.elements().enumerate() {
        rules.given.change(index, message, &mut changes, losses);
        if let Some(role) = message.get("role").filter(|role| role.is_text("developer"))
            && rules.system_for_developer
        {
            changes.push((role.span(), "\"system\"".to_owned()));
        }
        if rules.nine_character_call_ids {
            let calls = message.get("tool_calls").into_iter().flat_map(Node::elements);
            let ids = calls.filter_map(|call| call.get("id")).chain(message.get("tool_call_id"));
            changes.extend(ids.filter_map(shortened));
        }
    }
    changes
}

/// An id in nine letters or digits, the same for the same id, so that calls and results still find each other.
fn shortened(id: Node<'_>) -> Option<Change> {
    let text = id.text()?;
    if text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    Some((id.span(), format!("\"{}\"", nine_alphanumeric(&text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: MessageRules =
        MessageRules { system_for_developer: true, nine_character_call_ids: true, given: GivenMembers::Pass };

    fn messages(body: &str, rules: MessageRules) -> Option<String> {
        let document =
            Document::scan(Bytes::copy_from_slice(body.as_bytes()), ScanLimits::UNBOUNDED).unwrap();
        let value = rewritten(document.body(), &document.wire_members(), rules, &mut LossReport::default())?;
        Some(String::from_utf8(value).unwrap())
    }

    #[test]
    fn only_the_role_changes_and_no_other_byte() {
        let body = r#"{"model":"m","messages":[ {"content":"developer \u00e9", "role" : "developer"},{"role":"user"} ]}"#;
        let expected = r#"[ {"content":"developer \u00e9", "role" : "system"},{"role":"user"} ]"#;
        assert_eq!(messages(body, ALL).as_deref(), Some(expected));
        assert_eq!(messages(body, MessageRules::default()), None);
    }

    #[test]
    fn messages_that_the_check_calls_plain_need_no_other_form() {
        let cases = [
            (
                r#"[{"role":"system","content":"developer tool_call"},{"role":"assistant","content":"\"reasoning","refusal":null}]"#,
                true,
            ),
            (
                r#"[{"role":"user","content":[{"type":"text","text":"\u0041"}],"n\u0061me":"n","tool_calls":null}]"#,
                true,
            ),
            (r#"[{"role":"developer","content":"x"}]"#, false),
            (r#"[{"role":"user","content":"x"},{"role":"d\u0065veloper","content":"x"}]"#, false),
            (
                r#"[{"role":"assistant","tool_calls":[{"id":"call_abc1","type":"function","function":{"name":"f","arguments":"{}"}}]}]"#,
                false,
            ),
            (r#"[{"role":"tool","tool\u005fcall_id":"call_abc1","content":"y"}]"#, false),
            (r#"[{"role":"assistant","content":"x","reasoning":null}]"#, false),
            (r#"[{"role":"assistant","content":"x","extra_content":{}}]"#, false),
        ];
        let given = GivenMembers::Known { reasoning: None, details: false };
        for (list, is_plain) in cases {
            let body = format!(r#"{{"model":"m","messages":{list}}}"#);
            let limits = crate::request::RequestLimits::default();
            let checked = crate::openai_chat::request::check(Bytes::from(body.clone()), &limits).unwrap();
            assert_eq!(checked.facts.plain_messages, is_plain, "{list}");
            let is_left_alone =
                [ALL, MessageRules { given, ..ALL }].map(|rules| messages(&body, rules).is_none());
            assert_eq!(is_left_alone.iter().all(|alone| *alone), is_plain, "{list}");
        }
    }

    #[test]
    fn roles_and_names_are_known_in_any_spelling() {
        let body =
            r#"{"messages":[{"role":"d\u0065veloper"},{"role":"tool","tool\u005fcall_id":"call_abc123"}]}"#;
        let value: serde_json::Value = serde_json::from_str(&messages(body, ALL).unwrap()).unwrap();
        assert_eq!(value[0]["role"], "system");
        assert_eq!(value[1]["tool_call_id"].as_str().map(str::len), Some(9));
    }

    #[test]
    fn messages_that_need_nothing_stay() {
        let body = r#"{"messages":[{"role":"user","content":"the developer made a tool_call"}]}"#;
        assert_eq!(messages(body, ALL), None);
        let short = r#"{"messages":[{"role":"tool","tool_call_id":"aB3dE6gH9","content":"x"}]}"#;
        assert_eq!(messages(short, ALL), None);
    }

    #[test]
    fn calls_and_results_get_the_same_short_id() {
        let body = r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"call_abc123","type":"function"}]},
            {"role":"tool","tool_call_id":"call_abc123"}, {"role":"tool","tool_call_id":"call_abc124"}]}"#;
        let value: serde_json::Value = serde_json::from_str(&messages(body, ALL).unwrap()).unwrap();
        let id = value[0]["tool_calls"][0]["id"].as_str().unwrap();
        assert!(id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
        assert_eq!(value[1]["tool_call_id"], id);
        assert_ne!(value[2]["tool_call_id"], id);
    }
}
