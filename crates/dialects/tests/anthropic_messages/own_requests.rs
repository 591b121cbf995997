//! Requests of clients of this dialect: what is kept for a provider of it, and what others are told.

use serde_json::{Value, json};
use switchyard_dialects::codec::ProviderCodec;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_domain::chat::{
    Dialect, Json, LossReport, MediaSource, Part, ReasoningMode, ResponseFormat, Role, Tool, ToolChoice,
    ToolChoiceMode,
};

use crate::corpus_answers::CODEC;
use crate::corpus_requests::{checked, normalised, read};
use crate::differing::difference;

fn body(members: &Value) -> Value {
    let mut body = json!({"model": "m", "max_tokens": 4000, "messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// What a provider of the same dialect is sent, and what was lost.
fn again(body: &Value) -> (Value, String) {
    checked(body.to_string()).unwrap();
    let mut losses = LossReport::default();
    let request = read(body.to_string().as_bytes());
    let encoded = CODEC.encode(&request, "m", Dialect::ANTHROPIC_MESSAGES, &mut losses).unwrap();
    (serde_json::from_slice(&encoded).unwrap(), losses.to_string())
}

fn keeps(members: &Value) {
    let body = body(members);
    let (written, losses) = again(&body);
    assert_eq!(difference("", &normalised(&written), &normalised(&body)), None);
    assert_eq!(losses, "");
}

#[test]
fn members_without_canonical_form_are_kept_in_their_places() {
    keeps(&json!({
        "thinking": {"type": "adaptive", "display": "summarized", "odd": [1]},
        "output_config": {"effort": "max", "task_budget": {"type": "tokens", "total": 9}, "odd": 1.5,
                          "format": {"type": "json_schema", "schema": {"type": "object"}, "odd": true}},
        "metadata": {"user_id": "u", "odd": "x"},
        "tool_choice": {"type": "any", "disable_parallel_tool_use": true, "odd": 1},
        "container": {"id": "c", "skills": []}, "mcp_servers": [{"type": "url", "url": "https://x", "name": "n"}],
        "cache_control": {"type": "ephemeral"}, "speed": "fast", "inference_geo": "us",
        "tools": [
            {"name": "f", "input_schema": {}, "cache_control": {"type": "ephemeral", "ttl": "1h", "odd": 1},
             "eager_input_streaming": true, "allowed_callers": ["direct"], "input_examples": [{"a": 1}]},
            {"type": "web_search_20260209", "name": "web_search", "max_uses": 3, "cache_control": {"type": "ephemeral"}},
        ],
    }));
    keeps(&json!({"thinking": {"type": "of_tomorrow", "depth": 3}, "tool_choice": {"type": "of_tomorrow"}}));
    keeps(
        &json!({"service_tier": "of_tomorrow", "system": [{"type": "text", "text": "s", "odd": {"a": 1}}]}),
    );
}

#[test]
fn blocks_are_kept_with_all_their_members() {
    let mark = json!({"type": "ephemeral", "ttl": "1h", "scope": "organization"});
    keeps(&json!({"messages": [
        {"role": "user", "odd": "member", "content": [
            {"type": "document", "title": "t", "context": "c", "citations": {"enabled": true},
             "source": {"type": "content", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
             "cache_control": mark},
            {"type": "document", "source": {"type": "content", "content": "whole"}, "citations": {"enabled": true, "odd": 1}},
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AA", "odd": 1}},
            {"type": "image", "source": {"type": "file", "file_id": "f"}, "odd": null},
            {"type": "search_result", "source": "s", "title": "t", "content": [], "cache_control": mark},
            {"type": "text", "text": "q", "cache_control": {"type": "ephemeral"}},
        ]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s", "odd": 1},
            {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}},
            {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
            {"type": "text", "text": "a", "citations": [{"type": "page_location", "start_page_number": 1}]},
            {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1.0}, "caller": {"type": "direct"},
             "toolset_name": "x", "cache_control": mark},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t1", "is_error": true, "odd": 1, "cache_control": mark, "content": [
                {"type": "text", "text": "r", "cache_control": {"type": "ephemeral"}, "odd": 2},
                {"type": "document", "source": {"type": "url", "url": "https://x"}, "citations": {"enabled": true}},
                {"type": "tool_reference", "tool_name": "g"},
            ]},
            {"type": "text", "text": "go on"},
        ]},
        {"role": "system", "content": [{"type": "tool_addition", "tool": {"type": "tool_reference", "name": "g"}}]},
    ]}));
}

#[test]
fn a_member_that_looks_like_anothers_is_never_taken_for_it() {
    let odd = body(&json!({
        "thinking": {"type": "enabled", "budget_tokens": 2000}, "thinking.type": "disabled",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}], "content[0].text": "b"}],
    }));
    let (written, losses) = again(&odd);
    assert_eq!(written["thinking"], json!({"type": "enabled", "budget_tokens": 2000}));
    assert_eq!(written["messages"], json!([{"role": "user", "content": "a"}]));
    assert_eq!(losses, "messages[0].content[0].text,.thinking.type");
}

#[test]
fn every_member_has_its_canonical_form() {
    let request = read(
        body(&json!({
            "system": "s", "temperature": 0.5, "top_p": 0.25, "top_k": 7, "stop_sequences": ["X"], "stream": true,
            "metadata": {"user_id": "u"}, "service_tier": "standard_only",
            "thinking": {"type": "enabled", "budget_tokens": 2048, "display": "omitted"},
            "output_config": {"effort": "low"},
            "output_format": {"type": "json_schema", "schema": {"type": "object"}},
            "tool_choice": {"type": "none"},
            "tools": [{"type": "custom", "name": "f", "description": "d", "strict": true, "input_schema": {"a":1}}],
        }))
        .to_string()
        .as_bytes(),
    );
    assert_eq!((request.messages[0].role, request.messages.len()), (Role::System, 2));
    let sampling = &request.sampling;
    assert_eq!((sampling.temperature, sampling.top_p, sampling.top_k), (Some(0.5), Some(0.25), Some(7)));
    assert_eq!((request.max_output_tokens, request.stop), (Some(4000), vec!["X".to_owned()]));
    assert!(request.stream.unwrap().include_usage);
    assert_eq!((request.user.as_deref(), request.service_tier.as_deref()), (Some("u"), Some("default")));
    let wish = &request.reasoning;
    assert_eq!(
        (wish.mode, wish.budget_tokens, wish.visible),
        (Some(ReasoningMode::On), Some(2048), Some(false))
    );
    assert_eq!(wish.effort.as_ref().unwrap().0, "low");
    assert_eq!(request.tool_choice, Some(ToolChoice::Mode(ToolChoiceMode::None)));
    let schema = Some(Json::parse(r#"{"type":"object"}"#).unwrap());
    let (name, strict) = ("response".to_owned(), Some(true));
    let format = ResponseFormat::JsonSchema { name, description: None, schema, strict };
    assert_eq!(request.response_format, Some(format));
    assert!(
        matches!(&request.tools[0], Tool::Function { strict: Some(true), extensions, .. } if extensions.is_empty())
    );
    assert!(request.extensions.is_empty());
}

#[test]
fn what_another_provider_can_not_be_told_is_reported_by_its_place() {
    let body = body(&json!({
        "cache_control": {"type": "ephemeral"}, "output_config": {"effort": "high", "odd": 1},
        "messages": [
            {"role": "user", "content": [
                {"type": "document", "source": {"type": "content", "content": [
                    {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}},
                {"type": "text", "text": "q", "cache_control": {"type": "ephemeral"}},
            ]},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": {"type": "direct"}},
            ]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "is_error": true}]},
        ],
    }));
    let request = read(body.to_string().as_bytes());
    let Part::Document(document) = &request.messages[0].parts[0] else { panic!("no document") };
    assert_eq!(document.source, MediaSource::Text("a\n\nb".to_owned()));
    let mut losses = LossReport::default();
    OpenAiChat::PLAIN.encode(&request, "gpt", Dialect::ANTHROPIC_MESSAGES, &mut losses).unwrap();
    let expected = "messages[0].content[2],messages[0].content[0].source,messages[1].content[0].caller,messages[2].content[0].is_error,cache_control,output_config.odd";
    assert_eq!(losses.to_string(), expected);
}
