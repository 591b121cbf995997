//! Recorded answers, written for a client and read again.

use serde_json::Value;
use switchyard_dialects::codec::{ClientCodec, StreamFraming};
use switchyard_dialects::gemini::GeminiClient;
use switchyard_domain::chat::{ChatAnswer, ChatEvent, Delta, Json, Part};

use crate::corpus_answers::{answers, events, is_list};
use crate::differing::difference;
use crate::score::Score;
use crate::tools::{FORM, collect, decode, read_stream, write_stream};

/// JSON on one line, as an event of a stream must be.
fn on_one_line(json: &str) -> String {
    json.replace(['\n', '\r'], " ")
}

fn json_on_one_line(json: &mut Json) {
    *json = Json::parse(on_one_line(json.as_str())).unwrap();
}

/// With the members that have no canonical form in one order, and all JSON on one line.
fn comparable(mut answer: ChatAnswer) -> ChatAnswer {
    for choice in &mut answer.choices {
        choice.extensions.sort_by(|(a, _), (b, _)| a.cmp(b));
        choice.extensions.iter_mut().for_each(|(_, json)| json_on_one_line(json));
        for part in &mut choice.parts {
            match part {
                Part::ToolCall(call) => call.arguments = on_one_line(&call.arguments),
                Part::Native { json, .. } => json_on_one_line(json),
                _ => {}
            }
        }
    }
    answer.extensions.sort_by(|(a, _), (b, _)| a.cmp(b));
    answer.extensions.iter_mut().for_each(|(_, json)| json_on_one_line(json));
    answer
}

fn same(got: ChatAnswer, expected: ChatAnswer) -> Result<(), String> {
    let (got, expected) = (comparable(got), comparable(expected));
    if got == expected { Ok(()) } else { Err(format!("{got:?}\nexpected {expected:?}")) }
}

#[test]
fn every_answer_reads_the_same_when_it_is_written_whole() {
    let mut score = Score::default();
    for exchange in answers() {
        let answer = collect(events(&exchange).unwrap());
        let again = decode(&GeminiClient.encode(&answer, &FORM));
        score.note(exchange.provider(), &exchange.id, same(again, answer));
    }
    score.settle("answers written whole", 279, &[]);
}

#[test]
fn every_answer_reads_the_same_when_it_is_streamed_in_either_framing() {
    let mut score = Score::default();
    for exchange in answers() {
        let events = events(&exchange).unwrap();
        let sse = write_stream(&events, StreamFraming::Sse);
        let list = write_stream(&events, StreamFraming::JsonArray);
        let outcome = read_stream(&sse).and_then(|(again, finished)| {
            if !finished {
                return Err("has no end".to_owned());
            }
            same(collect(again), collect(events.clone()))?;
            same(decode(&list), collect(events))
        });
        score.note(exchange.provider(), &exchange.id, outcome);
    }
    score.settle("answers written as streams", 279, &[]);
}

/// The members of a recorded answer that are written otherwise: counts are written by our rule, numbers that mean nothing are
/// left out, and what is empty is written as such.
fn normalised(body: &str) -> Value {
    let mut body: Value = serde_json::from_str(body).unwrap();
    body.as_object_mut().unwrap().remove("usageMetadata");
    for (index, candidate) in body["candidates"].as_array_mut().unwrap().iter_mut().enumerate() {
        let candidate = candidate.as_object_mut().unwrap();
        candidate.entry("index").or_insert(index.into());
        let content = candidate.entry("content").or_insert(serde_json::json!({}));
        let content = content.as_object_mut().unwrap();
        content.entry("parts").or_insert(serde_json::json!([]));
        content.entry("role").or_insert(serde_json::json!("model"));
    }
    body
}

#[test]
fn a_whole_answer_is_written_as_google_wrote_it() {
    let mut score = Score::default();
    for exchange in answers().iter().filter(|exchange| !exchange.stream) {
        let answer = collect(events(exchange).unwrap());
        let written = GeminiClient.encode(&answer, &FORM);
        let written = normalised(std::str::from_utf8(&written).unwrap());
        let difference = difference("", &written, &normalised(&exchange.response.body));
        score.note(exchange.provider(), &exchange.id, difference.map_or(Ok(()), Err));
    }
    let joined = "two texts in a row are one";
    let known = [
        ("google-generatecontent-02da79e238", "an empty text is none"),
        ("google-generatecontent-bbde8af24e", joined),
        ("google-generatecontent-ca98116da6", joined),
    ];
    score.settle("whole answers as Google wrote them", 167, &known);
}

/// The events, with neighbouring pieces of a text in one.
fn joined(events: Vec<ChatEvent>) -> Vec<ChatEvent> {
    let mut out: Vec<ChatEvent> = Vec::new();
    for event in events {
        match (out.last_mut(), event) {
            (
                Some(ChatEvent::Delta { choice, delta: Delta::Text(text) }),
                ChatEvent::Delta { choice: other, delta: Delta::Text(more) },
            ) if *choice == other => text.push_str(&more),
            (
                Some(ChatEvent::Delta { choice, delta: Delta::Reasoning(text) }),
                ChatEvent::Delta { choice: other, delta: Delta::Reasoning(more) },
            ) if *choice == other => text.push_str(&more),
            (_, event) => out.push(event),
        }
    }
    out
}

#[test]
fn a_stream_in_one_list_gives_the_events_of_its_pieces() {
    use switchyard_dialects::codec::ProviderCodec;
    let mut count = 0;
    for exchange in answers().iter().filter(|exchange| is_list(exchange)) {
        let whole = events(exchange).unwrap();
        let list: Vec<Box<serde_json::value::RawValue>> =
            serde_json::from_str(&exchange.response.body).unwrap();
        let mut reader = switchyard_dialects::gemini::Gemini::GOOGLE.reader(1);
        let mut pieces = Vec::new();
        for piece in list {
            reader.event(None, piece.get().as_bytes(), &mut pieces).unwrap();
        }
        reader.finish(&mut pieces);
        assert_eq!(joined(pieces), joined(whole));
        count += 1;
    }
    assert_eq!(count, 5);
}
