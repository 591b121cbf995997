//! What the clients' requests say of themselves, and what they make billable.

use bytes::Bytes;
use serde_json::{Value, json};
use switchyard_dialects::codec::{Address, OperationClient, OperationCodec};
use switchyard_dialects::openai_operations::{
    OpenAiCompletionsClient, OpenAiEmbeddingsClient, OpenAiImagesClient, OpenAiModerationsClient,
    OpenAiSpeech, OpenAiSpeechClient,
};
use switchyard_dialects::request::{CheckedRequest, RequestLimits};

fn checked(client: &dyn OperationClient, body: &Value) -> CheckedRequest {
    client.check(Bytes::from(body.to_string()), Address::default(), &RequestLimits::default()).unwrap()
}

#[test]
fn each_prompt_of_a_text_completion_has_answers_of_its_own() {
    let choices = |prompt: Value| {
        let body = json!({"model": "m", "prompt": prompt, "n": 3, "max_tokens": 5});
        let facts = checked(&OpenAiCompletionsClient, &body).facts;
        assert_eq!(facts.max_output_tokens, Some(5));
        facts.choices
    };
    assert_eq!(choices(json!("a")), 3);
    assert_eq!(choices(json!(["a", "b"])), 6);
    assert_eq!(choices(json!([1, 2, 3, 4])), 3, "these are one text");
    assert_eq!(choices(json!([[1, 2], [3]])), 6);
}

#[test]
fn texts_that_are_made_to_choose_the_best_from_are_counted_whether_shown_or_not() {
    let choices = |members: Value| {
        let mut body = json!({"model": "m", "prompt": ["a", "b"]});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        checked(&OpenAiCompletionsClient, &body).facts.choices
    };
    for (members, expected) in [
        (json!({"best_of": 5}), 10),
        (json!({"n": 2, "best_of": 5}), 10),
        (json!({"best_of": 5, "n": 2}), 10),
        (json!({"n": 5, "best_of": 2}), 10),
        (json!({"best_of": null, "n": 3}), 6),
    ] {
        assert_eq!(choices(members.clone()), expected, "{members}");
    }
}

#[test]
fn what_has_no_output_reserves_none() {
    let vectors =
        checked(&OpenAiEmbeddingsClient, &json!({"model": "m", "input": ["12345678", [1, 2]]})).facts;
    assert_eq!((vectors.max_output_tokens, vectors.estimated_prompt_tokens()), (Some(0), 2 + 2 + 3));
    let judgement = checked(&OpenAiModerationsClient, &json!({"input": "x", "model": null})).facts;
    assert_eq!((judgement.max_output_tokens, judgement.model.as_str()), (Some(0), "omni-moderation-latest"));
}

#[test]
fn streams_are_asked_for_in_each_operation_s_own_way() {
    let stream = |client: &dyn OperationClient, body: Value| checked(client, &body).facts.stream;
    assert!(stream(&OpenAiCompletionsClient, json!({"model": "m", "prompt": "x", "stream": true})));
    assert!(stream(&OpenAiImagesClient, json!({"model": "m", "prompt": "x", "stream": true})));
    assert!(stream(&OpenAiSpeechClient, json!({"model": "m", "input": "x", "stream_format": "sse"})));
    assert!(!stream(&OpenAiSpeechClient, json!({"model": "m", "input": "x", "stream_format": "audio"})));
}

#[test]
fn spoken_letters_are_counted_as_people_count_them() {
    for (input, characters) in
        [(r#""abc""#, 3), (r#""h\u00e9llo""#, 5), (r#""\ud83d\ude00!""#, 2), (r#""日本語""#, 3)]
    {
        let body = Bytes::from(format!(r#"{{"model":"m","input":{input},"voice":"v"}}"#));
        let checked =
            OpenAiSpeechClient.check(body.clone(), Address::default(), &RequestLimits::default()).unwrap();
        assert_eq!(OpenAiSpeech.units(&body, &checked.members).characters, characters, "{input}");
    }
}
