//! One exchange, read and compared.

use switchyard_dialects::anthropic_messages::AnthropicMessages;
use switchyard_dialects::bedrock_converse::BedrockConverse;
use switchyard_dialects::codec::ProviderCodec;
use switchyard_dialects::cohere::Cohere;
use switchyard_dialects::error::RetryHints;
use switchyard_dialects::gemini::Gemini;
use switchyard_dialects::ollama::Ollama;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_responses::OpenAiResponses;
use switchyard_domain::chat::{ChatAnswer, Choice, Dialect};
use switchyard_testkit::corpus::{Exchange, ExpectedChoice};

use crate::comparing::{compare_calls, compare_finish, compare_reasoning, compare_text};
use crate::counted::compare_usage;
use crate::expected::{collect, decode_stream, events_of, same};

/// The folders of the corpus, with the codec that reads their answers or, of operations without canonical form, their errors.
pub(crate) const FOLDERS: &[(&str, &dyn ProviderCodec)] = &[
    ("openai-chat", &OpenAiChat::PLAIN),
    ("openai-responses", &OpenAiResponses::PLAIN),
    ("anthropic-messages", &AnthropicMessages::PLAIN),
    ("gemini", &Gemini::GOOGLE),
    ("bedrock-converse", &BedrockConverse),
    ("cohere", &Cohere),
    ("ollama", &Ollama),
    ("openai-completions", &OpenAiChat::PLAIN),
    ("openai-embeddings", &OpenAiChat::PLAIN),
    ("openai-moderations", &OpenAiChat::PLAIN),
    ("cohere-embed", &Cohere),
    ("others", &OpenAiChat::PLAIN),
];

/// The features, in the order of the page.
pub(crate) const FEATURES: [&str; 6] = ["text", "tool calls", "finish reason", "reasoning", "usage", "error"];

/// What came of each feature that an exchange has.
pub(crate) type Compared = Vec<(&'static str, Result<(), String>)>;

/// Reads an exchange that somebody interpreted.
pub(crate) fn compare(codec: &dyn ProviderCodec, exchange: &Exchange) -> Compared {
    if exchange.expected.ok == Some(false) {
        return vec![("error", compare_error(codec, exchange))];
    }
    let got = match read(codec, exchange) {
        Ok(got) => got,
        Err(why) => return vec![("text", Err(why))],
    };
    let expected = &exchange.expected.choices;
    let each = |compare: &dyn Fn(&Choice, &ExpectedChoice) -> Result<(), String>| {
        same("number of choices", &got.choices.len(), &expected.len())?;
        got.choices.iter().zip(expected).try_for_each(|(got, expected)| compare(got, expected))
    };
    let mut compared = vec![
        ("text", each(&compare_text)),
        ("finish reason", each(&compare_finish)),
        ("usage", compare_counts(codec, &got, exchange)),
    ];
    let calls = got.choices.iter().any(|choice| choice.tool_calls().next().is_some());
    if calls || expected.iter().any(|choice| !choice.tool_calls.is_empty()) {
        let compare = |got: &Choice, expected: &ExpectedChoice| {
            let unnamed = expected.tool_calls.iter().any(|call| call.id.is_none());
            let makes_ids = unnamed && got.tool_calls().all(|call| !call.id.is_empty());
            compare_calls(got, expected, makes_ids)
        };
        compared.push(("tool calls", each(&compare)));
    }
    if expected.iter().any(|choice| choice.reasoning.as_ref().is_some_and(|text| !text.is_empty())) {
        compared.push(("reasoning", each(&compare_reasoning)));
    }
    compared
}

fn read(codec: &dyn ProviderCodec, exchange: &Exchange) -> Result<ChatAnswer, String> {
    // Google's streams come as one list where nobody asked for events.
    if exchange.stream && !exchange.response.body.trim_start().starts_with('[') {
        return decode_stream(codec, &exchange.answer(), usize::MAX).map(collect);
    }
    codec.decode(&exchange.answer()).map(|decoded| decoded.collect()).map_err(|fault| fault.to_string())
}

/// Cohere counts as cached more than it bills, and no client is told so many: what it bills is compared.
fn compare_counts(codec: &dyn ProviderCodec, got: &ChatAnswer, exchange: &Exchange) -> Result<(), String> {
    if codec.dialect() != Dialect::COHERE {
        return compare_usage(got, exchange);
    }
    let usage = got.usage.ok_or("no usage")?;
    let [billed] = exchange.expected.usage_alt[..] else { return Err("no bill expected".to_owned()) };
    same("usage", &(usage.input, usage.output, usage.cached_input), &(billed.0, billed.1, 0))
}

/// The status and the words of an error, wherever it came.
fn compare_error(codec: &dyn ProviderCodec, exchange: &Exchange) -> Result<(), String> {
    let expected = exchange.expected.message.as_deref().unwrap_or_default();
    if exchange.expected.midstream {
        let mut reader = codec.reader(1);
        let events = events_of(codec, &exchange.answer(), usize::MAX);
        let mut errors = events
            .iter()
            .filter_map(|(name, data)| reader.event(name.as_deref(), data, &mut Vec::new()).err());
        let error = errors.next().ok_or("the stream tells no error")?;
        return same_words(&error.message, expected);
    }
    let fault = codec.fault(exchange.response.status, &exchange.answer(), RetryHints::default(), None);
    same("status", &fault.status, &exchange.expected.status)?;
    same_words(&fault.message, expected)
}

/// Keys that were echoed are gone, and very long messages end early; all else stands as it was.
fn same_words(got: &str, expected: &str) -> Result<(), String> {
    let mut expected_words = expected.split_whitespace();
    let mut words = got.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let is_cut = words.peek().is_none() && word.ends_with('…');
        if is_cut {
            return Ok(());
        }
        let expected_word = expected_words.next();
        if expected_word != Some(word) && !word.contains("[redacted]") {
            return Err(format!("message: got {got:?}, expected {expected:?}"));
        }
    }
    same("end of the message", &expected_words.next(), &None)
}
