//! Requests that must be refused, and with which member's name; and their neighbours that must not.

use rstest::rstest;
use serde_json::{Value, json};
use switchyard_dialects::openai_chat::request::check;
use switchyard_dialects::request::{RequestCode, RequestError, RequestLimits};
use switchyard_domain::chat::Dialect;
use switchyard_domain::wire::ValueKind;

fn judge(body: impl Into<Vec<u8>>) -> Result<(), RequestError> {
    check(body.into().into(), &RequestLimits::default()).map(drop)
}

/// A good request with one member set.
fn with(name: &str, value: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    body[name] = value;
    body
}

fn with_message(message: &Value) -> Value {
    with("messages", json!([message]))
}

fn param_of(body: &Value) -> Option<String> {
    let error = judge(body.to_string()).err()?;
    assert_eq!(error.code, RequestCode::InvalidRequest);
    assert!(error.message.len() < 200);
    error.param
}

fn tool(function: &Value) -> Value {
    json!([{"type": "function", "function": function}])
}

#[rstest]
#[case("", RequestCode::InvalidJson)]
#[case("null", RequestCode::InvalidRequest)]
#[case("[]", RequestCode::InvalidRequest)]
#[case("{\"model\":\"m\"} x", RequestCode::InvalidJson)]
#[case("{\"model\":NaN}", RequestCode::InvalidJson)]
#[case("{\"temperature\":1e999}", RequestCode::InvalidRequest)]
#[case("{\"model\":\"\\ud800\"}", RequestCode::InvalidJson)]
#[case("{\"model\":\"a\",\"mod\\u0065l\":\"b\"}", RequestCode::InvalidRequest)]
fn a_body_that_is_no_acceptable_json_has_its_own_code(#[case] body: &str, #[case] code: RequestCode) {
    let error = judge(body).unwrap_err();
    assert_eq!((error.code, error.param), (code, None));
}

#[test]
fn a_body_over_the_limit_is_too_large_before_it_is_read() {
    let limits = RequestLimits { max_body_bytes: 10, ..RequestLimits::default() };
    let error = check("{ not even json".as_bytes().into(), &limits).unwrap_err();
    assert_eq!((error.code, error.code.status()), (RequestCode::TooLarge, 413));
}

#[rstest]
fn a_model_that_is_none_is_refused(
    #[values(
        json!(null), json!(7), json!([]), json!({}), json!(""), json!("  \t"), json!("m".repeat(257)),
        json!("é".repeat(257)), json!("m".repeat(100_000)), json!("a\u{0}b")
    )]
    model: Value,
) {
    assert_eq!(param_of(&with("model", model)).as_deref(), Some("model"));
}

#[test]
fn an_absent_model_and_absent_messages_are_named() {
    assert_eq!(param_of(&json!({"messages": [{"role": "user", "content": "x"}]})).as_deref(), Some("model"));
    assert_eq!(param_of(&json!({"model": "m"})).as_deref(), Some("messages"));
}

#[rstest]
fn a_strange_model_is_for_the_router_to_answer(
    #[values("a\r\nb", "../x", "%00", "{{7*7}}", "' OR 1=1", "é")] model: &str,
) {
    assert_eq!(param_of(&with("model", json!(model))), None);
    assert_eq!(param_of(&with("model", json!("é".repeat(256)))), None);
}

#[rstest]
fn messages_that_are_none_are_refused(
    #[values(json!(null), json!([]), json!("hi"), json!([null]), json!([[]]), json!({}))] messages: Value,
) {
    assert_eq!(param_of(&with("messages", messages)).as_deref(), Some("messages"));
}

#[test]
fn more_messages_than_the_limit_are_refused() {
    let message = json!({"role": "user", "content": "x"});
    assert_eq!(param_of(&with("messages", json!(vec![message.clone(); 2048]))), None);
    let refused = param_of(&with("messages", json!(vec![message; 2049])));
    assert_eq!(refused.as_deref(), Some("messages"));
}

#[rstest]
fn a_role_that_is_none_is_refused(
    #[values(json!({}), json!({"role": null}), json!({"role": "robot"}), json!({"role": {}}), json!({"role": "User"}))]
    mut message: Value,
) {
    message["content"] = json!("x");
    assert_eq!(param_of(&with_message(&message)).as_deref(), Some("messages[0].role"));
}

#[rstest]
fn content_that_is_none_is_refused(
    #[values(
        json!(7), json!(null), json!({}), json!([7]), json!(["x"]), json!([{}]), json!([{"type": "hologram"}]),
        json!([{"type": "text"}]), json!([{"type": "text", "text": 7}]), json!([{"type": "image_url"}]),
        json!([{"type": "image_url", "image_url": {}}]), json!([{"type": "input_audio", "input_audio": {}}]),
        json!([{"type": "file", "file": {"filename": "a"}}])
    )]
    content: Value,
) {
    let message = json!({"role": "user", "content": content});
    assert_eq!(param_of(&with_message(&message)).as_deref(), Some("messages[0].content"));
    assert_eq!(param_of(&with_message(&json!({"role": "user"}))).as_deref(), Some("messages[0].content"));
}

#[rstest]
#[case(json!({"role": "tool", "content": "x"}), "messages[0].tool_call_id")]
#[case(json!({"role": "tool", "content": "x", "tool_call_id": ""}), "messages[0].tool_call_id")]
#[case(json!({"role": "function", "content": "x"}), "messages[0].name")]
#[case(json!({"role": "assistant"}), "messages[0].content")]
#[case(json!({"role": "assistant", "content": null, "tool_calls": []}), "messages[0].content")]
#[case(json!({"role": "assistant", "tool_calls": {}}), "messages[0].tool_calls")]
#[case(json!({"role": "assistant", "tool_calls": [{"id": "a"}]}), "messages[0].tool_calls")]
#[case(json!({"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {}}}]}),
    "messages[0].tool_calls")]
#[case(json!({"role": "assistant", "function_call": {"name": "f"}}), "messages[0].function_call")]
#[case(json!({"role": "user", "content": "x", "name": 7}), "messages[0].name")]
fn a_message_that_lacks_what_its_role_needs_is_refused(#[case] message: Value, #[case] param: &str) {
    assert_eq!(param_of(&with_message(&message)).as_deref(), Some(param));
}

#[rstest]
#[case(json!({"role": "assistant", "tool_calls": [{"id": "a", "type": "function",
    "function": {"name": "f", "arguments": "{}"}}]}))]
#[case(json!({"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}}))]
#[case(json!({"role": "assistant", "content": null, "refusal": "no"}))]
#[case(json!({"role": "assistant", "content": null, "audio": {"id": "a"}}))]
#[case(json!({"role": "tool", "content": [], "tool_call_id": "a"}))]
#[case(json!({"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}], "unheard_of": [1]}))]
fn a_message_that_says_it_another_way_is_good(#[case] message: Value) {
    assert_eq!(param_of(&with_message(&message)), None);
}

#[rstest]
#[case("http://169.254.169.254/latest", true)]
#[case("https://example.org/a.png", true)]
#[case("data:image/png;base64,AAAA", true)]
#[case("AAAA", true)]
#[case("file:///etc/passwd", false)]
#[case(" FILE:///etc/passwd", false)]
#[case("fi\u{6c}e:/etc/passwd", false)]
#[case("gopher://x", false)]
fn an_image_is_never_a_providers_own_file(#[case] url: &str, #[case] good: bool) {
    let message = json!({"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]});
    assert_eq!(param_of(&with_message(&message)).is_none(), good);
    let escaped = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"f\u0069le:///x"}}]}]}"#;
    assert!(judge(escaped).is_err());
}

#[rstest]
#[case("temperature", json!([-0.1, 2.0001, "hot", true]), json!([0, 2, 1.5, null]))]
#[case("top_p", json!([-1, 1.5, "x"]), json!([0, 1, 0.5, null]))]
#[case("presence_penalty", json!([2.1, -2.1, []]), json!([2, -2, null]))]
#[case("frequency_penalty", json!([2.1, -2.1, {}]), json!([2, -2, null]))]
#[case("max_tokens", json!([0, -1, 1.5, "10", 2_147_483_648_u64, 9_223_372_036_854_775_808_u64]), json!([1, 2_147_483_647, null]))]
#[case("max_completion_tokens", json!([0, -1, "10"]), json!([1, null]))]
#[case("n", json!([0, -5, 1.5, 129, 100_000]), json!([1, 128, null]))]
#[case("stream", json!(["yes", 1]), json!([true, false, null]))]
#[case("stop", json!([["a", "b", "c", "d", "e"], [1], 7, {}, "x".repeat(1 << 20)]), json!(["a", ["a"], [], null]))]
#[case("logit_bias", json!([[], {"1": 101}, {"1": "x"}, {"1": 1.5}]), json!([{"1": -100}, {}, null]))]
#[case("response_format", json!(["json", {}, {"type": "xml"}]), json!([{"type": "text"}, {"type": "json_object"}, null]))]
#[case("seed", json!([1.25, 18_446_744_073_709_551_615_u64, "1"]), json!([-1, 0, i64::MAX, null]))]
#[case("user", json!(["u".repeat(1 << 20), 7]), json!(["u", null]))]
#[case("metadata", json!([{"a": 1}, [], "x"]), json!([{"a": "b"}, {}, null]))]
#[case("tools", json!([{}, "x"]), json!([[], null]))]
#[case("tool_choice", json!(["sometimes", 7, [], {}]), json!(["auto", "any", {"type": "allowed_tools"}, null]))]
#[case("logprobs", json!([1, "yes"]), json!([true, null]))]
#[case("top_logprobs", json!([-1, 21, "2"]), json!([0, 20, null]))]
#[case("parallel_tool_calls", json!([1, "no"]), json!([false, null]))]
#[case("functions", json!([{}, 7]), json!([[], null]))]
#[case("function_call", json!(["required", {}]), json!(["auto", {"name": "f"}, null]))]
#[case("api_base", json!(["http://x", null]), json!([]))]
#[case("api_key", json!(["k"]), json!([]))]
#[case("base_url", json!(["k"]), json!([]))]
#[case("custom_llm_provider", json!(["k"]), json!([]))]
#[case("extra_headers", json!([{}]), json!([]))]
#[case("user_config", json!([{}]), json!([]))]
#[case("litellm_credential_name", json!(["theirs"]), json!([]))]
#[case("kv_transfer_params", json!([{"remote_host": "10.0.0.1"}]), json!([]))]
#[case("models", json!([["big"]]), json!([null]))]
#[case("route", json!(["fallback"]), json!([null]))]
#[case("fallbacks", json!([["big"], [{"model": "big"}]]), json!([null]))]
#[case("context_window_fallbacks", json!([[{"m": ["big"]}]]), json!([null]))]
#[case("preset", json!(["p"]), json!([null]))]
#[case("Model", json!(["big", null]), json!([]))]
#[case("MAX_TOKENS", json!([1_000_000]), json!([]))]
#[case("\u{17f}tream", json!([true]), json!([]))]
#[case("provider", json!([]), json!([{"order": ["a"]}]))]
#[case("unheard_of", json!([]), json!([7, null, {"deep": []}]))]
fn a_parameter_is_judged_by_its_type_and_range(#[case] name: &str, #[case] bad: Value, #[case] good: Value) {
    for value in bad.as_array().unwrap() {
        let refused = param_of(&with(name, value.clone()));
        assert!(refused.as_deref().is_some_and(|param| param.starts_with(name)), "{name}: {refused:?}");
    }
    for value in good.as_array().unwrap() {
        assert_eq!(param_of(&with(name, value.clone())), None, "{name} {value}");
    }
}

#[test]
fn labels_and_biases_are_limited_in_number() {
    let many =
        |count: usize| (0..count).map(|n| (n.to_string(), json!("x"))).collect::<serde_json::Map<_, _>>();
    assert_eq!(param_of(&with("metadata", many(64).into())), None);
    assert_eq!(param_of(&with("metadata", many(65).into())).as_deref(), Some("metadata"));
    let biases: serde_json::Map<_, _> = (0..1025).map(|n| (n.to_string(), json!(1))).collect();
    assert_eq!(param_of(&with("logit_bias", biases.into())).as_deref(), Some("logit_bias"));
}

#[test]
fn options_of_a_stream_need_a_stream() {
    let options = json!({"include_usage": true});
    assert_eq!(param_of(&with("stream_options", options.clone())).as_deref(), Some("stream_options"));
    let mut body = with("stream_options", options);
    body["stream"] = json!(true);
    assert_eq!(param_of(&body), None);
    body["stream_options"] = json!({"include_usage": 1});
    assert_eq!(param_of(&body).as_deref(), Some("stream_options.include_usage"));
}

#[rstest]
#[case(json!([{}]), "tools[0]")]
#[case(json!([{"type": 7}]), "tools[0]")]
#[case(json!([{"type": "function"}]), "tools[0]")]
#[case(tool(&json!({})), "tools[0].function.name")]
#[case(tool(&json!({"name": "two words"})), "tools[0].function.name")]
#[case(tool(&json!({"name": "n".repeat(65)})), "tools[0].function.name")]
#[case(tool(&json!({"name": ""})), "tools[0].function.name")]
#[case(tool(&json!({"name": "f", "parameters": []})), "tools[0].function.parameters")]
#[case(tool(&json!({"name": "f", "strict": "yes"})), "tools[0].function.strict")]
#[case(tool(&json!({"name": "f", "parameters": {"$ref": "#"}})), "tools[0].function.parameters")]
#[case(tool(&json!({"name": "f", "parameters": {"properties": {"a": {"$ref": "#/$defs/a"}},
    "$defs": {"a": {"$ref": "#/$defs/b~1c"}, "b/c": {"$ref": "#/$defs/a"}}}})), "tools[0].function.parameters")]
fn a_tool_that_can_not_be_called_is_refused(#[case] tools: Value, #[case] param: &str) {
    assert_eq!(param_of(&with("tools", tools)).as_deref(), Some(param));
}

#[rstest]
#[case(tool(&json!({"name": "get_weather-2.v:1"})))]
#[case(json!([{"function": {"name": "f"}}]))]
#[case(json!([{"type": "openrouter:web_search", "parameters": {}}]))]
#[case(tool(&json!({"name": "f", "parameters": {"properties": {"child": {"$ref": "#"}, "far": {"$ref": "https://x/y"},
    "list": {"$ref": "#/$defs/list"}, "none": {"$ref": "#/$defs/none"}, "$ref": {"type": "string"}},
    "$defs": {"list": {"items": {"$ref": "#/$defs/list"}}}}})))]
fn a_tool_that_can_be_called_is_good(#[case] tools: Value) {
    assert_eq!(param_of(&with("tools", tools)), None);
}

#[test]
fn a_tool_over_the_limit_is_too_large() {
    let tools = tool(&json!({"name": "f", "description": "x".repeat(5 << 20)}));
    let error = judge(with("tools", tools).to_string()).unwrap_err();
    assert_eq!((error.code, error.param.as_deref()), (RequestCode::TooLarge, Some("tools[0]")));
}

#[test]
fn references_beyond_all_measure_are_refused_in_a_short_time() {
    let names = (0..9000).map(|n| (format!("n{n}"), json!({})));
    let last = json!({"$ref": "#/$defs/n8999"});
    let schema = json!({"$defs": names.collect::<serde_json::Map<_, _>>(), "anyOf": vec![last; 9000]});
    let refused = param_of(&with("tools", tool(&json!({"name": "f", "parameters": schema}))));
    assert_eq!(refused.as_deref(), Some("tools[0].function.parameters"));
}

#[test]
fn the_facts_and_the_places_of_the_members_are_gathered() {
    let body = r#" { "model" : "gpt\u002d4" , "messages": [
        {"role":"system","content":"four"},
        {"role":"user","content":[{"type":"text","text":"12345678"},
            {"type":"image_url","image_url":{"url":"https://x/y.png"}}]}],
        "stream":true,"stream_options":{"include_usage":true},"n":3,"max_tokens":50,"max_completion_tokens":70,
        "t\u0065mperature":1,"stop":null}"#;
    let checked = check(body.as_bytes().into(), &RequestLimits::default()).unwrap();
    let facts = &checked.facts;
    assert_eq!((facts.dialect, facts.model.as_str()), (Dialect::OPENAI_CHAT, "gpt-4"));
    assert!(facts.stream && facts.wants_stream_usage && !facts.strict);
    assert_eq!((facts.choices, facts.max_output_tokens), (3, Some(70)));
    assert_eq!((facts.messages, facts.images, facts.prompt_text_bytes), (2, 1, 12));
    let members: Vec<_> = checked
        .members
        .iter()
        .map(|member| {
            let text =
                |span: switchyard_domain::wire::Span| str::from_utf8(span.of(body.as_bytes())).unwrap();
            (text(member.name), member.name_escaped, text(member.value), member.kind)
        })
        .collect();
    assert_eq!(members[0], ("model", false, r#""gpt\u002d4""#, ValueKind::String));
    assert_eq!((members[1].0, members[1].3), ("messages", ValueKind::Array));
    assert_eq!(members[7], (r"t\u0065mperature", true, "1", ValueKind::Number));
    assert_eq!(members[8], ("stop", false, "null", ValueKind::Null));
    assert_eq!(members.len(), 9);
}
