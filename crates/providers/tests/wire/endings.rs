//! When a stream is whole: one that was cut is never told as such, and none that is whole as cut.

use super::{Heard, factory, provider_at, send, upstream};
use serde_json::{Value, json};
use switchyard_dialects::anthropic_messages::AnthropicMessagesClient;
use switchyard_dialects::codec::Address;
use switchyard_domain::fault::FaultKind;
use switchyard_ports::provider::Frame;
use switchyard_testkit::call::WireCall;

/// How the body of a stream ends, as HTTP sees it.
#[derive(Clone, Copy, Debug)]
enum End {
    /// As it should.
    Proper,
    /// The connection breaks.
    Cut,
    /// With a chunk that is none.
    BadChunk,
}

impl End {
    const BOTH: [Self; 2] = [Self::Proper, Self::Cut];

    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Proper => b"0\r\n\r\n",
            Self::Cut => b"",
            Self::BadChunk => b"x\r\n",
        }
    }
}

/// What comes of a stream at a vendor's.
async fn heard(vendor: &str, call: &WireCall, body: &str, end: End) -> Heard {
    let (listener, port) = upstream::listen().await;
    let provider = provider_at(&factory(), vendor, port, "/v1");
    let serving = upstream::end_with(listener, body.as_bytes(), end.bytes());
    let ((), heard) = tokio::join!(serving, send(provider.as_ref(), call));
    heard
}

/// The bytes that the client gets.
fn text(heard: &Heard) -> String {
    let piece = |frame: &Frame| match frame {
        Frame::Verbatim(bytes) | Frame::Closing(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Frame::Events(_) => String::new(),
    };
    heard.frames.iter().map(piece).collect()
}

fn kind(heard: &Heard) -> Option<FaultKind> {
    heard.fault.as_ref().map(|fault| fault.kind)
}

/// A call for a stream of so many choices.
fn of_choices(choices: u32) -> WireCall {
    WireCall::json(&json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": true,
        "n": choices}))
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

fn said(index: u32, content: &str) -> String {
    event(&json!({"choices": [{"index": index, "delta": {"content": content}}]}))
}

fn stop(index: u32) -> String {
    event(&json!({"choices": [{"index": index, "delta": {}, "finish_reason": "stop"}]}))
}

const DONE: &str = "data: [DONE]\n\n";

/// A call for a stream in Anthropic's dialect.
fn message() -> WireCall {
    let body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}],
        "stream": true});
    WireCall::spoken(&AnthropicMessagesClient, body.to_string(), Address::default())
}

fn named(data: &Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap())
}

fn message_start() -> String {
    named(&json!({"type": "message_start", "message": {"id": "i", "type": "message", "role": "assistant",
        "model": "m", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1}}}))
}

fn block(index: u32, said: &str) -> String {
    let start = json!({"type": "content_block_start", "index": index,
        "content_block": {"type": "text", "text": ""}});
    let piece = json!({"type": "content_block_delta", "index": index,
        "delta": {"type": "text_delta", "text": said}});
    let stop = json!({"type": "content_block_stop", "index": index});
    [named(&start), named(&piece), named(&stop)].concat()
}

fn message_end() -> String {
    named(&json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 2}}))
}

const MESSAGE_STOP: &str = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

#[tokio::test]
async fn a_stream_without_one_of_the_choices_that_were_asked_for_broke_off() {
    let first = [said(0, "a"), stop(0)].concat();
    let both = [first.clone(), said(1, "b"), stop(1)].concat();
    for call in [of_choices(2), of_choices(2).without_wire()] {
        let broken = heard("openai", &call, &first, End::Cut).await;
        assert_eq!(kind(&broken), Some(FaultKind::Interrupted));
        assert!(broken.answered && !broken.parts.finished);
        // Some make one choice only, and say no last word.
        let fewer = heard("openai", &call, &first, End::Proper).await;
        assert_eq!((kind(&fewer), fewer.parts.finished), (None, true));
        let open = heard("openai", &call, &[&first[..], &said(1, "b")].concat(), End::Proper).await;
        assert_eq!((kind(&open), open.parts.finished), (Some(FaultKind::Interrupted), false));
        for end in End::BOTH {
            let whole = heard("openai", &call, &both, end).await;
            assert_eq!((kind(&whole), whole.parts.finished), (None, true), "{end:?}");
            // The provider's own word that all is said.
            let whole = heard("openai", &call, &[&first, DONE].concat(), end).await;
            assert_eq!(kind(&whole), None, "{end:?}");
        }
    }
}

#[tokio::test]
async fn a_stream_of_candidates_may_end_with_fewer_but_not_break_off() {
    let first = event(
        &json!({"candidates": [{"index": 0, "content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}]}),
    );
    let call = of_choices(2).without_wire();
    assert_eq!(kind(&heard("gemini", &call, &first, End::Proper).await), None);
    assert_eq!(kind(&heard("gemini", &call, &first, End::Cut).await), Some(FaultKind::Interrupted));
    let both = [first.clone(), first.replace("\"index\":0", "\"index\":1")].concat();
    assert_eq!(kind(&heard("gemini", &call, &both, End::Cut).await), None);
}

#[tokio::test]
async fn what_a_choice_says_after_its_end_stays_in_its_place_and_needs_an_end_of_its_own() {
    let more = [said(0, "a"), stop(0), said(0, "b")].concat();
    for call in [of_choices(1), of_choices(1).without_wire()] {
        for end in End::BOTH {
            let broken = heard("openai", &call, &more, end).await;
            assert_eq!(kind(&broken), Some(FaultKind::Interrupted), "{end:?}");
            let whole = heard("openai", &call, &[more.as_str(), &stop(0)].concat(), end).await;
            assert_eq!((kind(&whole), whole.parts.output_text.as_str()), (None, "ab"), "{end:?}");
        }
    }
    let more = [message_start(), block(0, "a"), message_end(), block(1, "b")].concat();
    let broken = heard("anthropic", &message(), &more, End::Proper).await;
    assert_eq!(kind(&broken), Some(FaultKind::Interrupted));
    assert_eq!(text(&broken), more);
    let whole = [&more, &message_end(), MESSAGE_STOP].concat();
    let heard = heard("anthropic", &message(), &whole, End::Proper).await;
    assert_eq!((kind(&heard), text(&heard)), (None, whole));
}

#[tokio::test]
async fn what_can_not_be_read_after_the_end_of_all_choices_breaks_nothing() {
    let (begun, ended) = (said(0, "a"), [said(0, "a"), stop(0)].concat());
    let long = format!("data: {}", "x".repeat(1024 * 1024 + 1));
    let rest = "data: {\"choi\n\n".repeat(4);
    for call in [of_choices(1), of_choices(1).without_wire()] {
        for (rest, end) in
            [("", End::BadChunk), (&long, End::Proper), (&rest, End::Proper), (&rest, End::Cut)]
        {
            let whole = heard("openai", &call, &[ended.as_str(), rest].concat(), end).await;
            assert_eq!((kind(&whole), whole.parts.finished), (None, true), "{end:?}");
            let broken = heard("openai", &call, &[begun.as_str(), rest].concat(), end).await;
            assert_eq!(kind(&broken), Some(FaultKind::InvalidResponse), "{end:?}");
        }
    }
}

#[tokio::test]
async fn a_message_without_its_last_event_is_given_one_if_it_is_whole() {
    let ended = [message_start(), block(0, "a"), message_end()].concat();
    let whole = [&ended, MESSAGE_STOP].concat();
    let (cut, _) = whole.split_at(whole.len() - 12);
    let (unended, _) = whole.split_at(whole.len() - 2);
    for (body, end) in [
        (&whole[..], End::Proper),
        (&ended, End::Proper),
        (&ended, End::Cut),
        (&ended, End::BadChunk),
        (cut, End::Proper),
        (unended, End::Proper),
    ] {
        let heard = heard("anthropic", &message(), body, end).await;
        assert_eq!((kind(&heard), text(&heard)), (None, whole.clone()), "{end:?} {body}");
        let Some(Frame::Closing(closing)) = heard.frames.last() else { panic!("{:?}", heard.frames) };
        assert!(closing.ends_with(MESSAGE_STOP.as_bytes()), "it waits until the call is recorded");
    }
    let begun = [message_start(), block(0, "a")].concat();
    for end in End::BOTH {
        let broken = heard("anthropic", &message(), &begun, end).await;
        assert_eq!((kind(&broken), text(&broken)), (Some(FaultKind::Interrupted), begun.clone()), "{end:?}");
    }
}
