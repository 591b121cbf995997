//! What the decoders read, the encoders write so that it reads the same again, in the form that OpenAI's SDKs require.

use bytes::BytesMut;
use serde_json::Value;
use switchyard_dialects::codec::{AnswerForm, ClientCodec, StreamFraming};
use switchyard_dialects::openai_responses::OpenAiResponsesClient;
use switchyard_domain::chat::{ChatAnswer, ChatEvent, CitationSource, Part};
use switchyard_testkit::corpus::{self, Exchange};

use crate::canonical;
use crate::corpus_answers::{DIALECT, collect, decode, decode_stream, decode_whole, events_of};
use crate::corpus_requests::read;
use crate::same::same;
use crate::score::Score;
use crate::shape;

pub(crate) const FORM: AnswerForm<'_> = AnswerForm {
    fallback_id: "fallback",
    fallback_model: "fallback-model",
    fallback_created: 1_700_000_000,
    request: None,
    include_usage: true,
    framing: StreamFraming::Sse,
};

fn answered() -> Vec<Exchange> {
    let mut exchanges = corpus::of(DIALECT).unwrap();
    exchanges.retain(|exchange| exchange.expected.ok == Some(true));
    exchanges
}

/// What a writer fills in, filled in, and texts that stand beside each other as one.
pub(crate) fn completed(answer: ChatAnswer) -> ChatAnswer {
    let mut answer = canonical(answer);
    if !answer.id.starts_with("resp_") {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
        answer.id = format!("resp_{}", answer.id.chars().map(plain).collect::<String>());
    }
    if answer.model.is_empty() {
        FORM.fallback_model.clone_into(&mut answer.model);
    }
    answer.created = Some(answer.created.unwrap_or(FORM.fallback_created));
    for choice in &mut answer.choices {
        choice.extensions.sort_by(|a, b| a.0.cmp(&b.0));
        for citation in &mut choice.citations {
            // One that lacks what clients require is filled in, and then is one in this dialect's own words.
            if let CitationSource::Url { title, .. } = &mut citation.source
                && citation.span.is_none_or(|span| span == (0, 0))
            {
                title.get_or_insert_default();
                citation.span = Some((0, 0));
                citation.native = None;
            }
        }
        choice.parts.retain(|part| !matches!(part, Part::Text { text } if text.is_empty()));
    }
    answer
}

pub(crate) fn write_stream(events: &[ChatEvent], form: &AnswerForm<'_>) -> String {
    let mut writer = OpenAiResponsesClient.writer(form);
    let mut out = BytesMut::new();
    events.iter().for_each(|event| writer.event(event, &mut out));
    writer.finish(&mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn every_recorded_answer_survives_being_written_as_a_whole() {
    let mut score = Score::default();
    for exchange in answered() {
        let expected = decode(&exchange).unwrap();
        let request = exchange.request.as_ref().map(|request| read(request.get().as_bytes()));
        let form = AnswerForm { request: request.as_ref(), ..FORM };
        let body = OpenAiResponsesClient.encode(&expected, &form);
        let outcome = shape::of_response(&serde_json::from_slice(&body).unwrap()).and_then(|()| {
            let again = decode_whole(&body)?.collect();
            same("answer", &completed(again), &completed(expected))
        });
        score.note(exchange.provider(), &exchange.id, outcome);
    }
    score.settle("answers written whole", 324, &[]);
}

#[test]
fn every_recorded_answer_survives_being_written_as_a_stream() {
    let mut score = Score::default();
    for exchange in answered() {
        let events = if exchange.stream {
            decode_stream(&exchange.response.body).unwrap()
        } else {
            decode_whole(exchange.response.body.as_bytes()).unwrap().events
        };
        let request = exchange.request.as_ref().map(|request| read(request.get().as_bytes()));
        let form = AnswerForm { request: request.as_ref(), ..FORM };
        let body = write_stream(&events, &form);
        let outcome = shape::of_stream(&body).and_then(|()| {
            let again = collect(decode_stream(&body)?);
            same("answer", &completed(again), &completed(collect(events)))
        });
        score.note(exchange.provider(), &exchange.id, outcome);
    }
    score.settle("answers written as streams", 324, &[]);
}

#[test]
fn what_was_asked_is_repeated() {
    let mut seen = 0;
    for exchange in answered().iter().filter(|exchange| !exchange.stream) {
        let Some(asked) = exchange.request.as_ref() else { continue };
        let request = read(asked.get().as_bytes());
        let asked: Value = serde_json::from_str(asked.get()).unwrap();
        let form = AnswerForm { request: Some(&request), ..FORM };
        let body = OpenAiResponsesClient.encode(&decode(exchange).unwrap(), &form);
        let (written, recorded): (Value, Value) =
            (serde_json::from_slice(&body).unwrap(), serde_json::from_str(&exchange.response.body).unwrap());
        for name in ["instructions", "max_output_tokens", "previous_response_id"] {
            if exchange.provider() == "openai" && !recorded[name].is_array() {
                assert_eq!(written[name], recorded[name], "{} {name}", exchange.id);
                seen += 1;
            }
        }
        let tools = |body: &Value| body["tools"].as_array().map_or(0, Vec::len);
        assert_eq!(tools(&written), tools(&asked), "{}", exchange.id);
    }
    assert!(seen > 250, "{seen}");
}

#[test]
fn a_streams_events_are_named_as_their_type_and_end_without_another_word() {
    for exchange in answered().iter().filter(|exchange| exchange.stream).take(20) {
        let body = write_stream(&decode_stream(&exchange.response.body).unwrap(), &FORM);
        assert!(!body.contains("[DONE]"));
        let events = events_of(&body);
        for (name, data) in &events {
            let event: Value = serde_json::from_slice(data).unwrap();
            assert_eq!(event["type"].as_str().map(str::as_bytes), name.as_deref());
        }
        let last: Value = serde_json::from_slice(&events.last().unwrap().1).unwrap();
        assert!(["response.completed", "response.incomplete"].contains(&last["type"].as_str().unwrap()));
    }
}
