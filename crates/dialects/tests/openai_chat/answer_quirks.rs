//! Whole answers as providers send them that are not well.

use rstest::rstest;
use serde_json::{Value, json};
use switchyard_dialects::codec::{AnswerFault, DecodedAnswer};
use switchyard_dialects::openai_chat::UsageRule;
use switchyard_dialects::openai_chat::answer;
use switchyard_domain::chat::{ChatAnswer, Choice, FinishReason, Part, TokenUsage};

use crate::corpus_rewriting::FORM;

fn read(body: &str) -> Result<ChatAnswer, AnswerFault> {
    answer::decode(body.as_bytes(), UsageRule::default()).map(DecodedAnswer::collect)
}

#[rstest]
#[case("<html><body>It works</body></html>", AnswerFault::NotJson)]
#[case("", AnswerFault::NotJson)]
#[case("[]", AnswerFault::NotJson)]
#[case(r#"{"id":"a","choices":[{"index":0"#, AnswerFault::NotJson)]
#[case("{}", AnswerFault::NoChoices)]
#[case(r#"{"choices":[]}"#, AnswerFault::NoChoices)]
#[case(r#"{"choices":[null]}"#, AnswerFault::NoChoices)]
#[case(r#"{"object":"list","data":[]}"#, AnswerFault::NoChoices)]
fn what_is_no_answer_is_none(#[case] body: &str, #[case] fault: AnswerFault) {
    assert_eq!(read(body), Err(fault));
}

#[rstest]
#[case(r#"{"error":{"message":"boom","code":502}}"#)]
#[case(r#"{"error":"boom"}"#)]
#[case(r#"{"object":"error","message":"boom"}"#)]
#[case(r#"{"id":"a","choices":[{"index":0,"error":{"message":"boom"},"message":{"content":""}}]}"#)]
fn an_error_with_a_success_status_is_an_error(#[case] body: &str) {
    let Err(AnswerFault::Error(error)) = read(body) else { panic!("not an error") };
    assert_eq!(error.message, "boom");
}

#[test]
fn white_space_before_an_answer_and_counts_missing_after_it_are_normal() {
    let answer = read("\n \n\t{\"choices\":[{\"message\":{\"content\":\"hi\"}}]}\n").unwrap();
    assert_eq!((answer.text().as_str(), answer.usage, answer.choices[0].index), ("hi", None, 0));
}

#[test]
fn absurd_counts_are_told() {
    let body = r#"{"choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":9007199254740993,"completion_tokens":1}}"#;
    assert!(answer::decode(body.as_bytes(), UsageRule::default()).unwrap().usage_corrected);
    let body = body.replace("9007199254740993", "9");
    assert!(!answer::decode(body.as_bytes(), UsageRule::default()).unwrap().usage_corrected);
}

#[test]
fn what_a_provider_did_not_say_is_filled_in_for_the_client() {
    let choice = Choice {
        parts: vec![Part::Refusal { text: "no".to_owned() }],
        finish: Some(FinishReason::Stop),
        ..Choice::default()
    };
    let usage = TokenUsage { input: 3, output: 4, cached_input: 1, reasoning: 2, ..TokenUsage::default() };
    let answer = ChatAnswer { choices: vec![choice], usage: Some(usage), ..ChatAnswer::default() };
    let body: Value = serde_json::from_slice(&answer::encode(&answer, &FORM)).unwrap();
    let expected = json!({
        "id": "chatcmpl-fallback", "object": "chat.completion", "created": 1_700_000_000, "model": "fallback-model",
        "choices": [{
            "index": 0, "logprobs": null, "finish_reason": "stop",
            "message": {"role": "assistant", "content": null, "refusal": "no"}
        }],
        "usage": {
            "prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7,
            "prompt_tokens_details": {"cached_tokens": 1}, "completion_tokens_details": {"reasoning_tokens": 2}
        }
    });
    assert_eq!(body, expected);
}
