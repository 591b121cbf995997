//! Requests that were not recorded: what becomes of each member, and what is told of it.

use serde_json::{Value, json};
use switchyard_dialects::codec::{ProviderCodec, Unsupported};
use switchyard_dialects::ollama::Ollama;
use switchyard_dialects::openai_chat;
use switchyard_dialects::scan::{Document, ScanLimits};
use switchyard_domain::chat::{
    CacheMark, ChatRequest, Dialect, EffortLevel, Json, LossReport, MediaSource, Message, Part, Reasoning,
    ReasoningMode, Role, Signature, Tool, ToolCall, ToolResult,
};

use crate::expected::lost;

fn encode_for(model: &str, request: &ChatRequest) -> Result<(Value, Vec<String>), Unsupported> {
    let mut losses = LossReport::default();
    let body = Ollama.encode(request, model, Dialect::OPENAI_CHAT, &mut losses)?;
    Ok((serde_json::from_slice(&body).unwrap(), lost(&losses)))
}

fn encode(request: &ChatRequest) -> Result<(Value, Vec<String>), Unsupported> {
    encode_for("m", request)
}

/// A request of a client that speaks OpenAI's dialect.
fn from_openai(body: &Value) -> ChatRequest {
    let document = Document::scan(body.to_string().into(), ScanLimits::default()).unwrap();
    openai_chat::request::decode(&document).unwrap()
}

fn of(parts: Vec<Part>, role: Role) -> ChatRequest {
    let message = Message { role, parts, name: None, extensions: Vec::new() };
    ChatRequest { messages: vec![message], ..ChatRequest::default() }
}

fn refused(request: &ChatRequest) -> String {
    encode(request).unwrap_err().param.unwrap()
}

#[test]
fn a_client_of_openai_is_understood() {
    let request = from_openai(&json!({
        "model": "r", "stream": true, "temperature": 0.5, "max_completion_tokens": 9, "stop": ["a", "b"], "seed": 4,
        "top_p": 0.25, "frequency_penalty": 0.5, "presence_penalty": 0.75, "logprobs": true, "top_logprobs": 2,
        "messages": [
            {"role": "developer", "content": "be brief"},
            {"role": "user", "content": [
                {"type": "text", "text": "look"}, {"type": "text", "text": "here"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"b\":1,\"a\":2.0}"}},
                {"id": "c2", "type": "function", "function": {"name": "g", "arguments": ""}}]},
            {"role": "tool", "tool_call_id": "c2", "content": "two"},
            {"role": "tool", "tool_call_id": "c1", "content": "one"}],
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"z": {}, "a": 1}}},
                  {"type": "function", "function": {"name": "g"}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    }));
    let (body, lost) = encode(&request).unwrap();
    assert_eq!(lost, [""; 0]);
    let call = |id: &str, name: &str, arguments: Value| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    let function = |function: Value| json!({"type": "function", "function": function});
    assert_eq!(
        body,
        json!({
            "model": "m", "stream": true, "logprobs": true, "top_logprobs": 2,
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": "look\nhere", "images": ["QUJD"]},
                {"role": "assistant", "content": "", "tool_calls":
                    [call("c1", "f", json!({"b": 1, "a": 2.0})), call("c2", "g", json!({}))]},
                {"role": "tool", "content": "two", "tool_name": "g", "tool_call_id": "c2"},
                {"role": "tool", "content": "one", "tool_name": "f", "tool_call_id": "c1"}],
            "tools": [function(json!({"name": "f", "description": "d", "parameters": {"z": {}, "a": 1}})),
                      function(json!({"name": "g", "parameters": {"type": "object", "properties": {}}}))],
            "format": {"type": "object"},
            "options": {"temperature": 0.5, "top_p": 0.25, "frequency_penalty": 0.5, "presence_penalty": 0.75,
                        "seed": 4, "num_predict": 9, "stop": ["a", "b"]}
        })
    );
}

#[test]
fn a_server_that_must_not_stream_is_told_so() {
    let (body, lost) = encode(&of(vec![], Role::User)).unwrap();
    assert_eq!(body, json!({"model": "m", "messages": [{"role": "user", "content": ""}], "stream": false}));
    assert!(lost.is_empty());
}

#[test]
fn what_it_has_no_place_for_is_told() {
    let mut request = from_openai(&json!({
        "model": "r", "logit_bias": {"7": 1}, "user": "u", "metadata": {"a": "b"}, "service_tier": "flex",
        "parallel_tool_calls": false, "prompt_cache_key": "k",
        "messages": [{"role": "user", "name": "ann", "content": "x", "odd": 1}],
        "tools": [{"type": "function", "function": {"name": "f", "strict": true}}]
    }));
    request.reasoning.summary = Some("auto".to_owned());
    let Tool::Function { cache, .. } = &mut request.tools[0] else { panic!("no function") };
    *cache = Some(CacheMark::default());
    let (_, lost) = encode(&request).unwrap();
    assert_eq!(
        lost,
        [
            "-:messages[0].name",
            "-:messages[0].odd",
            "-:tools[0].strict",
            "~:tools[0]",
            "-:logit_bias",
            "-:parallel_tool_calls",
            "-:metadata",
            "-:user",
            "-:service_tier",
            "-:reasoning.summary",
            "-:prompt_cache_key"
        ]
    );
}

#[test]
fn what_must_not_be_left_out_is_refused() {
    let base = of(vec![Part::Text { text: "x".to_owned() }], Role::User);
    let tools = json!({"model": "m", "messages": [{"role": "user", "content": "x"}],
        "tools": [{"type": "function", "function": {"name": "f"}}]});
    let with = |name: &str, value: Value| {
        let mut body = tools.clone();
        body[name] = value;
        from_openai(&body)
    };
    assert_eq!(refused(&ChatRequest { choices: Some(2), ..base.clone() }), "n");
    assert!(encode(&ChatRequest { choices: Some(1), ..base }).is_ok());
    assert_eq!(refused(&with("tool_choice", json!("required"))), "tool_choice");
    let function = json!({"type": "function", "function": {"name": "f"}});
    assert_eq!(refused(&with("tool_choice", function)), "tool_choice");
    let native = json!({"type": "allowed_tools", "allowed_tools": {}});
    assert_eq!(refused(&with("tool_choice", native)), "tool_choice");
    let image = |source| of(vec![Part::Image { source, detail: None }], Role::User);
    assert_eq!(refused(&image(MediaSource::Url("https://e.org/a.png".to_owned()))), "messages[0].content[0]");
    assert_eq!(refused(&image(MediaSource::FileId("f".to_owned()))), "messages[0].content[0]");
    let sound = json!([{"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}}]);
    assert_eq!(
        refused(&with("messages", json!([{"role": "user", "content": sound}]))),
        "messages[0].content[0]"
    );
    let file = json!([{"type": "file", "file": {"file_data": "data:application/pdf;base64,QQ=="}}]);
    assert_eq!(
        refused(&with("messages", json!([{"role": "user", "content": file}]))),
        "messages[0].content[0]"
    );
}

#[test]
fn tools_that_must_not_be_called_are_not_shown() {
    let request = from_openai(&json!({"model": "m", "messages": [{"role": "user", "content": "x"}],
        "tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "none"}));
    let (body, lost) = encode(&request).unwrap();
    assert_eq!((body.get("tools"), lost), (None, vec![]));
}

#[test]
fn the_wish_for_reasoning_goes_as_a_switch_or_a_level() {
    type Case = (Option<ReasoningMode>, Option<&'static str>, Option<u64>);
    let cases: [(&str, Case, Value, &[&str]); 12] = [
        ("qwen3", (None, None, None), Value::Null, &[]),
        ("qwen3", (Some(ReasoningMode::On), None, None), json!(true), &[]),
        ("qwen3", (Some(ReasoningMode::Adaptive), None, None), json!(true), &[]),
        ("qwen3", (Some(ReasoningMode::Off), None, None), json!(false), &[]),
        ("qwen3", (None, Some("none"), None), json!(false), &[]),
        ("qwen3", (None, Some("high"), None), json!(true), &["~:reasoning"]),
        ("qwen3", (None, None, Some(4000)), json!(true), &["~:reasoning"]),
        ("gpt-oss:20b", (None, Some("high"), None), json!("high"), &[]),
        ("gpt-oss:20b", (None, Some("minimal"), None), json!("low"), &["~:reasoning"]),
        ("gpt-oss:20b", (None, Some("xhigh"), None), json!("high"), &["~:reasoning"]),
        ("gpt-oss:20b", (None, None, Some(4000)), json!("medium"), &["~:reasoning"]),
        ("gpt-oss:20b", (None, None, Some(0)), json!(false), &[]),
    ];
    for (model, (mode, effort, budget_tokens), think, expected) in cases {
        let mut request = of(vec![Part::Text { text: "x".to_owned() }], Role::User);
        request.reasoning.mode = mode;
        request.reasoning.effort = effort.map(|word| EffortLevel(word.to_owned()));
        request.reasoning.budget_tokens = budget_tokens;
        let (body, lost) = encode_for(model, &request).unwrap();
        assert_eq!(body["think"], think, "{model} {effort:?}");
        assert_eq!(lost, expected, "{model} {effort:?}");
    }
}

#[test]
fn reasoning_goes_back_and_its_proof_is_told_as_lost() {
    let reasoning = Reasoning {
        text: "hm".to_owned(),
        signature: Some(Signature::new(Signature::ANTHROPIC, "p")),
        redacted: false,
    };
    let hidden = Reasoning { text: String::new(), redacted: true, ..reasoning.clone() };
    let parts = vec![
        Part::Reasoning(reasoning),
        Part::Reasoning(hidden),
        Part::Text { text: "a".to_owned() },
        Part::Text { text: "b".to_owned() },
        Part::Refusal { text: "c".to_owned() },
    ];
    let (body, lost) = encode(&of(parts, Role::Assistant)).unwrap();
    assert_eq!(body["messages"][0], json!({"role": "assistant", "content": "abc", "thinking": "hm"}));
    assert_eq!(lost, ["~:messages[0].content[4]", "-:messages[0].reasoning.signature"]);
}

#[test]
fn arguments_that_are_no_object_stand_in_one() {
    let call = ToolCall {
        id: String::new(),
        name: "f".to_owned(),
        arguments: "{\"a\":".to_owned(),
        kind: Default::default(),
        signature: None,
    };
    let result = ToolResult {
        call_id: "gone".to_owned(),
        content: vec![Part::Text { text: "r".to_owned() }],
        is_error: true,
        name: Some("f".to_owned()),
    };
    let mut request = of(vec![Part::ToolCall(call)], Role::Assistant);
    request.messages.push(Message {
        role: Role::User,
        parts: vec![Part::ToolResult(result), Part::Text { text: "and?".to_owned() }],
        name: None,
        extensions: Vec::new(),
    });
    let (body, lost) = encode(&request).unwrap();
    let function = json!({"name": "f", "arguments": {"input": "{\"a\":"}});
    assert_eq!(body["messages"][0]["tool_calls"], json!([{"type": "function", "function": function}]));
    let result = json!({"role": "tool", "content": "r", "tool_name": "f", "tool_call_id": "gone"});
    assert_eq!(body["messages"][1], result);
    assert_eq!(body["messages"][2], json!({"role": "user", "content": "and?"}));
    assert_eq!(lost, ["~:messages[0].tool_calls[0].arguments", "~:messages[1].content[0].is_error"]);
}

#[test]
fn documents_of_text_become_text_and_pictures_between_texts_are_told() {
    let text = |text: &str| Part::Text { text: text.to_owned() };
    let source = MediaSource::Inline { media_type: "image/png".to_owned(), base64: "QQ==".to_owned() };
    let image = Part::Image { source, detail: Some("high".to_owned()) };
    let mut document = switchyard_domain::chat::Document::new(
        MediaSource::Text("words".to_owned()),
        Some("a.txt".to_owned()),
    );
    document.context = Some("old".to_owned());
    let parts =
        vec![text("one"), image, text("two"), Part::Document(document), Part::CacheMark { ttl: None }];
    let (body, lost) = encode(&of(parts, Role::User)).unwrap();
    let content = "one\ntwo\na.txt\nold\nwords";
    assert_eq!(body["messages"][0], json!({"role": "user", "content": content, "images": ["QQ=="]}));
    assert_eq!(
        lost,
        [
            "-:messages[0].content[1].detail",
            "~:messages[0].content[3]",
            "~:messages[0].content[4]",
            "~:messages[0].content"
        ]
    );
}

#[test]
fn the_dialects_own_members_come_back_and_those_of_others_are_told() {
    let json = |text: &str| Json::parse(text).unwrap();
    let mut request = of(vec![Part::Text { text: "x".to_owned() }], Role::User);
    request.extensions = vec![
        ("keep_alive".to_owned(), json("\"5m\"")),
        ("options.num_ctx".to_owned(), json("4096")),
        ("stream".to_owned(), json("7")),
    ];
    let mut losses = LossReport::default();
    let body = Ollama.encode(&request, "m", Dialect::OLLAMA, &mut losses).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["keep_alive"], &body["options"]), (&json!("5m"), &json!({"num_ctx": 4096})));
    assert_eq!(lost(&losses), ["-:stream"]);
    let (body, lost) = encode(&request).unwrap();
    assert_eq!((body.get("keep_alive"), body.get("options")), (None, None));
    assert_eq!(lost, ["-:keep_alive", "-:options.num_ctx", "-:stream"]);
}
