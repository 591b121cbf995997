//! Answers as they are written for clients of every dialect, and read again.

use bytes::BytesMut;
use serde_json::Value;
use switchyard_dialects::codec::{AnswerForm, ClientCodec, ProviderCodec, StreamFraming, Taken};
use switchyard_dialects::framing::FrameItem;
use switchyard_domain::chat::{ChatAnswer, ChatEvent, Choice, Collector, Dialect, FinishReason};

use crate::subject::{FORM, spoken_by_clients};
use crate::{frames, gist};

/// The most bytes that an answer may grow to: what frames a piece is long in some dialects, and some repeat the text, but both
/// by a factor.
fn most_bytes(asked: usize) -> usize {
    64 * 1024 + 512 * asked
}

/// Tells every client, whole and as a stream; both must be sound, say the same, and say what was said.
pub(crate) fn for_every_client(events: &[ChatEvent], asked: usize) {
    let answer = collected(events.to_vec());
    for (client, codec) in spoken_by_clients() {
        let whole = client.encode(&answer, &FORM);
        assert!(whole.len() <= most_bytes(asked), "{} bytes of {asked}", whole.len());
        assert!(serde_json::from_slice::<Value>(&whole).is_ok(), "{}: {whole:?}", client.dialect());
        let streamed = stream(client, events, &FORM);
        assert!(streamed.len() <= most_bytes(asked), "{} bytes of {asked}", streamed.len());
        if !is_told_whole(&answer) {
            continue;
        }
        let streamed = read_stream(codec, &streamed);
        let whole = codec.decode(&whole).unwrap_or_else(|fault| {
            panic!("{} does not read its own answer: {fault}: {}", client.dialect(), lossy(&whole))
        });
        let whole = whole.collect();
        if let Some(said) = gist::of(&answer) {
            for (how, got) in [("whole", &whole), ("stream", &streamed)] {
                let got = gist::of(got);
                assert!(
                    got.as_ref() == Some(&said),
                    "{} {how}: {got:?}, said {said:?}, {answer:?}",
                    client.dialect()
                );
            }
            // Whoever says more after the end may be told to have ended otherwise.
            if says_last_that_it_ended(events) {
                let finish =
                    |answer: &ChatAnswer| answer.choices.first().and_then(|choice| choice.finish.clone());
                assert_eq!(finish(&whole), finish(&streamed), "{}", client.dialect());
            }
        }
        if client.dialect() == Dialect::GEMINI {
            let form = AnswerForm { framing: StreamFraming::JsonArray, ..FORM };
            let list = stream(client, events, &form);
            let read = codec.decode(&list);
            let read = read.unwrap_or_else(|fault| panic!("the list is not read: {fault}: {}", lossy(&list)));
            assert_eq!(gist::of(&read.collect()), gist::of(&streamed));
        }
    }
}

/// Whether a reader is to find an answer in every dialect. One that failed is told as a failure; one of which a dialect can say
/// nothing, not even that it ended, is none.
fn is_told_whole(answer: &ChatAnswer) -> bool {
    let failed = |choice: &Choice| choice.finish == Some(FinishReason::Error);
    let says = |choice: &Choice| {
        choice.finish.is_some() || !choice.text().is_empty() || choice.tool_calls().next().is_some()
    };
    answer.choices.first().is_some_and(says) && !answer.choices.iter().any(failed)
}

fn says_last_that_it_ended(events: &[ChatEvent]) -> bool {
    let last =
        events.iter().rfind(|event| matches!(event, ChatEvent::Delta { .. } | ChatEvent::Finished { .. }));
    matches!(last, Some(ChatEvent::Finished { .. }))
}

fn collected(events: Vec<ChatEvent>) -> ChatAnswer {
    let mut collector = Collector::default();
    collector.extend(events);
    collector.finish()
}

fn stream(client: &dyn ClientCodec, events: &[ChatEvent], form: &AnswerForm<'_>) -> Vec<u8> {
    let mut writer = client.writer(form);
    let mut out = BytesMut::new();
    events.iter().for_each(|event| writer.event(event, &mut out));
    writer.finish(&mut out);
    out.to_vec()
}

/// Reads a stream of our own, in which nothing may be odd.
fn read_stream(codec: &dyn ProviderCodec, stream: &[u8]) -> ChatAnswer {
    let (items, failed) = frames::read(codec, stream, usize::MAX);
    assert_eq!(failed, None);
    let mut reader = codec.reader(1);
    let mut events = Vec::new();
    for item in items {
        let FrameItem::Event(event) = item else { continue };
        assert!(!event.is_unterminated(), "{}", lossy(stream));
        let taken = reader.event(event.name.as_deref(), &event.data, &mut events);
        assert!(matches!(taken, Ok(Taken::Chunk | Taken::Done)), "{taken:?}: {}", lossy(stream));
    }
    reader.finish(&mut events);
    collected(events)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
