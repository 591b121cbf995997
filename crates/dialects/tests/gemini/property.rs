//! Any request and any answer that this dialect can say survives being written and read; no bytes are too odd.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use switchyard_dialects::codec::{
    ClientCodec, EmbeddingClient, EmbeddingCodec, OperationClient, ProviderCodec, StreamFraming,
};
use switchyard_dialects::gemini::embeddings::{GeminiEmbeddings, GeminiEmbeddingsClient, Texts};
use switchyard_dialects::gemini::{Gemini, GeminiClient, count_tokens};
use switchyard_dialects::request::RequestLimits;
use switchyard_domain::chat::{
    ChatAnswer, ChatEvent, ChatRequest, Delta, Dialect, FinishReason, Json, Signature, TokenUsage,
};

use crate::made::{call, extensions, google, medium, native, request};
use crate::odd::{odd_chunk, odd_request};
use crate::text::{filled, text};
use crate::tools::{ADDRESS, FORM, collect, decode, read, read_stream, write_stream, written};

fn sorted(mut request: ChatRequest) -> ChatRequest {
    request.extensions.sort_by(|(a, _), (b, _)| a.cmp(b));
    for message in &mut request.messages {
        message.extensions.sort_by(|(a, _), (b, _)| a.cmp(b));
    }
    request
}

fn anyones() -> impl Strategy<Value = Signature> {
    let foreign = (select(vec!["anthropic", "openai", "xai", "unknown"]), text())
        .prop_map(|(issuer, value)| Signature::new(issuer, value));
    prop_oneof![google(), foreign]
}

/// What a choice says, in any order. Calls come whole, as their pieces have a test of their own.
fn said() -> impl Strategy<Value = Vec<Delta>> {
    let piece = prop_oneof![
        3 => filled().prop_map(Delta::Text),
        2 => filled().prop_map(Delta::Reasoning),
        1 => anyones().prop_map(Delta::ReasoningSignature),
        1 => anyones().prop_map(Delta::RedactedReasoning),
        1 => medium().prop_map(Delta::Part),
        1 => native().prop_map(Delta::Part),
        1 => extensions("").prop_map(|mut members| {
            let (name, value) = members.pop().unwrap_or(("xY".to_owned(), Json::parse("1").unwrap()));
            Delta::Extension { name, value }
        }),
    ];
    let piece = prop_oneof![
        4 => piece.prop_map(|piece| vec![piece]),
        1 => (filled(), anyones()).prop_map(|(text, proof)| vec![Delta::Text(text), Delta::Signature(proof)]),
        1 => anyones().prop_map(|proof| vec![Delta::Signature(proof)]),
        2 => call(anyones()).prop_map(|call| {
            let mut pieces = vec![
                Delta::ToolCall { index: 0, id: call.id, name: call.name, kind: call.kind },
                Delta::Arguments { index: 0, fragment: call.arguments },
            ];
            pieces.extend(call.signature.map(|signature| Delta::ToolCallSignature { index: 0, signature }));
            pieces
        }),
    ];
    vec(piece, 0..6).prop_map(|pieces| {
        let mut pieces = pieces.concat();
        let mut next = 0;
        for piece in &mut pieces {
            match piece {
                Delta::ToolCall { index, .. } => {
                    *index = next;
                    next += 1;
                }
                Delta::Arguments { index, .. } | Delta::ToolCallSignature { index, .. } => *index = next - 1,
                _ => {}
            }
        }
        pieces
    })
}

fn usage() -> impl Strategy<Value = TokenUsage> {
    (0..1000_u64, 0..1000_u64, 0..1000_u64, 0..1000_u64, 0..1000_u64, 0..1000_u64, 0..1000_u64).prop_map(
        |(cached_input, audio_input, image_input, rest, reasoning, audio_output, image_output)| TokenUsage {
            input: cached_input + audio_input + image_input + rest,
            cached_input,
            audio_input,
            image_input,
            output: reasoning + audio_output + image_output + rest,
            reasoning,
            audio_output,
            image_output,
            ..TokenUsage::default()
        },
    )
}

fn answer() -> impl Strategy<Value = Vec<ChatEvent>> {
    let finish = prop_oneof![
        Just(FinishReason::Length),
        Just(FinishReason::ContentFilter),
        Just(FinishReason::Error),
        "[a-z]{3,8}_x".prop_map(FinishReason::Other),
    ];
    (filled(), filled(), extensions(""), vec((said(), finish), 1..3), option::of(usage())).prop_map(
        |(id, model, extensions, choices, usage)| {
            let mut events = vec![ChatEvent::Started { id, model, created: None, extensions }];
            for (choice, (said, reason)) in (0..).zip(choices) {
                events.extend(said.into_iter().map(|delta| ChatEvent::Delta { choice, delta }));
                events.push(ChatEvent::Finished { choice, reason });
            }
            events.extend(usage.map(ChatEvent::Usage));
            events
        },
    )
}

fn in_order(mut answer: ChatAnswer) -> ChatAnswer {
    answer.choices.iter_mut().for_each(|choice| choice.extensions.sort_by(|(a, _), (b, _)| a.cmp(b)));
    answer
}

proptest! {
    #[test]
    fn any_request_survives(request in request()) {
        // In this generation media stand within results.
        let (body, _, losses) = written(&Gemini::VERTEX, &request, "gemini-3-pro", Dialect::GEMINI);
        prop_assert!(losses.is_empty(), "{losses}");
        prop_assert_eq!(sorted(read(&body)), sorted(request));
    }

    #[test]
    fn any_answer_survives_whole_and_streamed(events in answer()) {
        let expected = in_order(collect(events.clone()));
        let whole = decode(&GeminiClient.encode(&expected, &FORM));
        prop_assert_eq!(&in_order(whole), &expected);
        let (streamed, finished) = read_stream(&write_stream(&events, StreamFraming::Sse)).unwrap();
        prop_assert!(finished);
        prop_assert_eq!(&in_order(collect(streamed)), &expected);
        let list = decode(&write_stream(&events, StreamFraming::JsonArray));
        prop_assert_eq!(in_order(list), expected);
    }

    #[test]
    fn a_stream_of_odd_pieces_is_read_like_the_list_of_them(chunks in vec(odd_chunk(), 1..4)) {
        let mut reader = Gemini::GOOGLE.reader(1);
        let mut streamed = Vec::new();
        let mut failed = None;
        for chunk in &chunks {
            if let Err(error) = reader.event(None, chunk.to_string().as_bytes(), &mut streamed) {
                failed = Some(error);
                break;
            }
        }
        let list = Value::Array(chunks).to_string();
        match (Gemini::GOOGLE.decode(list.as_bytes()), failed) {
            (Ok(decoded), None) => {
                reader.finish(&mut streamed);
                prop_assert_eq!(decoded.usage_corrected, reader.usage_corrected());
                prop_assert_eq!(decoded.events, streamed);
                prop_assert!(!write_stream(&collect_events(&list), StreamFraming::Sse).is_empty());
            }
            (Err(_), _) => {}
            (Ok(_), Some(error)) => prop_assert!(false, "only the stream failed: {error}"),
        }
    }

    #[test]
    fn no_bytes_make_anything_panic(data in vec(any::<u8>(), 0..200), text in "[\\[\\]{}\":,a-z0-9 \\\\.-]{0,80}") {
        let limits = RequestLimits::default();
        for data in [data.as_slice(), text.as_bytes()] {
            let _ = Gemini::GOOGLE.decode(data);
            let _ = Gemini::GOOGLE.reader(1).event(None, data, &mut Vec::new());
            let _ = Gemini::GOOGLE.fault(429, data, Default::default(), Some("secret"));
            let _ = GeminiClient.check(data.to_vec().into(), ADDRESS, &limits);
            let _ = count_tokens::read(data);
            for texts in [Texts::One, Texts::Several] {
                let _ = GeminiEmbeddings { texts, ..GeminiEmbeddings::GOOGLE }.decode(data);
                let client = GeminiEmbeddingsClient { texts };
                if let Ok(checked) = client.check(data.to_vec().into(), ADDRESS, &limits) {
                    let _ = client.decode(&checked.document, ADDRESS);
                }
            }
        }
    }

    #[test]
    fn an_odd_request_is_refused_or_read_but_never_half_read(body in odd_request()) {
        let text = body.to_string();
        if let Ok(checked) = GeminiClient.check(text.into(), ADDRESS, &RequestLimits::default()) {
            let decoded = GeminiClient.decode(&checked.document, ADDRESS);
            prop_assert!(decoded.is_ok(), "{:?}", decoded);
            for source in [Dialect::GEMINI, Dialect::OPENAI_CHAT] {
                let _ = Gemini::GOOGLE.encode(&decoded.clone().unwrap(), "m", source, &mut Default::default());
            }
        }
    }
}

fn collect_events(list: &str) -> Vec<ChatEvent> {
    Gemini::GOOGLE.decode(list.as_bytes()).unwrap().events
}
