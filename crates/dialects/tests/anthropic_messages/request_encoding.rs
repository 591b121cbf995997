//! Canonical requests of other dialects, fitted to what the vendor takes, with every loss told.

use serde_json::{Value, json};
use switchyard_dialects::anthropic_messages::AnthropicMessages;
use switchyard_dialects::codec::{MemberRule, ProviderCodec, Unsupported};
use switchyard_domain::chat::{
    Audio, CacheMark, ChatRequest, Dialect, Document, EffortLevel, Json, LossReport, MediaSource, Message,
    Part, Reasoning, ReasoningMode, ReasoningWish, ResponseFormat, Role, Sampling, Signature, Tool, ToolCall,
    ToolCallKind, ToolChoice, ToolChoiceMode, ToolResult,
};

use crate::corpus_answers::CODEC;

const OLD: &str = "claude-sonnet-4-5-20250929";
const NEW: &str = "claude-opus-4-8";

fn try_encode(request: &ChatRequest, model: &str) -> Result<(Value, String), Unsupported> {
    let mut losses = LossReport::default();
    let body = CODEC.encode(request, model, Dialect::OPENAI_CHAT, &mut losses)?;
    Ok((serde_json::from_slice(&body).unwrap(), losses.to_string()))
}

fn encode(request: &ChatRequest, model: &str) -> (Value, String) {
    try_encode(request, model).unwrap()
}

fn with(messages: Vec<Message>) -> ChatRequest {
    ChatRequest { messages, max_output_tokens: Some(4096), ..ChatRequest::default() }
}

fn hello() -> ChatRequest {
    with(vec![Message::text(Role::User, "hi")])
}

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message { role, parts, name: None, extensions: Vec::new() }
}

fn text(text: &str) -> Part {
    Part::Text { text: text.to_owned() }
}

fn call(id: &str, name: &str, arguments: &str) -> Part {
    let (id, name, arguments) = (id.to_owned(), name.to_owned(), arguments.to_owned());
    Part::ToolCall(ToolCall { id, name, arguments, kind: ToolCallKind::Function, signature: None })
}

fn result(id: &str, content: Vec<Part>, is_error: bool) -> Part {
    Part::ToolResult(ToolResult { call_id: id.to_owned(), content, is_error, name: None })
}

fn function(name: &str, parameters: Option<&str>) -> Tool {
    Tool::Function {
        name: name.to_owned(),
        description: None,
        parameters: parameters.map(|json| Json::parse(json).unwrap()),
        strict: None,
        cache: None,
        extensions: Vec::new(),
    }
}

#[test]
fn results_of_tools_stand_in_one_message_before_what_the_user_says() {
    let request = with(vec![
        Message::text(Role::System, "be brief"),
        Message::text(Role::Developer, "and kind"),
        Message::text(Role::User, "weather?"),
        message(Role::Assistant, vec![text(""), call("c1", "f", "{\"a\": 1}"), call("c2", "f", "")]),
        message(Role::Tool, vec![result("c1", vec![text("sunny")], false)]),
        message(Role::User, vec![text("well?")]),
        message(Role::Tool, vec![result("c2", vec![], true)]),
    ]);
    let (body, losses) = encode(&request, NEW);
    let expected = json!({
        "model": NEW, "max_tokens": 4096,
        "system": [{"type": "text", "text": "be brief"}, {"type": "text", "text": "and kind"}],
        "messages": [
            {"role": "user", "content": "weather?"},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}},
                {"type": "tool_use", "id": "c2", "name": "f", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": "sunny"},
                {"type": "tool_result", "tool_use_id": "c2", "is_error": true},
                {"type": "text", "text": "well?"},
            ]},
        ],
    });
    assert_eq!((body, losses.as_str()), (expected, ""));
}

#[test]
fn arguments_that_are_no_object_go_as_a_text_in_one_and_ids_that_do_not_fit_are_replaced_alike() {
    let request = with(vec![
        Message::text(Role::User, "go"),
        message(Role::Assistant, vec![call("a|b", "f", "{\"cut\":")]),
        message(Role::Tool, vec![result("a|b", vec![text("x")], false)]),
    ]);
    let (body, losses) = encode(&request, NEW);
    let block = &body["messages"][1]["content"][0];
    assert_eq!(block["input"], json!({"input": "{\"cut\":"}));
    assert_eq!(block["id"], body["messages"][2]["content"][0]["tool_use_id"]);
    assert!(block["id"].as_str().unwrap().starts_with("call_"));
    assert_eq!(losses, "messages[1].content[0].arguments");
}

#[test]
fn instructions_within_the_conversation_go_in_front_unless_the_vendor_takes_them_there() {
    let request = with(vec![
        Message::text(Role::User, "a"),
        Message::text(Role::System, "b"),
        Message::text(Role::User, "c"),
    ]);
    let (body, losses) = encode(&request, NEW);
    assert_eq!(body["system"], "b");
    assert_eq!(
        body["messages"][0]["content"],
        json!([{"type": "text", "text": "a"}, {"type": "text", "text": "c"}])
    );
    assert_eq!(losses, "messages[1]");
    let within = AnthropicMessages { system_within: true, ..CODEC };
    let mut losses = LossReport::default();
    let body = within.encode(&request, NEW, Dialect::OPENAI_CHAT, &mut losses).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["messages"][1], json!({"role": "system", "content": "b"}));
    assert!(losses.is_empty() && body.get("system").is_none());
}

#[test]
fn the_user_begins_and_the_last_words_of_the_model_have_no_white_space_at_their_end() {
    let (body, losses) = encode(&with(vec![Message::text(Role::Assistant, "I am ready: \n")]), NEW);
    assert_eq!(body["messages"][0], json!({"role": "user", "content": "(no earlier message)"}));
    assert_eq!(body["messages"][1], json!({"role": "assistant", "content": "I am ready:"}));
    assert_eq!(losses, "messages[0].content,messages[0]");
    let (body, losses) = encode(&with(vec![Message::text(Role::System, "tell a joke")]), NEW);
    assert_eq!(body["messages"], json!([{"role": "user", "content": "tell a joke"}]));
    assert_eq!((losses.as_str(), body.get("system")), ("messages[0]", None));
}

#[test]
fn only_the_vendors_own_proofs_go_back_and_they_go_as_they_are() {
    let own = |text: &str, redacted| {
        let signature = Some(Signature::new(Signature::ANTHROPIC, format!("Eq+/{text}==")));
        Part::Reasoning(Reasoning {
            text: if redacted { String::new() } else { text.to_owned() },
            signature,
            redacted,
        })
    };
    let google = Signature::new(Signature::GOOGLE, "g");
    let foreign = Reasoning { text: "b".to_owned(), signature: Some(google.clone()), redacted: false };
    let parts = vec![
        own("a", false),
        own("r", true),
        Part::Reasoning(foreign),
        own("", false),
        text("x"),
        Part::Signature(google),
        call("c", "f", "{}"),
    ];
    let (body, losses) =
        encode(&with(vec![Message::text(Role::User, "q"), message(Role::Assistant, parts)]), NEW);
    let expected = json!([
        {"type": "thinking", "thinking": "a", "signature": "Eq+/a=="},
        {"type": "redacted_thinking", "data": "Eq+/r=="},
        {"type": "thinking", "thinking": "", "signature": "Eq+/=="},
        {"type": "text", "text": "x"},
        {"type": "tool_use", "id": "c", "name": "f", "input": {}},
    ]);
    assert_eq!(body["messages"][1]["content"], expected);
    let expected = "messages[1].reasoning.signature,messages[1].reasoning,messages[1].reasoning.signature";
    assert_eq!(losses, expected);
}

#[test]
fn a_vendor_that_takes_thinking_without_proof_is_given_it() {
    let codec = AnthropicMessages { unsigned_thinking: true, ..CODEC };
    let parts = vec![Part::Reasoning(Reasoning::text("hm")), text("x")];
    let request = with(vec![Message::text(Role::User, "q"), message(Role::Assistant, parts)]);
    let mut losses = LossReport::default();
    let body = codec.encode(&request, NEW, Dialect::OPENAI_CHAT, &mut losses).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        body["messages"][1]["content"][0],
        json!({"type": "thinking", "thinking": "hm", "signature": ""})
    );
    assert!(losses.is_empty());
}

#[test]
fn marks_for_the_cache_stand_on_the_block_before_them() {
    let mark = |ttl: Option<&str>| Part::CacheMark { ttl: ttl.map(str::to_owned) };
    let mut tool = function("f", Some("{\"type\":\"object\"}"));
    if let Tool::Function { cache, .. } = &mut tool {
        *cache = Some(CacheMark { ttl: Some("1h".to_owned()) });
    }
    let mut request = with(vec![
        message(Role::System, vec![mark(None), text("s"), mark(Some("1h"))]),
        message(Role::User, vec![text("a"), mark(None)]),
        message(Role::Assistant, vec![call("c", "f", "{}"), mark(None)]),
        message(Role::Tool, vec![result("c", vec![text("r"), mark(Some("5m"))], false), mark(None)]),
    ]);
    request.tools = vec![tool];
    let (body, losses) = encode(&request, NEW);
    let ephemeral = json!({"type": "ephemeral"});
    assert_eq!(body["system"][0]["cache_control"], json!({"type": "ephemeral", "ttl": "1h"}));
    assert_eq!(body["tools"][0]["cache_control"], json!({"type": "ephemeral", "ttl": "1h"}));
    assert_eq!(body["messages"][0]["content"][0]["cache_control"], ephemeral);
    assert_eq!(body["messages"][1]["content"][0]["cache_control"], ephemeral);
    let result = &body["messages"][2]["content"][0];
    assert_eq!(result["cache_control"], ephemeral);
    assert_eq!(result["content"][0]["cache_control"], json!({"type": "ephemeral", "ttl": "5m"}));
    assert_eq!(losses, "messages[0].content[0]");
}

#[test]
fn pictures_and_documents_go_as_far_as_the_vendor_knows_their_kind() {
    let inline = |media_type: &str, base64: &str| MediaSource::Inline {
        media_type: media_type.to_owned(),
        base64: base64.to_owned(),
    };
    let image = |source, detail: Option<&str>| Part::Image { source, detail: detail.map(str::to_owned) };
    let document = |source| Part::Document(Document::new(source, Some("t".to_owned())));
    let request = with(vec![message(
        Role::User,
        vec![
            image(inline("image/png", "iVBO"), Some("low")),
            image(MediaSource::Url("https://example.org/a.png".to_owned()), Some("auto")),
            document(inline("application/pdf", "JVBERi0=")),
            document(inline("", "JVBERi0xLjQ=")),
            document(inline("text/csv", "YSxi")),
            document(MediaSource::Url("data:text/plain;base64,aGk=".to_owned())),
            document(MediaSource::Text("plain".to_owned())),
        ],
    )]);
    let (body, losses) = encode(&request, NEW);
    let source = |at: usize| &body["messages"][0]["content"][at]["source"];
    assert_eq!(source(0), &json!({"type": "base64", "media_type": "image/png", "data": "iVBO"}));
    assert_eq!(source(1), &json!({"type": "url", "url": "https://example.org/a.png"}));
    assert_eq!(source(2), &json!({"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}));
    assert_eq!(source(3)["media_type"], "application/pdf");
    assert_eq!(source(4), &json!({"type": "text", "media_type": "text/plain", "data": "a,b"}));
    assert_eq!((&source(5)["data"], &source(6)["data"]), (&json!("hi"), &json!("plain")));
    assert_eq!(body["messages"][0]["content"][6]["title"], "t");
    assert_eq!(losses, "messages[0].content[0].detail");
    for part in [
        image(MediaSource::Url("gs://bucket/a.png".to_owned()), None),
        image(MediaSource::FileId("file-1".to_owned()), None),
        document(inline("video/mp4", "AAAA")),
        Part::Audio(Audio { base64: "AA".to_owned(), format: "wav".to_owned() }),
        Part::Native { kind: "video_url".to_owned(), json: Json::parse("{}").unwrap() },
    ] {
        let said = with(vec![message(Role::User, vec![text("q"), part.clone()])]);
        assert_eq!(try_encode(&said, NEW).unwrap_err().param.as_deref(), Some("messages[0].content[1]"));
        let given = with(vec![message(Role::Tool, vec![result("c", vec![part], false)])]);
        let refused = try_encode(&given, NEW).unwrap_err().param;
        assert_eq!(refused.as_deref(), Some("messages[0].content[0].content[0]"));
    }
}

#[test]
fn a_wish_by_a_word_goes_adaptive_to_newer_models_and_as_a_budget_to_older_ones() {
    let wish =
        |word: &str| ReasoningWish { effort: Some(EffortLevel(word.to_owned())), ..Default::default() };
    for (model, word, limit, thinking, effort, max_tokens, losses) in [
        (NEW, "high", None, json!({"type": "adaptive"}), json!("high"), 4096 + 16_384, ""),
        (NEW, "minimal", Some(900), json!({"type": "adaptive"}), json!("low"), 900, "reasoning"),
        (NEW, "xhigh", Some(900), json!({"type": "adaptive"}), json!("high"), 900, "reasoning"),
        (NEW, "none", Some(900), json!({"type": "disabled"}), Value::Null, 900, ""),
        (
            OLD,
            "low",
            None,
            json!({"type": "enabled", "budget_tokens": 2048}),
            Value::Null,
            4096 + 2048,
            "reasoning",
        ),
        (
            OLD,
            "high",
            Some(8000),
            json!({"type": "enabled", "budget_tokens": 6000}),
            Value::Null,
            8000,
            "reasoning,reasoning",
        ),
        (
            OLD,
            "high",
            Some(1025),
            json!({"type": "enabled", "budget_tokens": 1024}),
            Value::Null,
            1025,
            "reasoning,reasoning",
        ),
        (OLD, "high", Some(1024), Value::Null, Value::Null, 1024, "reasoning,reasoning"),
        (OLD, "none", Some(900), json!({"type": "disabled"}), Value::Null, 900, ""),
    ] {
        let request = ChatRequest { max_output_tokens: limit, reasoning: wish(word), ..hello() };
        let (body, lost) = encode(&request, model);
        let got = (&body["thinking"], &body["output_config"]["effort"], &body["max_tokens"]);
        assert_eq!(got, (&thinking, &effort, &json!(max_tokens)), "{model} {word} {limit:?}");
        assert_eq!(lost, losses, "{model} {word} {limit:?}");
    }
}

#[test]
fn a_budget_stays_below_the_limit_of_the_answer_whoever_asked_for_it() {
    for (budget, limit, fitted) in
        [(512, 4096, 1024), (4096, 4096, 3072), (9000, 4096, 3072), (4095, 4096, 4095)]
    {
        let reasoning = ReasoningWish {
            mode: Some(ReasoningMode::On),
            budget_tokens: Some(budget),
            visible: Some(false),
            ..Default::default()
        };
        let request = ChatRequest { max_output_tokens: Some(limit), reasoning, ..hello() };
        for source in [Dialect::OPENAI_CHAT, Dialect::ANTHROPIC_MESSAGES] {
            let mut losses = LossReport::default();
            let body = CODEC.encode(&request, OLD, source, &mut losses).unwrap();
            let body: Value = serde_json::from_slice(&body).unwrap();
            let expected = json!({"type": "enabled", "budget_tokens": fitted, "display": "omitted"});
            assert_eq!(body["thinking"], expected);
            assert_eq!(losses.is_empty(), budget == fitted);
        }
    }
}

#[test]
fn a_model_that_thinks_is_sampled_in_its_own_way() {
    let sampling =
        Sampling { temperature: Some(0.2), top_p: Some(0.5), top_k: Some(5), ..Default::default() };
    let reasoning = ReasoningWish { effort: Some(EffortLevel("low".to_owned())), ..Default::default() };
    let (body, losses) = encode(&ChatRequest { sampling, reasoning, ..hello() }, NEW);
    assert!(["temperature", "top_p", "top_k"].iter().all(|name| body.get(name).is_none()), "{body}");
    assert_eq!(losses, "temperature,top_p,top_k");
}

#[test]
fn no_model_is_made_to_think_about_a_forced_tool_or_about_calls_made_without_thinking() {
    let reasoning = ReasoningWish { effort: Some(EffortLevel("low".to_owned())), ..Default::default() };
    let forced = ChatRequest {
        tools: vec![function("f", None)],
        tool_choice: Some(ToolChoice::Mode(ToolChoiceMode::Required)),
        reasoning: reasoning.clone(),
        ..hello()
    };
    let (body, losses) = encode(&forced, NEW);
    assert_eq!((body.get("thinking"), body.get("output_config"), losses.as_str()), (None, None, "reasoning"));
    let answered = ChatRequest {
        reasoning,
        max_output_tokens: Some(9000),
        ..with(vec![
            Message::text(Role::User, "q"),
            message(Role::Assistant, vec![call("c", "f", "{}")]),
            message(Role::Tool, vec![result("c", vec![text("r")], false)]),
        ])
    };
    let (body, losses) = encode(&answered, OLD);
    assert_eq!((body.get("thinking"), losses.as_str()), (None, "reasoning,reasoning"));
    let (body, _) = encode(&answered, NEW);
    assert_eq!(body["thinking"], json!({"type": "adaptive"}));
}

#[test]
fn what_the_vendor_does_not_know_is_told() {
    let request = ChatRequest {
        sampling: Sampling {
            temperature: Some(1.5),
            top_p: Some(0.9),
            top_k: Some(40),
            frequency_penalty: Some(0.5),
            presence_penalty: Some(0.0),
            seed: Some(1),
            logprobs: Some(true),
            top_logprobs: Some(2),
            logit_bias: [("1".to_owned(), 2)].into(),
        },
        stop: vec!["END".to_owned(), "\n".to_owned()],
        metadata: [("a".to_owned(), "b".to_owned())].into(),
        user: Some("u1".to_owned()),
        service_tier: Some("flex".to_owned()),
        extensions: vec![("store".to_owned(), Json::parse("true").unwrap())],
        ..hello()
    };
    let (body, losses) = encode(&request, NEW);
    let expected = json!({
        "model": NEW, "max_tokens": 4096, "messages": [{"role": "user", "content": "hi"}],
        "temperature": 1.0, "top_k": 40, "stop_sequences": ["END"], "metadata": {"user_id": "u1"},
    });
    assert_eq!(body, expected);
    let expected = "temperature,top_p,frequency_penalty,seed,logprobs,top_logprobs,logit_bias,stop[1],metadata,service_tier,store";
    assert_eq!(losses, expected);
    let tiers = [("auto", Some("auto")), ("default", Some("standard_only"))];
    for (asked, written) in tiers {
        let (body, losses) = encode(&ChatRequest { service_tier: Some(asked.to_owned()), ..hello() }, NEW);
        assert_eq!((body["service_tier"].as_str(), losses.as_str()), (written, ""));
    }
}

#[test]
fn what_must_not_be_left_out_is_refused() {
    let extension = |name: &str| vec![(name.to_owned(), Json::parse("\"x\"").unwrap())];
    let cases: Vec<(ChatRequest, &str)> = vec![
        (ChatRequest { choices: Some(2), ..hello() }, "n"),
        (ChatRequest { response_format: Some(ResponseFormat::JsonObject), ..hello() }, "response_format"),
        (
            ChatRequest { tool_choice: Some(ToolChoice::Native(Json::parse("{}").unwrap())), ..hello() },
            "tool_choice",
        ),
        (ChatRequest { extensions: extension("response_format"), ..hello() }, "response_format"),
    ];
    for (request, param) in cases {
        let error = try_encode(&request, NEW).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(param));
        assert!(!error.message.is_empty());
    }
    assert!(try_encode(&ChatRequest { choices: Some(1), ..hello() }, NEW).is_ok());
}

#[test]
fn an_answer_by_schema_is_asked_for() {
    let format = ResponseFormat::JsonSchema {
        name: "n".to_owned(),
        description: Some("d".to_owned()),
        schema: Some(Json::parse(r#"{"type":"object","b":1.0,"a":2,"additionalProperties":false}"#).unwrap()),
        strict: Some(true),
    };
    let (body, losses) = encode(&ChatRequest { response_format: Some(format), ..hello() }, NEW);
    let schema = json!({"type": "object", "b": 1.0, "a": 2, "additionalProperties": false});
    assert_eq!(body["output_config"], json!({"format": {"type": "json_schema", "schema": schema}}));
    assert_eq!(losses, "response_format.json_schema.description");
}

#[test]
fn an_open_schema_is_closed_and_one_that_must_be_open_is_refused() {
    let asking = |schema: &str| {
        let schema = Some(Json::parse(schema).unwrap());
        let format =
            ResponseFormat::JsonSchema { name: "n".to_owned(), description: None, schema, strict: None };
        ChatRequest { response_format: Some(format), ..hello() }
    };
    let open = asking(r#"{"type":"object","properties":{"a":{"type":"object"}}}"#);
    let (body, losses) = encode(&open, NEW);
    let inner = json!({"type": "object", "additionalProperties": false});
    let closed = json!({"type": "object", "properties": {"a": inner}, "additionalProperties": false});
    assert_eq!(body["output_config"]["format"]["schema"], closed);
    assert_eq!(losses, "response_format.json_schema.schema");
    let refused = try_encode(&asking(r#"{"type":"object","additionalProperties":true}"#), NEW).unwrap_err();
    assert_eq!(refused.param.as_deref(), Some("response_format"));
    // A client of this dialect gets the provider's own word on its schema.
    let mut losses = LossReport::default();
    let own = CODEC.encode(&open, NEW, Dialect::ANTHROPIC_MESSAGES, &mut losses).unwrap();
    let own: Value = serde_json::from_slice(&own).unwrap();
    assert!(own["output_config"]["format"]["schema"].get("additionalProperties").is_none(), "{own}");
    assert!(losses.is_empty(), "{losses}");
}

#[test]
fn tools_have_a_schema_of_an_object_and_choices_their_words() {
    let tools = vec![
        function("a", None),
        function("b", Some(r#"{"properties":{"x":{"type":"string"}}}"#)),
        function("c", Some(r#"{ "type":"object" }"#)),
    ];
    let base = ChatRequest { tools, ..hello() };
    let (body, _) = encode(&base, NEW);
    assert_eq!(body["tools"][0], json!({"name": "a", "input_schema": {"type": "object", "properties": {}}}));
    assert_eq!(
        body["tools"][1]["input_schema"],
        json!({"type": "object", "properties": {"x": {"type": "string"}}})
    );
    assert!(body.get("tool_choice").is_none());
    let mode = |mode| Some(ToolChoice::Mode(mode));
    for (choice, parallel, expected) in [
        (mode(ToolChoiceMode::Auto), None, json!({"type": "auto"})),
        (
            mode(ToolChoiceMode::Required),
            Some(true),
            json!({"type": "any", "disable_parallel_tool_use": false}),
        ),
        (mode(ToolChoiceMode::None), Some(false), json!({"type": "none"})),
        (Some(ToolChoice::Function("b".to_owned())), None, json!({"type": "tool", "name": "b"})),
        (None, Some(false), json!({"type": "auto", "disable_parallel_tool_use": true})),
        (None, Some(true), Value::Null),
    ] {
        let request = ChatRequest { tool_choice: choice, parallel_tool_calls: parallel, ..base.clone() };
        assert_eq!(encode(&request, NEW).0["tool_choice"], expected);
    }
    let without =
        ChatRequest { tool_choice: mode(ToolChoiceMode::Auto), parallel_tool_calls: Some(false), ..hello() };
    assert_eq!(encode(&without, NEW).0.get("tool_choice"), None);
    let legacy = ChatRequest { legacy_functions: true, ..base };
    assert_eq!(encode(&legacy, NEW).0["tool_choice"]["disable_parallel_tool_use"], true);
}

#[test]
fn a_limit_is_always_told_and_a_vendors_rules_are_kept() {
    let request = ChatRequest { max_output_tokens: None, user: Some("u".to_owned()), ..hello() };
    const RULES: &[MemberRule] = &[MemberRule::Drop { name: "metadata", why: "is refused" }];
    let codec = AnthropicMessages { default_max_tokens: 77, members: RULES, ..CODEC };
    let mut losses = LossReport::default();
    let body = codec.encode(&request, "m", Dialect::OPENAI_CHAT, &mut losses).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let expected = json!({"model": "m", "max_tokens": 77, "messages": [{"role": "user", "content": "hi"}]});
    assert_eq!((body, losses.to_string().as_str()), (expected, "metadata"));
}
