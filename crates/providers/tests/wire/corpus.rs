//! Every recorded answer of a real provider, served again over a socket in odd pieces, comes out as what the official SDKs
//! made of it.

use super::{ask, factory, provider, upstream};
use switchyard_domain::fault::ProviderFault;
use switchyard_ports::provider::ReceivedParts;
use switchyard_providers::vendors::{Reach, Vendors};
use switchyard_testkit::corpus::{Exchange, openai_chat};

/// What the official SDKs read has come, and nothing went wrong on the way.
fn check_answer(exchange: &Exchange, parts: &ReceivedParts, fault: Option<&ProviderFault>) {
    let id = &exchange.id;
    assert_eq!(fault, None, "{id}");
    for choice in &exchange.expected.choices {
        // Choices interleave in what was received; a text of one choice stands there in one piece.
        if exchange.expected.choices.len() == 1 && choice.tool_calls.is_empty() {
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

#[tokio::test]
async fn recorded_answers_come_out_as_the_official_sdks_read_them() {
    let factory = factory();
    let mut answers = 0;
    let mut failures = 0;
    for exchange in openai_chat().unwrap() {
        let known = Vendors::default()
            .find(exchange.provider())
            .filter(|vendor| matches!(vendor.reach, Reach::Http(_)));
        let (listener, port) = upstream::listen().await;
        let provider = provider(&factory, known.map_or("openai_compatible", |vendor| vendor.key), port);
        let response = &exchange.response;
        let usual =
            if exchange.stream && response.status == 200 { "text/event-stream" } else { "application/json" };
        let kind = response.headers.get("content-type").map_or(usual, String::as_str);
        let length = exchange.id.len() % 5 * 97 + 31;
        let serving = upstream::answer(listener, response.status, kind, response.body.as_bytes(), length);
        let ((), heard) = tokio::join!(serving, ask(provider.as_ref(), exchange.stream));
        match exchange.expected.ok {
            Some(true) => {
                check_answer(&exchange, &heard.parts, heard.fault.as_ref());
                answers += 1;
            }
            Some(false) => {
                let fault = heard.fault.unwrap_or_else(|| panic!("{}: no fault", exchange.id));
                assert!(heard.answered || !heard.parts.finished, "{}", exchange.id);
                assert!(!fault.message.is_empty() && fault.message.chars().count() <= 500, "{fault}");
                failures += 1;
            }
            None => {}
        }
    }
    assert!(answers > 500 && failures > 25, "{answers} answers, {failures} failures");
}
