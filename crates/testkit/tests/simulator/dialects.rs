//! In each dialect the simulator writes nothing that its vendor was never seen to write.

use super::wire::Client;
use aws_smithy_eventstream::frame::read_message_from;
use bytes::{Buf, Bytes};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use switchyard_testkit::corpus::of;
use switchyard_testkit::simulator::Simulator;

/// What a dialect is called with, and where.
struct Spoken {
    dialect: &'static str,
    path: fn(stream: bool, script: &str) -> String,
    body: fn(stream: bool, script: &str, tools: bool) -> Value,
}

const SCHEMA: &str = r#"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"#;

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn chat(stream: bool, script: &str, tools: bool) -> Value {
    let mut body = json!({"model": format!("m?{script}"), "stream": stream, "messages": [{"role": "user", "content": "hi"}]});
    if tools {
        body["tools"] = json!([{"type": "function", "function": {"name": "f", "parameters": schema()}}]);
    }
    body
}

fn encoded(script: &str) -> String {
    format!("m?{script}").replace('?', "%3F").replace('&', "%26").replace('=', "%3D")
}

const SPOKEN: [Spoken; 6] = [
    Spoken {
        dialect: "anthropic-messages",
        path: |_, _| "/v1/messages".to_owned(),
        body: |stream, script, tools| {
            let mut body = chat(stream, script, false);
            if tools {
                body["tools"] = json!([{"name": "f", "input_schema": schema()}]);
            }
            body
        },
    },
    Spoken {
        dialect: "openai-responses",
        path: |_, _| "/v1/responses".to_owned(),
        body: |stream, script, tools| {
            let mut body = json!({"model": format!("m?{script}"), "stream": stream, "input": "hi"});
            if tools {
                body["tools"] = json!([{"type": "function", "name": "f", "parameters": schema()}]);
            }
            body
        },
    },
    Spoken {
        dialect: "gemini",
        path: |stream, script| {
            let operation = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
            format!("/v1beta/models/{}:{operation}", encoded(script))
        },
        body: |_, _, tools| {
            let mut body = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
            if tools {
                body["tools"] =
                    json!([{"functionDeclarations": [{"name": "f", "parametersJsonSchema": schema()}]}]);
            }
            body
        },
    },
    Spoken { dialect: "cohere", path: |_, _| "/v2/chat".to_owned(), body: chat },
    Spoken { dialect: "ollama", path: |_, _| "/api/chat".to_owned(), body: chat },
    Spoken {
        dialect: "bedrock-converse",
        path: |stream, script| {
            format!("/model/{}/converse{}", encoded(script), if stream { "-stream" } else { "" })
        },
        body: |_, _, tools| {
            let mut body = json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]});
            if tools {
                body["toolConfig"] =
                    json!({"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": schema()}}}]});
            }
            body
        },
    },
];

/// The JSON documents of a body, each with the name of its event.
fn documents(dialect: &str, streamed: bool, body: &[u8]) -> Vec<(String, Value)> {
    if streamed && dialect == "bedrock-converse" && !body.starts_with(b"{") {
        let mut rest = Bytes::copy_from_slice(body);
        let mut found = Vec::new();
        while rest.remaining() > 16 {
            let message = read_message_from(&mut rest).unwrap();
            let name = message.headers().iter().find(|header| header.name().as_str().ends_with("-type"));
            let name = name.unwrap().value().as_string().unwrap().as_str().to_owned();
            found.extend(serde_json::from_slice(message.payload()).ok().map(|value| (name, value)));
        }
        return found;
    }
    let text = String::from_utf8_lossy(body);
    if !streamed {
        return serde_json::from_str(&text).ok().map(|value| (String::new(), value)).into_iter().collect();
    }
    let lines = text.lines().map(|line| line.strip_prefix("data: ").unwrap_or(line));
    let values = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    values.map(|value| (value["type"].as_str().unwrap_or_default().to_owned(), value)).collect()
}

/// The places of all members, without what a tool's arguments have.
fn places(prefix: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| places(&format!("{prefix}[]"), value, found)),
        Value::Object(members) => {
            for (name, value) in members {
                let place = format!("{prefix}.{name}");
                found.insert(place.clone());
                if !matches!(name.as_str(), "input" | "args" | "arguments" | "metadata") {
                    places(&place, value, found);
                }
            }
        }
        _ => {}
    }
}

fn all_places(documents: Vec<(String, Value)>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    documents.into_iter().for_each(|(name, value)| places(&name, &value, &mut found));
    found
}

/// What only whole answers were seen to have (`bedrock-converse-987b9d0ecb`).
const IN_WHOLE_ANSWERS: [&str; 2] =
    ["metadata.usage.cacheReadInputTokens", "metadata.usage.cacheWriteInputTokens"];

#[test]
fn every_member_of_an_answer_was_seen_in_a_recording() {
    let mut unseen = BTreeSet::new();
    for Spoken { dialect, path, body } in SPOKEN {
        let mut recorded = [BTreeSet::new(), BTreeSet::new()];
        for exchange in of(dialect).unwrap() {
            let seen = documents(dialect, exchange.stream, &exchange.answer());
            recorded[usize::from(exchange.stream)].extend(all_places(seen));
        }
        let simulator = Simulator::start();
        for (script, tools) in
            [("tokens=3&reasoning=2", false), ("calls=2", true), ("tokens=3&cached=2", false)]
        {
            for stream in [false, true] {
                let mut client = Client::new(simulator.addr());
                client.post_to(&path(stream, script), &body(stream, script, tools), &[]);
                let answer = client.answer();
                assert_eq!(answer.status, 200, "{dialect}: {}", answer.text());
                let written = all_places(documents(dialect, stream, &answer.body));
                assert!(written.len() > 5, "{dialect}: {written:?}");
                let odd = written.difference(&recorded[usize::from(stream)]);
                let odd = odd.filter(|place| !IN_WHOLE_ANSWERS.contains(&place.as_str()));
                unseen.extend(odd.map(|place| format!("{dialect}, streamed {stream}: {place}")));
            }
        }
        assert!(simulator.calls().iter().all(|call| call.completed && call.model.starts_with("m?")));
    }
    assert_eq!(unseen, BTreeSet::new());
}

#[test]
fn an_answer_says_what_was_recorded_of_it_and_is_limited_by_the_request() {
    for (path, body) in [
        (
            "/v1/messages",
            json!({"model": "m", "max_tokens": 4, "messages": [{"role": "user", "content": "hi"}]}),
        ),
        ("/v1/responses", json!({"model": "m", "max_output_tokens": 4, "input": "hi"})),
        (
            "/v1beta/models/m:generateContent",
            json!({"contents": [], "generationConfig": {"maxOutputTokens": 4}}),
        ),
        ("/v2/chat", json!({"model": "m", "max_tokens": 4, "messages": []})),
        ("/api/chat", json!({"model": "m", "stream": false, "options": {"num_predict": 4}, "messages": []})),
        ("/model/m/converse", json!({"messages": [], "inferenceConfig": {"maxTokens": 4}})),
    ] {
        let simulator = Simulator::start();
        let mut client = Client::new(simulator.addr());
        client.post_to(path, &body, &[]);
        let answer = client.answer();
        let call = simulator.calls().remove(0);
        assert_eq!(call.text_sent.split_whitespace().count(), 4, "{path}");
        assert!(answer.text().contains(&call.text_sent), "{path}: {}", answer.text());
        assert_eq!(call.billed.completion, 4, "{path}");
    }
}
