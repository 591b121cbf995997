//! Requests that were not recorded: what becomes of each member, and what is told of it.

use serde_json::{Value, json};
use switchyard_dialects::codec::{ProviderCodec, Unsupported};
use switchyard_dialects::cohere::Cohere;
use switchyard_dialects::openai_chat;
use switchyard_dialects::scan::{Document, ScanLimits};
use switchyard_domain::chat::{
    ChatRequest, Dialect, EffortLevel, Json, LossReport, MediaSource, Message, Part, Reasoning,
    ReasoningMode, Role, Signature, ToolResult,
};

use crate::expected::{collect, lost};

fn encode(request: &ChatRequest) -> Result<(Value, Vec<String>), Unsupported> {
    let mut losses = LossReport::default();
    let body = Cohere.encode(request, "m", Dialect::OPENAI_CHAT, &mut losses)?;
    Ok((serde_json::from_slice(&body).unwrap(), lost(&losses)))
}

/// A request of a client that speaks OpenAI's dialect.
fn from_openai(body: &Value) -> ChatRequest {
    let document = Document::scan(body.to_string().into(), ScanLimits::default()).unwrap();
    openai_chat::request::decode(&document).unwrap()
}

fn with(name: &str, value: Value) -> ChatRequest {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}],
        "tools": [{"type": "function", "function": {"name": "f"}}, {"type": "function", "function": {"name": "g"}}]});
    body[name] = value;
    from_openai(&body)
}

fn of(parts: Vec<Part>, role: Role) -> Message {
    Message { role, parts, name: None, extensions: Vec::new() }
}

fn text(text: &str) -> Part {
    Part::Text { text: text.to_owned() }
}

fn refused(request: &ChatRequest) -> String {
    encode(request).unwrap_err().param.unwrap()
}

#[test]
fn a_client_of_openai_is_understood() {
    let request = from_openai(&json!({
        "model": "r", "stream": true, "temperature": 0.5, "max_completion_tokens": 9, "stop": ["a", "b"], "seed": 4,
        "top_p": 0.25, "frequency_penalty": 0.5, "presence_penalty": 0.75, "logprobs": true, "tool_choice": "required",
        "messages": [
            {"role": "developer", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD", "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "https://e.org/a.png"}}]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"b\":1,\"a\":2.0}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "one"}],
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"z": {}, "a": 1}}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    }));
    let (body, lost) = encode(&request).unwrap();
    assert_eq!(lost, [""; 0]);
    assert_eq!(
        body,
        json!({
            "model": "m", "stream": true, "temperature": 0.5, "max_tokens": 9, "stop_sequences": ["a", "b"], "seed": 4,
            "p": 0.25, "frequency_penalty": 0.5, "presence_penalty": 0.75, "logprobs": true, "tool_choice": "REQUIRED",
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": [{"type": "text", "text": "look"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD", "detail": "low"}},
                    {"type": "image_url", "image_url": {"url": "https://e.org/a.png"}}]},
                {"role": "assistant", "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"b\":1,\"a\":2.0}"}}]},
                {"role": "tool", "tool_call_id": "c1", "content": "one"}],
            "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"z": {}, "a": 1}}}],
            "response_format": {"type": "json_object", "json_schema": {"type": "object"}}
        })
    );
}

#[test]
fn a_tool_loop_goes_back_as_it_came() {
    let answer = json!({"id": "a", "finish_reason": "TOOL_CALL", "message": {"role": "assistant", "tool_plan": "first f",
        "tool_calls": [{"id": "f_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1.0}"}}]}});
    let answer = collect(Cohere.decode(answer.to_string().as_bytes()).unwrap().events);
    let result =
        ToolResult { call_id: "f_1".to_owned(), content: vec![text("r")], is_error: false, name: None };
    let request = ChatRequest {
        messages: vec![
            Message::text(Role::User, "x"),
            of(answer.choices[0].parts.clone(), Role::Assistant),
            of(vec![Part::ToolResult(result)], Role::Tool),
        ],
        ..ChatRequest::default()
    };
    let (body, lost) = encode(&request).unwrap();
    let call =
        json!({"id": "f_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1.0}"}});
    assert_eq!(
        body["messages"][1],
        json!({"role": "assistant", "tool_plan": "first f", "tool_calls": [call]})
    );
    assert_eq!(body["messages"][2], json!({"role": "tool", "tool_call_id": "f_1", "content": "r"}));
    assert!(lost.is_empty());
}

#[test]
fn thoughts_without_calls_go_back_as_thoughts_and_proofs_are_told_as_lost() {
    let signature = Some(Signature::new(Signature::GOOGLE, "p"));
    let parts = vec![
        Part::Reasoning(Reasoning { text: "hm".to_owned(), signature: signature.clone(), redacted: false }),
        Part::Reasoning(Reasoning { text: String::new(), signature, redacted: true }),
        text("a"),
        Part::Refusal { text: "no".to_owned() },
    ];
    let request = ChatRequest { messages: vec![of(parts, Role::Assistant)], ..ChatRequest::default() };
    let (body, lost) = encode(&request).unwrap();
    let content = json!([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}, {"type": "text", "text": "no"}]);
    assert_eq!(body["messages"][0]["content"], content);
    assert_eq!(lost, ["~:messages[0].content[3]", "-:messages[0].reasoning.signature"]);
}

#[test]
fn documents_of_text_stand_beside_the_messages() {
    let document = |text: &str, title: Option<&str>| {
        let source = MediaSource::Text(text.to_owned());
        Part::Document(switchyard_domain::chat::Document::new(source, title.map(str::to_owned)))
    };
    let in_result = ToolResult {
        call_id: "c".to_owned(),
        content: vec![document("found", None), text("and")],
        is_error: true,
        name: None,
    };
    let mut request = ChatRequest {
        messages: vec![
            of(vec![document("old", None), text("a")], Role::User),
            of(vec![text("b")], Role::Assistant),
            of(vec![Part::ToolResult(in_result)], Role::Tool),
            of(vec![document("new", Some("n.txt")), text("c")], Role::User),
        ],
        ..ChatRequest::default()
    };
    request.extensions = vec![("documents".to_owned(), Json::parse("[1]").unwrap())];
    let mut losses = LossReport::default();
    let body = Cohere.encode(&request, "m", Dialect::COHERE, &mut losses).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let documents = json!([{"id": "document-0", "data": {"text": "old"}},
        {"id": "document-1", "data": {"title": "n.txt", "text": "new"}}]);
    assert_eq!(body["documents"], documents);
    let result = json!([{"type": "document", "document": {"data": {"text": "found"}}}, {"type": "text", "text": "and"}]);
    assert_eq!(body["messages"][2]["content"], result);
    assert_eq!(body["messages"][3], json!({"role": "user", "content": "c"}));
    assert_eq!(
        lost(&losses),
        ["~:messages[0].content[0]", "~:messages[2].content[0].is_error", "-:documents"]
    );
}

#[test]
fn the_choice_of_tools_is_said_as_far_as_it_can_be() {
    let tools = |request: &ChatRequest| {
        let (body, lost) = encode(request).unwrap();
        let names: Vec<String> = body["tools"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|tool| tool["function"]["name"].as_str().unwrap().to_owned())
            .collect();
        (body["tool_choice"].clone(), names, lost)
    };
    let all = vec!["f".to_owned(), "g".to_owned()];
    assert_eq!(tools(&with("tool_choice", json!("auto"))), (json!(null), all.clone(), vec![]));
    assert_eq!(tools(&with("tool_choice", json!("none"))), (json!("NONE"), all.clone(), vec![]));
    assert_eq!(tools(&with("tool_choice", json!("required"))), (json!("REQUIRED"), all, vec![]));
    let named = with("tool_choice", json!({"type": "function", "function": {"name": "g"}}));
    assert_eq!(tools(&named), (json!("REQUIRED"), vec!["g".to_owned()], vec!["~:tools".to_owned()]));
    let unknown = with("tool_choice", json!({"type": "function", "function": {"name": "h"}}));
    assert_eq!(refused(&unknown), "tool_choice");
    assert_eq!(
        refused(&with("tool_choice", json!({"type": "allowed_tools", "allowed_tools": {}}))),
        "tool_choice"
    );
}

#[test]
fn strict_tools_are_strict_together_or_not_at_all() {
    let strict = |values: [Value; 2]| {
        let tools: Vec<Value> = values
            .iter()
            .map(|strict| json!({"type": "function", "function": {"name": "f", "strict": strict}}))
            .collect();
        let (body, lost) = encode(&with("tools", json!(tools))).unwrap();
        (body["strict_tools"].clone(), lost)
    };
    assert_eq!(strict([json!(true), json!(true)]), (json!(true), vec![]));
    assert_eq!(strict([json!(false), json!(true)]), (json!(null), vec!["-:tools[1].strict".to_owned()]));
    assert_eq!(strict([json!(false), json!(null)]), (json!(null), vec![]));
}

#[test]
fn what_must_not_be_left_out_is_refused() {
    let base = with("user", json!(null));
    assert_eq!(refused(&ChatRequest { choices: Some(2), ..base }), "n");
    let content = |part: Value| with("messages", json!([{"role": "user", "content": [part]}]));
    let sound = json!({"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}});
    assert_eq!(refused(&content(sound)), "messages[0].content[0]");
    let file = json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,QQ=="}});
    assert_eq!(refused(&content(file)), "messages[0].content[0]");
    let source = MediaSource::Url("https://e.org/a.png".to_owned());
    let result = ToolResult {
        call_id: "c".to_owned(),
        content: vec![Part::Image { source, detail: None }],
        is_error: false,
        name: None,
    };
    let request = ChatRequest {
        messages: vec![of(vec![Part::ToolResult(result)], Role::Tool)],
        ..ChatRequest::default()
    };
    assert_eq!(refused(&request), "messages[0].content[0].content[0]");
}

#[test]
fn numbers_out_of_range_go_as_the_nearest_and_are_told() {
    let mut request = with("top_p", json!(1.0));
    request.sampling.top_k = Some(1000);
    request.sampling.frequency_penalty = Some(-0.5);
    request.sampling.presence_penalty = Some(2.0);
    request.sampling.seed = Some(-1);
    let (body, lost) = encode(&request).unwrap();
    let found =
        [&body["p"], &body["k"], &body["frequency_penalty"], &body["presence_penalty"], &body["seed"]];
    assert_eq!(found, [&json!(0.99), &json!(500), &json!(0.0), &json!(1.0), &json!(null)]);
    assert_eq!(lost, ["~:top_p", "~:frequency_penalty", "~:presence_penalty", "~:top_k", "-:seed"]);
}

#[test]
fn the_wish_for_reasoning_goes_as_a_switch_and_a_budget() {
    type Case = (Option<ReasoningMode>, Option<&'static str>, Option<u64>);
    let cases: [(Case, Value, &[&str]); 7] = [
        ((None, None, None), json!(null), &[]),
        ((Some(ReasoningMode::Adaptive), None, None), json!({"type": "enabled"}), &[]),
        ((Some(ReasoningMode::Off), None, None), json!({"type": "disabled"}), &[]),
        ((None, Some("none"), None), json!({"type": "disabled"}), &[]),
        ((None, None, Some(4000)), json!({"type": "enabled", "token_budget": 4000}), &[]),
        ((None, Some("low"), Some(4000)), json!({"type": "enabled", "token_budget": 4000}), &[]),
        ((None, Some("low"), None), json!({"type": "enabled", "token_budget": 2048}), &["~:reasoning"]),
    ];
    for ((mode, effort, budget_tokens), thinking, expected) in cases {
        let mut request = with("user", json!(null));
        request.reasoning.mode = mode;
        request.reasoning.effort = effort.map(|word| EffortLevel(word.to_owned()));
        request.reasoning.budget_tokens = budget_tokens;
        let (body, lost) = encode(&request).unwrap();
        assert_eq!(body["thinking"], thinking, "{effort:?}");
        assert_eq!(lost, expected, "{effort:?}");
    }
}

#[test]
fn what_it_has_no_place_for_is_told() {
    let mut request = from_openai(&json!({
        "model": "r", "logit_bias": {"7": 1}, "user": "u", "metadata": {"a": "b"}, "service_tier": "flex",
        "logprobs": true, "top_logprobs": 3, "prompt_cache_key": "k",
        "messages": [{"role": "user", "name": "ann", "content": "x", "odd": 1}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "description": "d", "schema": {}}}
    }));
    request.reasoning.visible = Some(false);
    request.reasoning.mode = Some(ReasoningMode::On);
    request.messages[0].parts.push(Part::CacheMark { ttl: None });
    let (_, lost) = encode(&request).unwrap();
    assert_eq!(
        lost,
        [
            "-:messages[0].name",
            "~:messages[0].content[1]",
            "-:messages[0].odd",
            "-:response_format.description",
            "-:reasoning.visible",
            "-:top_logprobs",
            "-:logit_bias",
            "-:metadata",
            "-:user",
            "-:service_tier",
            "-:prompt_cache_key"
        ]
    );
}
