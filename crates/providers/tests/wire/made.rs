//! Answers that no recording has.

use super::{Heard, ask, factory, provider, provider_at, send, upstream};
use serde_json::json;
use switchyard_dialects::codec::Address;
use switchyard_dialects::openai_responses::OpenAiResponsesClient;
use switchyard_domain::chat::{ChatAnswer, Collector};
use switchyard_domain::fault::FaultKind;
use switchyard_ports::provider::{Frame, Payload};
use switchyard_testkit::aws_frames::encode_exception;
use switchyard_testkit::call::WireCall;

async fn streamed(body: &str, length: usize) -> Heard {
    heard("openai", "text/event-stream", body, length, true).await
}

async fn heard(vendor: &str, kind: &str, body: &str, length: usize, stream: bool) -> Heard {
    let (listener, port) = upstream::listen().await;
    let provider = provider(&factory(), vendor, port);
    let serving = upstream::answer(listener, 200, kind, body.as_bytes(), length);
    let ((), heard) = tokio::join!(serving, ask(provider.as_ref(), stream));
    heard
}

async fn heard_cut(body: &str) -> Heard {
    let (listener, port) = upstream::listen().await;
    let provider = provider(&factory(), "openai", port);
    let ((), heard) =
        tokio::join!(upstream::break_off(listener, body.as_bytes()), ask(provider.as_ref(), true));
    heard
}

fn bytes(heard: &Heard) -> String {
    let piece = |frame: &Frame| match frame {
        Frame::Verbatim(bytes) | Frame::Closing(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Frame::Events(_) => panic!("events where bytes were due"),
    };
    heard.frames.iter().map(piece).collect()
}

fn canonical(heard: Heard) -> ChatAnswer {
    if let Some(Payload::Canonical(answer)) = heard.payload {
        return answer;
    }
    let mut collector = Collector::default();
    for frame in heard.frames {
        let Frame::Events(events) = frame else { panic!("bytes where events were due") };
        collector.extend(events);
    }
    collector.finish()
}

/// What an answer of this status and body is taken for.
async fn fault_of(vendor: &str, status: u16, kind: &str, body: &str) -> Option<FaultKind> {
    let (listener, port) = upstream::listen().await;
    let query = if vendor == "bedrock" { "?region=us-east-1" } else { "" };
    let provider = provider_at(&factory(), vendor, port, query);
    let serving = upstream::answer(listener, status, kind, body.as_bytes(), 100);
    let ((), heard) = tokio::join!(serving, ask(provider.as_ref(), false));
    heard.fault.map(|fault| fault.kind)
}

#[tokio::test]
async fn an_account_that_has_run_out_is_known_by_each_vendors_own_words() {
    const JSON: &str = "application/json";
    // A header more.
    const QUOTA: &str =
        "application/json\r\nx-amzn-errortype: ServiceQuotaExceededException:http://internal.amazon.com/";
    let moonshot = r#"{"error":{"message":"Your account is suspended due to insufficient balance","type":"exceeded_current_quota_error"}}"#;
    let zai =
        r#"{"error":{"code":"1113","message":"Your account is in arrears, please recharge and try again"}}"#;
    let busy = r#"{"error":{"code":"1302","message":"High concurrency usage of this API"}}"#;
    let arrears =
        r#"{"error":{"code":"Arrearage","param":null,"message":"Access denied","type":"Arrearage"}}"#;
    let spent = Some(FaultKind::QuotaExhausted);
    for (vendor, status, kind, body, expected) in [
        ("moonshot", 429, JSON, moonshot, spent),
        ("moonshot", 403, JSON, moonshot, spent),
        ("moonshot", 429, JSON, busy, Some(FaultKind::Throttled)),
        ("zai", 429, JSON, zai, spent),
        ("zhipu", 429, JSON, zai, spent),
        ("zai", 429, JSON, busy, Some(FaultKind::Throttled)),
        ("dashscope", 400, JSON, arrears, spent),
        ("bedrock", 400, QUOTA, r#"{"message":"m"}"#, spent),
        ("bedrock", 400, JSON, r#"{"message":"m"}"#, Some(FaultKind::Rejected)),
        ("openai", 400, JSON, arrears, Some(FaultKind::Rejected)),
        ("openai", 429, JSON, zai, Some(FaultKind::Throttled)),
    ] {
        assert_eq!(fault_of(vendor, status, kind, body).await, expected, "{vendor} {status}");
    }
}

#[tokio::test]
async fn an_account_that_has_run_out_says_so_in_a_stream_too() {
    let frame = encode_exception("serviceQuotaExceededException", br#"{"message":"m"}"#);
    let (listener, port) = upstream::listen().await;
    let provider = provider_at(&factory(), "bedrock", port, "?region=us-east-1");
    let serving = upstream::answer(listener, 200, "application/vnd.amazon.eventstream", &frame, 100);
    let ((), heard) = tokio::join!(serving, ask(provider.as_ref(), true));
    assert_eq!(heard.fault.map(|fault| fault.kind), Some(FaultKind::QuotaExhausted));
}

const ROLE: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
const WORD: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"}}]}\n\n";
const STOP: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

#[tokio::test]
async fn what_comes_before_the_first_content_is_held_and_goes_with_it() {
    for length in [7, 64, 100_000] {
        let heard = streamed(&[ROLE, ROLE, WORD, WORD, STOP, DONE].concat(), length).await;
        assert_eq!(heard.fault, None);
        assert_eq!(bytes(&heard), [ROLE, ROLE, WORD, WORD, STOP].concat());
        let Some(Frame::Verbatim(first)) = heard.frames.first() else { panic!("no frame") };
        assert!(first.len() > ROLE.len() * 2, "the first frame has content");
    }
}

#[tokio::test]
async fn a_preamble_without_end_fails_the_attempt() {
    let endless = ROLE.repeat(64 * 1024 / ROLE.len() + 10);
    let heard = streamed(&[&endless, WORD, STOP, DONE].concat(), 1000).await;
    assert_eq!(heard.fault.map(|fault| fault.kind), Some(FaultKind::InvalidResponse));
    assert!(!heard.answered && heard.parts.output_text.is_empty());
}

#[tokio::test]
async fn comments_go_on_once_there_is_content_and_not_before() {
    let body = [": wait\n\n", ROLE, ": wait\n\n", WORD, ": still here\n\n", STOP, DONE].concat();
    for length in [5, 100_000] {
        let heard = streamed(&body, length).await;
        assert_eq!(bytes(&heard), [ROLE, WORD, ": still here\n\n", STOP].concat());
    }
}

#[tokio::test]
async fn a_last_event_without_its_blank_line_is_ended_for_the_client() {
    for end in ["", "\n"] {
        let body = [ROLE, WORD, STOP.trim_end(), end].concat();
        let heard = streamed(&body, 50).await;
        assert_eq!(heard.fault, None);
        assert!(heard.parts.finished);
        assert!(bytes(&heard).starts_with(body.trim_end()) && bytes(&heard).ends_with("\n\n"));
    }
    let cut = [ROLE, WORD, STOP.get(..40).unwrap()].concat();
    let heard = streamed(&cut, 50).await;
    assert_eq!(heard.fault.map(|fault| fault.kind), Some(FaultKind::Interrupted));
    assert_eq!((heard.parts.output_text.as_str(), heard.parts.bad_events), (" word", 0));
}

#[tokio::test]
async fn a_counting_chunk_in_the_middle_of_a_piece_is_cut_out() {
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\n";
    let heard = streamed(&[ROLE, WORD, STOP, usage, ": bye\n\n", DONE].concat(), 100_000).await;
    assert_eq!(bytes(&heard), [ROLE, WORD, STOP, ": bye\n\n"].concat());
    assert_eq!(heard.parts.usage.map(|usage| (usage.input, usage.output)), Some((3, 1)));
}

#[tokio::test]
async fn a_stream_that_says_nothing_is_invalid() {
    for body in ["", DONE, ROLE, &[ROLE, DONE].concat(), "data: {\"type\":\"ping\"}\n\ndata: [DONE]\n\n"] {
        let heard = streamed(body, 100).await;
        let kind = heard.fault.map(|fault| fault.kind);
        assert!(
            matches!(kind, Some(FaultKind::InvalidResponse | FaultKind::Interrupted)),
            "{body:?}: {kind:?}"
        );
        assert!(!heard.answered);
    }
}

#[tokio::test]
async fn buffered_bodies_that_are_no_answer_are_invalid() {
    for body in [
        "",
        " ",
        "null",
        "[]",
        "{}",
        "\"x\"",
        "[DONE]",
        r#"{"choices":[]}"#,
        r#"{"choices":null}"#,
        r#"{"id":"x","choices":[{"index":0}]}"#,
        r#"{"choices":[{"index":0,"message":{"role":"assistant"},"finish_reason":null}]}"#,
        r#"{"choices":[{"index":0,"message":{"role":"assistant","content":null},"finish_reason":null}],"usage":{"total_tokens":4}}"#,
        "{\"choices\":[",
    ] {
        for kind in ["application/json", "text/plain"] {
            let heard = heard("openai", kind, body, 100, false).await;
            assert_eq!(heard.fault.map(|fault| fault.kind), Some(FaultKind::InvalidResponse), "{body:?}");
            assert!(heard.parts.began);
        }
    }
}

#[tokio::test]
async fn an_answer_of_which_only_the_reason_of_its_end_came_is_one() {
    let body =
        r#"{"choices":[{"index":0,"message":{"role":"assistant","content":""},"finish_reason":"stop"}]}"#;
    let heard = heard("openai", "application/json", body, 100, false).await;
    assert!(matches!(heard.payload, Some(Payload::Verbatim(bytes)) if bytes == body));
}

#[tokio::test]
async fn blank_lines_before_an_answer_stay() {
    let body =
        "\n\n \n{\"choices\":[{\"index\":0,\"message\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n";
    let heard = heard("openrouter", "application/json", body, 3, false).await;
    assert!(matches!(heard.payload, Some(Payload::Verbatim(bytes)) if bytes == body));
    assert_eq!(heard.parts.output_text, "hi");
}

#[tokio::test]
async fn flat_answers_are_taken_where_the_vendor_may_give_them() {
    let body =
        r#"{"content":"hello there","model":"tunnel-1","usage":{"prompt_tokens":4,"completion_tokens":2}}"#;
    for stream in [true, false] {
        let heard = heard("ngrok", "application/json", body, 10, stream).await;
        assert_eq!(heard.fault, None);
        assert_eq!(heard.parts.output_text, "hello there");
        assert_eq!(heard.parts.served_model.as_deref(), Some("tunnel-1"));
        assert_eq!(heard.parts.usage.map(|usage| (usage.input, usage.output)), Some((4, 2)));
        assert_eq!(canonical(heard).text(), "hello there");
    }
    let other = heard("openai", "application/json", body, 10, false).await;
    assert_eq!(other.fault.map(|fault| fault.kind), Some(FaultKind::InvalidResponse));
}

#[tokio::test]
async fn an_error_event_never_shows_the_credential() {
    let error =
        "data: {\"error\":{\"message\":\"the key sk-corpus-4711 is bad\",\"code\":\"sk-corpus-4711\"}}\n\n";
    for body in [error.to_owned(), [ROLE, WORD, error].concat()] {
        let heard = streamed(&body, 50).await;
        let fault = heard.fault.unwrap();
        assert!(!format!("{fault:?}").contains("corpus-4711"), "{fault:?}");
        assert!(fault.message.contains("[redacted]"), "{fault:?}");
    }
}

#[tokio::test]
async fn a_whole_answer_in_place_of_a_stream_is_one_even_if_it_does_not_say_what_it_is() {
    let whole = r#"{"id":"a","choices":[{"index":0,"message":{"role":"assistant","content":"whole"},"finish_reason":"stop"}]}"#;
    for kind in ["text/plain", "application/octet-stream", "application/json"] {
        for start in ["", "\n ", "\u{feff}", "\u{feff}\r\n"] {
            // The last in pieces that say nothing yet.
            for length in [30, 2, 1] {
                let heard = heard("openai", kind, &format!("{start}{whole}"), length, true).await;
                assert_eq!(heard.fault, None, "{kind} {start:?} {length}");
                assert_eq!(canonical(heard).text(), "whole");
            }
        }
    }
}

#[tokio::test]
async fn blanks_before_a_stream_that_does_not_say_what_it_is_are_waited_for_only_so_long() {
    for blanks in [0, 1, 100, 10_000] {
        let body = ["\n".repeat(blanks).as_str(), ROLE, WORD, STOP, DONE].concat();
        let heard = heard("openai", "application/octet-stream", &body, 1, true).await;
        assert_eq!(heard.fault, None, "{blanks}");
        assert_eq!(bytes(&heard).trim_start(), [ROLE, WORD, STOP].concat(), "{blanks}");
    }
    let blank = heard("openai", "application/octet-stream", "\n \n", 1, true).await;
    assert!(!blank.answered && blank.fault.is_some());
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_answers_end_breaks_nothing() {
    let heard = heard_cut(&[ROLE, WORD, STOP].concat()).await;
    assert_eq!(heard.fault, None);
    assert_eq!(bytes(&heard), [ROLE, WORD, STOP].concat());
    let heard = heard_cut(&[ROLE, WORD].concat()).await;
    assert_eq!(heard.fault.map(|fault| fault.kind), Some(FaultKind::Interrupted));
}

#[tokio::test]
async fn the_class_of_service_that_was_given_is_noted_whichever_way_the_answer_goes() {
    let chunk = |tier: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"x\"}}}}],\"service_tier\":\"{tier}\"}}\n\n"
        )
    };
    let body =
        [chunk("auto"), chunk("priority"), chunk("priority"), STOP.to_owned(), DONE.to_owned()].concat();
    let streamed = streamed(&body, 60).await;
    assert_eq!(streamed.parts.service_tier.as_deref(), Some("priority"));
    let whole =
        r#"{"choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop"}],"service_tier":"flex"}"#;
    for stream in [true, false] {
        let heard = heard("openai", "application/json", whole, 50, stream).await;
        assert_eq!(heard.parts.service_tier.as_deref(), Some("flex"), "{stream}");
    }
}

/// An error in a stream and in a body, of each dialect that may count beside it.
const COUNTED_ERRORS: [(&str, &str, &str); 4] = [
    (
        "openai",
        "data: {\"error\":{\"message\":\"no\"},\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n",
        r#"{"error":{"message":"no"},"usage":{"prompt_tokens":7,"completion_tokens":2}}"#,
    ),
    (
        "groq",
        "event: error\ndata: {\"error\":{\"message\":\"no\"},\"x_groq\":{\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}}\n\n",
        r#"{"error":{"message":"no"},"x_groq":{"usage":{"prompt_tokens":7,"completion_tokens":2}}}"#,
    ),
    (
        "cohere",
        "data: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"ERROR\",\"error\":\"no\",\"usage\":{\"billed_units\":{\"input_tokens\":7,\"output_tokens\":2}}}}\n\n",
        r#"{"finish_reason":"ERROR","message":{},"error":"no","usage":{"billed_units":{"input_tokens":7,"output_tokens":2}}}"#,
    ),
    (
        "gemini",
        "data: {\"error\":{\"code\":500,\"message\":\"no\"},\"usageMetadata\":{\"promptTokenCount\":7,\"candidatesTokenCount\":2}}\n\n",
        r#"{"error":{"code":500,"message":"no"},"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":2}}"#,
    ),
];

#[tokio::test]
async fn counts_beside_an_error_are_noted_and_without_them_an_error_in_place_of_an_answer_is_free() {
    for (vendor, event, body) in COUNTED_ERRORS {
        for (kind, said, stream) in [("text/event-stream", event, true), ("application/json", body, false)] {
            let counted = heard(vendor, kind, said, 60, stream).await;
            assert!(counted.fault.is_some() && counted.parts.began, "{said}");
            assert_eq!(counted.parts.usage.map(|usage| (usage.input, usage.output)), Some((7, 2)), "{said}");
            for nothing in [said.replace(":7", ":0").replace(":2", ":0"), said.replace("usage", "other")] {
                let free = heard(vendor, kind, &nothing, 60, stream).await;
                assert!(free.fault.is_some() && !free.parts.began, "{nothing}");
            }
        }
    }
}

#[tokio::test]
async fn a_failed_response_is_noted_as_it_was_counted() {
    let error =
        r#""error":{"code":"server_error","message":"no"},"usage":{"input_tokens":7,"output_tokens":2}"#;
    let events = [
        "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"status\":\"in_progress\",\"usage\":null}}\n\n".to_owned(),
        "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"content_index\":0,\"delta\":\"some words\"}\n\n".to_owned(),
        format!("data: {{\"type\":\"response.failed\",\"response\":{{\"id\":\"r\",\"status\":\"failed\",{error}}}}}\n\n"),
    ];
    let body = format!(r#"{{"id":"r","object":"response","status":"failed","output":[],{error}}}"#);
    for (kind, said, stream) in
        [("text/event-stream", events.concat(), true), ("application/json", body, false)]
    {
        let (listener, port) = upstream::listen().await;
        let provider = provider(&factory(), "openai", port);
        let call = WireCall::spoken(
            &OpenAiResponsesClient,
            json!({"model": "m", "input": "x", "stream": stream}).to_string(),
            Address::default(),
        );
        let serving = upstream::answer(listener, 200, kind, said.as_bytes(), 60);
        let ((), heard) = tokio::join!(serving, send(provider.as_ref(), &call));
        assert!(heard.fault.is_some() && heard.parts.began, "{said}");
        assert_eq!(heard.parts.usage.map(|usage| (usage.input, usage.output)), Some((7, 2)), "{said}");
        assert_eq!(heard.parts.text_at_usage, heard.parts.output_text.len(), "{said}");
    }
}

#[tokio::test]
async fn an_error_after_text_is_billed_for_the_text() {
    let error = "data: {\"error\":{\"message\":\"no\"}}\n\n";
    let heard = streamed(&[ROLE, WORD, error].concat(), 50).await;
    assert!(heard.parts.began && heard.parts.output_text == " word");
    let heard = streamed(&[ROLE, error].concat(), 50).await;
    assert!(!heard.parts.began && heard.parts.output_text.is_empty());
    let body = r#"{"choices":[{"message":{"content":"some words"},"error":{"message":"no"}}]}"#;
    let heard = self::heard("openai", "application/json", body, 50, false).await;
    assert!(heard.fault.is_some() && heard.parts.began);
    assert_eq!(heard.parts.output_text, "some words");
}

#[tokio::test]
async fn zeros_at_the_end_take_no_counts_back() {
    let usage = |input: u64, output: u64| {
        format!(
            "data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":{input},\"completion_tokens\":{output}}}}}\n\n"
        )
    };
    let body = [ROLE, WORD, &usage(3, 1), STOP, &usage(0, 0), DONE].concat();
    for vendor in ["openai", "groq"] {
        let heard = heard(vendor, "text/event-stream", &body, 100_000, true).await;
        assert_eq!(heard.parts.usage.map(|usage| (usage.input, usage.output)), Some((3, 1)));
        assert!(heard.parts.finished);
    }
}
