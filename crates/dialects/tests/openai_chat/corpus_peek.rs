//! The look in passing sees in every recorded event what the decoder reads in it.

use switchyard_dialects::codec::{StreamReader, Taken};
use switchyard_dialects::openai_chat::UsageRule;
use switchyard_dialects::openai_chat::stream::{ChoiceSet, StreamDecoder, peek};
use switchyard_domain::chat::{ChatEvent, TokenUsage};

use crate::corpus_answers::events_of;
use crate::corpus_rewriting::answered;

/// The text that counts as output in events.
pub(crate) fn output_of(events: &[ChatEvent]) -> String {
    let mut output = String::new();
    for event in events {
        if let ChatEvent::Delta { delta, .. } = event {
            output.push_str(delta.output_text());
        }
    }
    output
}

pub(crate) fn is_content(event: &ChatEvent) -> bool {
    match event {
        ChatEvent::Delta { delta, .. } => delta.is_content(),
        ChatEvent::Finished { .. } => true,
        _ => false,
    }
}

pub(crate) fn usage_of(events: &[ChatEvent]) -> Option<TokenUsage> {
    events
        .iter()
        .rev()
        .find_map(|event| if let ChatEvent::Usage(usage) = event { Some(*usage) } else { None })
}

#[test]
fn the_look_in_passing_agrees_with_the_decoder_on_every_recorded_event() {
    let mut chunks = 0;
    for exchange in answered().iter().filter(|exchange| exchange.stream) {
        let mut decoder = StreamDecoder::new(UsageRule::default(), 1);
        let (mut ended, mut closing, mut is_done) = (ChoiceSet::default(), 0, false);
        for (name, data) in events_of(&exchange.response.body) {
            let place = format!("{}: {}", exchange.id, String::from_utf8_lossy(&data));
            let (mut events, mut output) = (Vec::new(), String::new());
            let decoded = decoder.event(name.as_deref(), &data, &mut events);
            let peeked = match peek(name.as_deref(), &data, UsageRule::default(), &mut output) {
                Ok(peeked) => peeked,
                Err(error) => {
                    assert_eq!(Err(error), decoded, "{place}");
                    break;
                }
            };
            assert_eq!(decoded, Ok(peeked.taken), "{place}");
            if peeked.taken == Taken::Done {
                is_done = true;
                for event in &events {
                    let is_left_open =
                        matches!(event, ChatEvent::Finished { choice, .. } if !ended.contains(*choice));
                    assert!(is_left_open, "{place}: {event:?}");
                }
                continue;
            }
            chunks += 1;
            assert_eq!(output.len(), output_of(&events).len(), "{place}");
            assert_eq!(
                peeked.has_content,
                events.iter().any(is_content) || !peeked.finished.is_empty(),
                "{place}"
            );
            assert_eq!(peeked.usage.map(|reading| reading.usage), usage_of(&events), "{place}");
            for event in &events {
                if let ChatEvent::Finished { choice, .. } = event {
                    assert!(peeked.finished.contains(*choice), "{place}");
                }
            }
            ended.extend(peeked.finished);
            closing += u32::from(peeked.is_closing_usage);
            assert!(!peeked.is_closing_usage || (peeked.choices.is_empty() && events.len() <= 2), "{place}");
            assert!(peeked.model.is_some(), "{place}");
        }
        assert_eq!(closing > 0, exchange.has("usage_chunk_empty_choices"), "{}", exchange.id);
        assert_eq!(decoder.is_finished(), is_done || !ended.is_empty(), "{}", exchange.id);
    }
    assert!(chunks > 8000, "{chunks} chunks");
}
