//! Requests that must be refused, and with which member's name; and their neighbours that must not.

use rstest::rstest;
use serde_json::{Value, json};
use switchyard_dialects::anthropic_messages::AnthropicMessagesClient;
use switchyard_dialects::codec::{Address, ClientCodec};
use switchyard_dialects::request::{RequestCode, RequestError, RequestLimits};
use switchyard_domain::chat::Dialect;

fn check(body: impl Into<Vec<u8>>, limits: &RequestLimits) -> Result<(), RequestError> {
    AnthropicMessagesClient.check(body.into().into(), Address::default(), limits).map(drop)
}

fn judge(body: impl Into<Vec<u8>>) -> Result<(), RequestError> {
    check(body, &RequestLimits::default())
}

/// A good request with one member set.
fn with(name: &str, value: Value) -> Value {
    let mut body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    body[name] = value;
    body
}

fn with_block(block: &Value) -> Value {
    with("messages", json!([{"role": "user", "content": [block]}]))
}

fn param_of(body: &Value) -> Option<String> {
    let error = judge(body.to_string()).err()?;
    assert_eq!(error.code, RequestCode::InvalidRequest);
    assert!(error.message.len() < 200);
    error.param
}

#[rstest]
#[case("", RequestCode::InvalidJson)]
#[case("null", RequestCode::InvalidRequest)]
#[case("{\"model\":\"m\"} x", RequestCode::InvalidJson)]
#[case("{\"temperature\":1e999}", RequestCode::InvalidRequest)]
#[case("{\"model\":\"a\",\"mod\\u0065l\":\"b\"}", RequestCode::InvalidRequest)]
fn a_body_that_is_no_acceptable_json_has_its_own_code(#[case] body: &str, #[case] code: RequestCode) {
    let error = judge(body).unwrap_err();
    assert_eq!((error.code, error.param), (code, None));
}

#[test]
fn a_body_over_the_limit_is_too_large_before_it_is_read() {
    let limits = RequestLimits { max_body_bytes: 10, ..RequestLimits::default() };
    assert_eq!(check("{ not even json", &limits).unwrap_err().code, RequestCode::TooLarge);
}

#[rstest]
#[case("model", json!(null), "model")]
#[case("model", json!(7), "model")]
#[case("model", json!("  "), "model")]
#[case("model", json!("m".repeat(257)), "model")]
#[case("max_tokens", json!(0), "max_tokens")]
#[case("max_tokens", json!(-1), "max_tokens")]
#[case("max_tokens", json!(1.5), "max_tokens")]
#[case("max_tokens", json!("10"), "max_tokens")]
#[case("max_tokens", json!(2_147_483_648_u64), "max_tokens")]
#[case("max_tokens", json!(null), "max_tokens")]
#[case("messages", json!("hi"), "messages")]
#[case("messages", json!([]), "messages")]
#[case("messages", json!([null]), "messages")]
#[case("messages", json!([[]]), "messages")]
#[case("messages", json!([{"content": "x"}]), "messages[0].role")]
#[case("messages", json!([{"role": "tool", "content": "x"}]), "messages[0].role")]
#[case("messages", json!([{"role": "USER", "content": "x"}]), "messages[0].role")]
#[case("messages", json!([{"role": "user"}]), "messages[0].content")]
#[case("messages", json!([{"role": "user", "content": 7}]), "messages[0].content")]
#[case("messages", json!([{"role": "user", "content": {}}]), "messages[0].content")]
#[case("fallbacks", json!([{"model": "big"}]), "fallbacks")]
#[case("fallbacks", json!("default"), "fallbacks")]
#[case("models", json!(["big"]), "models")]
#[case("Model", json!("big"), "Model")]
#[case("Max_Tokens", json!(1), "Max_Tokens")]
#[case("system", json!(7), "system")]
#[case("system", json!([{"type": "image"}]), "system")]
#[case("system", json!([{"type": "text"}]), "system")]
#[case("temperature", json!(1.01), "temperature")]
#[case("temperature", json!("hot"), "temperature")]
#[case("top_p", json!(-0.1), "top_p")]
#[case("top_k", json!(-1), "top_k")]
#[case("stream", json!("yes"), "stream")]
#[case("stop_sequences", json!("x"), "stop_sequences")]
#[case("stop_sequences", json!([1]), "stop_sequences")]
#[case("stop_sequences", json!(vec!["x"; 257]), "stop_sequences")]
#[case("stop_sequences", json!(["x".repeat(1025)]), "stop_sequences")]
#[case("metadata", json!([]), "metadata")]
#[case("metadata", json!({"user_id": 7}), "metadata.user_id")]
#[case("service_tier", json!(7), "service_tier")]
#[case("cache_control", json!("ephemeral"), "cache_control")]
#[case("thinking", json!("on"), "thinking")]
#[case("thinking", json!({}), "thinking.type")]
#[case("thinking", json!({"type": "enabled"}), "thinking.budget_tokens")]
#[case("thinking", json!({"type": "enabled", "budget_tokens": 0}), "thinking.budget_tokens")]
#[case("output_config", json!([]), "output_config")]
#[case("output_config", json!({"effort": 7}), "output_config.effort")]
#[case("output_config", json!({"format": {"type": "json_object"}}), "output_config.format")]
#[case("output_config", json!({"format": {"type": "json_schema"}}), "output_config.format.schema")]
#[case("output_format", json!({"type": "json_schema", "schema": 7}), "output_format.schema")]
#[case("tool_choice", json!("auto"), "tool_choice")]
#[case("tool_choice", json!({"type": "tool"}), "tool_choice.name")]
#[case("tool_choice", json!({"type": "auto", "disable_parallel_tool_use": 1}), "tool_choice.disable_parallel_tool_use")]
#[case("tools", json!({}), "tools")]
#[case("tools", json!([7]), "tools[0]")]
#[case("tools", json!([{"type": 7}]), "tools[0].type")]
#[case("tools", json!([{"input_schema": {}}]), "tools[0].name")]
#[case("tools", json!([{"name": "a b", "input_schema": {}}]), "tools[0].name")]
#[case("tools", json!([{"name": "n".repeat(129), "input_schema": {}}]), "tools[0].name")]
#[case("tools", json!([{"name": "f"}]), "tools[0].input_schema")]
#[case("tools", json!([{"name": "f", "input_schema": {}, "description": 7}]), "tools[0].description")]
#[case("tools", json!([{"name": "f", "input_schema": {}, "strict": "x"}]), "tools[0].strict")]
#[case("tools", json!([{"name": "f", "input_schema": {}, "cache_control": "x"}]), "tools[0].cache_control")]
#[case("tools", json!([{"name": "f", "input_schema": {"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}}}]), "tools[0].input_schema")]
#[case("base_url", json!("https://elsewhere"), "base_url")]
#[case("api_key", json!(null), "api_key")]
#[case("extra_headers", json!({}), "extra_headers")]
fn a_wrong_member_is_refused_by_its_name(#[case] name: &str, #[case] value: Value, #[case] param: &str) {
    assert_eq!(param_of(&with(name, value)).as_deref(), Some(param));
}

#[rstest]
#[case(json!({"text": "no type"}))]
#[case(json!({"type": ""}))]
#[case(json!({"type": "a b"}))]
#[case(json!({"type": "text"}))]
#[case(json!({"type": "text", "text": 7}))]
#[case(json!({"type": "text", "text": "x", "cache_control": "ephemeral"}))]
#[case(json!({"type": "image"}))]
#[case(json!({"type": "image", "source": {"type": "base64"}}))]
#[case(json!({"type": "image", "source": {"type": "url", "url": "file:///etc/passwd"}}))]
#[case(json!({"type": "image", "source": {"type": "url", "url": "\u{66}ile:/x"}}))]
#[case(json!({"type": "document", "source": {"type": "file", "file_id": ""}}))]
#[case(json!({"type": "document", "source": {"type": "content", "content": [{"type": "text"}]}}))]
#[case(json!({"type": "tool_use", "id": "", "name": "f", "input": {}}))]
#[case(json!({"type": "tool_use", "id": "a", "name": "f", "input": "{}"}))]
#[case(json!({"type": "tool_result"}))]
#[case(json!({"type": "tool_result", "tool_use_id": "a", "is_error": "no"}))]
#[case(json!({"type": "tool_result", "tool_use_id": "a", "content": [{"type": "image"}]}))]
#[case(json!({"type": "thinking", "thinking": 7}))]
#[case(json!({"type": "thinking", "thinking": "x", "signature": 7}))]
#[case(json!({"type": "redacted_thinking"}))]
fn a_wrong_block_is_refused(#[case] block: Value) {
    assert_eq!(param_of(&with_block(&block)).as_deref(), Some("messages[0].content"));
}

#[rstest]
#[case(json!({"type": "text", "text": "x", "cache_control": null, "citations": null}))]
#[case(json!({"type": "image", "source": {"type": "url", "url": "https://example.org/x.png"}}))]
#[case(json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}))]
#[case(json!({"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "x"}]}}))]
#[case(json!({"type": "tool_result", "tool_use_id": "a"}))]
#[case(json!({"type": "tool_result", "tool_use_id": "a", "content": [{"type": "search_result", "source": "s"}]}))]
#[case(json!({"type": "thinking", "thinking": "", "signature": "s"}))]
#[case(json!({"type": "container_upload", "file_id": "f"}))]
#[case(json!({"type": "a_block_of_tomorrow", "x": [1]}))]
fn a_good_block_is_let_through(#[case] block: Value) {
    assert_eq!(param_of(&with_block(&block)), None);
}

#[rstest]
#[case("temperature", json!(null))]
#[case("stream", json!(null))]
#[case("tools", json!([{"type": "web_search_20260209", "name": "web_search"}]))]
#[case("tools", json!([{"type": "custom", "name": "f", "input_schema": {}}]))]
#[case("thinking", json!({"type": "adaptive"}))]
#[case("thinking", json!({"type": "of_tomorrow"}))]
#[case("a_member_of_tomorrow", json!({"x": 1}))]
#[case("mcp_servers", json!([{"type": "url", "url": "https://example.org", "name": "n"}]))]
#[case("stop_sequences", json!(["a", "b", "c", "d", "e", "f"]))]
fn a_good_member_is_let_through(#[case] name: &str, #[case] value: Value) {
    assert_eq!(param_of(&with(name, value)), None);
}

#[test]
fn too_many_messages_and_too_large_tools_are_refused() {
    let many = vec![json!({"role": "user", "content": "x"}); 2049];
    assert_eq!(param_of(&with("messages", json!(many))).as_deref(), Some("messages"));
    let tool = json!([{"name": "f", "input_schema": {"description": "x".repeat(2_000_000)}}]);
    let error = judge(with("tools", tool).to_string()).unwrap_err();
    assert_eq!((error.code, error.param.as_deref()), (RequestCode::TooLarge, Some("tools[0]")));
}

#[test]
fn the_facts_say_what_admission_needs() {
    let body = json!({
        "model": "m", "max_tokens": 77, "stream": true, "system": "abcd",
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "0123456789"},
                {"type": "image", "source": {"type": "url", "url": "https://example.org"}},
            ]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "fn", "input": {"x":1}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": [
                {"type": "text", "text": "xy"}, {"type": "image", "source": {"type": "base64", "data": "AAAA"}},
            ]}]},
        ],
    });
    let checked = AnthropicMessagesClient
        .check(body.to_string().into(), Address::default(), &RequestLimits::default())
        .unwrap();
    let facts = checked.facts;
    assert_eq!(facts.dialect, Dialect::ANTHROPIC_MESSAGES);
    assert_eq!((facts.model.as_str(), facts.stream, facts.wants_stream_usage), ("m", true, true));
    assert_eq!((facts.max_output_tokens, facts.choices), (Some(77), 1));
    assert_eq!((facts.messages, facts.images), (3, 2));
    // Instructions, text, name and arguments of the call, result.
    assert_eq!(facts.prompt_text_bytes, 4 + 10 + 2 + 7 + 2);
}
