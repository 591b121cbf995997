//! Requests that were not recorded: what becomes of each member, and what is told of it.

use serde_json::{Value, json};
use switchyard_dialects::bedrock_converse::BedrockConverse;
use switchyard_dialects::codec::{ProviderCodec, Unsupported};
use switchyard_dialects::openai_chat;
use switchyard_dialects::scan::{Document as Scanned, ScanLimits};
use switchyard_domain::chat::{
    Audio, CacheMark, ChatRequest, Dialect, Document, EffortLevel, Json, LossReport, MediaSource, Message,
    Part, Reasoning, ReasoningMode, ResponseFormat, Role, Signature, Tool, ToolCall, ToolResult,
};

use crate::expected::{collect, lost};

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-20250514-v1:0";
const NEW_CLAUDE: &str = "us.anthropic.claude-opus-4-7";
const LLAMA: &str = "meta.llama3-2-1b-instruct-v1:0";

fn encode_for(model: &str, request: &ChatRequest) -> Result<(Value, Vec<String>), Unsupported> {
    let mut losses = LossReport::default();
    let body = BedrockConverse.encode(request, model, Dialect::OPENAI_CHAT, &mut losses)?;
    Ok((serde_json::from_slice(&body).unwrap(), lost(&losses)))
}

fn encode(request: &ChatRequest) -> Result<(Value, Vec<String>), Unsupported> {
    encode_for(CLAUDE, request)
}

fn refused(request: &ChatRequest) -> String {
    encode(request).unwrap_err().param.unwrap()
}

/// A request of a client that speaks OpenAI's dialect.
fn from_openai(body: &Value) -> ChatRequest {
    let document = Scanned::scan(body.to_string().into(), ScanLimits::default()).unwrap();
    openai_chat::request::decode(&document).unwrap()
}

fn with(name: &str, value: Value) -> ChatRequest {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}],
        "tools": [{"type": "function", "function": {"name": "f"}}]});
    body[name] = value;
    from_openai(&body)
}

fn of(parts: Vec<Part>, role: Role) -> Message {
    Message { role, parts, name: None, extensions: Vec::new() }
}

fn asking(parts: Vec<Part>) -> ChatRequest {
    ChatRequest { messages: vec![of(parts, Role::User)], ..ChatRequest::default() }
}

fn text(text: &str) -> Part {
    Part::Text { text: text.to_owned() }
}

fn inline(media_type: &str) -> MediaSource {
    MediaSource::Inline { media_type: media_type.to_owned(), base64: "QUJD".to_owned() }
}

fn result(call_id: &str, content: Vec<Part>, is_error: bool) -> Part {
    Part::ToolResult(ToolResult { call_id: call_id.to_owned(), content, is_error, name: None })
}

#[test]
fn a_client_of_openai_is_understood() {
    let request = from_openai(&json!({
        "model": "r", "stream": true, "temperature": 0.5, "max_completion_tokens": 9, "stop": ["a", "b"],
        "top_p": 0.25, "metadata": {"k": "v"}, "service_tier": "flex",
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "messages": [
            {"role": "developer", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,QUJD"}}]},
            {"role": "assistant", "content": "well", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"b\":1,\"a\":2.0}"}},
                {"id": "c2", "type": "function", "function": {"name": "f", "arguments": ""}}]},
            {"role": "tool", "tool_call_id": "c2", "content": "two"},
            {"role": "tool", "tool_call_id": "c1", "content": "one"},
            {"role": "user", "content": "go on"}],
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "strict": true,
            "parameters": {"z": {}, "a": 1}}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "string"}}}
    }));
    let (body, lost) = encode(&request).unwrap();
    assert_eq!(lost, [""; 0]);
    let result = |id: &str, text: &str| json!({"toolResult": {"toolUseId": id, "content": [{"text": text}]}});
    assert_eq!(
        body,
        json!({
            "system": [{"text": "be brief"}],
            "messages": [
                {"role": "user", "content": [{"text": "look"},
                    {"image": {"format": "jpeg", "source": {"bytes": "QUJD"}}}]},
                {"role": "assistant", "content": [{"text": "well"},
                    {"toolUse": {"toolUseId": "c1", "name": "f", "input": {"b": 1, "a": 2.0}}},
                    {"toolUse": {"toolUseId": "c2", "name": "f", "input": {}}}]},
                {"role": "user", "content": [result("c2", "two"), result("c1", "one"), {"text": "go on"}]}],
            "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "topP": 0.25, "stopSequences": ["a", "b"]},
            "additionalModelResponseFieldPaths": ["/stop_sequence"],
            "toolConfig": {"tools": [{"toolSpec": {"name": "f", "description": "d", "strict": true,
                "inputSchema": {"json": {"z": {}, "a": 1}}}}], "toolChoice": {"tool": {"name": "f"}}},
            "outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema":
                {"name": "n", "schema": "{\"type\":\"string\"}"}}}},
            "requestMetadata": {"k": "v"}, "serviceTier": {"type": "flex"}
        })
    );
}

#[test]
fn a_tool_loop_with_thoughts_goes_back_byte_for_byte() {
    let blocks = concat!(
        r#"[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"Eu4C+/=="}}},"#,
        r#"{"reasoningContent":{"redactedContent":"UkVE"}},{"text":"let me see"},"#,
        r#"{"toolUse":{"toolUseId":"tooluse_1-x","name":"f","input":{"b": 1.50, "a":[]}}}]"#
    );
    let answer = format!(
        r#"{{"output":{{"message":{{"role":"assistant","content":{blocks}}}}},"stopReason":"tool_use"}}"#
    );
    let answer = collect(BedrockConverse.decode(answer.as_bytes()).unwrap().events);
    let request = ChatRequest {
        messages: vec![
            Message::text(Role::User, "x"),
            of(answer.choices[0].parts.clone(), Role::Assistant),
            of(vec![result("tooluse_1-x", vec![text("r")], false)], Role::Tool),
        ],
        ..ChatRequest::default()
    };
    let mut losses = LossReport::default();
    let body = BedrockConverse.encode(&request, CLAUDE, Dialect::OPENAI_CHAT, &mut losses).unwrap();
    let written = String::from_utf8(body.to_vec()).unwrap();
    assert!(written.contains(blocks), "{written}");
    assert_eq!(lost(&losses), ["~:tools"]);
    let body: Value = serde_json::from_slice(&body).unwrap();
    let spec =
        json!({"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object", "properties": {}}}}});
    assert_eq!(body["toolConfig"], json!({"tools": [spec]}));
}

#[test]
fn only_what_the_model_thought_itself_goes_back() {
    let block = |issuer: Option<&str>, redacted| {
        let signature = issuer.map(|issuer| Signature::new(issuer, "p"));
        let text = if redacted { "" } else { "hm" }.to_owned();
        Part::Reasoning(Reasoning { text, signature, redacted })
    };
    let thought = |model: &str, block: Part| {
        let request = ChatRequest {
            messages: vec![Message::text(Role::User, "x"), of(vec![block, text("a")], Role::Assistant)],
            ..ChatRequest::default()
        };
        let (body, lost) = encode_for(model, &request).unwrap();
        (body["messages"][1]["content"][0]["reasoningContent"].clone(), lost)
    };
    let (reasoning, signature) = ("-:messages[1].reasoning", "-:messages[1].reasoning.signature");
    let lost = |members: &[&str]| members.iter().map(|member| (*member).to_owned()).collect::<Vec<_>>();
    let own = json!({"reasoningText": {"text": "hm", "signature": "p"}});
    assert_eq!(thought(CLAUDE, block(Some("anthropic"), false)), (own, vec![]));
    assert_eq!(thought(CLAUDE, block(Some("google"), false)), (json!(null), lost(&[reasoning, signature])));
    assert_eq!(thought(CLAUDE, block(None, false)), (json!(null), lost(&[reasoning])));
    assert_eq!(thought(CLAUDE, block(Some("openai"), true)), (json!(null), lost(&[reasoning, signature])));
    let plain = json!({"reasoningText": {"text": "hm"}});
    assert_eq!(thought("us.deepseek.r1-v1:0", block(None, false)), (plain.clone(), vec![]));
    let elsewhere = thought("openai.gpt-oss-120b-1:0", block(Some("google"), false));
    assert_eq!(elsewhere, (plain, lost(&[signature])));
}

#[test]
fn an_empty_result_goes_as_an_empty_text_and_an_empty_error_with_a_word() {
    let request = asking(vec![result("c1", vec![], false), result("c2", vec![text("")], true)]);
    let (body, lost) = encode(&request).unwrap();
    let results: Vec<_> = body["messages"][0]["content"].as_array().unwrap().iter().collect();
    assert_eq!(results[0]["toolResult"]["content"], json!([{"text": ""}]));
    assert_eq!(results[1]["toolResult"]["content"], json!([{"text": "(no message)"}]));
    assert_eq!(results[1]["toolResult"]["status"], json!("error"));
    assert!(!lost.iter().any(|member| member.contains("content[")), "{lost:?}");
}

#[test]
fn a_document_that_goes_under_another_name_is_told() {
    let named = |name: &str| Part::Document(Document::new(inline("application/pdf"), Some(name.to_owned())));
    let (body, lost) =
        encode(&asking(vec![named("letter.v2.pdf"), named("plain (1)"), named("PLAIN (1)")])).unwrap();
    let names: Vec<_> = body["messages"][0]["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block["document"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["letter-v2-pdf", "plain (1)", "PLAIN (1) 2"]);
    assert_eq!(lost, ["~:messages[0].content[0].filename", "~:messages[0].content[2].filename"]);
}

#[test]
fn media_of_every_kind_have_a_place() {
    let mut film = Document::new(inline("video/mp4"), None);
    film.filename = Some("f.mp4".to_owned());
    let mut cited = Document::new(MediaSource::Text("words".to_owned()), Some("notes".to_owned()));
    (cited.context, cited.cited) = (Some("old".to_owned()), true);
    let request = asking(vec![
        Part::Image { source: MediaSource::Url("s3://b/k.jpg".to_owned()), detail: Some("high".to_owned()) },
        Part::Document(Document::new(inline("application/pdf"), Some("Q1 report.pdf".to_owned()))),
        Part::Document(Document::new(inline("application/octet-stream"), Some("data.CSV".to_owned()))),
        Part::Document(cited),
        Part::Document(film),
        Part::Audio(Audio { base64: "QUJD".to_owned(), format: "wav".to_owned() }),
        text(""),
    ]);
    let (body, lost) = encode(&request).unwrap();
    let bytes = json!({"bytes": "QUJD"});
    assert_eq!(
        body["messages"][0]["content"],
        json!([
            {"image": {"format": "jpeg", "source": {"s3Location": {"uri": "s3://b/k.jpg"}}}},
            {"document": {"format": "pdf", "name": "Q1 report-pdf", "source": bytes}},
            {"document": {"format": "csv", "name": "data-CSV", "source": bytes}},
            {"document": {"format": "txt", "name": "notes", "source": {"text": "words"}, "context": "old",
                "citations": {"enabled": true}}},
            {"video": {"format": "mp4", "source": bytes}},
            {"audio": {"format": "wav", "source": bytes}}])
    );
    assert_eq!(
        lost,
        [
            "-:messages[0].content[0].detail",
            "~:messages[0].content[1].filename",
            "~:messages[0].content[2].filename"
        ]
    );
}

#[test]
fn what_must_not_be_left_out_is_refused() {
    let image = |source| asking(vec![Part::Image { source, detail: None }]);
    let url = || MediaSource::Url("https://e.org/a.png".to_owned());
    let file = |source| asking(vec![Part::Document(Document::new(source, None))]);
    for request in [
        image(url()),
        image(inline("image/tiff")),
        image(MediaSource::FileId("f".to_owned())),
        file(url()),
        file(inline("application/zip")),
        file(inline("video/odd")),
        asking(vec![Part::Audio(Audio { base64: String::new(), format: "midi".to_owned() })]),
    ] {
        assert_eq!(refused(&request), "messages[0].content[0]");
    }
    let base = asking(vec![text("x")]);
    assert_eq!(refused(&ChatRequest { choices: Some(2), ..base.clone() }), "n");
    assert_eq!(refused(&with("response_format", json!({"type": "json_object"}))), "response_format");
    let no_schema =
        ResponseFormat::JsonSchema { name: "n".to_owned(), description: None, schema: None, strict: None };
    assert_eq!(refused(&ChatRequest { response_format: Some(no_schema), ..base }), "response_format");
    assert_eq!(
        refused(&with("tool_choice", json!({"type": "allowed_tools", "allowed_tools": {}}))),
        "tool_choice"
    );
    let mut picture_in_system = asking(vec![Part::Image { source: inline("image/png"), detail: None }]);
    picture_in_system.messages[0].role = Role::System;
    assert_eq!(refused(&picture_in_system), "messages[0].content[0]");
}

#[test]
fn tools_that_must_not_be_called_are_left_out_unless_the_history_calls_them() {
    let mut request = with("tool_choice", json!("none"));
    let (body, lost) = encode(&request).unwrap();
    assert_eq!((body.get("toolConfig"), lost), (None, vec![]));
    request.messages.push(of(vec![result("c", vec![text("r")], false)], Role::Tool));
    let (body, lost) = encode(&request).unwrap();
    let spec =
        json!({"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object", "properties": {}}}}});
    assert_eq!(body["toolConfig"], json!({"tools": [spec]}));
    assert_eq!(lost, ["~:tool_choice"]);
}

#[test]
fn every_choice_of_tools_has_a_word() {
    for (choice, expected) in [
        (json!("auto"), json!({"auto": {}})),
        (json!("required"), json!({"any": {}})),
        (json!({"type": "function", "function": {"name": "f"}}), json!({"tool": {"name": "f"}})),
        (json!(null), json!(null)),
    ] {
        let (body, _) = encode(&with("tool_choice", choice)).unwrap();
        assert_eq!(body["toolConfig"]["toolChoice"], expected);
    }
}

#[test]
fn messages_alternate_results_stand_first_and_late_instructions_move_to_the_front() {
    let call = |id: &str| {
        let (id, name) = (id.to_owned(), "f".to_owned());
        Part::ToolCall(ToolCall {
            id,
            name,
            arguments: String::new(),
            kind: Default::default(),
            signature: None,
        })
    };
    let request = ChatRequest {
        messages: vec![
            Message::text(Role::System, "one"),
            Message::text(Role::User, "a"),
            of(vec![text("")], Role::Assistant),
            Message::text(Role::User, "b"),
            of(vec![call("no spaces allowed"), call("")], Role::Assistant),
            of(vec![text("c"), result("no spaces allowed", vec![], true)], Role::User),
            of(vec![result("", vec![text("r")], false)], Role::Tool),
            Message::text(Role::Developer, "two"),
        ],
        ..ChatRequest::default()
    };
    let (body, lost) = encode(&request).unwrap();
    let messages = body["messages"].as_array().unwrap();
    let roles: Vec<&str> = messages.iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    assert_eq!(messages[0]["content"], json!([{"text": "a"}, {"text": "b"}]));
    let first = messages[1]["content"][0]["toolUse"]["toolUseId"].clone();
    let second = messages[1]["content"][1]["toolUse"]["toolUseId"].clone();
    assert_eq!(first.as_str().unwrap().len(), 9);
    assert_eq!(
        messages[2]["content"],
        json!([
            {"toolResult": {"toolUseId": first, "content": [{"text": "(no message)"}], "status": "error"}},
            {"toolResult": {"toolUseId": second, "content": [{"text": "r"}]}},
            {"text": "c"}])
    );
    assert_eq!(body["system"], json!([{"text": "one"}, {"text": "two"}]));
    assert_eq!(lost, ["~:messages[7]", "~:tools"]);
}

#[test]
fn marks_for_the_cache_are_for_those_who_have_one() {
    let mark = |ttl: Option<&str>| Part::CacheMark { ttl: ttl.map(str::to_owned) };
    let mut request = with("seed", json!(null));
    request.messages = vec![
        of(vec![mark(None), text("s"), mark(Some("1h"))], Role::System),
        of(vec![text("a"), mark(None)], Role::User),
    ];
    let Tool::Function { cache, .. } = &mut request.tools[0] else { panic!("no function") };
    *cache = Some(CacheMark::default());
    let (body, lost) = encode(&request).unwrap();
    assert_eq!(body["system"], json!([{"text": "s"}, {"cachePoint": {"type": "default", "ttl": "1h"}}]));
    assert_eq!(body["messages"][0]["content"][1], json!({"cachePoint": {"type": "default"}}));
    assert_eq!(body["toolConfig"]["tools"][1], json!({"cachePoint": {"type": "default"}}));
    assert_eq!(lost, ["~:messages[0].content[0]"]);
    let (body, lost) = encode_for(LLAMA, &request).unwrap();
    assert!(!body.to_string().contains("cachePoint"));
    assert_eq!(lost.len(), 4);
}

#[test]
fn the_wish_for_reasoning_goes_in_the_words_of_the_maker() {
    type Wish = (Option<ReasoningMode>, Option<&'static str>, Option<u64>);
    const OLD: &str = CLAUDE;
    const BOTH: &str = "us.anthropic.claude-sonnet-4-6";
    const NOVA: &str = "us.amazon.nova-2-lite-v1:0";
    const OSS: &str = "openai.gpt-oss-120b-1:0";
    let budget = |tokens: u64| json!({"thinking": {"type": "enabled", "budget_tokens": tokens}});
    let adaptive = json!({"thinking": {"type": "adaptive"}});
    let nova = |word: &str| json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": word}});
    let cases: Vec<(&str, Wish, Value, Value, &[&str])> = vec![
        (OLD, (None, None, None), json!(null), json!(null), &[]),
        (OLD, (None, None, Some(4000)), budget(4000), json!(null), &[]),
        (OLD, (None, None, Some(5)), budget(1024), json!(null), &["~:reasoning"]),
        (OLD, (None, None, Some(90_000)), budget(8999), json!(null), &["~:reasoning"]),
        (OLD, (None, Some("low"), None), budget(2048), json!(null), &["~:reasoning"]),
        (OLD, (Some(ReasoningMode::Adaptive), None, None), budget(8192), json!(null), &["~:reasoning"]),
        (
            OLD,
            (Some(ReasoningMode::Off), None, None),
            json!({"thinking": {"type": "disabled"}}),
            json!(null),
            &[],
        ),
        (BOTH, (None, None, Some(4000)), budget(4000), json!(null), &[]),
        (BOTH, (None, Some("max"), None), adaptive.clone(), json!("max"), &[]),
        (NEW_CLAUDE, (None, None, Some(4000)), adaptive.clone(), json!("medium"), &["~:reasoning"]),
        (NEW_CLAUDE, (None, Some("minimal"), None), adaptive.clone(), json!("low"), &["~:reasoning"]),
        (NEW_CLAUDE, (Some(ReasoningMode::On), None, None), adaptive, json!(null), &[]),
        (NOVA, (None, Some("high"), None), nova("high"), json!(null), &[]),
        (
            NOVA,
            (None, Some("none"), None),
            json!({"reasoningConfig": {"type": "disabled"}}),
            json!(null),
            &[],
        ),
        (NOVA, (Some(ReasoningMode::On), None, None), nova("medium"), json!(null), &[]),
        (OSS, (None, None, Some(1)), json!({"reasoning_effort": "low"}), json!(null), &["~:reasoning"]),
        (OSS, (Some(ReasoningMode::Off), None, None), json!(null), json!(null), &["~:reasoning"]),
        (LLAMA, (None, Some("high"), None), json!(null), json!(null), &["-:reasoning"]),
    ];
    for (model, (mode, effort, budget_tokens), fields, word, expected) in cases {
        let mut request = asking(vec![text("x")]);
        request.max_output_tokens = Some(9000);
        request.reasoning.mode = mode;
        request.reasoning.effort = effort.map(|word| EffortLevel(word.to_owned()));
        request.reasoning.budget_tokens = budget_tokens;
        let (body, lost) = encode_for(model, &request).unwrap();
        let case = format!("{model} {mode:?} {effort:?} {budget_tokens:?}");
        assert_eq!(body["additionalModelRequestFields"], fields, "{case}");
        assert_eq!(body["outputConfig"]["effort"], word, "{case}");
        assert_eq!(lost, expected, "{case}");
    }
}

#[test]
fn a_model_that_thinks_is_sampled_as_it_likes_and_not_forced_to_call() {
    let mut request = with("temperature", json!(0.5));
    request.sampling.top_k = Some(7);
    request.reasoning.budget_tokens = Some(2000);
    let (body, lost) = encode(&request).unwrap();
    assert_eq!(body["inferenceConfig"], json!(null));
    assert_eq!(lost, ["-:temperature", "-:top_k"]);
    request.tool_choice = with("tool_choice", json!("required")).tool_choice;
    let (body, lost) = encode(&request).unwrap();
    assert_eq!(body["inferenceConfig"], json!({"temperature": 0.5}));
    assert_eq!(body["additionalModelRequestFields"], json!({"top_k": 7}));
    assert_eq!(lost, ["-:reasoning"]);
    request.reasoning.budget_tokens = Some(5000);
    (request.tool_choice, request.max_output_tokens) = (None, Some(1000));
    let (_, lost) = encode(&request).unwrap();
    assert_eq!(lost, ["-:reasoning"]);
}

#[test]
fn whether_thoughts_are_shown_is_said_where_it_can_be() {
    let display = |model: &str, visible| {
        let mut request = asking(vec![text("x")]);
        request.reasoning.mode = Some(ReasoningMode::On);
        request.reasoning.visible = Some(visible);
        let (body, lost) = encode_for(model, &request).unwrap();
        (body["additionalModelRequestFields"]["thinking"]["display"].clone(), lost)
    };
    assert_eq!(display(NEW_CLAUDE, true), (json!("summarized"), vec![]));
    assert_eq!(display(NEW_CLAUDE, false), (json!("omitted"), vec![]));
    let lost = vec!["~:reasoning".to_owned(), "-:reasoning.visible".to_owned()];
    assert_eq!(display(CLAUDE, false), (json!(null), lost));
}

#[test]
fn candidates_go_in_the_words_of_the_maker() {
    for (model, expected, is_lost) in [
        (CLAUDE, json!({"top_k": 7}), false),
        ("amazon.nova-lite-v1:0", json!({"inferenceConfig": {"topK": 7}}), false),
        ("mistral.mistral-7b-instruct-v0:2", json!({"top_k": 7}), false),
        ("cohere.command-r-v1:0", json!({"k": 7}), false),
        (LLAMA, json!(null), true),
    ] {
        let mut request = asking(vec![text("x")]);
        request.sampling.top_k = Some(7);
        let (body, lost) = encode_for(model, &request).unwrap();
        assert_eq!(body["additionalModelRequestFields"], expected, "{model}");
        assert_eq!(lost, if is_lost { vec!["-:top_k"] } else { vec![] }, "{model}");
    }
}

#[test]
fn what_it_has_no_place_for_is_told() {
    let request = from_openai(&json!({
        "model": "r", "logit_bias": {"7": 1}, "user": "u", "service_tier": "scale", "seed": 1, "temperature": 1.5,
        "frequency_penalty": 0.5, "presence_penalty": 0.5, "logprobs": true, "top_logprobs": 1,
        "parallel_tool_calls": false, "prompt_cache_key": "k",
        "messages": [{"role": "user", "name": "ann", "content": "x", "odd": 1},
            {"role": "assistant", "content": null, "refusal": "no"}],
        "tools": [{"type": "function", "function": {"name": "f"}, "x": 1}]
    }));
    let (body, lost) = encode(&request).unwrap();
    assert_eq!(body["inferenceConfig"], json!({"temperature": 1.0}));
    assert_eq!(
        lost,
        [
            "-:messages[0].name",
            "-:messages[0].odd",
            "~:messages[1].content[0]",
            "-:tools[0].x",
            "~:temperature",
            "-:service_tier",
            "-:frequency_penalty",
            "-:presence_penalty",
            "-:seed",
            "-:logprobs",
            "-:top_logprobs",
            "-:logit_bias",
            "-:parallel_tool_calls",
            "-:user",
            "-:prompt_cache_key"
        ]
    );
}

#[test]
fn the_dialects_own_members_come_back_and_what_the_client_gave_outranks_ours() {
    let json = |text: &str| Json::parse(text).unwrap();
    let mut request = asking(vec![text("x")]);
    request.stop = vec!["s".to_owned()];
    request.sampling.top_k = Some(7);
    request.reasoning.budget_tokens = Some(2000);
    request.extensions = vec![
        ("guardrailConfig".to_owned(), json(r#"{"guardrailIdentifier":"g"}"#)),
        ("performanceConfig".to_owned(), json(r#"{"latency":"optimized"}"#)),
        ("additionalModelRequestFields".to_owned(), json(r#"{"thinking":{"type":"disabled"},"z":1}"#)),
        ("additionalModelResponseFieldPaths".to_owned(), json(r#"["/x"]"#)),
        ("messages".to_owned(), json("[]")),
    ];
    let mut losses = LossReport::default();
    let body = BedrockConverse.encode(&request, CLAUDE, Dialect::BEDROCK_CONVERSE, &mut losses).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["guardrailConfig"], json!({"guardrailIdentifier": "g"}));
    assert_eq!(body["performanceConfig"], json!({"latency": "optimized"}));
    assert_eq!(
        body["additionalModelRequestFields"],
        json!({"thinking": {"type": "disabled"}, "top_k": 7, "z": 1})
    );
    assert_eq!(body["additionalModelResponseFieldPaths"], json!(["/x"]));
    assert_eq!(lost(&losses), ["-:reasoning", "-:messages"]);
    let (body, lost) = encode(&request).unwrap();
    assert_eq!(body.get("guardrailConfig"), None);
    assert_eq!(lost.len(), 6);
}

#[test]
fn a_body_of_the_dialect_is_left_alone() {
    let body = bytes::Bytes::from_static(b"{\"b\" : 1.0}");
    let facts = switchyard_domain::call::CallFacts {
        dialect: Dialect::BEDROCK_CONVERSE,
        model: "x".to_owned(),
        stream: false,
        wants_stream_usage: true,
        max_output_tokens: None,
        choices: 1,
        prompt_text_bytes: 0,
        messages: 0,
        images: 0,
        has_unseen_input: false,
        needs: switchyard_domain::route::Needs::NONE,
        tags: Vec::new(),
        plain_messages: false,
        decodes_answer: false,
        strict: false,
        headers: Vec::new(),
    };
    let adapted = BedrockConverse.adapt(&body, &[], "y", &facts, &mut LossReport::default()).unwrap();
    assert_eq!(adapted, [body]);
}

#[test]
fn an_open_schema_is_closed_for_claude_and_one_that_must_be_open_is_refused() {
    let asking = |schema: Value| {
        let schema = json!({"name": "n", "schema": schema});
        with("response_format", json!({"type": "json_schema", "json_schema": schema}))
    };
    let schema = |body: &Value| {
        let text = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"].as_str().unwrap();
        serde_json::from_str::<Value>(text).unwrap()
    };
    let open = asking(json!({"type": "object"}));
    let (body, lost) = encode(&open).unwrap();
    assert_eq!(schema(&body), json!({"type": "object", "additionalProperties": false}));
    assert_eq!(lost, ["~:response_format.json_schema.schema"]);
    let (body, lost) = encode_for(LLAMA, &open).unwrap();
    assert_eq!((schema(&body), lost.is_empty()), (json!({"type": "object"}), true));
    assert_eq!(refused(&asking(json!({"type": "object", "additionalProperties": {}}))), "response_format");
}

#[test]
fn newer_claudes_get_a_temperature_or_a_nucleus_but_not_both() {
    let mut request = with("temperature", json!(0.5));
    request.sampling.top_p = Some(0.25);
    for (model, takes_both) in [
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", false),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", false),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", false),
        (CLAUDE, true),
        (LLAMA, true),
    ] {
        let (body, lost) = encode_for(model, &request).unwrap();
        let config = &body["inferenceConfig"];
        assert_eq!((&config["temperature"], config["topP"] == 0.25), (&json!(0.5), takes_both), "{model}");
        assert_eq!(lost.is_empty(), takes_both, "{model}: {lost:?}");
    }
    request.sampling.temperature = None;
    let (body, lost) = encode_for(NEW_CLAUDE, &request).unwrap();
    assert_eq!((&body["inferenceConfig"], lost.len()), (&json!({"topP": 0.25}), 0));
}

#[test]
fn instructions_alone_are_what_the_user_says() {
    let request = from_openai(&json!({"model": "m", "messages": [
        {"role": "system", "content": "a"}, {"role": "developer", "content": "b"}]}));
    let (body, lost) = encode(&request).unwrap();
    assert_eq!(body, json!({"messages": [{"role": "user", "content": [{"text": "a"}, {"text": "b"}]}]}));
    assert_eq!(lost, ["~:messages[0]"]);
}
