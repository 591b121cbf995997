//! What clients are given: answers of other vendors' models, and everything that must come back from them.

use serde_json::{Value, json};
use switchyard_dialects::anthropic_messages::AnthropicMessagesClient;
use switchyard_dialects::codec::{ClientCodec, ClientError, ProviderCodec};
use switchyard_domain::chat::{
    ChatAnswer, ChatEvent, Citation, CitationSource, Delta, Dialect, FinishReason, Json, LossReport, Part,
    Reasoning, Signature, TokenUsage, ToolCall, ToolCallKind,
};

use crate::corpus_answers::{CODEC, collect, decode_stream};
use crate::corpus_requests::{checked, read};
use crate::corpus_rewriting::{check_grammar, write_stream, write_whole};

fn started() -> ChatEvent {
    let (id, model) = ("chatcmpl-1".to_owned(), "gpt".to_owned());
    ChatEvent::Started { id, model, created: Some(1), extensions: Vec::new() }
}

fn answer(deltas: Vec<Delta>, reason: FinishReason) -> Vec<ChatEvent> {
    let deltas = deltas.into_iter().map(|delta| ChatEvent::Delta { choice: 0, delta });
    let mut events: Vec<ChatEvent> = std::iter::once(started()).chain(deltas).collect();
    events.push(ChatEvent::Finished { choice: 0, reason });
    events.push(ChatEvent::Usage(TokenUsage {
        input: 100,
        cached_input: 60,
        cache_write: 10,
        cache_write_1h: 5,
        output: 20,
        reasoning: 8,
        ..TokenUsage::default()
    }));
    events
}

fn text(text: &str) -> Delta {
    Delta::Text(text.to_owned())
}

fn tool(index: u32, id: &str) -> Delta {
    Delta::ToolCall { index, id: id.to_owned(), name: format!("f{index}"), kind: ToolCallKind::Function }
}

fn arguments(index: u32, fragment: &str) -> Delta {
    Delta::Arguments { index, fragment: fragment.to_owned() }
}

fn events(body: &str) -> Vec<Value> {
    let events = crate::corpus_answers::events_of(body);
    events.iter().map(|(_, data)| serde_json::from_slice(data).unwrap()).collect()
}

/// What the official SDK collects from a stream.
fn collected(body: &str) -> Value {
    let mut message = Value::Null;
    let mut inputs = vec![String::new(); 64];
    for event in events(body) {
        let at = event["index"].as_u64().unwrap_or_default() as usize;
        match event["type"].as_str().unwrap() {
            "message_start" => message = event["message"].clone(),
            "content_block_start" => {
                message["content"].as_array_mut().unwrap().push(event["content_block"].clone());
            }
            "content_block_delta" => {
                let delta = &event["delta"];
                let block = &mut message["content"][at];
                let append = |block: &mut Value, name: &str| {
                    let text = format!("{}{}", block[name].as_str().unwrap(), delta[name].as_str().unwrap());
                    block[name] = json!(text);
                };
                match delta["type"].as_str().unwrap() {
                    "text_delta" => append(block, "text"),
                    "thinking_delta" => append(block, "thinking"),
                    "signature_delta" => block["signature"] = delta["signature"].clone(),
                    "input_json_delta" => {
                        inputs[at].push_str(delta["partial_json"].as_str().unwrap());
                        block["input"] = serde_json::from_str(&inputs[at]).unwrap_or(json!({}));
                    }
                    "citations_delta" => {
                        if block["citations"].is_null() {
                            block["citations"] = json!([]);
                        }
                        block["citations"].as_array_mut().unwrap().push(delta["citation"].clone());
                    }
                    other => assert_eq!(other, "a known delta"),
                }
            }
            "message_delta" => {
                message["stop_reason"] = event["delta"]["stop_reason"].clone();
                message["stop_sequence"] = event["delta"]["stop_sequence"].clone();
                for (name, value) in event["usage"].as_object().unwrap() {
                    message["usage"][name] = value.clone();
                }
            }
            _ => {}
        }
    }
    message
}

fn google(value: &str) -> Signature {
    Signature::new(Signature::GOOGLE, value)
}

fn citation(url: &str, span: Option<(u32, u32)>) -> Citation {
    let source = CitationSource::Url { url: url.to_owned(), title: Some("t".to_owned()) };
    Citation { source, quote: Some("q".to_owned()), span, native: None }
}

/// An answer with everything in it that another vendor's model may say.
fn rich() -> Vec<ChatEvent> {
    answer(
        vec![
            Delta::Reasoning("think ".to_owned()),
            Delta::Reasoning("hard".to_owned()),
            Delta::ReasoningSignature(Signature::new(Signature::OPENAI, "oa")),
            Delta::RedactedReasoning(Signature::new(Signature::ANTHROPIC, "own")),
            text("see "),
            text("this"),
            Delta::Signature(google("of-text")),
            tool(0, "c0"),
            arguments(0, "{\"a\":"),
            arguments(0, "1}"),
            Delta::ToolCallSignature { index: 0, signature: google("of-call") },
            tool(1, ""),
            arguments(1, "{}"),
        ],
        FinishReason::ToolCalls,
    )
}

#[test]
fn an_answer_is_the_same_whole_and_as_a_stream() {
    let body = write_stream(&rich());
    check_grammar(&body).unwrap();
    let mut whole = write_whole(&collect(rich()));
    let streamed = collected(&body);
    whole["usage"]["cache_creation"] = streamed["usage"]["cache_creation"].clone();
    assert_eq!(streamed, whole);
    let content = json!([
        {"type": "thinking", "thinking": "think hard", "signature": "switchyard:openai:oa"},
        {"type": "redacted_thinking", "data": "own"},
        {"type": "text", "text": "see this"},
        {"type": "redacted_thinking", "data": "switchyard:google/text:of-text"},
        {"type": "tool_use", "id": "c0", "name": "f0", "input": {"a": 1}},
        {"type": "redacted_thinking", "data": "switchyard:google/call:of-call"},
        {"type": "tool_use", "id": "call_chatcmpl1_0_1", "name": "f1", "input": {}},
    ]);
    assert_eq!(whole["content"], content);
    assert_eq!((&whole["stop_reason"], &whole["stop_sequence"]), (&json!("tool_use"), &Value::Null));
    let usage = &whole["usage"];
    for (name, expected) in [
        ("input_tokens", 25),
        ("cache_read_input_tokens", 60),
        ("cache_creation_input_tokens", 15),
        ("output_tokens", 20),
    ] {
        assert_eq!(usage[name], expected, "{name}");
    }
    assert_eq!(usage["output_tokens_details"], json!({"thinking_tokens": 8}));
    let kinds = json!({"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 5});
    assert_eq!(usage["cache_creation"], kinds);
}

#[test]
fn an_answer_never_ends_with_the_proof_of_a_text() {
    let events = answer(
        vec![
            text("one"),
            Delta::Signature(google("first")),
            Delta::Signature(google("second")),
            text("two"),
            Delta::Signature(google("last")),
            Delta::Citation(citation("https://x", None)),
        ],
        FinishReason::Stop,
    );
    let content = json!([
        {"type": "text", "text": "one"},
        {"type": "redacted_thinking", "data": "switchyard:google/text:first"},
        {"type": "redacted_thinking", "data": "switchyard:google/text:second"},
        {"type": "text", "text": "two"},
    ]);
    let body = write_stream(&events);
    check_grammar(&body).unwrap();
    for mut answer in [collected(&body), write_whole(&collect(events))] {
        let last = answer["content"].as_array_mut().unwrap().last_mut().unwrap();
        let citations = last.as_object_mut().unwrap().remove("citations").unwrap();
        assert_eq!(citations[0]["url"], "https://x");
        assert_eq!(answer["content"], content);
    }
}

/// A client's next request, with the answer as it was given.
fn next_turn(content: &Value) -> String {
    json!({
        "model": "m", "max_tokens": 100,
        "messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": content},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c0", "content": "r"}]},
        ],
    })
    .to_string()
}

#[test]
fn every_proof_comes_back_to_its_place_byte_for_byte() {
    let given = write_whole(&collect(rich()));
    let request = read(next_turn(&given["content"]).as_bytes());
    let call = |id: &str, name: &str, arguments: &str, signature| {
        let (id, name, arguments) = (id.to_owned(), name.to_owned(), arguments.to_owned());
        Part::ToolCall(ToolCall { id, name, arguments, kind: ToolCallKind::Function, signature })
    };
    let reasoning = |text: &str, signature, redacted| {
        Part::Reasoning(Reasoning { text: text.to_owned(), signature: Some(signature), redacted })
    };
    let expected = vec![
        reasoning("think hard", Signature::new(Signature::OPENAI, "oa"), false),
        reasoning("", Signature::new(Signature::ANTHROPIC, "own"), true),
        Part::Text { text: "see this".to_owned() },
        Part::Signature(google("of-text")),
        call("c0", "f0", "{\"a\":1}", Some(google("of-call"))),
        call("call_chatcmpl1_0_1", "f1", "{}", None),
    ];
    assert_eq!(request.messages[1].parts, expected);
    assert!(request.messages[1].extensions.is_empty());
}

#[test]
fn what_others_made_does_not_reach_the_vendor_neither_in_the_clients_bytes_nor_written_anew() {
    let mut given = rich();
    given.insert(7, ChatEvent::Delta { choice: 0, delta: Delta::Citation(citation("https://x", None)) });
    let given = write_whole(&collect(given));
    let checked = checked(next_turn(&given["content"])).unwrap();
    let (mut adapting, mut encoding) = (LossReport::default(), LossReport::default());
    let adapted =
        CODEC.adapt(checked.document.body(), &checked.members, "m", &checked.facts, &mut adapting).unwrap();
    let request = read(checked.document.body());
    let encoded = CODEC.encode(&request, "m", Dialect::ANTHROPIC_MESSAGES, &mut encoding).unwrap();
    let expected = json!([
        {"type": "redacted_thinking", "data": "own"},
        {"type": "text", "text": "see this"},
        {"type": "tool_use", "id": "c0", "name": "f0", "input": {"a": 1}},
        {"type": "tool_use", "id": "call_chatcmpl1_0_1", "name": "f1", "input": {}},
    ]);
    for body in [adapted.concat(), encoded.to_vec()] {
        let mut body: Value = serde_json::from_slice(&body).unwrap();
        for block in body["messages"][1]["content"].as_array_mut().unwrap() {
            block.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        }
        assert_eq!(body["messages"][1]["content"], expected);
    }
    assert_eq!(adapting.losses.len(), 3);
    assert!(encoding.losses.iter().any(|loss| loss.member == "messages[1].reasoning.signature"));
    assert!(encoding.losses.iter().any(|loss| loss.member == "messages[1].content[4].signature"));
}

#[test]
fn calls_that_come_mixed_are_told_one_after_the_other() {
    let body = write_stream(&answer(
        vec![
            tool(0, "a"),
            arguments(0, "{\"x\":"),
            tool(1, "b"),
            arguments(1, "{\"y\":\"}\","),
            tool(2, "c"),
            arguments(0, "1}"),
            arguments(1, "\"z\":2}"),
            arguments(2, "{}"),
            text("done"),
        ],
        FinishReason::ToolCalls,
    ));
    check_grammar(&body).unwrap();
    let message = collected(&body);
    let inputs: Vec<&Value> =
        message["content"].as_array().unwrap().iter().map(|block| &block["input"]).collect();
    assert_eq!(inputs, [&json!({"x": 1}), &json!({"y": "}", "z": 2}), &json!({}), &Value::Null]);
}

#[test]
fn what_is_said_while_a_call_is_not_whole_is_told_after_it() {
    let body = write_stream(&answer(
        vec![
            tool(0, "a"),
            arguments(0, "{\"x\":"),
            text("one "),
            tool(1, "b"),
            arguments(1, "{}"),
            text("two"),
            Delta::ToolCallSignature { index: 1, signature: google("p") },
            arguments(0, "1}"),
        ],
        FinishReason::ToolCalls,
    ));
    check_grammar(&body).unwrap();
    let message = collected(&body);
    let kinds: Vec<&Value> =
        message["content"].as_array().unwrap().iter().map(|block| &block["type"]).collect();
    assert_eq!(kinds, ["tool_use", "text", "tool_use", "redacted_thinking", "text"]);
    assert_eq!(message["content"][0]["input"], json!({"x": 1}));
    assert_eq!(message["content"][1]["text"], "one ");
    assert_eq!(message["content"][4]["text"], "two");
}

#[test]
fn very_many_calls_that_wait_for_one_are_told_in_their_turn() {
    const CALLS: u32 = 50_000;
    let mut deltas = vec![tool(0, "a")];
    deltas.extend((1..CALLS).flat_map(|index| [tool(index, "b"), arguments(index, "{}")]));
    deltas.push(arguments(0, "{}"));
    let body = write_stream(&answer(deltas, FinishReason::ToolCalls));
    assert_eq!(check_grammar(&body), Ok(()));
    assert_eq!(body.matches("\nevent: content_block_stop").count(), CALLS as usize);
}

#[test]
fn a_call_without_arguments_or_with_cut_ones_ends_all_the_same() {
    let body =
        write_stream(&answer(vec![tool(0, "a"), tool(1, "b"), arguments(1, "{\"cut")], FinishReason::Length));
    check_grammar(&body).unwrap();
    let message = collected(&body);
    assert_eq!(message["content"][0]["input"], json!({}));
    assert_eq!(message["content"].as_array().unwrap().len(), 2);
    assert_eq!(message["stop_reason"], "max_tokens");
    let whole =
        write_whole(&collect(answer(vec![tool(0, "a"), arguments(0, "{\"cut")], FinishReason::Length)));
    assert_eq!(whole["content"][0]["input"], json!({"input": "{\"cut"}));
}

#[test]
fn the_free_text_of_a_custom_tool_goes_as_the_member_of_an_object() {
    let custom = |index| Delta::ToolCall {
        index,
        id: format!("c{index}"),
        name: "sql".to_owned(),
        kind: ToolCallKind::Custom,
    };
    let events = answer(
        vec![
            custom(0),
            arguments(0, "SELECT \"a\n"),
            arguments(0, "\"} {"),
            custom(1),
            arguments(1, "4"),
            Delta::ToolCallSignature { index: 1, signature: google("p") },
        ],
        FinishReason::ToolCalls,
    );
    let body = write_stream(&events);
    check_grammar(&body).unwrap();
    for message in [collected(&body), write_whole(&collect(events))] {
        assert_eq!(message["content"][0]["input"], json!({"input": "SELECT \"a\n\"} {"}));
        assert_eq!(message["content"][1]["input"], json!({"input": "4"}));
        assert_eq!(message["content"][2]["data"], "switchyard:google/call:p");
    }
}

#[test]
fn citations_hang_on_the_words_that_rest_on_them() {
    let deltas = vec![
        text("Ruby is nice. It "),
        text("is from 1993."),
        Delta::Citation(citation("https://b", Some((14, 30)))),
        Delta::Citation(citation("https://a", Some((0, 13)))),
        Delta::Citation(citation("https://c", None)),
    ];
    let whole = write_whole(&collect(answer(deltas.clone(), FinishReason::Stop)));
    let found: Vec<(&str, Vec<&str>)> = whole["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| {
            let urls = block["citations"].as_array().into_iter().flatten();
            (block["text"].as_str().unwrap(), urls.map(|each| each["url"].as_str().unwrap()).collect())
        })
        .collect();
    let expected = [
        ("Ruby is nice.", vec!["https://a"]),
        (" ", vec![]),
        ("It is from 1993.", vec!["https://b", "https://c"]),
    ];
    assert_eq!(found, expected);
    let body = write_stream(&answer(deltas, FinishReason::Stop));
    check_grammar(&body).unwrap();
    let again = collect(decode_stream(&body).unwrap());
    assert_eq!(again.choices[0].citations.len(), 3);
    let mixed = vec![text("a"), Delta::Citation(citation("https://a", None)), text("b"), text("c")];
    let message = collected(&write_stream(&answer(mixed, FinishReason::Stop)));
    let texts: Vec<&str> =
        message["content"].as_array().unwrap().iter().map(|block| block["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["a", "bc"]);
}

#[test]
fn every_end_has_its_word() {
    let refusal = Delta::Refusal("I can't".to_owned());
    let own = |name: &str, json: &str| Delta::Extension {
        name: name.to_owned(),
        value: Json::parse(json).unwrap(),
    };
    for (deltas, reason, word, sequence) in [
        (vec![text("a")], FinishReason::Stop, "end_turn", Value::Null),
        (vec![text("a")], FinishReason::StopSequence("END".to_owned()), "stop_sequence", json!("END")),
        (vec![text("a")], FinishReason::Length, "max_tokens", Value::Null),
        (vec![tool(0, "a"), arguments(0, "{}")], FinishReason::Stop, "tool_use", Value::Null),
        (vec![refusal], FinishReason::Stop, "refusal", Value::Null),
        (vec![], FinishReason::ContentFilter, "refusal", Value::Null),
        (vec![own("stop_reason", "\"pause_turn\"")], FinishReason::Stop, "pause_turn", Value::Null),
        (
            vec![own("stop_reason", "\"model_context_window_exceeded\"")],
            FinishReason::Length,
            "model_context_window_exceeded",
            Value::Null,
        ),
        (vec![own("stop_reason", "128009")], FinishReason::Stop, "end_turn", Value::Null),
    ] {
        let events = answer(deltas, reason);
        let body = write_stream(&events);
        check_grammar(&body).unwrap();
        for message in [collected(&body), write_whole(&collect(events))] {
            assert_eq!((&message["stop_reason"], &message["stop_sequence"]), (&json!(word), &sequence));
        }
    }
}

#[test]
fn an_answer_of_nothing_is_a_whole_message_too() {
    let body = write_stream(&[]);
    check_grammar(&body).unwrap();
    let message = collected(&body);
    assert_eq!((&message["id"], &message["model"]), (&json!("msg_fallback"), &json!("fallback-model")));
    let whole = write_whole(&ChatAnswer::default());
    assert_eq!((&whole["id"], &whole["content"]), (&json!("msg_fallback"), &json!([])));
    assert_eq!(whole["usage"]["output_tokens"], 0);
}

#[test]
fn a_call_by_code_at_the_vendor_keeps_its_caller_and_the_vendors_tools_their_blocks() {
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "stop_reason": "tool_use",
        "stop_sequence": null, "container": {"id": "container_1"},
        "content": [
            {"type": "server_tool_use", "id": "srv_1", "name": "code_execution", "input": {"code": "1\n2"}},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {},
             "caller": {"type": "code_execution_20260120", "tool_id": "srv_1"}},
            {"type": "tool_use", "id": "toolu_2", "name": "f", "input": {}, "caller": {"type": "direct"}},
        ],
        "usage": {"input_tokens": 1, "output_tokens": 2, "service_tier": "standard",
                  "server_tool_use": {"web_search_requests": 3}},
    });
    let events = CODEC.decode(message.to_string().as_bytes()).unwrap().events;
    let body = write_stream(&events);
    check_grammar(&body).unwrap();
    for written in [write_whole(&collect(events)), collected(&body)] {
        assert_eq!(written["content"][0], message["content"][0]);
        assert_eq!(written["content"][1], message["content"][1]);
        assert_eq!(written["content"][2].get("caller"), None);
        assert_eq!(written["usage"]["server_tool_use"], message["usage"]["server_tool_use"]);
        assert_eq!(written["usage"]["service_tier"], "standard");
    }
    assert!(body.contains(r#""container":{"id":"container_1"}"#), "{body}");
    let request = read(next_turn(&message["content"]).as_bytes());
    let mut losses = LossReport::default();
    let again = CODEC.encode(&request, "m", Dialect::ANTHROPIC_MESSAGES, &mut losses).unwrap();
    let again: Value = serde_json::from_slice(&again).unwrap();
    assert_eq!(again["messages"][1]["content"], message["content"]);
    assert!(losses.is_empty());
}

#[test]
fn other_dialects_own_forms_are_not_given_to_clients_of_this_one() {
    let native = |kind: &str| {
        let json = Json::parse(format!("{{\"type\":\"{kind}\"}}")).unwrap();
        Delta::Part(Part::Native { kind: kind.to_owned(), json })
    };
    let events =
        answer(vec![native("web_search_call"), text("a"), native("mcp_tool_use")], FinishReason::Stop);
    let expected = json!([{"type": "text", "text": "a"}, {"type": "mcp_tool_use"}]);
    assert_eq!(collected(&write_stream(&events))["content"], expected);
    assert_eq!(write_whole(&collect(events))["content"], expected);
}

#[test]
fn a_stream_that_fails_ends_with_an_error_event() {
    let error = ClientError {
        status: 529,
        message: "busy",
        kind: "server_error",
        param: None,
        code: None,
        request_id: Some("req_1"),
    };
    let body = AnthropicMessagesClient.verbatim_failure(&error);
    let expected = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"},\"request_id\":\"req_1\"}\n\n";
    assert_eq!(body, expected);
    let mut out = bytes::BytesMut::new();
    AnthropicMessagesClient.writer(&crate::corpus_rewriting::FORM).fail(&error, &mut out);
    assert_eq!(out, expected);
    assert_eq!(AnthropicMessagesClient.verbatim_end(), "");
    assert!(decode_stream(expected).is_err());
}

#[test]
fn arguments_of_null_are_an_empty_object_streamed_or_whole() {
    let deltas = vec![tool(0, "a"), arguments(0, "null"), tool(1, "b"), arguments(1, "{\"x\":null}")];
    let events = answer(deltas, FinishReason::ToolCalls);
    let body = write_stream(&events);
    check_grammar(&body).unwrap();
    for message in [collected(&body), write_whole(&collect(events))] {
        let inputs = [&message["content"][0]["input"], &message["content"][1]["input"]];
        assert_eq!(inputs, [&json!({}), &json!({"x": null})]);
    }
}
