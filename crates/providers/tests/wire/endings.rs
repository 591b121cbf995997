//! When a stream is whole: one that was cut is never told as such, and none that is whole as cut.

use super::{Heard, factory, provider_at, send, upstream};
use serde_json::{Value, json};
use switchyard_domain::fault::FaultKind;
use switchyard_testkit::call::WireCall;

/// How the body of a stream ends, as HTTP sees it.
#[derive(Clone, Copy, Debug)]
enum End {
    /// As it should.
    Proper,
    /// The connection breaks.
    Cut,
}

impl End {
    const BOTH: [Self; 2] = [Self::Proper, Self::Cut];

    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Proper => b"0\r\n\r\n",
            Self::Cut => b"",
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

#[tokio::test]
async fn a_stream_without_one_of_the_choices_that_were_asked_for_broke_off() {
    let first = [said(0, "a"), stop(0)].concat();
    let both = [first.clone(), said(1, "b"), stop(1)].concat();
    for call in [of_choices(2), of_choices(2).without_wire()] {
        for end in End::BOTH {
            let broken = heard("openai", &call, &first, end).await;
            assert_eq!(kind(&broken), Some(FaultKind::Interrupted), "{end:?}");
            assert!(broken.answered && !broken.parts.finished);
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
