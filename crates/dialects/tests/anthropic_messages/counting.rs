//! Counting the tokens of a request.

use serde_json::{Value, json};
use switchyard_dialects::anthropic_messages::{AnthropicMessagesClient, count_tokens};
use switchyard_dialects::codec::{Address, AnswerFault, ClientCodec};
use switchyard_dialects::request::RequestLimits;
use switchyard_domain::chat::{
    ChatRequest, Dialect, EffortLevel, LossReport, Message, ReasoningWish, Role, Sampling,
};
use switchyard_testkit::corpus;

use crate::corpus_answers::CODEC;
use crate::corpus_requests::normalised;
use crate::differing::difference;

#[test]
fn every_recorded_count_is_asked_for_and_read() {
    let mut seen = 0;
    for exchange in corpus::of("anthropic-messages").unwrap() {
        if exchange.operation != "count_tokens" {
            continue;
        }
        let answered = count_tokens::read(exchange.response.body.as_bytes());
        match exchange.response.status {
            200 => assert!(answered.unwrap() > 0),
            _ => assert!(matches!(answered, Err(AnswerFault::Error(_)))),
        }
        let body = exchange.request.as_ref().unwrap().get().to_owned();
        let checked =
            AnthropicMessagesClient.check_count(body.clone().into(), &RequestLimits::default()).unwrap();
        assert_eq!(checked.facts.max_output_tokens, None);
        let request = AnthropicMessagesClient.decode(&checked.document, Address::default()).unwrap();
        let mut losses = LossReport::default();
        let encoded =
            CODEC.encode_count(&request, &request.model, Dialect::ANTHROPIC_MESSAGES, &mut losses).unwrap();
        assert!(losses.is_empty());
        let (written, recorded): (Value, Value) =
            (serde_json::from_slice(&encoded).unwrap(), serde_json::from_str(&body).unwrap());
        assert_eq!(difference("", &normalised(&written), &normalised(&recorded)), None);
        seen += 1;
    }
    assert_eq!(seen, 5);
}

#[test]
fn what_does_not_count_is_left_out_without_a_word() {
    let request = ChatRequest {
        messages: vec![Message::text(Role::User, "hi")],
        sampling: Sampling { temperature: Some(0.5), seed: Some(7), ..Sampling::default() },
        max_output_tokens: Some(100),
        stop: vec!["END".to_owned()],
        user: Some("u".to_owned()),
        reasoning: ReasoningWish { effort: Some(EffortLevel("high".to_owned())), ..Default::default() },
        ..ChatRequest::default()
    };
    let mut losses = LossReport::default();
    let body = CODEC.encode_count(&request, "claude-opus-4-8", Dialect::OPENAI_CHAT, &mut losses).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let expected = json!({
        "model": "claude-opus-4-8", "messages": [{"role": "user", "content": "hi"}],
        "thinking": {"type": "adaptive"}, "output_config": {"effort": "high"},
    });
    assert_eq!((body, losses), (expected, LossReport::default()));
}

#[test]
fn a_request_that_is_to_be_answered_must_say_how_long() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).to_string();
    let limits = RequestLimits::default();
    let error = AnthropicMessagesClient.check(body.clone().into(), Address::default(), &limits).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("max_tokens"));
    assert!(AnthropicMessagesClient.check_count(body.into(), &limits).is_ok());
}
