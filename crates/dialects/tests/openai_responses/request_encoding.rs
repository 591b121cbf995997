//! Requests of other dialects for a provider of this one: what is carried, what is told as lost, what is refused.

use serde_json::{Value, json};
use switchyard_dialects::codec::{ProviderCodec, Unsupported};
use switchyard_dialects::openai_responses::{OpenAiResponses, ProofsWanted};
use switchyard_domain::chat::{
    CacheMark, ChatRequest, Dialect, Document, EffortLevel, Json, LossReport, MediaSource, Message, Part,
    Reasoning, ReasoningMode, ReasoningWish, ResponseFormat, Role, Sampling, Signature, StreamOptions, Tool,
    ToolCall, ToolCallKind, ToolChoice, ToolChoiceMode, ToolResult,
};

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

fn encode_for(vendor: &OpenAiResponses, request: &ChatRequest) -> Result<(Value, String), Unsupported> {
    let mut losses = LossReport::default();
    let body = vendor.encode(request, "up", Dialect::OPENAI_CHAT, &mut losses)?;
    Ok((serde_json::from_slice(&body).unwrap(), losses.to_string()))
}

fn encode(request: &ChatRequest) -> (Value, String) {
    encode_for(&OpenAiResponses::PLAIN, request).unwrap()
}

fn asking(messages: Vec<Message>) -> ChatRequest {
    ChatRequest { messages, ..ChatRequest::default() }
}

fn assistant(parts: Vec<Part>) -> Message {
    Message { role: Role::Assistant, parts, name: None, extensions: Vec::new() }
}

fn call(id: &str, signature: Option<Signature>) -> Part {
    let (name, arguments) = ("f".to_owned(), "{}".to_owned());
    Part::ToolCall(ToolCall { id: id.to_owned(), name, arguments, kind: ToolCallKind::Function, signature })
}

fn result(id: &str, content: Vec<Part>) -> Message {
    let result = ToolResult { call_id: id.to_owned(), content, is_error: false, name: None };
    Message { role: Role::Tool, parts: vec![Part::ToolResult(result)], name: None, extensions: Vec::new() }
}

fn text(text: &str) -> Part {
    Part::Text { text: text.to_owned() }
}

#[test]
fn a_conversation_with_tools_becomes_items_in_order() {
    let request = asking(vec![
        Message::text(Role::System, "be brief"),
        Message::text(Role::Developer, "be kind"),
        Message::text(Role::User, "q"),
        assistant(vec![text("let me see"), call("c1", None), call("c2", None)]),
        result("c1", vec![text("one")]),
        result("c2", vec![]),
    ]);
    let (body, losses) = encode(&request);
    assert_eq!(losses, "");
    let expected = json!([
        {"type": "message", "role": "system", "content": "be brief"},
        {"type": "message", "role": "developer", "content": "be kind"},
        {"type": "message", "role": "user", "content": "q"},
        {"type": "message", "role": "assistant", "content": "let me see"},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "c2", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "one"},
        {"type": "function_call_output", "call_id": "c2", "output": ""}
    ]);
    assert_eq!(body["input"], expected);
    assert_eq!(body["model"], "up");
    // Who asks in another dialect does not know that answers are kept here.
    assert_eq!(body["store"], false);
    assert_eq!(body.get("include"), None);
    let vendor = OpenAiResponses { developer_role: false, stores: false, ..OpenAiResponses::PLAIN };
    let (body, _) = encode_for(&vendor, &request).unwrap();
    assert_eq!(body["input"][1]["role"], "system");
    assert_eq!(body.get("store"), None);
}

#[test]
fn results_beside_a_text_stand_before_it() {
    let mut message = result("c1", vec![text("one")]);
    message.role = Role::User;
    message.parts.push(text("and now?"));
    let (body, losses) = encode(&asking(vec![assistant(vec![call("c1", None)]), message]));
    assert_eq!(losses, "");
    assert_eq!(body["input"][1]["type"], "function_call_output");
    assert_eq!(body["input"][2], json!({"type": "message", "role": "user", "content": "and now?"}));
}

#[test]
fn calls_without_ids_are_given_ones_that_their_results_find() {
    let messages = vec![
        assistant(vec![call("", None)]),
        result("", vec![text("a")]),
        assistant(vec![call("", None)]),
        result("", vec![text("b")]),
    ];
    let (body, _) = encode(&asking(messages));
    let ids: Vec<&str> = (0..4).map(|at| body["input"][at]["call_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["call_1", "call_1", "call_2", "call_2"]);
}

#[test]
fn media_become_parts() {
    let inline = MediaSource::Inline { media_type: "application/pdf".to_owned(), base64: "AA".to_owned() };
    let parts = vec![
        text("see"),
        Part::Image { source: MediaSource::Url("https://x/y".to_owned()), detail: Some("low".to_owned()) },
        Part::Document(Document::new(inline, None)),
        Part::Document(Document::new(MediaSource::Text("hi".to_owned()), Some("n.txt".to_owned()))),
        Part::Document(Document {
            context: Some("c".to_owned()),
            ..Document::new(MediaSource::FileId("f".to_owned()), None)
        }),
    ];
    let user = Message {
        role: Role::User,
        parts: parts.clone(),
        name: Some("ann".to_owned()),
        extensions: Vec::new(),
    };
    let (body, losses) = encode(&asking(vec![user, result("c", parts)]));
    let content = json!([
        {"type": "input_text", "text": "see"},
        {"type": "input_image", "image_url": "https://x/y", "detail": "low"},
        {"type": "input_file", "file_data": "data:application/pdf;base64,AA", "filename": "document.pdf"},
        {"type": "input_file", "file_data": "data:text/plain;base64,aGk=", "filename": "n.txt"},
        {"type": "input_file", "file_id": "f"}
    ]);
    assert_eq!(body["input"][0]["content"], content);
    assert_eq!(body["input"][1]["output"], content);
    let expected =
        "messages[0].name,messages[0].content[4].context,messages[1].content[0].content[4].context";
    assert_eq!(losses, expected);
}

#[test]
fn what_has_no_place_is_told() {
    let mut request = asking(vec![
        Message {
            role: Role::User,
            parts: vec![text("q"), Part::CacheMark { ttl: None }],
            name: None,
            extensions: Vec::new(),
        },
        assistant(vec![
            Part::Reasoning(Reasoning {
                text: "hm".to_owned(),
                signature: Some(Signature::new(Signature::ANTHROPIC, "s")),
                redacted: false,
            }),
            text("a"),
            Part::Signature(Signature::new(Signature::GOOGLE, "t")),
            call("c", Some(Signature::new(Signature::GOOGLE, "u"))),
            Part::Native { kind: "server_tool_use".to_owned(), json: json("{}") },
        ]),
    ]);
    request.messages.push(Message {
        parts: vec![Part::ToolResult(ToolResult {
            call_id: "c".to_owned(),
            content: vec![],
            is_error: true,
            name: None,
        })],
        ..result("c", vec![])
    });
    request.stop = vec!["x".to_owned()];
    request.sampling = Sampling {
        top_k: Some(1),
        seed: Some(2),
        frequency_penalty: Some(0.1),
        presence_penalty: Some(0.1),
        logit_bias: [("1".to_owned(), 2)].into(),
        ..Sampling::default()
    };
    request.tools = vec![Tool::Native { kind: "custom".to_owned(), json: json("{}") }];
    request.extensions.push(("min_p".to_owned(), json("0.1")));
    let (body, losses) = encode(&request);
    let expected = [
        "tools[0]",
        "messages[0].content[1]",
        "messages[1].reasoning.signature",
        "messages[1].reasoning",
        "messages[1].reasoning.signature",
        "messages[1].reasoning.signature",
        "messages[1].content",
        "messages[2].content[0].is_error",
        "top_k",
        "frequency_penalty",
        "presence_penalty",
        "seed",
        "logit_bias",
        "stop",
        "min_p",
    ];
    assert_eq!(losses, expected.join(","));
    let kinds: Vec<&str> =
        body["input"].as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["message", "message", "function_call", "function_call_output"]);
    for name in ["stop", "top_k", "seed", "min_p", "logit_bias"] {
        assert_eq!(body.get(name), None, "{name}");
    }
}

#[test]
fn readable_reasoning_goes_to_vendors_that_read_it_and_own_proofs_go_back_whole() {
    let foreign = Reasoning {
        text: "hm".to_owned(),
        signature: Some(Signature::new("anthropic", "s")),
        redacted: false,
    };
    let item = r#"{"id":"rs_1", "type":"reasoning","summary":[],"encrypted_content":"g"}"#;
    let own =
        Reasoning { text: String::new(), signature: Some(Signature::new("deepseek", item)), redacted: true };
    let raw = Reasoning {
        text: "sum".to_owned(),
        signature: Some(Signature::new("deepseek", "gAAA")),
        redacted: false,
    };
    let parts = [foreign, own, raw].map(Part::Reasoning).to_vec();
    let vendor = OpenAiResponses { issuer: "deepseek", reasoning_text: true, ..OpenAiResponses::PLAIN };
    let mut losses = LossReport::default();
    let request = asking(vec![assistant(parts)]);
    let body = vendor.encode(&request, "up", Dialect::ANTHROPIC_MESSAGES, &mut losses).unwrap();
    assert_eq!(losses.to_string(), "messages[0].reasoning.signature");
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(text.contains(item), "{text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    let content = json!([{"type": "reasoning_text", "text": "hm"}]);
    assert_eq!(body["input"][0], json!({"type": "reasoning", "summary": [], "content": content}));
    let summary = json!([{"type": "summary_text", "text": "sum"}]);
    assert_eq!(
        body["input"][2],
        json!({"type": "reasoning", "summary": summary, "encrypted_content": "gAAA"})
    );
}

#[test]
fn functions_are_not_strict_unless_they_were() {
    let function = |name: &str, strict, cache| Tool::Function {
        name: name.to_owned(),
        description: None,
        parameters: None,
        strict,
        cache,
        extensions: Vec::new(),
    };
    let mut request = asking(vec![Message::text(Role::User, "q")]);
    request.tools = vec![function("a", None, None), function("b", Some(true), Some(CacheMark::default()))];
    request.tool_choice = Some(ToolChoice::Function("b".to_owned()));
    request.parallel_tool_calls = Some(false);
    let (body, losses) = encode(&request);
    assert_eq!(losses, "tools[1]");
    let schema = json!({"type": "object", "properties": {}});
    assert_eq!(
        body["tools"][0],
        json!({"type": "function", "name": "a", "parameters": schema, "strict": false})
    );
    assert_eq!(body["tools"][1]["strict"], true);
    assert_eq!(body["tool_choice"], json!({"type": "function", "name": "b"}));
    assert_eq!(body["parallel_tool_calls"], false);
    request.tool_choice = Some(ToolChoice::Mode(ToolChoiceMode::Required));
    assert_eq!(encode(&request).0["tool_choice"], "required");
}

#[test]
fn parameters_have_their_places() {
    let mut request = asking(vec![Message::text(Role::User, "q")]);
    request.max_output_tokens = Some(9);
    request.sampling = Sampling {
        logprobs: Some(true),
        top_logprobs: Some(3),
        temperature: Some(0.5),
        ..Sampling::default()
    };
    request.response_format = Some(ResponseFormat::JsonSchema {
        name: "n".to_owned(),
        description: None,
        schema: Some(json("{\"type\": \"object\"}")),
        strict: Some(true),
    });
    request.metadata = [("a".to_owned(), "b".to_owned())].into();
    request.user = Some("u".to_owned());
    request.stream = Some(StreamOptions { include_usage: false });
    let (body, losses) = encode(&request);
    assert_eq!(losses, "");
    let format = json!({"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": true});
    assert_eq!(body["text"], json!({ "format": format }));
    assert_eq!(body["include"], json!(["message.output_text.logprobs"]));
    assert_eq!((&body["top_logprobs"], &body["max_output_tokens"]), (&json!(3), &json!(9)));
    assert_eq!((&body["metadata"], &body["user"]), (&json!({"a": "b"}), &json!("u")));
    assert_eq!((&body["stream"], body.get("stream_options")), (&json!(true), None));
}

#[test]
fn wishes_for_reasoning_come_as_near_as_they_can() {
    let wish = |wish: ReasoningWish| {
        let mut request = asking(vec![Message::text(Role::User, "q")]);
        request.reasoning = wish;
        let (body, losses) = encode(&request);
        (body.get("reasoning").cloned(), body.get("include").cloned(), losses)
    };
    let proofs = Some(json!(["reasoning.encrypted_content"]));
    let effort = |word: &str| Some(EffortLevel(word.to_owned()));
    let word = ReasoningWish { effort: effort("high"), visible: Some(true), ..ReasoningWish::default() };
    assert_eq!(
        wish(word),
        (Some(json!({"effort": "high", "summary": "auto"})), proofs.clone(), String::new())
    );
    let budget = ReasoningWish { budget_tokens: Some(2048), ..ReasoningWish::default() };
    assert_eq!(wish(budget), (Some(json!({"effort": "low"})), proofs, "reasoning".to_owned()));
    let off = ReasoningWish { mode: Some(ReasoningMode::Off), ..ReasoningWish::default() };
    assert_eq!(wish(off), (None, None, "reasoning".to_owned()));
    let none = ReasoningWish { effort: effort("none"), ..ReasoningWish::default() };
    assert_eq!(wish(none), (Some(json!({"effort": "none"})), None, String::new()));
    let always = OpenAiResponses { proofs: ProofsWanted::Always, ..OpenAiResponses::PLAIN };
    let (body, _) = encode_for(&always, &asking(vec![Message::text(Role::User, "q")])).unwrap();
    assert_eq!(body["include"], json!(["reasoning.encrypted_content"]));
    let never = OpenAiResponses { proofs: ProofsWanted::Never, ..OpenAiResponses::PLAIN };
    let mut request = asking(vec![Message::text(Role::User, "q")]);
    request.reasoning.effort = effort("high");
    assert_eq!(encode_for(&never, &request).unwrap().0.get("include"), None);
}

#[test]
fn what_must_not_be_left_out_is_refused() {
    let refused = |request: &ChatRequest| encode_for(&OpenAiResponses::PLAIN, request).unwrap_err().param;
    let mut request = asking(vec![Message::text(Role::User, "q")]);
    request.choices = Some(2);
    assert_eq!(refused(&request).as_deref(), Some("n"));
    request.choices = Some(1);
    request.tool_choice = Some(ToolChoice::Native(json("{\"type\":\"custom\"}")));
    assert_eq!(refused(&request).as_deref(), Some("tool_choice"));
}

#[test]
fn what_a_client_says_in_forms_of_its_dialect_is_refused_and_what_the_model_said_so_is_told() {
    let native = Part::Native { kind: "odd".to_owned(), json: json("{}") };
    let alone = |role| Message { role, parts: vec![native.clone()], name: None, extensions: Vec::new() };
    let (body, losses) = encode(&asking(vec![alone(Role::Assistant), Message::text(Role::User, "q")]));
    assert_eq!(body["input"].as_array().unwrap().len(), 1);
    assert_eq!(losses, "messages[0].content");
    let request = asking(vec![alone(Role::User), Message::text(Role::User, "q")]);
    let refused = OpenAiResponses::PLAIN
        .encode(&request, "m", Dialect::ANTHROPIC_MESSAGES, &mut LossReport::default())
        .unwrap_err();
    assert_eq!(refused.param.as_deref(), Some("messages[0].content[0]"));
}
