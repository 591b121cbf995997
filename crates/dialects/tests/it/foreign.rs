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

/// A client's body of one message, with what is in it, under the place of the part in question.
fn saying(client: &dyn ClientCodec, part: &Value) -> Value {
    let said = |kind: &str| json!([{"type": kind, "text": "q"}, part]);
    match client.dialect().0 {
        "openai-chat" => json!({"model": "m", "messages": [{"role": "user", "content": said("text")}]}),
        "openai-responses" => {
            json!({"model": "m", "input": [{"role": "user", "content": said("input_text")}]})
        }
        "anthropic-messages" => {
            json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": said("text")}]})
        }
        _ => json!({"contents": [{"role": "user", "parts": [{"text": "q"}, part]}]}),
    }
}

/// A client's body of one result, with what is in it.
fn giving_back(client: &dyn ClientCodec, part: &Value) -> Value {
    match client.dialect().0 {
        "openai-responses" => json!({"model": "m", "input": [
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": [part]}]}),
        _ => json!({"model": "m", "max_tokens": 9, "messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": [part]}]}]}),
    }
}

#[test]
fn what_the_model_would_not_see_is_refused_with_its_place_and_never_left_out() {
    let (chat, responses) = (&OpenAiChatClient as &dyn ClientCodec, &OpenAiResponsesClient);
    let (anthropic, gemini) = (&AnthropicMessagesClient, &GeminiClient);
    let pdf = "https://x.org/a.pdf";
    let media = |kind: &str, source: Value| json!({"type": kind, "source": source});
    // Each with the targets that can give it to their models; all others refuse it.
    let cases: Vec<(&dyn ClientCodec, Value, &[&str])> = vec![
        (
            chat,
            json!({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}),
            &["openai-responses", "gemini", "bedrock-converse"],
        ),
        (chat, json!({"type": "file", "file": {"file_id": "file-1"}}), &["openai-responses"]),
        (chat, json!({"type": "video_url", "video_url": {"url": "https://x.org/v.mp4"}}), &[]),
        (responses, json!({"type": "input_file", "file_id": "file-1"}), &["openai-chat"]),
        (responses, json!({"type": "input_image", "file_id": "file-1"}), &[]),
        (responses, json!({"type": "input_file", "file_url": pdf}), &["anthropic-messages", "gemini"]),
        (anthropic, media("document", json!({"type": "file", "file_id": "file_1"})), &[]),
        (anthropic, media("image", json!({"type": "file", "file_id": "file_1"})), &[]),
        (anthropic, media("document", json!({"type": "url", "url": pdf})), &["openai-responses", "gemini"]),
        (anthropic, json!({"type": "container_upload", "file_id": "file_1"}), &[]),
        (
            anthropic,
            json!({"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "c"}]}),
            &[],
        ),
        (
            gemini,
            json!({"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/x",
                "mimeType": "application/pdf"}}),
            &[],
        ),
        (
            gemini,
            json!({"fileData": {"fileUri": pdf, "mimeType": "application/pdf"}}),
            &["openai-responses", "anthropic-messages"],
        ),
        (
            gemini,
            json!({"inlineData": {"data": "AAAA", "mimeType": "video/mp4"}}),
            &["openai-chat", "openai-responses", "bedrock-converse"],
        ),
        (
            gemini,
            json!({"inlineData": {"data": "AAAA", "mimeType": "audio/wav"}}),
            &["openai-chat", "openai-responses", "bedrock-converse"],
        ),
    ];
    for (client, part, carried) in cases {
        let mut ways = vec![(saying(client, &part), "messages[0].content[1]")];
        match client.dialect().0 {
            "openai-responses" => {
                ways.push((giving_back(client, &part), "messages[1].content[0].content[0]"));
            }
            "anthropic-messages" if part["type"] != "container_upload" => {
                ways.push((giving_back(client, &part), "messages[2].content[0].content[0]"));
            }
            _ => {}
        }
        for (body, place) in ways {
            for (target, written) in elsewhere(client, &body) {
                let way = format!("{} to {}: {part}", client.dialect(), target.dialect());
                match written {
                    Ok((_, told)) => {
                        assert!(carried.contains(&target.dialect().0), "{way}");
                        assert!(!told.iter().any(|member| member == place), "{way}: {told:?}");
                    }
                    Err(refused) => {
                        assert!(!carried.contains(&target.dialect().0), "{way}: {refused}");
                        assert_eq!(refused.param.as_deref(), Some(place), "{way}");
                    }
                }
            }
        }
    }
}

#[test]
fn tools_that_a_search_found_and_what_the_model_itself_said_are_told_and_not_refused() {
    let found = json!({"type": "tool_reference", "tool_name": "f"});
    for (_, written) in elsewhere(&AnthropicMessagesClient, &giving_back(&AnthropicMessagesClient, &found)) {
        let (_, told) = written.unwrap();
        assert!(told.contains(&"messages[2].content[0].content[0]".to_owned()), "{told:?}");
    }
    let body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "q"},
        {"role": "assistant", "content": [{"type": "text", "text": "a"},
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}]},
        {"role": "user", "content": "z"}]});
    for (target, written) in elsewhere(&AnthropicMessagesClient, &body) {
        let (_, told) = written.unwrap();
        assert_eq!(told.len(), 1, "{}: {told:?}", target.dialect());
    }
}

#[test]
fn a_word_of_a_list_is_an_answer_that_nobody_else_is_asked_for() {
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "q"}]}], "generationConfig":
        {"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["x", "y"]}}});
    for (target, written) in elsewhere(&GeminiClient, &body) {
        let refused = written.expect_err(target.dialect().0);
        assert_eq!(refused.param.as_deref(), Some("generationConfig.responseMimeType"));
    }
}

#[test]
fn the_names_of_all_functions_are_a_wish_for_any_call() {
    let asking = |names: Value| {
        json!({"contents": [{"role": "user", "parts": [{"text": "q"}]}],
            "tools": [{"functionDeclarations": [{"name": "own_function"}, {"name": "other_function"}]}],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": names}}})
    };
    let required = elsewhere(
        &GeminiClient,
        &json!({"contents": [{"role": "user", "parts": [{"text": "q"}]}],
        "tools": [{"functionDeclarations": [{"name": "own_function"}, {"name": "other_function"}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}),
    );
    let all = elsewhere(&GeminiClient, &asking(json!(["own_function", "other_function"])));
    assert_eq!(required.iter().filter(|(_, written)| written.is_ok()).count(), 5);
    for ((target, all), (_, required)) in all.into_iter().zip(required) {
        assert_eq!(all, required, "{}", target.dialect());
    }
    for (target, written) in elsewhere(&GeminiClient, &asking(json!(["own_function", "lost_function"]))) {
        let refused = written.expect_err(target.dialect().0);
        assert_eq!(refused.param.as_deref(), Some("tool_choice"));
    }
}

#[test]
fn arguments_that_no_body_may_hold_are_never_a_part_of_one() {
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(3_000), "]".repeat(3_000));
    for arguments in [deep.as_str(), r#"{"a":1,"a":2,"b":"\ud83d"}"#, r#"{"a":"\ud83d"}"#] {
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "q"},
            {"role": "assistant", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}]},
            {"role": "tool", "tool_call_id": "c", "content": "r"}],
            "tools": [{"type": "function", "function": {"name": "f"}}]});
        let request = read(&OpenAiChatClient, &body);
        for target in TARGETS {
            let mut losses = LossReport::default();
            let written = target.encode(&request, "m", OpenAiChatClient.dialect(), &mut losses).unwrap();
            assert!(Document::scan(written, ScanLimits::default()).is_ok(), "{}", target.dialect());
        }
    }
}

#[test]
fn arguments_of_null_are_none() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "q"},
        {"role": "assistant", "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": "null"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "r"}],
        "tools": [{"type": "function", "function": {"name": "f"}}]});
    let objects = [
        ("anthropic-messages", "/messages/1/content/0/input"),
        ("gemini", "/contents/1/parts/0/functionCall/args"),
        ("ollama", "/messages/1/tool_calls/0/function/arguments"),
        ("bedrock-converse", "/messages/1/content/0/toolUse/input"),
    ];
    for (target, written) in elsewhere(&OpenAiChatClient, &body) {
        let (written, told) = written.unwrap();
        if let Some((_, place)) = objects.iter().find(|(dialect, _)| *dialect == target.dialect().0) {
            assert_eq!(written.pointer(place), Some(&json!({})), "{}: {written}", target.dialect());
        }
        assert!(told.is_empty(), "{}: {told:?}", target.dialect());
    }
}

#[test]
fn a_text_between_calls_that_is_moved_is_told_wherever_it_is() {
    let body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "q"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {}},
            {"type": "text", "text": "after"}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "r"}]}],
        "tools": [{"name": "f", "input_schema": {"type": "object"}}]});
    for (target, written) in elsewhere(&AnthropicMessagesClient, &body) {
        let (_, told) = written.unwrap();
        let moves = ["openai-chat", "ollama", "cohere"].contains(&target.dialect().0);
        assert_eq!(told.contains(&"messages[1].content".to_owned()), moves, "{}: {told:?}", target.dialect());
    }
}
