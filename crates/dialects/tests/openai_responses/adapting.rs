//! A client's own body for a provider of this dialect: only what is ours changes.

use bytes::Bytes;
use serde_json::{Value, json};
use switchyard_dialects::codec::{Address, ClientCodec, MemberRule, ProviderCodec};
use switchyard_dialects::openai_responses::{OpenAiResponses, OpenAiResponsesClient};
use switchyard_dialects::request::RequestLimits;
use switchyard_domain::chat::LossReport;
use switchyard_testkit::corpus;

use crate::corpus_answers::DIALECT;

fn adapt(vendor: &OpenAiResponses, body: &str, model: &str) -> (String, LossReport) {
    let checked = OpenAiResponsesClient.check(
        Bytes::copy_from_slice(body.as_bytes()),
        Address::default(),
        &RequestLimits::default(),
    );
    let checked = checked.unwrap();
    let mut losses = LossReport::default();
    let adapted =
        vendor.adapt(checked.document.body(), &checked.members, model, &checked.facts, &mut losses).unwrap();
    (String::from_utf8(adapted.concat()).unwrap(), losses)
}

#[test]
fn every_byte_but_the_model_stays() {
    let mut seen = 0;
    for exchange in corpus::of(DIALECT).unwrap() {
        let Some(body) = exchange.request.as_ref().map(|request| request.get()) else { continue };
        let recorded: Value = serde_json::from_str(body).unwrap();
        let Some(model) = recorded["model"].as_str() else { continue };
        let (same, losses) = adapt(&OpenAiResponses::PLAIN, body, model);
        assert_eq!(same, body, "{}", exchange.id);
        let (other, _) = adapt(&OpenAiResponses::PLAIN, body, "another \"model\"");
        let expected = body.replacen(&json!(model).to_string(), "\"another \\\"model\\\"\"", 1);
        assert_eq!(other, expected, "{}", exchange.id);
        assert!(losses.is_empty());
        seen += 1;
    }
    assert_eq!(seen, 307);
}

#[test]
fn members_that_a_vendor_does_not_take_go_by_its_rules() {
    const RULES: &[MemberRule] = &[
        MemberRule::Drop { name: "user", why: "unknown" },
        MemberRule::Omit { name: "store" },
        MemberRule::Rename { from: "safety_identifier", to: "end_user" },
    ];
    let vendor = OpenAiResponses { members: RULES, ..OpenAiResponses::PLAIN };
    let body = r#"{"model":"a","input":"x","user":"u","store":true,"safety_identifier":"s"}"#;
    let (adapted, losses) = adapt(&vendor, body, "b");
    assert_eq!(adapted, r#"{"model":"b","input":"x","end_user":"s"}"#);
    assert_eq!(losses.to_string(), "user");
}

#[test]
fn proofs_of_other_makers_and_ids_made_here_are_taken_out() {
    let body = json!({"model": "a", "input": [
        {"role": "user", "content": "q  1.0"},
        {"type": "reasoning", "id": "rs_switchyard_x_0", "summary": [], "encrypted_content": "switchyard:anthropic:EqQ="},
        {"type": "reasoning", "id": "rs_own", "summary": [], "encrypted_content": "gAAA"},
        {"type": "reasoning", "id": "rs_switchyard_x_1", "summary": [{"type": "summary_text", "text": "a"}],
            "encrypted_content": "switchyard:openai:{\"id\":\"rs_1\", \"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"gBBB\"}"},
        {"type": "message", "id": "msg_switchyard_x_2", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "switchyard:anthropic:x", "annotations": []}]},
        {"type": "function_call", "id": "fc_switchyard_x_3", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "reasoning", "id": "rs_switchyard_x_4", "summary": [], "encrypted_content": "switchyard:google+call:1:cSIG"},
        {"type": "function_call_output", "call_id": "c", "output": "o"}
    ]});
    let (adapted, losses) = adapt(&OpenAiResponses::PLAIN, &body.to_string(), "a");
    let adapted: Value = serde_json::from_str(&adapted).unwrap();
    assert_eq!(losses.to_string(), "input[1],input[6]");
    let input = body["input"].as_array().unwrap();
    let mut message = input[4].clone();
    message.as_object_mut().unwrap().remove("id");
    let mut call = input[5].clone();
    call.as_object_mut().unwrap().remove("id");
    let own = json!({"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gBBB"});
    let expected = json!([input[0], input[2], own, message, call, input[7]]);
    assert_eq!(adapted["input"], expected);
    // What its maker wrote goes back byte for byte.
    let (text, _) = adapt(&OpenAiResponses::PLAIN, &body.to_string(), "a");
    assert!(text.contains(r#"{"id":"rs_1", "type":"reasoning","summary":[],"encrypted_content":"gBBB"}"#));
}

#[test]
fn a_vendor_that_reads_reasoning_gets_the_text_of_others() {
    let vendor = OpenAiResponses { issuer: "deepseek", reasoning_text: true, ..OpenAiResponses::PLAIN };
    let body = json!({"model": "a", "input": [
        {"type": "reasoning", "id": "rs_switchyard_x_0", "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": "switchyard:anthropic:EqQ="},
        {"role": "user", "content": "q"}
    ]});
    let (adapted, losses) = adapt(&vendor, &body.to_string(), "a");
    let adapted: Value = serde_json::from_str(&adapted).unwrap();
    let content = json!([{"type": "reasoning_text", "text": "hm"}]);
    assert_eq!(adapted["input"][0], json!({"type": "reasoning", "summary": [], "content": content}));
    assert!(losses.is_empty());
}
