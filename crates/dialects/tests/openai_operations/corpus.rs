//! Recorded exchanges: every request that was sent is one that we take, and every answer counts as it says itself.

use bytes::Bytes;
use serde_json::Value;
use switchyard_dialects::codec::{Address, AnswerFault, OperationClient, OperationCodec, Passage};
use switchyard_dialects::error::{RetryHints, fault};
use switchyard_dialects::openai_operations::{
    OpenAiCompletions, OpenAiCompletionsClient, OpenAiEmbeddings, OpenAiEmbeddingsClient, OpenAiModerations,
    OpenAiModerationsClient,
};
use switchyard_dialects::request::RequestLimits;
use switchyard_dialects::skim::Skimmer;
use switchyard_domain::fault::FaultKind;
use switchyard_testkit::corpus::{self, Exchange};

fn dialects() -> [(&'static dyn OperationClient, &'static dyn OperationCodec); 3] {
    [
        (&OpenAiEmbeddingsClient, &OpenAiEmbeddings::PLAIN),
        (&OpenAiCompletionsClient, &OpenAiCompletions::PLAIN),
        (&OpenAiModerationsClient, &OpenAiModerations),
    ]
}

fn recorded(codec: &dyn OperationCodec) -> Vec<Exchange> {
    let found = corpus::of(codec.dialect().0).unwrap();
    assert!(!found.is_empty(), "{}", codec.dialect());
    found
}

#[test]
fn every_recorded_request_is_taken_and_only_its_model_changes() {
    let mut requests = 0;
    for (client, codec) in dialects() {
        for exchange in recorded(codec) {
            let Some(request) = &exchange.request else { continue };
            let body = Bytes::from(request.get().to_owned());
            let mut expected: Value = serde_json::from_str(request.get()).unwrap();
            let checked = client.check(body.clone(), Address::default(), &RequestLimits::default());
            let checked = checked.unwrap_or_else(|error| panic!("{}: {error}", exchange.id));
            assert_eq!(checked.facts.dialect, codec.dialect());
            assert_eq!(checked.facts.model, expected["model"].as_str().unwrap(), "{}", exchange.id);
            assert_eq!(checked.facts.stream, exchange.stream, "{}", exchange.id);
            assert!(checked.facts.estimated_prompt_tokens() > 3, "{}", exchange.id);
            let mut losses = Default::default();
            let sent =
                codec.adapt(&body, &checked.members, "up/stream", &checked.facts, &mut losses).unwrap();
            expected["model"] = "up/stream".into();
            if exchange.stream {
                expected["stream_options"] = serde_json::json!({"include_usage": true});
            }
            assert_eq!(serde_json::from_slice::<Value>(&sent).unwrap(), expected, "{}", exchange.id);
            requests += 1;
        }
    }
    assert!(requests >= 18, "{requests}");
}

#[test]
fn every_recorded_answer_counts_as_it_says_however_it_is_cut() {
    let mut answers = 0;
    for (_, codec) in dialects() {
        for exchange in recorded(codec).into_iter().filter(|exchange| exchange.response.status == 200) {
            let body = exchange.response.body.as_bytes();
            let mut output = String::new();
            let look = match codec.passage() {
                Passage::Skimmed(list) => {
                    let mut skimmer = Skimmer::new(list);
                    body.chunks(7).for_each(|piece| skimmer.push(piece).unwrap());
                    codec.glance_skimmed(&skimmer.finish().unwrap())
                }
                _ => codec.glance(body, &mut output),
            };
            let look = look.unwrap_or_else(|fault| panic!("{}: {fault}", exchange.id));
            let said: Value = serde_json::from_slice(body).unwrap();
            assert_eq!(look.model.as_deref(), said["model"].as_str(), "{}", exchange.id);
            assert!(look.finished && !look.usage_corrected, "{}", exchange.id);
            let counted = look.usage.map(|usage| (usage.input, usage.output));
            let usage = &said["usage"];
            let told = usage["prompt_tokens"]
                .as_u64()
                .map(|input| (input, usage["completion_tokens"].as_u64().unwrap_or(0)));
            assert_eq!(counted, told, "{}", exchange.id);
            for choice in said["choices"].as_array().into_iter().flatten() {
                assert!(output.contains(choice["text"].as_str().unwrap()), "{}", exchange.id);
            }
            answers += 1;
        }
    }
    assert!(answers >= 11, "{answers}");
}

#[test]
fn every_recorded_refusal_is_understood() {
    let mut refusals = 0;
    for (_, codec) in dialects() {
        for exchange in recorded(codec).into_iter().filter(|exchange| exchange.response.status != 200) {
            let (status, body) = (exchange.response.status, exchange.response.body.as_bytes());
            let fault = fault(status, body, RetryHints::default(), None);
            let kind = match status {
                401 => FaultKind::AuthFailed,
                501 => FaultKind::ServerError,
                _ => FaultKind::Rejected,
            };
            let unsupported = status == 501 && fault.kind == FaultKind::Unsupported;
            assert!(fault.kind == kind || unsupported, "{}: {fault}", exchange.id);
            assert!(!fault.message.is_empty() && !fault.message.starts_with('{'), "{}: {fault}", exchange.id);
            let glance = codec.glance(body, &mut String::new());
            assert!(matches!(glance, Err(AnswerFault::Error(_))), "{}: {glance:?}", exchange.id);
            refusals += 1;
        }
    }
    assert!(refusals >= 8, "{refusals}");
}
