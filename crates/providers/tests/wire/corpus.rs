//! Every recorded answer of a real provider, served again over a socket in odd pieces, comes out as what the official SDKs
//! made of it.

use super::{Heard, factory, provider_at, request, send, upstream};
use serde_json::json;
use switchyard_dialects::codec::Address;
use switchyard_dialects::openai_responses::OpenAiResponsesClient;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_ports::provider::ReceivedParts;
use switchyard_providers::vendors::{Reach, Vendors};
use switchyard_testkit::call::WireCall;
use switchyard_testkit::corpus::{Exchange, of, openai_chat};

/// What the official SDKs read has come, and nothing went wrong on the way.
fn check_answer(exchange: &Exchange, parts: &ReceivedParts, fault: Option<&ProviderFault>) {
    let id = &exchange.id;
    assert_eq!(fault, None, "{id}");
    // What the vendor's own tools do stands between the texts, and their calls are none of the client's.
    let choices = if exchange.has("server_tool_call") { &[][..] } else { &exchange.expected.choices };
    for choice in choices {
        // Choices interleave in what was received; a text of one choice stands there in one piece.
        if choices.len() == 1 && choice.tool_calls.is_empty() {
            assert!(parts.output_text.contains(choice.text.trim()), "{id}: {:?}", parts.output_text);
        }
        for call in &choice.tool_calls {
            assert!(parts.output_text.contains(&call.name), "{id}: {}", call.name);
        }
    }
    let counted = |name: &str| exchange.expected.usage.as_ref().and_then(|usage| usage.get(name)).copied();
    if let (Some(input), Some(output)) = (counted("prompt_tokens"), counted("completion_tokens")) {
        let usage = parts.usage.unwrap_or_else(|| panic!("{id}: no usage"));
        let pair = (usage.input, usage.output);
        let right = pair == (input, output) || exchange.expected.usage_alt.contains(&pair);
        // What a vendor counts beside its two sums (reasoning, sound) is inside ours, as its own total says.
        let complete =
            usage.input >= input && usage.output >= output && Some(usage.total()) == counted("total_tokens");
        assert!(right || complete, "{id}: {pair:?}");
    }
}

/// How the vendor of a recording is called, if it is one of ours.
fn vendor_of(exchange: &Exchange) -> Option<&'static str> {
    let key = match exchange.provider() {
        "google" => "gemini",
        provider => provider,
    };
    let known = Vendors::default().find(key);
    known.filter(|vendor| matches!(vendor.reach, Reach::Http(_))).map(|vendor| vendor.key)
}

/// Plays a recording to a provider and hears what comes out.
async fn heard(exchange: &Exchange, vendor: &str, path: &str, call: &WireCall) -> Heard {
    let (listener, port) = upstream::listen().await;
    let provider = provider_at(&factory(), vendor, port, path);
    let response = &exchange.response;
    let usual =
        if exchange.stream && response.status == 200 { "text/event-stream" } else { "application/json" };
    let kind = response.headers.get("content-type").map_or(usual, String::as_str);
    let length = exchange.id.len() % 5 * 97 + 31;
    let body = exchange.answer();
    let serving = upstream::answer(listener, response.status, kind, &body, length);
    let ((), heard) = tokio::join!(serving, send(provider.as_ref(), call));
    heard
}

/// Counts answers and failures that came out as they should.
#[derive(Default)]
struct Tally {
    answers: usize,
    failures: usize,
}

impl Tally {
    fn check(&mut self, exchange: &Exchange, heard: Heard) {
        let begins = |event: &str| exchange.response.body.matches(event).count();
        if begins("event: message_start") > 1 || begins("event: response.created") > 1 {
            // Several answers in one recording, of which a call has the first.
            return;
        }
        // The SDK gives it as an answer; it says of itself that it failed.
        let failed =
            exchange.expected.choices.iter().any(|choice| choice.raw_finish.as_deref() == Some("ERROR"));
        match exchange.expected.ok.map(|ok| ok && !failed) {
            Some(true) => {
                check_answer(exchange, &heard.parts, heard.fault.as_ref());
                self.answers += 1;
            }
            Some(false) => {
                let fault = heard.fault.unwrap_or_else(|| panic!("{}: no fault", exchange.id));
                assert!(heard.answered || !heard.parts.finished, "{}", exchange.id);
                assert!(!fault.message.is_empty() && fault.message.chars().count() <= 500, "{fault}");
                self.failures += 1;
            }
            None => {}
        }
    }
}

#[tokio::test]
async fn recorded_answers_come_out_as_the_official_sdks_read_them() {
    let mut tally = Tally::default();
    for exchange in openai_chat().unwrap() {
        let vendor = vendor_of(&exchange).filter(|vendor| *vendor != "gemini");
        let call = WireCall::json(&request(exchange.stream));
        let path = if vendor == Some("azure") { "/openai/v1" } else { "/v1" };
        tally.check(&exchange, heard(&exchange, vendor.unwrap_or("openai_compatible"), path, &call).await);
    }
    assert!(
        tally.answers > 500 && tally.failures > 25,
        "{} answers, {} failures",
        tally.answers,
        tally.failures
    );
}

#[tokio::test]
async fn recorded_responses_come_out_as_they_are_and_translated() {
    let mut tally = Tally::default();
    for exchange in of("openai-responses").unwrap() {
        let Some(vendor) = vendor_of(&exchange) else { continue };
        let path = if vendor == "azure" { "/openai/v1" } else { "/v1" };
        let body = json!({"model": "m", "input": "x", "stream": exchange.stream});
        let call = WireCall::spoken(&OpenAiResponsesClient, body.to_string(), Address::default());
        tally.check(&exchange, heard(&exchange, vendor, path, &call).await);
    }
    assert!(
        tally.answers > 250 && tally.failures > 8,
        "{} answers, {} failures",
        tally.answers,
        tally.failures
    );
}

#[tokio::test]
async fn recorded_answers_of_other_dialects_come_out_translated() {
    for (dialect, operations, answers, failures) in [
        ("anthropic-messages", &["messages"][..], 200, 9),
        ("gemini", &["generateContent", "streamGenerateContent"], 230, 5),
        ("cohere", &["chat"], 40, 1),
        ("ollama", &["chat"], 15, 1),
        ("bedrock-converse", &["converse", "converse-stream"], 80, 8),
    ] {
        let mut tally = Tally::default();
        for exchange in of(dialect).unwrap() {
            if !operations.contains(&exchange.operation.as_str()) {
                continue;
            }
            let vendor = vendor_of(&exchange).unwrap();
            let (vendor, path) = match vendor {
                "vertex" => (vendor, "/v1/projects/p/locations/l"),
                "ollama" => ("ollama_native", ""),
                "bedrock" => (vendor, ""),
                _ => (vendor, "/v1"),
            };
            let call = WireCall::json(&request(exchange.stream));
            tally.check(&exchange, heard(&exchange, vendor, path, &call).await);
        }
        let Tally { answers: came, failures: failed } = tally;
        assert!(came > answers && failed >= failures, "{dialect}: {came} answers, {failed} failures");
    }
}

/// Azure's content filter: the class and the place are told, whether the error comes as one or inside of a success.
#[tokio::test]
async fn a_prompt_that_azures_filter_blocks_is_the_callers_to_change() {
    let blocked =
        openai_chat().unwrap().into_iter().find(|one| one.id == "azure-chat_completions-0399f2a207");
    let mut blocked = blocked.unwrap();
    for status in [200, 400] {
        blocked.response.status = status;
        let call = WireCall::json(&request(false));
        let fault = heard(&blocked, "azure", "", &call).await.fault.unwrap();
        assert_eq!(fault.kind, FaultKind::Rejected);
        assert_eq!((fault.code.as_deref(), fault.param.as_deref()), (Some("content_filter"), Some("prompt")));
    }
}
