//! What vendors do otherwise, and what a reader must stand.

use serde_json::{Value, json};
use switchyard_dialects::codec::{
    AnswerForm, ClientCodec, Framing, LastWord, ProviderCodec, StreamReader, Taken,
};
use switchyard_dialects::openai_responses::{OpenAiResponses, OpenAiResponsesClient};
use switchyard_domain::chat::{
    ChatAnswer, ChatEvent, CitationSource, Delta, FinishReason, MediaSource, Part, Signature, ToolCallKind,
};
use switchyard_testkit::corpus;

use crate::corpus_answers::{DIALECT, collect, decode_stream, decode_whole, events_of};
use crate::corpus_requests::read;
use crate::rewriting::{FORM, write_stream};

fn take(reader: &mut dyn StreamReader, event: &Value, out: &mut Vec<ChatEvent>) -> Taken {
    reader.event(None, event.to_string().as_bytes(), out).unwrap()
}

fn streamed(events: &[Value]) -> ChatAnswer {
    let mut reader = OpenAiResponses::PLAIN.reader(1);
    let mut out = Vec::new();
    for event in events {
        take(reader.as_mut(), event, &mut out);
    }
    assert!(reader.is_finished());
    collect(out)
}

fn completed(output: &Value) -> Value {
    json!({"type": "response.completed", "response": {"id": "resp_1", "object": "response", "model": "m",
        "status": "completed", "output": output, "usage": {"input_tokens": 1, "output_tokens": 2}}})
}

fn texts(answer: &ChatAnswer) -> String {
    answer.text()
}

#[test]
fn the_dialect_says_how_it_is_driven() {
    let vendor = OpenAiResponses::PLAIN;
    assert_eq!((vendor.framing(), vendor.last_word()), (Framing::Sse, LastWord::HeldBack));
    assert_eq!(vendor.endpoint("m", true), "responses");
}

#[test]
fn what_only_comes_at_the_end_of_an_item_is_told_then_and_nothing_twice() {
    let message = json!({"type": "message", "id": "msg_1", "content": [
        {"type": "output_text", "text": "hello", "annotations": [{"type": "url_citation", "url": "u"}], "logprobs": [{"token": "hello"}]}]});
    let call = json!({"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"});
    let done = |index: u8, item: &Value| json!({"type": "response.output_item.done", "output_index": index, "item": item});
    let late = [done(0, &message), done(1, &call), completed(&json!([message, call]))];
    let early = [
        json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "hel"}),
        json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "lo",
            "logprobs": [{"token": "hello"}]}),
        json!({"type": "response.output_text.annotation.added", "output_index": 0, "content_index": 0,
            "annotation": {"type": "url_citation", "url": "u"}}),
        json!({"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "hello"}),
        done(0, &message),
        json!({"type": "response.output_item.added", "output_index": 1, "item": {"type": "function_call", "call_id": "c", "name": "f", "arguments": ""}}),
        json!({"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"}),
        json!({"type": "response.function_call_arguments.done", "output_index": 1, "arguments": "{}"}),
        done(1, &call),
        // OpenRouter and others repeat an item.
        done(1, &call),
        completed(&json!([message, call])),
    ];
    let only_the_end = [completed(&json!([message, call]))];
    let never_ended =
        [early[0].clone(), early[1].clone(), early[5].clone(), completed(&json!([message, call]))];
    for events in [&late[..], &early, &only_the_end, &never_ended] {
        let answer = streamed(events);
        let choice = &answer.choices[0];
        assert_eq!(texts(&answer), "hello");
        assert_eq!((choice.citations.len(), choice.logprobs.len()), (1, 1), "{events:?}");
        assert_eq!(choice.logprobs[0].as_str(), r#"{"content":[{"token":"hello"}]}"#);
        let calls: Vec<_> = choice.tool_calls().collect();
        assert_eq!(calls.len(), 1);
        assert_eq!((calls[0].id.as_str(), calls[0].arguments.as_str()), ("c", "{}"));
        assert_eq!(choice.finish, Some(FinishReason::ToolCalls));
    }
}

#[test]
fn a_call_whose_name_comes_late_is_held_until_then() {
    let answer = streamed(&[
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "function_call", "call_id": "c"}}),
        json!({"type": "response.function_call_arguments.delta", "output_index": 0, "delta": "{\"a\":1}"}),
        json!({"type": "response.output_item.done", "output_index": 0,
            "item": {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{\"a\":1}"}}),
        completed(&json!([])),
    ]);
    let calls: Vec<_> = answer.choices[0].tool_calls().collect();
    assert_eq!((calls[0].name.as_str(), calls[0].arguments.as_str()), ("f", "{\"a\":1}"));
}

#[test]
fn nothing_counts_after_the_end_and_other_events_pass() {
    let mut reader = OpenAiResponses::PLAIN.reader(1);
    let mut out = Vec::new();
    assert_eq!(reader.event(None, b"{\"type\":\"ping\"}", &mut out).unwrap(), Taken::Unknown);
    assert_eq!(reader.event(None, b"not json", &mut out).unwrap(), Taken::Malformed);
    assert_eq!(
        take(reader.as_mut(), &json!({"type": "response.something.new", "x": 1}), &mut out),
        Taken::Chunk
    );
    assert!(out.is_empty());
    assert_eq!(take(reader.as_mut(), &completed(&json!([])), &mut out), Taken::Chunk);
    let before = out.len();
    let late = json!({"type": "response.output_text.delta", "output_index": 0, "delta": "x"});
    assert_eq!(take(reader.as_mut(), &late, &mut out), Taken::Done);
    assert_eq!(reader.event(None, b"[DONE]", &mut out).unwrap(), Taken::Done);
    reader.finish(&mut out);
    assert_eq!(out.len(), before);
    // Without its own last event a stream is not whole, `[DONE]` or not.
    let mut reader = OpenAiResponses::PLAIN.reader(1);
    take(reader.as_mut(), &late, &mut out);
    assert_eq!(reader.event(None, b"[DONE]", &mut out).unwrap(), Taken::Done);
    assert!(!reader.is_finished());
}

#[test]
fn the_name_of_an_event_stands_for_its_type_and_half_characters_are_mended() {
    let mut reader = OpenAiResponses::PLAIN.reader(1);
    let mut out = Vec::new();
    let data = br#"{"output_index":0,"content_index":0,"delta":"a\ud83d"}"#;
    reader.event(Some(b"response.output_text.delta"), data, &mut out).unwrap();
    assert_eq!(out, [ChatEvent::Delta { choice: 0, delta: Delta::Text("a\u{fffd}".to_owned()) }]);
}

#[test]
fn summaries_and_contents_are_told_as_one_text() {
    let summary = |index: u8, delta: &str| json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": index, "delta": delta});
    let item = json!({"type": "reasoning", "id": "rs_1", "encrypted_content": "g",
        "summary": [{"type": "summary_text", "text": "ab"}, {"type": "summary_text", "text": "c"}]});
    let answer = streamed(&[
        summary(0, "a"),
        summary(0, "b"),
        summary(1, "c"),
        json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
        completed(&json!([item])),
    ]);
    let whole = decode_whole(completed(&json!([item]))["response"].to_string().as_bytes()).unwrap().collect();
    assert_eq!(answer.choices[0].parts, whole.choices[0].parts);
    let Part::Reasoning(reasoning) = &answer.choices[0].parts[0] else { panic!("none") };
    assert_eq!(reasoning.text, "ab\n\nc");
    assert_eq!(reasoning.signature.as_ref().unwrap().issuer, Signature::OPENAI);
    let xai = OpenAiResponses { issuer: "xai", ..OpenAiResponses::PLAIN };
    let body = completed(&json!([item]))["response"].to_string();
    let ChatEvent::Delta { delta: Delta::ReasoningSignature(signature), .. } =
        &xai.decode(body.as_bytes()).unwrap().events[2]
    else {
        panic!("none")
    };
    assert_eq!(signature.issuer, "xai");
}

#[test]
fn an_id_alone_is_a_proof_only_where_the_answer_is_kept() {
    let item = json!({"type": "reasoning", "id": "rs_1", "summary": []});
    for (store, parts) in [(json!(true), 1), (json!(false), 0), (Value::Null, 0)] {
        let mut response = completed(&json!([item]))["response"].clone();
        response["store"] = store.clone();
        let answer = decode_whole(response.to_string().as_bytes()).unwrap().collect();
        assert_eq!(answer.choices[0].parts.len(), parts, "{store}");
    }
}

#[test]
fn ends_have_their_reasons() {
    let call = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{\"a"});
    for (status, reason, output, expected) in [
        ("completed", json!(null), json!([]), FinishReason::Stop),
        ("completed", json!(null), json!([call]), FinishReason::ToolCalls),
        ("incomplete", json!({"reason": "max_output_tokens"}), json!([call]), FinishReason::Length),
        ("incomplete", json!({"reason": "content_filter"}), json!([]), FinishReason::ContentFilter),
        ("incomplete", json!({"reason": "steered"}), json!([]), FinishReason::Other("steered".to_owned())),
        ("incomplete", json!(null), json!([]), FinishReason::Length),
        ("queued", json!(null), json!([]), FinishReason::Other("queued".to_owned())),
    ] {
        let body =
            json!({"object": "response", "status": status, "incomplete_details": reason, "output": output});
        let answer = decode_whole(body.to_string().as_bytes()).unwrap().collect();
        assert_eq!(answer.choices[0].finish, Some(expected), "{body}");
    }
}

#[test]
fn absurd_counts_are_corrected_and_flagged() {
    for (usage, corrected, counts) in [
        (
            json!({"input_tokens": 3, "output_tokens": 4, "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1},
            "output_tokens_details": {"reasoning_tokens": 1}}),
            false,
            (3, 4, 2, 1, 1),
        ),
        (json!({"input_tokens": -3, "output_tokens": 4}), true, (0, 4, 0, 0, 0)),
        (json!({"input_tokens": 3}), true, (3, 0, 0, 0, 0)),
        (json!({"input_tokens": 1.5, "output_tokens": 1}), true, (1, 1, 0, 0, 0)),
    ] {
        let mut response = completed(&json!([]))["response"].clone();
        response["usage"] = usage;
        let decoded = decode_whole(response.to_string().as_bytes()).unwrap();
        assert_eq!(decoded.usage_corrected, corrected, "{response}");
        let got = decoded.collect().usage.unwrap();
        assert_eq!((got.input, got.output, got.cached_input, got.cache_write, got.reasoning), counts);
        let mut reader = OpenAiResponses::PLAIN.reader(1);
        take(reader.as_mut(), &json!({"type": "response.completed", "response": response}), &mut Vec::new());
        assert_eq!(reader.usage_corrected(), corrected);
    }
}

#[test]
fn the_look_in_passing_sees_what_the_reader_reads() {
    let mut seen = 0;
    for exchange in corpus::of(DIALECT).unwrap().iter().filter(|exchange| exchange.expected.ok == Some(true))
    {
        let (mut output, mut usage, mut model, mut finished) = (String::new(), None, None, false);
        let events = if exchange.stream {
            let mut watcher = OpenAiResponses::PLAIN.watcher(1);
            for (name, data) in events_of(&exchange.response.body) {
                let look = watcher.look(name.as_deref(), &data, &mut output).unwrap();
                assert!(!look.is_closing_usage);
                usage = look.usage.or(usage);
                model = look.model.or(model);
                finished |= look.finished;
            }
            decode_stream(&exchange.response.body).unwrap()
        } else {
            let look = OpenAiResponses::PLAIN.glance(exchange.response.body.as_bytes(), &mut output).unwrap();
            (usage, model, finished) = (look.usage, look.model, look.finished);
            decode_whole(exchange.response.body.as_bytes()).unwrap().events
        };
        let answer = collect(events);
        assert!(finished, "{}", exchange.id);
        assert_eq!((usage, model.unwrap()), (answer.usage, answer.model.clone()), "{}", exchange.id);
        assert!(output.len() >= answer.text().len());
        seen += 1;
    }
    assert_eq!(seen, 324);
}

#[test]
fn citations_count_from_the_beginning_of_all_text() {
    let cited = |text: &str, start: u8| {
        json!({"type": "output_text", "text": text, "annotations": [
            {"type": "url_citation", "url": "u", "title": "t", "start_index": start, "end_index": start + 1}]})
    };
    let output = json!([{"type": "message", "content": [cited("aé", 1), cited("b", 0)]},
        {"type": "message", "content": [{"type": "output_text", "text": "c", "annotations": [
            {"type": "file_citation", "file_id": "file-1", "filename": "f.pdf", "index": 1}]}]}]);
    let answer = decode_whole(completed(&output)["response"].to_string().as_bytes()).unwrap().collect();
    let citations = &answer.choices[0].citations;
    assert_eq!((citations[0].span, citations[1].span, citations[2].span), (Some((1, 2)), Some((2, 3)), None));
    let source = CitationSource::Document { index: None, title: Some("f.pdf".to_owned()) };
    assert_eq!(citations[2].source, source);
    // Told to a client of this dialect again, they are as they were.
    let body: Value = serde_json::from_slice(&OpenAiResponsesClient.encode(&answer, &FORM)).unwrap();
    let annotations = body["output"][0]["content"][0]["annotations"].as_array().unwrap();
    assert_eq!(annotations.len(), 3);
    assert_eq!(annotations[2], output[1]["content"][0]["annotations"][0]);
}

#[test]
fn a_picture_that_a_model_made_reaches_the_client() {
    let source = MediaSource::Inline { media_type: "image/png".to_owned(), base64: "AAAA".to_owned() };
    let events = [ChatEvent::Delta { choice: 0, delta: Delta::Part(Part::Image { source, detail: None }) }];
    let whole: Value =
        serde_json::from_slice(&OpenAiResponsesClient.encode(&collect(events.to_vec()), &FORM)).unwrap();
    let body = write_stream(&events, &FORM);
    crate::shape::of_stream(&body).unwrap();
    let last: Value = serde_json::from_slice(&events_of(&body).last().unwrap().1).unwrap();
    for output in [&whole["output"], &last["response"]["output"]] {
        assert_eq!(
            (&output[0]["type"], &output[0]["result"]),
            (&json!("image_generation_call"), &json!("AAAA"))
        );
    }
}

#[test]
fn parallel_calls_may_come_in_turns() {
    let call = |index, name: &str| {
        let (id, name) = (format!("c{index}"), name.to_owned());
        ChatEvent::Delta {
            choice: 0,
            delta: Delta::ToolCall { index, id, name, kind: ToolCallKind::Function },
        }
    };
    let piece = |index, fragment: &str| ChatEvent::Delta {
        choice: 0,
        delta: Delta::Arguments { index, fragment: fragment.to_owned() },
    };
    let events = [
        call(0, "f"),
        call(1, "g"),
        piece(0, "{\"a\""),
        piece(1, "{}"),
        piece(0, ":1}"),
        ChatEvent::Finished { choice: 0, reason: FinishReason::ToolCalls },
    ];
    let body = write_stream(&events, &FORM);
    crate::shape::of_stream(&body).unwrap();
    let answer = collect(decode_stream(&body).unwrap());
    let arguments: Vec<&str> = answer.choices[0].tool_calls().map(|call| call.arguments.as_str()).collect();
    assert_eq!(arguments, ["{\"a\":1}", "{}"]);
}

#[test]
fn a_stream_repeats_what_was_asked_and_names_the_provider_that_said_nothing() {
    let request = read(
        json!({"model": "m", "input": "q", "instructions": "i", "temperature": 0.5, "store": true,
            "metadata": {"a": "b"}, "text": {"verbosity": "low"}, "tools": [{"type": "web_search"}],
            "tool_choice": "required", "max_output_tokens": 7, "reasoning": {"effort": "low"}})
        .to_string()
        .as_bytes(),
    );
    let form = AnswerForm { request: Some(&request), ..FORM };
    let body = write_stream(&[], &form);
    crate::shape::of_stream(&body).unwrap();
    let last: Value = serde_json::from_slice(&events_of(&body).last().unwrap().1).unwrap();
    let response = &last["response"];
    assert_eq!((&response["id"], &response["model"]), (&json!("resp_fallback"), &json!("fallback-model")));
    assert_eq!(response["created_at"], FORM.fallback_created);
    for (name, expected) in [
        ("instructions", json!("i")),
        ("temperature", json!(0.5)),
        // Nothing is kept here.
        ("store", json!(false)),
        ("metadata", json!({"a": "b"})),
        ("text", json!({"format": {"type": "text"}, "verbosity": "low"})),
        ("tools", json!([{"type": "web_search"}])),
        ("tool_choice", json!("required")),
        ("max_output_tokens", json!(7)),
        ("reasoning", json!({"effort": "low", "summary": null})),
        ("status", json!("completed")),
    ] {
        assert_eq!(response[name], expected, "{name}");
    }
}

#[test]
fn a_stream_of_an_answer_that_is_not_made_yet_ends_as_every_stream_does() {
    let reason = FinishReason::Other("in_progress".to_owned());
    let events = [
        ChatEvent::Delta { choice: 0, delta: Delta::Text("so far".to_owned()) },
        ChatEvent::Finished { choice: 0, reason: reason.clone() },
    ];
    let stream = write_stream(&events, &FORM);
    let (name, last) = events_of(&stream).pop().unwrap();
    assert_eq!(name.as_deref(), Some(&b"response.completed"[..]));
    let last: Value = serde_json::from_slice(&last).unwrap();
    assert_eq!(last["response"]["status"], "in_progress");
    assert_eq!(collect(decode_stream(&stream).unwrap()).choices[0].finish, Some(reason));
}

#[test]
fn an_empty_reason_for_what_is_incomplete_is_none() {
    let mut body =
        completed(&json!([{"type": "message", "content": [{"type": "output_text", "text": "a"}]}]));
    body["response"]["status"] = json!("incomplete");
    body["response"]["incomplete_details"] = json!({"reason": ""});
    let answer = decode_whole(body["response"].to_string().as_bytes()).unwrap().collect();
    assert_eq!(answer.choices[0].finish, Some(FinishReason::Length));
}
