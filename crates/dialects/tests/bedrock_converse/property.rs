//! Any request is written as a sound body or refused, and any bytes are read.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::Value;
use switchyard_dialects::bedrock_converse::BedrockConverse;
use switchyard_dialects::codec::ProviderCodec;
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport};
use switchyard_testkit::corpus;

use crate::canonical::{request, strings, text, texts};
use crate::expected::events_of;

const MODELS: &[&str] = &[
    "us.anthropic.claude-sonnet-4-20250514-v1:0",
    "us.anthropic.claude-opus-4-7",
    "us.amazon.nova-2-lite-v1:0",
    "openai.gpt-oss-120b-1:0",
    "meta.llama3-2-1b-instruct-v1:0",
];

/// What must hold of any body, whatever was asked.
fn check(request: &ChatRequest, body: &Value) -> Result<(), TestCaseError> {
    let mut found = Vec::new();
    strings(&body["messages"], &mut found);
    strings(&body["system"], &mut found);
    for text in texts(request) {
        prop_assert!(text.is_empty() || found.iter().any(|found| found == text), "{:?} is lost", text);
    }
    let mut last = Value::Null;
    let mut names = HashSet::new();
    let mut has_tool_blocks = false;
    for message in body["messages"].as_array().unwrap() {
        prop_assert!(message["role"] != last, "two messages of one role");
        last = message["role"].clone();
        let blocks = message["content"].as_array().unwrap();
        prop_assert!(!blocks.is_empty());
        let first_other = blocks
            .iter()
            .position(|block| block.get("toolResult").is_none() && block.get("cachePoint").is_none());
        let last_result = blocks.iter().rposition(|block| block.get("toolResult").is_some());
        prop_assert!(last_result.is_none_or(|result| first_other.is_none_or(|other| result < other)));
        for block in blocks {
            if let Some(call) = block.get("toolUse") {
                has_tool_blocks = true;
                prop_assert!(call["input"].is_object() && is_id(&call["toolUseId"]));
            }
            if let Some(result) = block.get("toolResult") {
                has_tool_blocks = true;
                prop_assert!(
                    is_id(&result["toolUseId"]) && !result["content"].as_array().unwrap().is_empty()
                );
            }
            for document in documents(block) {
                let name = document["name"].as_str().unwrap();
                prop_assert!(names.insert(name.to_ascii_lowercase()), "two documents are called {:?}", name);
                prop_assert!(
                    !name.is_empty()
                        && name.chars().all(|c| c.is_ascii_alphanumeric() || " -()[]_".contains(c))
                );
            }
        }
    }
    prop_assert!(
        !has_tool_blocks || body["toolConfig"]["tools"].as_array().is_some_and(|tools| !tools.is_empty())
    );
    Ok(())
}

fn documents(block: &Value) -> Vec<&Value> {
    let inside = block["toolResult"]["content"].as_array().into_iter().flatten();
    std::iter::once(block).chain(inside).filter_map(|block| block.get("document")).collect()
}

fn is_id(id: &Value) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    id.as_str().is_some_and(|id| (1..=64).contains(&id.len()) && id.bytes().all(allowed))
}

proptest! {
    #[test]
    fn any_request_keeps_its_words_or_is_refused(request in request(), model in proptest::sample::select(MODELS)) {
        let mut losses = LossReport::default();
        match BedrockConverse.encode(&request, model, Dialect::ANTHROPIC_MESSAGES, &mut losses) {
            Err(refusal) => prop_assert!(refusal.param.is_some() && !refusal.message.is_empty()),
            Ok(body) => check(&request, &serde_json::from_slice(&body).unwrap())?,
        }
        prop_assert!(losses.losses.iter().all(|loss| !loss.member.is_empty() && !loss.reason.is_empty()));
        // The dialect's own members may be anything; the body must be sound all the same.
        if let Ok(body) = BedrockConverse.encode(&request, model, Dialect::BEDROCK_CONVERSE, &mut losses) {
            prop_assert!(serde_json::from_slice::<Value>(&body).unwrap().is_object());
        }
    }

    #[test]
    fn any_bytes_are_read(bytes: Vec<u8>, name in text(), data in text()) {
        let _ = BedrockConverse.decode(&bytes);
        let mut reader = BedrockConverse.reader(1);
        let mut out = Vec::new();
        for name in [name.as_str(), "contentBlockDelta", "messageStop", "metadata", "throttlingException"] {
            let _ = reader.event(Some(name.as_bytes()), &bytes, &mut out);
            let _ = reader.event(Some(name.as_bytes()), data.as_bytes(), &mut out);
        }
        reader.finish(&mut out);
    }

    #[test]
    fn any_damage_to_what_was_recorded_is_read(
        at in 0.0..1.0_f64, byte: u8, pick in 0_usize..23, order in proptest::collection::vec(0_usize..1000, 0..40)
    ) {
        let streams = recorded();
        let events = &streams[pick % streams.len()];
        let mut reader = BedrockConverse.reader(1);
        let mut out = Vec::new();
        for index in order {
            let (name, data) = &events[index % events.len()];
            let mut data = data.clone();
            let place = ((data.len() - 1) as f64 * at) as usize;
            data[place] = byte;
            let _ = BedrockConverse.decode(&data);
            let _ = reader.event(name.as_deref(), &data, &mut out);
        }
        reader.finish(&mut out);
    }
}

type Events = Vec<(Option<Vec<u8>>, Vec<u8>)>;

fn recorded() -> &'static [Events] {
    static RECORDED: std::sync::OnceLock<Vec<Events>> = std::sync::OnceLock::new();
    RECORDED.get_or_init(|| {
        let exchanges = corpus::of("bedrock-converse").unwrap();
        let streams = exchanges.iter().filter(|exchange| exchange.response.base64);
        streams.map(|exchange| events_of(&BedrockConverse, &exchange.answer(), usize::MAX)).collect()
    })
}
