//! Without faults the simulator answers as OpenAI's chat completions do.

use serde_json::{Value, json};
use switchyard_testkit::simulator::{Simulator, WORDS};

use crate::wire::{Client, End, ask, buffered_under, content_of, question, stream_under, streamed, with};

#[test]
fn a_plain_answer_has_the_shape_headers_and_usage_of_openai() {
    let sim = Simulator::start();
    let answer = ask(&sim, &question("m"));
    assert_eq!((answer.status, answer.end), (200, End::Open));
    for name in ["x-request-id", "openai-processing-ms", "x-ratelimit-remaining-tokens", "content-length"] {
        assert!(answer.header(name).is_some(), "{name}");
    }
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["model"], "m");
    let choice = &body["choices"][0];
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(choice["message"]["role"], "assistant");
    assert_eq!(choice["message"]["content"].as_str().unwrap().split_whitespace().count(), 12);
    let usage = &body["usage"];
    // 3, and 4 for the message, and its two words.
    assert_eq!(
        (&usage["prompt_tokens"], &usage["completion_tokens"], &usage["total_tokens"]),
        (&json!(9), &json!(12), &json!(21))
    );
}

#[test]
fn each_word_is_one_token_of_openais_tokenizer() {
    let tokenizer = tiktoken_rs::o200k_base().unwrap();
    for word in WORDS {
        assert_eq!(tokenizer.encode_ordinary(&format!(" {word}")).len(), 1, "{word}");
    }
    let sim = Simulator::start();
    let body = buffered_under(&sim, "tokens=700").json();
    let text = body["choices"][0]["message"]["content"].as_str().unwrap();
    assert_eq!(tokenizer.encode_ordinary(text).len(), 700);
    assert_eq!(body["usage"]["completion_tokens"], 700);
}

#[test]
fn a_stream_opens_with_the_role_sends_a_word_a_chunk_and_ends_with_done() {
    let sim = Simulator::start();
    let answer = stream_under(&sim, "tokens=5");
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!(answer.end, End::Open);
    let events = answer.events();
    assert_eq!(events.len(), 1 + 5 + 1);
    assert_eq!(
        events[0]["choices"][0]["delta"],
        json!({"role": "assistant", "content": "", "refusal": null})
    );
    assert_eq!(events[6]["choices"][0]["delta"], json!({}));
    assert_eq!(events[6]["choices"][0]["finish_reason"], "stop");
    assert!(events.iter().all(|event| event["id"] == events[0]["id"] && event.get("usage").is_none()));
    assert_eq!(answer.data().last().unwrap(), "[DONE]");
    assert_eq!(answer.content().split_whitespace().count(), 5);
    assert_eq!(answer.chunks.len(), 8);
}

#[test]
fn the_same_question_has_the_same_answer_streamed_or_not_and_another_question_another() {
    let sim = Simulator::start();
    let content = ask(&sim, &question("m")).json()["choices"][0]["message"]["content"].clone();
    assert_eq!(ask(&sim, &streamed("m")).content(), content);
    let other = json!({"model": "m", "messages": [{"role": "user", "content": "Say something else"}]});
    assert_ne!(ask(&sim, &other).json()["choices"][0]["message"]["content"], content);
}

#[test]
fn usage_comes_last_in_a_stream_that_asked_for_it() {
    let sim = Simulator::start();
    let answer = ask(&sim, &with(streamed("m"), json!({"stream_options": {"include_usage": true}})));
    let mut events = answer.events();
    let last = events.pop().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["completion_tokens"], 12);
    assert!(
        events
            .iter()
            .all(|event| event.as_object().unwrap().contains_key("usage") && event["usage"].is_null())
    );
}

#[test]
fn limits_stops_seeds_and_cached_tokens_are_heeded() {
    let sim = Simulator::start();
    let limited = ask(&sim, &with(question("m"), json!({"max_completion_tokens": 4}))).json();
    assert_eq!(limited["choices"][0]["finish_reason"], "length");
    assert_eq!(limited["usage"]["completion_tokens"], 4);
    let request = json!({"max_tokens": 100, "stop": ["six", "four"], "seed": 42});
    let stopped =
        ask(&sim, &with(question("m?text=one%20two%20three%20four%20five&cached=7"), request)).json();
    assert_eq!(stopped["choices"][0]["message"]["content"], "one two three ");
    assert_eq!(stopped["choices"][0]["finish_reason"], "stop");
    assert_eq!(stopped["usage"]["completion_tokens"], 3);
    assert_eq!(stopped["usage"]["prompt_tokens_details"]["cached_tokens"], 7);
    assert_eq!(stopped["system_fingerprint"], "fp_sim_42");
}

#[test]
fn several_choices_are_interleaved_and_all_counted() {
    let sim = Simulator::start();
    let request = json!({"n": 3, "stream_options": {"include_usage": true}});
    let events = ask(&sim, &with(streamed("m?tokens=4"), request.clone())).events();
    let words = events
        .iter()
        .filter(|event| event["choices"][0]["delta"]["content"].as_str().is_some_and(|c| !c.is_empty()));
    let order: Vec<u64> = words.map(|event| event["choices"][0]["index"].as_u64().unwrap()).collect();
    assert_eq!(order, [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
    assert_ne!(content_of(&events, 0), content_of(&events, 1));
    assert_eq!(events.last().unwrap()["usage"]["completion_tokens"], 12);
    let body = ask(&sim, &with(question("m?tokens=4"), request)).json();
    assert_eq!(body["choices"].as_array().unwrap().len(), 3);
    assert_eq!(body["choices"][2]["message"]["content"], content_of(&events, 2));
    assert_eq!(sim.calls().iter().map(|call| call.billed.completion).collect::<Vec<_>>(), [12, 12]);
}

#[test]
fn log_probabilities_come_in_both_forms() {
    let sim = Simulator::start();
    let request = json!({"logprobs": true, "top_logprobs": 2});
    let whole = ask(&sim, &with(question("m?tokens=3"), request.clone())).json();
    let content = whole["choices"][0]["logprobs"]["content"].as_array().unwrap().clone();
    assert_eq!(content.len(), 3);
    assert_eq!(content[0]["top_logprobs"].as_array().unwrap().len(), 2);
    let events = ask(&sim, &with(streamed("m?tokens=3"), request)).events();
    let streamed: Vec<Value> = events
        .iter()
        .filter_map(|event| event["choices"][0]["logprobs"]["content"].get(0).cloned())
        .collect();
    assert_eq!(streamed, content);
}

#[test]
fn structured_output_satisfies_its_schema() {
    let sim = Simulator::start();
    let schema = json!({"type": "object", "properties": {"joke": {"type": "string"}, "rating": {"type": "integer", "minimum": 3}},
        "required": ["joke", "rating"], "additionalProperties": false});
    let format = json!({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema, "strict": true}}});
    let expected = json!({"joke": "text", "rating": 3});
    let whole = ask(&sim, &with(question("m"), format.clone())).json();
    assert_eq!(read(whole["choices"][0]["message"]["content"].as_str().unwrap()), expected);
    assert_eq!(read(&ask(&sim, &with(streamed("m"), format)).content()), expected);
    let format = json!({"response_format": {"type": "json_object"}});
    assert!(read(&ask(&sim, &with(streamed("m"), format)).content()).is_object());
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn images_are_seen_and_counted() {
    let sim = Simulator::start();
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}});
    let content = json!([{"type": "text", "text": "What is this"}, image, image]);
    let body = ask(&sim, &json!({"model": "m", "messages": [{"role": "user", "content": content}]})).json();
    assert!(body["choices"][0]["message"]["content"].as_str().unwrap().starts_with(" saw 2 images "));
    assert_eq!(body["usage"]["prompt_tokens"], 3 + 4 + 3 + 170);
}

#[test]
fn refusals_and_reasoning_have_their_own_members() {
    let sim = Simulator::start();
    let body = buffered_under(&sim, "refusal=1").json();
    assert_eq!(body["choices"][0]["message"]["content"], Value::Null);
    let refusal = body["choices"][0]["message"]["refusal"].as_str().unwrap().to_owned();
    let events = stream_under(&sim, "refusal=1").events();
    let streamed: String =
        events.iter().filter_map(|event| event["choices"][0]["delta"]["refusal"].as_str()).collect();
    assert_eq!(streamed, refusal);
    let body = buffered_under(&sim, "reasoning=5&tokens=2").json();
    assert_eq!(
        body["choices"][0]["message"]["reasoning_content"].as_str().unwrap().split_whitespace().count(),
        5
    );
    assert_eq!(body["usage"]["completion_tokens"], 7);
    assert_eq!(body["usage"]["completion_tokens_details"]["reasoning_tokens"], 5);
    let events = stream_under(&sim, "reasoning=5&tokens=2").events();
    assert_eq!(
        events.iter().filter(|event| event["choices"][0]["delta"]["reasoning_content"].is_string()).count(),
        5
    );
}

#[test]
fn requests_on_one_connection_are_answered_in_order_pipelined_or_not() {
    let sim = Simulator::start();
    let mut client = Client::new(sim.addr());
    for _ in 0..3 {
        client.post(&streamed("m"), &[]);
        assert_eq!(client.answer().end, End::Open);
    }
    client.post(&question("a"), &[]);
    client.post(&streamed("b"), &[]);
    client.post(&question("c"), &[]);
    assert_eq!(client.answer().json()["model"], "a");
    assert_eq!(client.answer().events()[0]["model"], "b");
    assert_eq!(client.answer().json()["model"], "c");
    assert_eq!((sim.accepted_connections(), sim.open_connections()), (1, 1));
}

#[test]
fn request_bodies_may_come_in_chunks_slowly_and_after_a_100() {
    let sim = Simulator::start();
    let mut client = Client::new(sim.addr());
    let body = question("m").to_string();
    let (first, second) = body.split_at(20);
    client.write(b"POST /chat/completions HTTP/1.1\r\nhost: s\r\ntransfer-encoding: chunked\r\nexpect: 100-continue\r\n\r\n");
    client.patience(std::time::Duration::from_millis(500));
    assert!(client.fill() && client.received() == b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write(format!("{:x}\r\n{first}\r\n", first.len()).as_bytes());
    client.write(format!("{:x};ext=1\r\n{second}\r\n0\r\ntrailer: x\r\n\r\n", second.len()).as_bytes());
    let answer = client.answer();
    assert_eq!((answer.status, answer.interim.len()), (200, 1));
    assert_eq!(sim.calls()[0].json, question("m"));
}

#[test]
fn models_are_listed_and_other_paths_are_not_found() {
    let sim = Simulator::start();
    sim.script("gpt-mine", switchyard_testkit::simulator::Script::default());
    let mut client = Client::new(sim.addr());
    for path in ["/v1/models", "/models"] {
        client.get(path);
        let list = client.answer().json();
        assert_eq!(list["object"], "list");
        assert!(list["data"].as_array().unwrap().iter().any(|model| model["id"] == "gpt-mine"), "{list}");
    }
    client.get("/v1/nothing");
    let answer = client.answer();
    assert_eq!(
        (answer.status, answer.json()["error"]["type"].as_str()),
        (404, Some("invalid_request_error"))
    );
    assert_eq!((sim.model_listings().len(), sim.calls().len()), (2, 1));
}
