//! A client's own messages on a route that changes its vendor: what another gave goes on only where it is known.

use bytes::Bytes;
use serde_json::{Value, json};
use switchyard_dialects::codec::{Address, ClientCodec, ProviderCodec};
use switchyard_dialects::openai_chat::request::{ProofForm, ReasoningForm, TargetFacts, UnknownMembers};
use switchyard_dialects::openai_chat::{OpenAiChat, OpenAiChatClient};
use switchyard_dialects::request::RequestLimits;
use switchyard_domain::chat::LossReport;

const STRICT: TargetFacts = TargetFacts::OPENAI;
const LENIENT: TargetFacts = TargetFacts { unknown_members: UnknownMembers::Passed, ..STRICT };

fn adapted(body: &str, facts: TargetFacts) -> (String, String) {
    let bytes = Bytes::copy_from_slice(body.as_bytes());
    let checked = OpenAiChatClient.check(bytes, Address::default(), &RequestLimits::default()).unwrap();
    let vendor = OpenAiChat { requests: facts, ..OpenAiChat::PLAIN };
    let mut losses = LossReport::default();
    let pieces =
        vendor.adapt(checked.document.body(), &checked.members, "m", &checked.facts, &mut losses).unwrap();
    (String::from_utf8(pieces.concat()).unwrap(), losses.to_string())
}

fn with_assistant(message: &str) -> String {
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"\"reasoning\" é"}}, {message}]}}"#)
}

const GIVEN: &str = r#"{ "reasoning_content" : "hm", "reasoning_details":[{"type":"reasoning.text","text":"hm","signature":"s","format":"anthropic-claude-v1"}], "role":"assistant", "content":"so", "tool_calls":[{"extra_content":{"google":{"thought_signature":"s"}}, "id":"a", "type":"function", "function":{"name":"f","arguments":"{}"}}, {"id":"b","type":"function","function":{"name":"f","arguments":"{}"} , "extra_content":null}], "x":1 }"#;

#[test]
fn a_vendor_that_refuses_them_gets_none_and_the_client_is_told() {
    let (body, losses) = adapted(&with_assistant(GIVEN), STRICT);
    let left = r#"{ "role":"assistant", "content":"so", "tool_calls":[{"id":"a", "type":"function", "function":{"name":"f","arguments":"{}"}}, {"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}], "x":1 }"#;
    assert_eq!(body, with_assistant(left));
    assert_eq!(
        losses,
        "messages[1].reasoning_content,messages[1].reasoning_details,messages[1].tool_calls[0].extra_content"
    );
}

#[test]
fn a_vendor_that_knows_the_reasoning_by_another_name_gets_it_so() {
    let facts = TargetFacts { reasoning: ReasoningForm::Reasoning, ..STRICT };
    let (body, losses) = adapted(&with_assistant(GIVEN), facts);
    let body: Value = serde_json::from_str(&body).unwrap();
    let message = &body["messages"][1];
    assert_eq!((&message["reasoning"], message.get("reasoning_content")), (&json!("hm"), None));
    assert_eq!(losses, "messages[1].reasoning_details,messages[1].tool_calls[0].extra_content");
    let both = r#"{"role":"assistant","content":"so","reasoning":"hm","reasoning_content":"hm"}"#;
    let (body, losses) = adapted(&with_assistant(both), facts);
    assert_eq!(body, with_assistant(r#"{"role":"assistant","content":"so","reasoning":"hm"}"#));
    assert_eq!(losses, "");
    let other = r#"{"role":"assistant","content":"so","reasoning":"hm","reasoning_content":"oh"}"#;
    assert_eq!(adapted(&with_assistant(other), facts).1, "messages[1].reasoning_content");
}

#[test]
fn members_that_say_nothing_go_without_a_word() {
    let idle = r#"{"reasoning_content":null,"reasoning":"","reasoning_details":[],"role":"assistant","content":"so"}"#;
    let (body, losses) = adapted(&with_assistant(idle), STRICT);
    assert_eq!(body, with_assistant(r#"{"role":"assistant","content":"so"}"#));
    assert_eq!(losses, "");
}

#[test]
fn what_a_vendor_knows_stays_byte_for_byte() {
    let facts = TargetFacts {
        reasoning: ReasoningForm::ReasoningContent,
        proofs: ProofForm::ReasoningDetails,
        ..STRICT
    };
    let known = r#"{ "reasoning_content":"h\u00e9", "reasoning_details":[{"odd": 1.50}],"role":"assistant","content":"so"}"#;
    assert_eq!(adapted(&with_assistant(known), facts), (with_assistant(known), String::new()));
    assert_eq!(adapted(&with_assistant(GIVEN), LENIENT), (with_assistant(GIVEN), String::new()));
}

#[test]
fn names_are_known_in_any_spelling() {
    let spelled = r#"{"role":"assistant","content":"so","r\u0065asoning_content":"hm"}"#;
    let (body, losses) = adapted(&with_assistant(spelled), STRICT);
    assert_eq!(body, with_assistant(r#"{"role":"assistant","content":"so"}"#));
    assert_eq!(losses, "messages[1].reasoning_content");
}

#[test]
fn nobody_is_sent_another_makers_proof_behind_our_own_mark() {
    let call = |proof: &str| {
        format!(
            r#"{{"role":"assistant","content":null,"tool_calls":[{{"id":"a","type":"function","function":{{"name":"f","arguments":"{{}}"}}{proof}}}]}}"#
        )
    };
    let marked = r#","extra_content":{"google":{"thought_signature":"switchyard:anthropic:s"}}"#;
    let (body, losses) = adapted(&with_assistant(&call(marked)), LENIENT);
    assert_eq!(body, with_assistant(&call("")));
    assert_eq!(losses, "messages[1].tool_calls[0].extra_content");
    let googles = r#","extra_content":{"google":{"thought_signature":"s"}}"#;
    let body = with_assistant(&call(googles));
    assert_eq!(adapted(&body, LENIENT), (body, String::new()));
}
