//! Proofs of reasoning on their way to vendors: where each takes them, and that nobody else is sent any.

use serde_json::{Value, json};
use switchyard_dialects::codec::ProviderCodec;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::{ProofForm, ReasoningForm, TargetFacts, UnknownMembers};
use switchyard_domain::chat::{
    ChatRequest, Dialect, LossReport, Message, Part, Reasoning, Role, Signature, ToolCall, ToolCallKind,
};

use crate::corpus_requests::read;

fn call(id: &str, issuer: Option<&str>) -> Part {
    Part::ToolCall(ToolCall {
        id: id.to_owned(),
        name: "f".to_owned(),
        arguments: "{}".to_owned(),
        kind: ToolCallKind::Function,
        signature: issuer.map(|issuer| Signature::new(issuer, format!("proof of {id}"))),
    })
}

fn asking(parts: Vec<Part>) -> ChatRequest {
    let message = Message { parts, ..Message::text(Role::Assistant, "") };
    ChatRequest { model: "route".to_owned(), messages: vec![message], ..ChatRequest::default() }
}

fn sent(request: &ChatRequest, model: &str, facts: TargetFacts) -> (Value, String) {
    let vendor = OpenAiChat { requests: facts, ..OpenAiChat::PLAIN };
    let mut losses = LossReport::default();
    let body = vendor.encode(request, model, Dialect::GEMINI, &mut losses).unwrap();
    (serde_json::from_slice(&body).unwrap(), losses.to_string())
}

#[test]
fn openai_is_sent_no_proof_of_a_call_and_the_client_is_told() {
    let request =
        asking(vec![call("a", Some(Signature::GOOGLE)), call("b", None), call("c", Some("anthropic"))]);
    let (body, losses) = sent(&request, "gpt-5.1", TargetFacts::OPENAI);
    assert!(!body.to_string().contains("extra_content"), "{body}");
    assert_eq!(losses, "messages[0].tool_calls[0].signature,messages[0].tool_calls[2].signature");
}

#[test]
fn googles_compatible_endpoint_gets_googles_proofs_where_the_model_is_a_gemini() {
    let facts = TargetFacts {
        proofs: ProofForm::ExtraContentOfGemini,
        unknown_members: UnknownMembers::Passed,
        ..TargetFacts::OPENAI
    };
    let request = asking(vec![call("a", Some(Signature::GOOGLE)), call("b", Some(Signature::ANTHROPIC))]);
    let (body, losses) = sent(&request, "models/Gemini-3-pro", facts);
    let calls = &body["messages"][0]["tool_calls"];
    assert_eq!(calls[0]["extra_content"], json!({"google": {"thought_signature": "proof of a"}}));
    assert_eq!(calls[1].get("extra_content"), None);
    assert_eq!(losses, "messages[0].tool_calls[1].signature");
    let (body, losses) = sent(&request, "gpt-5.1", facts);
    assert!(!body.to_string().contains("proof of"), "{body}");
    assert_eq!(losses, "messages[0].tool_calls[0].signature,messages[0].tool_calls[1].signature");
}

#[test]
fn openrouter_gets_proofs_of_calls_by_their_ids_and_gives_them_back_so() {
    let facts = TargetFacts {
        reasoning: ReasoningForm::Reasoning,
        proofs: ProofForm::ReasoningDetails,
        ..TargetFacts::OPENAI
    };
    let request = asking(vec![call("a", Some(Signature::GOOGLE)), call("b", None)]);
    let (body, losses) = sent(&request, "google/gemini-3-pro", facts);
    let detail = json!({"type": "reasoning.encrypted", "data": "proof of a", "format": "google-gemini-v1",
        "id": "a", "index": 0});
    assert_eq!(body["messages"][0]["reasoning_details"], json!([detail]));
    assert_eq!((losses.as_str(), body["messages"][0]["tool_calls"][0].get("extra_content")), ("", None));
    let again = read(body.to_string().as_bytes());
    let parts = again.messages[0].parts.iter().filter(|part| matches!(part, Part::ToolCall(_)));
    assert_eq!(parts.cloned().collect::<Vec<_>>(), request.messages[0].parts);
    assert_eq!(again.messages[0].extensions, []);
}

#[test]
fn a_proof_whose_call_is_not_told_apart_by_its_id_is_told_as_lost() {
    let facts = TargetFacts { proofs: ProofForm::ReasoningDetails, ..TargetFacts::OPENAI };
    let request = asking(vec![call("a", Some(Signature::GOOGLE)), call("a", None)]);
    let (body, losses) = sent(&request, "m", facts);
    assert_eq!(body["messages"][0].get("reasoning_details"), None);
    assert_eq!(losses, "messages[0].tool_calls[0].signature");
}

#[test]
fn the_proof_of_a_text_is_told_as_lost_whether_anything_was_reasoned_or_not() {
    let text = Part::Text { text: "so".to_owned() };
    let proof = Part::Signature(Signature::new(Signature::GOOGLE, "proof"));
    let alone = asking(vec![text.clone(), proof.clone()]);
    let (body, losses) = sent(&alone, "gpt-5.1", TargetFacts::OPENAI);
    assert_eq!(body["messages"][0], json!({"role": "assistant", "content": "so"}));
    assert_eq!(losses, "messages[0].content[1].signature");
    let thought = Part::Reasoning(Reasoning::text("hm"));
    let (_, losses) = sent(&asking(vec![thought, text, proof]), "gpt-5.1", TargetFacts::OPENAI);
    assert_eq!(losses, "messages[0].reasoning,messages[0].content[2].signature");
    let details = TargetFacts { proofs: ProofForm::ReasoningDetails, ..TargetFacts::OPENAI };
    let (body, losses) = sent(&alone, "m", details);
    assert_eq!(body["messages"][0]["reasoning_details"][0]["data"], "proof");
    assert_eq!(losses, "");
}

#[test]
fn a_vendor_that_takes_reasoning_as_a_text_alone_gets_no_details() {
    let facts = TargetFacts { reasoning: ReasoningForm::Reasoning, ..TargetFacts::OPENAI };
    let signature = Some(Signature::new(Signature::ANTHROPIC, "proof"));
    let thought = Part::Reasoning(Reasoning { text: "hm".to_owned(), signature, redacted: false });
    let (body, losses) = sent(&asking(vec![thought, Part::Text { text: "so".to_owned() }]), "m", facts);
    assert_eq!(body["messages"][0], json!({"role": "assistant", "content": "so", "reasoning": "hm"}));
    assert_eq!(losses, "messages[0].reasoning.signature");
}
