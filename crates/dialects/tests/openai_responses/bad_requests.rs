//! Requests that must be refused, and with which member's name; and their neighbours that must not.

use rstest::rstest;
use serde_json::{Value, json};
use switchyard_dialects::codec::{Address, ClientCodec};
use switchyard_dialects::openai_responses::OpenAiResponsesClient;
use switchyard_dialects::request::{RequestCode, RequestError, RequestLimits};
use switchyard_domain::chat::Dialect;
use switchyard_domain::wire::ValueKind;

fn judge_within(body: impl Into<Vec<u8>>, limits: &RequestLimits) -> Result<(), RequestError> {
    OpenAiResponsesClient.check(body.into().into(), Address::default(), limits).map(drop)
}

fn judge(body: impl Into<Vec<u8>>) -> Result<(), RequestError> {
    judge_within(body, &RequestLimits::default())
}

/// A good request with one member set.
fn with(name: &str, value: Value) -> Value {
    let mut body = json!({"model": "m", "input": "hi"});
    body[name] = value;
    body
}

fn param_of(body: &Value) -> Option<String> {
    let error = judge(body.to_string()).err()?;
    assert_eq!(error.code, RequestCode::InvalidRequest);
    assert!(error.message.len() < 200);
    error.param
}

fn refused(body: &Value, param: &str) {
    assert_eq!(param_of(body).as_deref(), Some(param), "{body}");
}

fn good(body: &Value) {
    assert_eq!(param_of(body), None, "{body}");
}

#[rstest]
#[case("", RequestCode::InvalidJson)]
#[case("null", RequestCode::InvalidRequest)]
#[case("[]", RequestCode::InvalidRequest)]
#[case("{\"model\":\"m\"} x", RequestCode::InvalidJson)]
#[case("{\"temperature\":1e999}", RequestCode::InvalidRequest)]
#[case("{\"model\":\"\\ud800\"}", RequestCode::InvalidJson)]
#[case("{\"input\":\"a\",\"inp\\u0075t\":\"b\"}", RequestCode::InvalidRequest)]
fn a_body_that_is_no_acceptable_json_has_its_own_code(#[case] body: &str, #[case] code: RequestCode) {
    let error = judge(body).unwrap_err();
    assert_eq!((error.code, error.param), (code, None));
}

#[test]
fn a_body_cut_anywhere_is_no_json() {
    let body = json!({"model": "m", "input": [{"role": "user", "content": "é \u{1f600}"}]}).to_string();
    for end in 0..body.len() {
        let error = judge(body.as_bytes()[..end].to_vec()).unwrap_err();
        assert_eq!(error.code, RequestCode::InvalidJson, "{end}");
    }
    assert_eq!(judge(body), Ok(()));
}

#[test]
fn what_is_too_large_is_told_apart() {
    let limits = RequestLimits { max_body_bytes: 10, ..RequestLimits::default() };
    assert_eq!(judge_within("{ not even json", &limits).unwrap_err().code, RequestCode::TooLarge);
    let limits = RequestLimits { max_tool_bytes: 100, ..RequestLimits::default() };
    let tools = json!([{"type": "function", "name": "f", "description": "x".repeat(200)}]);
    let error = judge_within(with("tools", tools).to_string(), &limits).unwrap_err();
    assert_eq!((error.code, error.param.as_deref()), (RequestCode::TooLarge, Some("tools[0]")));
}

#[rstest]
fn a_model_that_is_none_is_refused(
    #[values(json!(null), json!(7), json!([]), json!(""), json!("  "), json!("m".repeat(257)), json!("a\u{0}b"))]
    model: Value,
) {
    refused(&with("model", model), "model");
    refused(&json!({"input": "x"}), "model");
}

#[rstest]
fn input_that_is_none_is_refused(
    #[values(json!(null), json!([]), json!(7), json!({}), json!([null]), json!([[]]), json!(["x"]))]
    input: Value,
) {
    refused(&with("input", input), "input");
    refused(&json!({"model": "m"}), "input");
}

#[rstest]
fn what_goes_on_elsewhere_needs_no_input(
    #[values(json!({"previous_response_id": "resp_1"}), json!({"conversation": "conv_1"}),
        json!({"conversation": {"id": "conv_1"}}), json!({"prompt": {"id": "pmpt_1"}}),
        json!({"input": [], "previous_response_id": "resp_1"}))]
    mut body: Value,
) {
    body["model"] = json!("m");
    good(&body);
}

#[test]
fn more_items_than_the_limit_are_refused() {
    let item = json!({"role": "user", "content": "x"});
    good(&with("input", json!(vec![item.clone(); 2048])));
    refused(&with("input", json!(vec![item; 2049])), "input");
}

#[rstest]
#[case(json!({"content": "x"}), "input[0].role")]
#[case(json!({"role": "tool", "content": "x"}), "input[0].role")]
#[case(json!({"role": "User", "content": "x"}), "input[0].role")]
#[case(json!({"type": "message", "role": null, "content": "x"}), "input[0].role")]
#[case(json!({"type": 7}), "input[0].type")]
#[case(json!({"role": "user"}), "input[0].content")]
#[case(json!({"role": "user", "content": 7}), "input[0].content")]
#[case(json!({"role": "user", "content": {}}), "input[0].content")]
#[case(json!({"role": "user", "content": [{"type": "text", "text": "x"}]}), "input[0].content")]
#[case(json!({"role": "user", "content": [{"type": "input_text"}]}), "input[0].content")]
#[case(json!({"role": "user", "content": [{"type": "input_image"}]}), "input[0].content")]
#[case(json!({"role": "user", "content": [{"type": "input_image", "image_url": "file:///etc/passwd"}]}), "input[0].content")]
#[case(json!({"role": "user", "content": [{"type": "input_file", "file_url": "f\u{69}le:///etc/passwd"}]}), "input[0].content")]
#[case(json!({"type": "function_call", "name": "f", "arguments": "{}"}), "input[0].call_id")]
#[case(json!({"type": "function_call", "call_id": "c", "arguments": "{}"}), "input[0].name")]
#[case(json!({"type": "function_call", "call_id": "c", "name": "f"}), "input[0].arguments")]
#[case(json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": {}}), "input[0].arguments")]
#[case(json!({"type": "function_call_output", "output": "x"}), "input[0].call_id")]
#[case(json!({"type": "function_call_output", "call_id": "", "output": "x"}), "input[0].call_id")]
#[case(json!({"type": "function_call_output", "call_id": "c"}), "input[0].output")]
#[case(json!({"type": "custom_tool_call", "call_id": "c", "name": "f"}), "input[0].input")]
#[case(json!({"type": "reasoning", "summary": "x"}), "input[0].summary")]
#[case(json!({"type": "reasoning", "summary": [], "encrypted_content": 7}), "input[0].encrypted_content")]
#[case(json!({"type": "item_reference"}), "input[0].id")]
fn an_item_that_is_none_is_refused(#[case] item: Value, #[case] param: &str) {
    refused(&with("input", json!([item])), param);
}

#[rstest]
fn items_that_are_good_pass(
    #[values(
        json!({"role": "developer", "content": ""}),
        json!({"id": "msg_1"}),
        json!({"type": "item_reference", "id": "msg_1"}),
        json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": ""}),
        json!({"type": "function_call_output", "call_id": "c", "output": [{"type": "input_image", "file_id": "f"}]}),
        json!({"type": "reasoning", "summary": [], "encrypted_content": null}),
        json!({"type": "web_search_call", "id": "ws_1", "status": "completed"}),
        json!({"type": "something_new", "x": [1, 2]}),
        json!({"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,AA", "detail": "low"}]})
    )]
    item: Value,
) {
    good(&with("input", json!([item])));
}

#[rstest]
#[case("stream", json!("yes"))]
#[case("stream", json!(1))]
#[case("temperature", json!(2.0001))]
#[case("temperature", json!("hot"))]
#[case("top_p", json!(1.5))]
#[case("top_logprobs", json!(21))]
#[case("max_output_tokens", json!(0))]
#[case("max_output_tokens", json!(1.5))]
#[case("max_output_tokens", json!(2_147_483_648_u64))]
#[case("max_tool_calls", json!(-1))]
#[case("parallel_tool_calls", json!("no"))]
#[case("store", json!(1))]
#[case("background", json!("true"))]
#[case("previous_response_id", json!(7))]
#[case("conversation", json!({}))]
#[case("prompt", json!({"id": ""}))]
#[case("instructions", json!(["x"]))]
#[case("include", json!("x"))]
#[case("include", json!([1]))]
#[case("user", json!("u".repeat(1 << 20)))]
#[case("metadata", json!({"a": 1}))]
#[case("reasoning", json!("high"))]
#[case("text", json!("json"))]
#[case("tools", json!({}))]
#[case("tool_choice", json!("any"))]
#[case("tool_choice", json!({"type": "function"}))]
#[case("tool_choice", json!({"type": "allowed_tools", "tools": []}))]
#[case("api_base", json!("http://x"))]
#[case("models", json!(["big"]))]
#[case("preset", json!("p"))]
#[case("Model", json!("big"))]
#[case("Max_Output_Tokens", json!(1))]
#[case("extra_headers", json!({}))]
fn a_member_that_is_not_what_it_must_be_is_refused(#[case] name: &str, #[case] value: Value) {
    refused(&with(name, value), name);
}

#[rstest]
#[case("reasoning", json!({"effort": 7}), "reasoning.effort")]
#[case("text", json!({"format": "json"}), "text.format")]
#[case("text", json!({"format": {"type": "xml"}}), "text.format")]
#[case("text", json!({"format": {"type": "json_schema", "schema": {}}}), "text.format.name")]
#[case("text", json!({"format": {"type": "json_schema", "name": "n"}}), "text.format.schema")]
#[case("text", json!({"format": {"type": "json_schema", "name": "n", "schema": {"$ref": "#"}}}), "text.format.schema")]
#[case("tools", json!([{"name": "f"}]), "tools[0]")]
#[case("tools", json!([{"type": "function"}]), "tools[0].name")]
#[case("tools", json!([{"type": "function", "name": "f f"}]), "tools[0].name")]
#[case("tools", json!([{"type": "function", "name": "f".repeat(65)}]), "tools[0].name")]
#[case("tools", json!([{"type": "function", "name": "f", "strict": 1}]), "tools[0].strict")]
#[case("tools", json!([{"type": "function", "name": "f", "parameters": []}]), "tools[0].parameters")]
#[case("tools", json!([{"type": "function", "name": "f", "parameters": {"$ref": "#"}}]), "tools[0].parameters")]
#[case("tools", json!([{"type": "custom"}]), "tools[0].name")]
#[case("stream_options", json!({}), "stream_options")]
fn a_nested_member_that_is_not_what_it_must_be_is_named(
    #[case] name: &str,
    #[case] value: Value,
    #[case] param: &str,
) {
    refused(&with(name, value), param);
}

#[rstest]
fn null_is_absent_and_unknown_members_pass(
    #[values(
        "stream",
        "temperature",
        "tools",
        "tool_choice",
        "text",
        "reasoning",
        "include",
        "metadata",
        "previous_response_id",
        "store",
        "instructions",
        "user",
        "something_new"
    )]
    name: &str,
) {
    good(&with(name, Value::Null));
    good(&with("something_new", json!({"deep": [1]})));
}

#[test]
fn deep_and_doubled_bodies_are_refused() {
    let deep = |depth: usize| {
        let schema = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let tool = format!("{{\"type\":\"function\",\"name\":\"f\",\"parameters\":{schema}}}");
        format!("{{\"model\":\"m\",\"input\":\"x\",\"tools\":[{tool}]}}")
    };
    assert_eq!(judge(deep(120)), Ok(()));
    assert_eq!(judge(deep(5_000)).unwrap_err().code, RequestCode::InvalidRequest);
    let twice = r#"{"model":"m","input":[{"role":"user","content":"a","role":"system"}]}"#;
    assert_eq!(judge(twice).unwrap_err().code, RequestCode::InvalidRequest);
}

#[test]
fn the_facts_of_a_request_are_those_of_its_body() {
    let body = json!({
        "model": "m", "stream": true, "max_output_tokens": 99, "instructions": "1234",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "12345"},
                {"type": "input_image", "image_url": "https://x/y.png"}]},
            {"type": "function_call", "call_id": "c", "name": "fn", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "123"}
        ],
        "tools": [{"type": "function", "name": "f"}]
    });
    let limits = RequestLimits::default();
    let checked = OpenAiResponsesClient.check(body.to_string().into(), Address::default(), &limits).unwrap();
    let facts = &checked.facts;
    assert_eq!(facts.dialect, Dialect::OPENAI_RESPONSES);
    assert_eq!((facts.model.as_str(), facts.stream, facts.wants_stream_usage), ("m", true, true));
    assert_eq!((facts.max_output_tokens, facts.choices, facts.images, facts.messages), (Some(99), 1, 1, 3));
    let tool = r#"{"name":"f","type":"function"}"#.len() as u64;
    // The ids of a call and of its result are read by the model too.
    assert_eq!(facts.prompt_text_bytes, 4 + 5 + 1 + 2 + 2 + 1 + 3 + tool);
    assert!(checked.members.iter().any(|member| member.kind == ValueKind::Array));
}
