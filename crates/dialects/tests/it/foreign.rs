//! What a request of one dialect has that no other can carry fares alike in all dialects that it may be put into.

use serde_json::{Value, json};
use switchyard_dialects::anthropic_messages::{AnthropicMessages, AnthropicMessagesClient};
use switchyard_dialects::bedrock_converse::BedrockConverse;
use switchyard_dialects::codec::{Address, ClientCodec, ProviderCodec, Unsupported};
use switchyard_dialects::cohere::Cohere;
use switchyard_dialects::gemini::{Gemini, GeminiClient};
use switchyard_dialects::ollama::Ollama;
use switchyard_dialects::openai_chat::{OpenAiChat, OpenAiChatClient};
use switchyard_dialects::openai_responses::{OpenAiResponses, OpenAiResponsesClient};
use switchyard_dialects::scan::{Document, ScanLimits};
use switchyard_domain::chat::{ChatRequest, LossReport};

pub(crate) const TARGETS: [&dyn ProviderCodec; 7] = [
    &OpenAiChat::PLAIN,
    &OpenAiResponses::PLAIN,
    &AnthropicMessages::PLAIN,
    &Gemini::GOOGLE,
    &Ollama,
    &Cohere,
    &BedrockConverse,
];

fn read(client: &dyn ClientCodec, body: &Value) -> ChatRequest {
    let document = Document::scan(body.to_string().into(), ScanLimits::default()).unwrap();
    client.decode(&document, Address { model: Some("m"), stream: None }).unwrap()
}

/// A body and what is told as lost, or why there is none.
type Written = Result<(Value, Vec<String>), Unsupported>;

/// What every target that speaks another dialect makes of a client's body.
fn elsewhere(client: &dyn ClientCodec, body: &Value) -> Vec<(&'static dyn ProviderCodec, Written)> {
    let request = read(client, body);
    let others = TARGETS.into_iter().filter(|target| target.dialect() != client.dialect());
    let written = others.map(|target| {
        let mut losses = LossReport::default();
        let body = target.encode(&request, "m", client.dialect(), &mut losses);
        let told = losses.losses.into_iter().map(|loss| loss.member).collect();
        (target, body.map(|body| (serde_json::from_slice(&body).unwrap(), told)))
    });
    written.collect()
}

/// A client of each dialect that asks with one of its vendor's own tools and with a function, and with what else is given.
fn asking_with_own_tool(besides: &[(&'static str, Value)]) -> Vec<(&'static dyn ClientCodec, Value)> {
    let schema = json!({"type": "object", "properties": {}});
    let messages = json!([{"role": "user", "content": "x"}]);
    let mut all: Vec<(&'static dyn ClientCodec, Value)> = vec![
        (
            &OpenAiChatClient,
            json!({"model": "m", "messages": messages, "tools": [{"type": "web_search"},
                {"type": "function", "function": {"name": "own_function", "parameters": schema}}]}),
        ),
        (
            &OpenAiResponsesClient,
            json!({"model": "m", "input": "x", "tools": [{"type": "web_search"},
                {"type": "function", "name": "own_function", "parameters": schema, "strict": false}]}),
        ),
        (
            &AnthropicMessagesClient,
            json!({"model": "m", "max_tokens": 9, "messages": messages,
                "tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
                    {"name": "own_function", "input_schema": schema}]}),
        ),
        (
            &GeminiClient,
            json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}],
                "tools": [{"googleSearch": {}}, {"functionDeclarations": [{"name": "own_function"}]}]}),
        ),
    ];
    for (client, body) in &mut all {
        for (dialect, member) in besides {
            if client.dialect().0 == *dialect {
                body.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
            }
        }
    }
    all
}

#[test]
fn a_vendors_own_tool_is_told_as_lost_and_the_functions_beside_it_go_on() {
    for (client, body) in asking_with_own_tool(&[]) {
        for (target, written) in elsewhere(client, &body) {
            let way = format!("{} to {}", client.dialect(), target.dialect());
            let (written, told) = written.expect(&way);
            assert_eq!(told, ["tools[0]"], "{way}");
            let written = written.to_string();
            assert!(written.contains("own_function"), "{way}: {written}");
            assert!(!written.contains("web_search") && !written.contains("googleSearch"), "{way}: {written}");
        }
    }
}

#[test]
fn an_answer_that_must_come_from_a_vendors_own_tool_is_refused() {
    let forced = [
        ("openai-chat", json!({"tool_choice": "required", "tools": [{"type": "web_search"}]})),
        ("openai-responses", json!({"tool_choice": {"type": "web_search"}})),
        ("anthropic-messages", json!({"tool_choice": {"type": "tool", "name": "web_search"}})),
        (
            "gemini",
            json!({"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}, "tools": [{"googleSearch": {}}]}),
        ),
    ];
    for (client, body) in asking_with_own_tool(&forced) {
        for (target, written) in elsewhere(client, &body) {
            let refused = written.expect_err(&format!("{} to {}", client.dialect(), target.dialect()));
            assert_eq!(refused.param.as_deref(), Some("tool_choice"));
        }
    }
}

#[test]
fn with_none_but_a_vendors_own_tools_no_target_is_told_of_tools_at_all() {
    let alone = [
        (
            "openai-chat",
            json!({"tool_choice": "auto", "tools": [{"type": "web_search"}], "parallel_tool_calls": false}),
        ),
        ("openai-responses", json!({"tool_choice": "auto", "tools": [{"type": "web_search"}]})),
        (
            "anthropic-messages",
            json!({"tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
            "tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        ),
        (
            "gemini",
            json!({"toolConfig": {"functionCallingConfig": {"mode": "AUTO"}}, "tools": [{"googleSearch": {}}]}),
        ),
    ];
    for (client, body) in asking_with_own_tool(&alone) {
        for (target, written) in elsewhere(client, &body) {
            let way = format!("{} to {}", client.dialect(), target.dialect());
            let (written, told) = written.expect(&way);
            assert_eq!(told, ["tools[0]"], "{way}");
            assert!(!written.to_string().contains("tool"), "{way}: {written}");
        }
    }
}

#[test]
fn what_a_client_of_responses_says_anyway_is_no_loss_anywhere() {
    let body = json!({"model": "m", "store": false, "background": false, "truncation": "disabled",
        "include": ["reasoning.encrypted_content"], "input": [
            {"type": "message", "id": "msg_0", "status": "completed", "role": "user",
                "content": [{"type": "input_text", "text": "x"}]},
            {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
                "content": [{"type": "output_text", "text": "y", "annotations": []}]},
            {"type": "function_call", "id": "fc_1", "status": "completed", "call_id": "c", "name": "own_function",
                "arguments": "{}"},
            {"type": "function_call_output", "id": "fo_1", "call_id": "c", "output": "z"}],
        "tools": [{"type": "function", "name": "own_function", "parameters": {"type": "object"}, "strict": false}]});
    for (target, written) in elsewhere(&OpenAiResponsesClient, &body) {
        let (_, told) = written.unwrap();
        assert_eq!(told, [""; 0], "{}", target.dialect());
    }
}

#[test]
fn what_only_the_clients_provider_can_know_is_refused_everywhere() {
    let stored = json!({"model": "m", "input": "x", "previous_response_id": "resp_1"});
    let cached = json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}], "cachedContent": "cachedContents/1"});
    let odd_form = json!({"model": "m", "messages": [{"role": "user", "content": "x"}],
        "response_format": {"type": "grammar", "grammar": "g"}});
    for (client, body, param) in [
        (&OpenAiResponsesClient as &dyn ClientCodec, stored, "previous_response_id"),
        (&GeminiClient, cached, "cachedContent"),
        (&OpenAiChatClient, odd_form, "response_format"),
    ] {
        for (target, written) in elsewhere(client, &body) {
            let refused = written.expect_err(target.dialect().0);
            assert_eq!(refused.param.as_deref(), Some(param));
        }
    }
}

#[test]
fn a_member_of_a_message_that_is_nothing_but_results_is_told_everywhere() {
    let result = |id: &str| json!({"type": "tool_result", "tool_use_id": id, "content": "z"});
    let call = |id: &str| json!({"type": "tool_use", "id": id, "name": "own_function", "input": {}});
    for ids in [vec!["c1"], vec!["c1", "c2"]] {
        let calls: Vec<Value> = ids.iter().map(|id| call(id)).collect();
        let results: Vec<Value> = ids.iter().map(|id| result(id)).collect();
        let body = json!({"model": "m", "max_tokens": 9,
            "tools": [{"name": "own_function", "input_schema": {"type": "object"}}],
            "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": calls},
                {"role": "user", "content": results, "odd": 1}]});
        for (target, written) in elsewhere(&AnthropicMessagesClient, &body) {
            let (_, told) = written.unwrap();
            assert_eq!(told, ["messages[2].odd"], "{}", target.dialect());
        }
    }
}
