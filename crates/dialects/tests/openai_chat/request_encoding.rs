//! What a vendor's facts change in the request that it gets, and what is reported as lost.

use serde_json::{Value, json};
use switchyard_dialects::openai_chat::request::{
    CacheForm, MaxTokensMember, ProofForm, ReasoningForm, StreamUsage, TargetFacts, ToolCallIds,
};
use switchyard_domain::chat::{
    ChatRequest, Dialect, LossReport, Message, Part, Reasoning, Role, Signature, ToolCall, ToolCallKind,
    ToolResult,
};

use crate::corpus_requests::{encode, read};

const ELSEWHERE: Dialect = Dialect("elsewhere");

fn request(body: &Value) -> ChatRequest {
    read(body.to_string().as_bytes())
}

fn write_from(source: Dialect, request: &ChatRequest, facts: &TargetFacts) -> (Value, String) {
    let mut losses = LossReport::default();
    let body = encode(request, source, *facts, &mut losses);
    (serde_json::from_slice(&body).unwrap(), losses.to_string())
}

fn write(request: &ChatRequest, facts: &TargetFacts) -> (Value, String) {
    write_from(Dialect::OPENAI_CHAT, request, facts)
}

#[test]
fn members_get_the_names_that_the_vendor_knows() {
    let request = request(&json!({
        "model": "m", "messages": [{"role": "developer", "content": "x"}], "max_completion_tokens": 5, "seed": 1,
        "tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "required", "user": "u",
        "logit_bias": {"1": 2}
    }));
    let facts = TargetFacts {
        max_tokens: MaxTokensMember::MaxTokens,
        developer_role: false,
        seed_member: "random_seed",
        required_word: "any",
        refused_members: &["user", "logit_bias"],
        ..TargetFacts::OPENAI
    };
    let (body, losses) = write(&request, &facts);
    assert_eq!(body["messages"][0]["role"], "system");
    assert_eq!(
        (&body["max_tokens"], &body["random_seed"], &body["tool_choice"]),
        (&json!(5), &json!(1), &json!("any"))
    );
    for absent in ["max_completion_tokens", "seed", "user", "logit_bias"] {
        assert!(body.get(absent).is_none());
    }
    assert_eq!(losses, "logit_bias,user");
    let (body, losses) = write(&request, &TargetFacts::OPENAI);
    assert_eq!(
        (&body["messages"][0]["role"], &body["max_completion_tokens"]),
        (&json!("developer"), &json!(5))
    );
    assert_eq!(losses, "");
}

#[test]
fn usage_of_a_stream_is_asked_for_as_the_vendor_wants_it() {
    let silent = request(&json!({"model": "m", "messages": [], "stream": true}));
    let asking = request(&json!({"model": "m", "messages": [], "stream": true,
        "stream_options": {"include_usage": true, "include_obfuscation": false}}));
    let options = |request: &ChatRequest, stream_usage| {
        let (body, losses) = write(request, &TargetFacts { stream_usage, ..TargetFacts::OPENAI });
        (body.get("stream_options").cloned(), losses)
    };
    let wanted = json!({"include_usage": true});
    let whole = json!({"include_usage": true, "include_obfuscation": false});
    let lost = "stream_options.include_obfuscation".to_owned();
    assert_eq!(options(&silent, StreamUsage::AsRequested), (None, String::new()));
    assert_eq!(options(&silent, StreamUsage::Always), (Some(wanted), String::new()));
    assert_eq!(options(&silent, StreamUsage::Unasked), (None, String::new()));
    assert_eq!(options(&asking, StreamUsage::AsRequested), (Some(whole), String::new()));
    assert_eq!(options(&asking, StreamUsage::Unasked), (None, lost));
}

#[test]
fn what_only_the_clients_dialect_knows_is_lost_elsewhere_and_said_so() {
    let request = request(&json!({
        "model": "m", "min_p": 0.1,
        "tools": [{"type": "web_search"}, {"type": "function", "function": {"name": "f", "odd": 1}, "eager": true}],
        "messages": [{"role": "user", "content": [{"type": "video_url", "video_url": {"url": "u"}, "fps": 2}],
            "prefix": true}]
    }));
    let mut said = request.clone();
    said.messages[0].parts = vec![Part::Text { text: "q".to_owned() }];
    let (body, losses) = write_from(ELSEWHERE, &said, &TargetFacts::OPENAI);
    assert_eq!(losses, "tools[0],messages[0].prefix,tools[1].eager,min_p,tools[1].function.odd");
    assert_eq!(body["tools"], json!([{"type": "function", "function": {"name": "f"}}]));
    let (body, losses) = write(&request, &TargetFacts::OPENAI);
    assert_eq!(losses, "tools[1].function.odd");
    assert_eq!((&body["min_p"], &body["tools"][1]["eager"]), (&json!(0.1), &json!(true)));
    assert_eq!(body["messages"][0]["content"][0]["fps"], 2);
}

#[test]
fn reasoning_goes_back_in_the_form_that_the_vendor_takes() {
    let signature = Some(Signature::new(Signature::ANTHROPIC, "proof"));
    let thought = Reasoning { text: "hm".to_owned(), signature, redacted: false };
    let mut message = Message::text(Role::Assistant, "so");
    message.parts.insert(0, Part::Reasoning(thought));
    let request = ChatRequest { messages: vec![message], ..ChatRequest::default() };
    let form = |reasoning| {
        let proofs =
            if reasoning == ReasoningForm::Reasoning { ProofForm::ReasoningDetails } else { ProofForm::Omit };
        let (body, losses) = write(&request, &TargetFacts { reasoning, proofs, ..TargetFacts::OPENAI });
        (body["messages"][0].clone(), losses)
    };
    let lost_proof = "messages[0].reasoning.signature".to_owned();
    let plain = json!({"role": "assistant", "content": "so"});
    assert_eq!(form(ReasoningForm::Omit), (plain, "messages[0].reasoning".to_owned()));
    let content = json!({"role": "assistant", "content": "so", "reasoning_content": "hm"});
    assert_eq!(form(ReasoningForm::ReasoningContent), (content, lost_proof.clone()));
    let details = json!([
        {"type": "reasoning.text", "text": "hm", "signature": "proof", "format": "anthropic-claude-v1"}
    ]);
    let open = json!({"role": "assistant", "content": "so", "reasoning": "hm", "reasoning_details": details});
    assert_eq!(form(ReasoningForm::Reasoning), (open, String::new()));
    let list = json!([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "so"}]);
    assert_eq!(
        form(ReasoningForm::ThinkingPart),
        (json!({"role": "assistant", "content": list}), lost_proof)
    );
}

#[test]
fn results_within_a_users_message_become_messages_before_it() {
    let result = |id: &str, is_error| {
        let content = vec![Part::Text { text: id.to_uppercase() }];
        Part::ToolResult(ToolResult { call_id: id.to_owned(), content, is_error, name: None })
    };
    let parts = vec![result("a", false), Part::Text { text: "now?".to_owned() }, result("b", true)];
    let message = Message { parts, ..Message::text(Role::User, "") };
    let request = ChatRequest { messages: vec![message], ..ChatRequest::default() };
    let (body, losses) = write_from(ELSEWHERE, &request, &TargetFacts::OPENAI);
    let expected = json!([
        {"role": "tool", "tool_call_id": "a", "content": "A"}, {"role": "tool", "tool_call_id": "b", "content": "B"},
        {"role": "user", "content": "now?"}
    ]);
    assert_eq!(body["messages"], expected);
    assert_eq!(losses, "messages[0].content[2].is_error");
}

#[test]
fn what_is_said_after_a_call_is_moved_before_it_and_said_so() {
    let call = ToolCall {
        id: "a".to_owned(),
        name: "f".to_owned(),
        arguments: "{}".to_owned(),
        kind: ToolCallKind::Function,
        signature: Some(Signature::new(Signature::GOOGLE, "proof")),
    };
    let parts = vec![Part::ToolCall(call), Part::Text { text: "done".to_owned() }];
    let message = Message { parts, ..Message::text(Role::Assistant, "") };
    let request = ChatRequest { messages: vec![message], ..ChatRequest::default() };
    let (body, losses) = write(&request, &TargetFacts::OPENAI);
    let message = &body["messages"][0];
    assert_eq!(message["content"], "done");
    assert_eq!(losses, "messages[0].content,messages[0].tool_calls[0].signature");
    assert_eq!(message["tool_calls"][0].get("extra_content"), None);
}

#[test]
fn marks_for_the_cache_are_written_in_the_vendors_way_or_reported() {
    let request = request(&json!({"model": "m", "messages": [{"role": "system", "content": [
        {"type": "text", "text": "long", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "text", "text": "short"}]}]}));
    let form = |cache| {
        let (body, losses) = write(&request, &TargetFacts { cache, ..TargetFacts::OPENAI });
        (body["messages"][0]["content"][0].clone(), losses)
    };
    let (part, losses) = form(CacheForm::CacheControl);
    assert_eq!((&part["cache_control"], losses.as_str()), (&json!({"type": "ephemeral", "ttl": "1h"}), ""));
    let (part, losses) = form(CacheForm::PromptCacheBreakpoint);
    assert_eq!((&part["prompt_cache_breakpoint"], losses.as_str()), (&json!({"mode": "explicit"}), ""));
    let (part, losses) = form(CacheForm::Omit);
    assert_eq!((part, losses.as_str()), (json!({"type": "text", "text": "long"}), "messages[0].content[1]"));
}

#[test]
fn a_document_that_the_provider_would_have_to_fetch_is_lost_where_it_can_not() {
    let request = request(&json!({"model": "m", "messages": [{"role": "user", "content": [
        {"type": "document_url", "document_url": "https://x/y.pdf"}, {"type": "text", "text": "read"}]}]}));
    let (body, losses) = write(&request, &TargetFacts::OPENAI);
    assert_eq!(
        (&body["messages"][0]["content"], losses.as_str()),
        (&json!("read"), "messages[0].content[0]")
    );
}

#[test]
fn the_first_form_of_function_calling_goes_as_tools_to_vendors_that_do_not_know_it() {
    let request = request(&json!({
        "model": "m", "functions": [{"name": "f", "parameters": {}}], "function_call": {"name": "f"},
        "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "1"},
            {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "2"}
        ]
    }));
    assert!(request.legacy_functions);
    let facts =
        TargetFacts { tool_call_ids: ToolCallIds::Any, legacy_functions: false, ..TargetFacts::OPENAI };
    let (body, losses) = write(&request, &facts);
    assert_eq!(losses, "");
    assert_eq!(body["tools"], json!([{"type": "function", "function": {"name": "f", "parameters": {}}}]));
    assert_eq!(body["tool_choice"], json!({"type": "function", "function": {"name": "f"}}));
    assert_eq!(body["parallel_tool_calls"], false);
    let messages = body["messages"].as_array().unwrap();
    for (call, result) in [(1, 2), (3, 4)] {
        assert_eq!(messages[call]["tool_calls"][0]["id"], messages[result]["tool_call_id"]);
        assert_eq!(messages[result]["role"], "tool");
    }
    assert_ne!(messages[2]["tool_call_id"], messages[4]["tool_call_id"]);
    let (body, _) = write(&request, &TargetFacts::OPENAI);
    assert_eq!(body["function_call"], json!({"name": "f"}));
    assert_eq!(
        (&body["messages"][1]["function_call"]["name"], &body["messages"][2]["role"]),
        (&json!("f"), &json!("function"))
    );
}

#[test]
fn ids_of_other_vendors_are_made_to_fit_and_still_match() {
    let request = request(&json!({"model": "m", "messages": [
        {"role": "assistant", "tool_calls": [
            {"id": "call_abc", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "call_abc", "content": "1"}
    ]}));
    let facts = TargetFacts { tool_call_ids: ToolCallIds::NineAlphanumeric, ..TargetFacts::OPENAI };
    let (body, _) = write(&request, &facts);
    let id = body["messages"][0]["tool_calls"][0]["id"].as_str().unwrap();
    assert_eq!(id.len(), 9);
    assert_eq!(body["messages"][1]["tool_call_id"], id);
}
