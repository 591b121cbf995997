//! Streams of providers.

use switchyard_dialects::codec::{ProviderCodec, Taken};
use switchyard_dialects::framing::FrameItem;
use switchyard_domain::chat::{ChatEvent, TokenUsage};

use crate::subject::Subject;
use crate::twice::{made_text, names_twice};
use crate::{frames, written};

pub(crate) fn run(subject: &Subject, variation: u8, stream: &[u8]) {
    let codec = subject.codec();
    let (items, failed) = frames::read(codec, stream, usize::MAX);
    for piece in [1, 2 + usize::from(variation)] {
        let cut = frames::read(codec, stream, piece);
        assert!(
            cut == (items.clone(), failed),
            "cut into pieces of {piece}: {cut:?}\nwhole: {items:?} {failed:?}"
        );
    }
    // What a stream's end leaves unfinished is no item.
    let joined: Vec<u8> = items.iter().flat_map(|item| item.raw().to_vec()).collect();
    assert!(stream.starts_with(&joined), "bytes got lost: {items:?}");
    for codec in subject.codecs {
        read(*codec, &items, stream.len());
        watch(*codec, &items);
    }
}

/// Reads the events up to the last, and tells every client what they say.
fn read(codec: &dyn ProviderCodec, items: &[FrameItem], length: usize) {
    let mut reader = codec.reader(1);
    let mut events = Vec::new();
    for item in items {
        let FrameItem::Event(event) = item else { continue };
        match reader.event(event.name.as_deref(), &event.data, &mut events) {
            Ok(Taken::Done) | Err(_) => break,
            Ok(_) => {}
        }
    }
    reader.finish(&mut events);
    written::for_every_client(&events, length);
}

/// Whoever lets the bytes of a stream pass must see in them what a reader sees, up to an event that has a name twice.
fn watch(codec: &dyn ProviderCodec, items: &[FrameItem]) {
    let choices = 1 + u32::from(items.len().is_multiple_of(2));
    let (mut reader, mut watcher) = (codec.reader(choices), codec.watcher(choices));
    let (mut events, mut output, mut made) = (Vec::new(), String::new(), 0);
    for item in items {
        let FrameItem::Event(event) = item else { continue };
        if names_twice(&event.data) {
            break;
        }
        let before = events.len();
        let taken = reader.event(event.name.as_deref(), &event.data, &mut events);
        let look = watcher.look(event.name.as_deref(), &event.data, &mut output);
        made += events[before..].iter().map(|said| made_text(said, &event.data).len()).sum::<usize>();
        let (taken, look) = match (taken, look) {
            (Ok(taken), Ok(look)) => (taken, look),
            (taken, look) => {
                assert_eq!(taken.err(), look.err(), "{event:?}");
                break;
            }
        };
        assert_eq!(taken, look.taken, "{event:?}");
        assert_eq!(look.usage, usage_of(&events[before..]), "{event:?}");
        if look.usage.is_some() {
            assert_eq!(look.usage_corrected, reader.usage_corrected(), "{event:?}");
        }
        if taken == Taken::Done {
            break;
        }
        assert_eq!(look.finished, reader.is_finished(), "{event:?}");
    }
    // Who lets the bytes pass counts pieces of calls too that never come to be a call.
    assert!(output.len() >= made, "{output:?}: {events:?}");
}

fn usage_of(events: &[ChatEvent]) -> Option<TokenUsage> {
    events
        .iter()
        .rev()
        .find_map(|event| if let ChatEvent::Usage(usage) = event { Some(*usage) } else { None })
}
