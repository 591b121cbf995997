//! Conversations that cross from one dialect to another and back.

use serde_json::{Value, json};
use switchyard_dialects::codec::{AnswerForm, ClientCodec, ProviderCodec, StreamFraming};
use switchyard_dialects::gemini::{Gemini, GeminiClient};
use switchyard_dialects::openai_chat::{OpenAiChat, OpenAiChatClient};
use switchyard_dialects::request::RequestLimits;
use switchyard_domain::chat::{
    ChatAnswer, ChatEvent, ChatRequest, Choice, Dialect, FinishReason, LossReport, Message, Part, Reasoning,
    Role, Signature, ToolCall, ToolCallKind,
};

use crate::corpus_answers::{answers, events};
use crate::tools::{ADDRESS, FORM, checked, collect, decode, read, written};

pub(crate) fn from_openai(body: &Value) -> ChatRequest {
    let checked =
        OpenAiChatClient.check(body.to_string().into(), ADDRESS, &RequestLimits::default()).unwrap();
    OpenAiChatClient.decode(&checked.document, ADDRESS).unwrap()
}

#[test]
fn a_request_of_openais_dialect_keeps_what_it_says() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let body = json!({
        "model": "gpt",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
                {"type": "input_audio", "input_audio": {"data": "BB==", "format": "wav"}},
            ]},
            {"role": "assistant", "content": "Let me see.", "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{\"city\": \"Bern\"}"}},
                {"id": "call_2", "type": "function", "function": {"name": "hear", "arguments": ""}},
            ]},
            {"role": "tool", "tool_call_id": "call_2", "content": "a bell"},
            {"role": "tool", "tool_call_id": "call_1", "content": "{\"seen\": [1.0]}"},
        ],
        "tools": [{"type": "function", "function": {"name": "look", "description": "d", "parameters": schema}}],
        "tool_choice": "required",
        "stop": ["END"],
        "max_tokens": 50,
        "n": 2,
        "temperature": 0.5,
        "seed": 3,
        "logprobs": true,
        "top_logprobs": 2,
        "stream": true,
        "response_format": {"type": "json_schema", "json_schema": {"name": "response", "schema": schema}},
    });
    let request = from_openai(&body);
    let (bytes, _, losses) = written(&Gemini::GOOGLE, &request, "gemini-2.5-flash", Dialect::OPENAI_CHAT);
    assert!(losses.is_empty(), "{losses}");
    let again = read(&bytes);
    let mut expected = request;
    // What the other dialect says in another way.
    "m".clone_into(&mut expected.model);
    expected.stream = None;
    let Part::ToolCall(call) = &mut expected.messages[2].parts[2] else { panic!("no call") };
    "{}".clone_into(&mut call.arguments);
    let mut second = expected.messages.remove(4).parts;
    expected.messages[3].parts.append(&mut second);
    for (part, name) in expected.messages[3].parts.iter_mut().zip(["hear", "look"]) {
        let Part::ToolResult(result) = part else { panic!("no result") };
        result.name = Some(name.to_owned());
    }
    assert_eq!(again, expected);
}

/// A client of OpenAI's dialect sends back what it was given, with results for the calls.
fn next_turn(answer: &Value) -> Value {
    let mut message = answer["choices"][0]["message"].clone();
    message.as_object_mut().unwrap().retain(|name, value| {
        !value.is_null()
            && ["role", "content", "reasoning_content", "reasoning_details", "tool_calls"]
                .contains(&name.as_str())
    });
    let mut messages = vec![json!({"role": "user", "content": "go"}), message.clone()];
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": "done"}));
    }
    json!({"model": "m", "messages": messages})
}

/// The parts of what the model said, as it is told to it again: of the proofs and what they prove.
fn proven(value: &Value) -> Vec<(Value, Value)> {
    let parts = value.as_array().unwrap().iter();
    let signed = parts.filter(|part| part.get("thoughtSignature").is_some());
    signed
        .map(|part| {
            let what = match part.get("functionCall") {
                Some(call) => json!([call["name"], call["args"]]),
                None => part.get("text").cloned().unwrap_or_default(),
            };
            (part["thoughtSignature"].clone(), what)
        })
        .collect()
}

#[test]
fn proofs_come_back_to_google_unchanged_through_a_client_of_openais_dialect() {
    let mut loops = 0;
    for exchange in answers().iter().filter(|exchange| !exchange.stream && exchange.has("signature")) {
        let answer = collect(events(exchange).unwrap());
        let natives = answer.choices[0].parts.iter().any(|part| matches!(part, Part::Native { .. }));
        if natives {
            continue;
        }
        let body: Value = serde_json::from_str(&exchange.response.body).unwrap();
        let told: Value = serde_json::from_slice(&OpenAiChatClient.encode(&answer, &FORM)).unwrap();
        let request = from_openai(&next_turn(&told));
        let (_, again, losses) = written(&Gemini::GOOGLE, &request, "gemini-3-pro", Dialect::OPENAI_CHAT);
        assert!(losses.is_empty(), "{}: {losses}", exchange.id);
        let sent = proven(&body["candidates"][0]["content"]["parts"]);
        assert_eq!(proven(&again["contents"][1]["parts"]), sent, "{}", exchange.id);
        loops += sent.len();
    }
    assert!(loops >= 40, "{loops}");
}

#[test]
fn ids_are_made_for_a_client_of_openais_dialect_and_its_results_find_their_calls() {
    let body = json!({"responseId": "r1", "candidates": [{"finishReason": "STOP", "content": {"parts": [
        {"functionCall": {"name": "f", "args": {"a": 1}}},
        {"functionCall": {"name": "f", "args": {"a": 2}}},
    ]}}]});
    let answer = decode(body.to_string().as_bytes());
    let told: Value = serde_json::from_slice(&OpenAiChatClient.encode(&answer, &FORM)).unwrap();
    assert_eq!(told["choices"][0]["finish_reason"], "tool_calls");
    let ids: Vec<&str> = told["choices"][0]["message"]["tool_calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["id"].as_str().unwrap())
        .collect();
    assert!(ids[0] != ids[1] && ids.iter().all(|id| !id.is_empty()));
    let (_, again, _) =
        written(&Gemini::GOOGLE, &from_openai(&next_turn(&told)), "gemini-2.5-flash", Dialect::OPENAI_CHAT);
    let results = again["contents"][2]["parts"].as_array().unwrap();
    for (result, id) in results.iter().zip(ids) {
        assert_eq!(result["functionResponse"]["id"], id);
        assert_eq!(result["functionResponse"]["name"], "f");
    }
}

#[test]
fn a_history_without_ids_reaches_a_provider_that_needs_them() {
    let body = json!({"contents": [
        {"role": "user", "parts": [{"text": "go"}]},
        {"role": "model", "parts": [
            {"functionCall": {"name": "f", "args": {"a": 1}}},
            {"functionCall": {"name": "g", "args": {}}},
            {"functionCall": {"name": "f", "args": {"a": 2}}},
        ]},
        {"role": "user", "parts": [
            {"functionResponse": {"name": "g", "response": {"result": "g"}}},
            {"functionResponse": {"name": "f", "response": {"result": "1"}}},
            {"functionResponse": {"name": "f", "response": {"result": "2"}}},
        ]},
    ]});
    let request = checked(&body.to_string()).unwrap();
    let mut losses = LossReport::default();
    let sent = OpenAiChat::PLAIN.encode(&request, "gpt", Dialect::GEMINI, &mut losses).unwrap();
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    let calls = sent["messages"][1]["tool_calls"].as_array().unwrap();
    let answers: Vec<(&Value, &Value)> = sent["messages"].as_array().unwrap()[2..]
        .iter()
        .map(|message| (&message["tool_call_id"], &message["content"]))
        .collect();
    assert_eq!(
        answers,
        [(&calls[1]["id"], &json!("g")), (&calls[0]["id"], &json!("1")), (&calls[2]["id"], &json!("2"))]
    );
    assert!(losses.is_empty(), "{losses}");
    // On the way to Google they are left out again.
    let (_, again, _) = written(&Gemini::GOOGLE, &request, "m", Dialect::GEMINI);
    assert_eq!(again, body);
}

/// What another vendor's model says, with proofs of its own.
fn foreign_answer() -> ChatAnswer {
    let proof = |value: &str| Some(Signature::new(Signature::ANTHROPIC, value));
    let block = |text: &str, value: &str, redacted| {
        Part::Reasoning(Reasoning { text: text.to_owned(), signature: proof(value), redacted })
    };
    let choice = Choice {
        parts: vec![
            block("hm", "EqQB+/ab==", false),
            block("", "EmwK?", true),
            Part::Text { text: "so".to_owned() },
            Part::ToolCall(ToolCall {
                id: "toolu_1".to_owned(),
                name: "f".to_owned(),
                arguments: "{\"b\":1.0}".to_owned(),
                kind: ToolCallKind::Function,
                signature: proof("c"),
            }),
        ],
        finish: Some(FinishReason::ToolCalls),
        ..Choice::default()
    };
    ChatAnswer { id: "r".to_owned(), model: "m".to_owned(), choices: vec![choice], ..ChatAnswer::default() }
}

#[test]
fn proofs_of_other_vendors_come_back_through_a_client_of_this_dialect() {
    let answer = foreign_answer();
    let told: Value = serde_json::from_slice(&GeminiClient.encode(&answer, &FORM)).unwrap();
    let content = told["candidates"][0]["content"].to_string();
    // Google's own library writes bytes in the alphabet for addresses.
    let respelled: Value = serde_json::from_str(&content).unwrap();
    let mut respelled = respelled;
    for part in respelled["parts"].as_array_mut().unwrap() {
        if let Some(proof) = part.get("thoughtSignature").and_then(Value::as_str) {
            part["thoughtSignature"] = json!(proof.replace('+', "-").replace('/', "_"));
        }
    }
    for content in [content, respelled.to_string()] {
        let body = format!(
            r#"{{"contents":[{content},{{"role":"user","parts":[{{"functionResponse":{{"name":"f","id":"toolu_1","response":{{"result":"x"}}}}}}]}}]}}"#
        );
        let request = checked(&body).unwrap();
        assert_eq!(request.messages[0].parts, answer.choices[0].parts);
        // Google gets none of them.
        let (_, sent, losses) = written(&Gemini::GOOGLE, &request, "gemini-2.5-flash", Dialect::GEMINI);
        assert!(!sent.to_string().contains("thoughtSignature"), "{sent}");
        assert_eq!(losses.losses.len(), 3);
    }
}

#[test]
fn an_answer_of_openais_dialect_is_streamed_to_a_client_of_this_one() {
    let chunks = [
        r#"{"id":"c1","model":"gpt","choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"}}]}"#,
        r#"{"id":"c1","model":"gpt","choices":[{"index":0,"delta":{"content":"lo"}}]}"#,
        r#"{"id":"c1","model":"gpt","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":"{\"a\""}}]}}]}"#,
        r#"{"id":"c1","model":"gpt","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":"tool_calls"}]}"#,
        r#"{"id":"c1","model":"gpt","choices":[],"usage":{"prompt_tokens":4,"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":2}}}"#,
    ];
    let mut reader = OpenAiChat::PLAIN.reader(1);
    let mut events: Vec<ChatEvent> = Vec::new();
    for chunk in chunks {
        reader.event(None, chunk.as_bytes(), &mut events).unwrap();
    }
    let form = AnswerForm { framing: StreamFraming::JsonArray, ..FORM };
    let mut writer = GeminiClient.writer(&form);
    let mut out = bytes::BytesMut::new();
    events.iter().for_each(|event| writer.event(event, &mut out));
    writer.finish(&mut out);
    assert_eq!(decode(&out), collect(events));
}

#[test]
fn a_proof_of_a_text_returns_to_its_text() {
    let body = json!({"candidates": [{"finishReason": "STOP", "content": {"parts": [
        {"text": "7", "thoughtSignature": "c2lnbmF0dXJl"},
    ]}}]});
    let told = OpenAiChatClient.encode(&decode(body.to_string().as_bytes()), &FORM);
    let request = from_openai(&next_turn(&serde_json::from_slice(&told).unwrap()));
    let expected = Message {
        role: Role::Assistant,
        parts: vec![
            Part::Text { text: "7".to_owned() },
            Part::Signature(Signature::new(Signature::GOOGLE, "c2lnbmF0dXJl")),
        ],
        name: None,
        extensions: Vec::new(),
    };
    assert_eq!(request.messages[1], expected);
}
