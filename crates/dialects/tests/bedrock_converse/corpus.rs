//! Every recorded exchange.

use serde_json::{Value, json};
use switchyard_dialects::bedrock_converse::BedrockConverse;
use switchyard_dialects::codec::ProviderCodec;
use switchyard_domain::chat::Part;
use switchyard_testkit::corpus::{self, Exchange};

use crate::decoder::canonical;
use crate::expected::{check_error, count_cut, decode, rewrite, same};
use crate::score::Score;

fn exchanges() -> Vec<Exchange> {
    corpus::of("bedrock-converse").unwrap()
}

fn found(id: &str) -> Exchange {
    exchanges().into_iter().find(|exchange| exchange.id == id).unwrap()
}

#[test]
fn text_that_is_cited_is_text_of_the_answer() {
    let answer = decode(&BedrockConverse, &found("bedrock-converse-b9ca78e462")).unwrap();
    assert_eq!(answer.text(), "Employees should consult with your manager for details.");
    let citation = &answer.choices[0].citations[0];
    assert_eq!(citation.span, Some((17, 55)));
    assert_eq!(citation.quote.as_deref(), Some("Consult with your manager for details."));
}

#[test]
fn every_citation_of_a_stream_stands_at_its_text() {
    for (id, expected) in [
        ("bedrock-converse-stream-74f46c3d7d", vec!["20 days annual leave.", "consult with your manager."]),
        ("bedrock-converse-stream-ff8fee5cbf", vec!["Ruby was created by Yukihiro Matsumoto in 1993."]),
    ] {
        let answer = decode(&BedrockConverse, &found(id)).unwrap();
        let text: Vec<char> = answer.text().chars().collect();
        let spans = answer.choices[0].citations.iter().map(|citation| citation.span.unwrap());
        let cited: Vec<String> =
            spans.map(|(start, end)| text[start as usize..end as usize].iter().collect()).collect();
        assert_eq!(cited, expected, "{id}");
    }
}

#[test]
fn a_tool_of_the_vendors_is_no_call_for_the_client_and_goes_back_as_it_came() {
    for id in ["bedrock-converse-c4ab055a95", "bedrock-converse-stream-6bdc89dcc4"] {
        let answer = decode(&BedrockConverse, &found(id)).unwrap();
        let parts = &answer.choices[0].parts;
        let kinds: Vec<&str> = parts
            .iter()
            .map(|part| match part {
                Part::Native { kind, .. } => kind.as_str(),
                Part::ToolCall(call) => &call.name,
                _ => "other",
            })
            .collect();
        assert_eq!(kinds, ["toolUse", "toolResult", "final_result"], "{id}");
        let Part::Native { json, .. } = &parts[1] else { panic!("{id}") };
        let block: Value = serde_json::from_str(json.as_str()).unwrap();
        assert_eq!(block["toolResult"]["content"][0]["json"]["stdOut"], "7006652", "{id}");
        assert_eq!(block["toolResult"]["type"], "nova_code_interpreter_result", "{id}");
        let Part::Native { json, .. } = &parts[0] else { panic!("{id}") };
        let block: Value = serde_json::from_str(json.as_str()).unwrap();
        assert_eq!(block["toolUse"]["input"], json!({"snippet": "1234 * 5678"}), "{id}");
    }
}

#[test]
fn where_a_stream_is_cut_makes_no_difference() {
    let exchanges = exchanges();
    let streams = exchanges.iter().filter(|exchange| exchange.response.base64);
    assert_eq!(count_cut(&BedrockConverse, streams, [1, 5, 64]), 23);
}

#[test]
fn what_the_cache_gave_and_took_is_told_apart() {
    let usage = |id: &str| decode(&BedrockConverse, &found(id)).unwrap().usage.unwrap();
    let both = usage("bedrock-converse-c5c0a1ea0a");
    let counts = (both.input, both.cached_input, both.cache_write, both.cache_write_1h, both.output);
    assert_eq!(counts, (1951, 1712, 236, 0, 121));
}

#[test]
fn the_verdict_of_a_guardrail_comes_along() {
    let answer = decode(&BedrockConverse, &found("bedrock-converse-3ed52d8c36")).unwrap();
    let (_, trace) = answer.extensions.iter().find(|(name, _)| name == "trace").unwrap();
    assert!(trace.as_str().contains("Guardrail blocked."));
}

#[test]
fn every_recorded_error_answer_is_classified_and_keeps_its_message() {
    let mut score = Score::default();
    for exchange in exchanges().iter().filter(|exchange| exchange.response.status >= 400) {
        score.note(exchange.provider(), &exchange.id, check_error(&BedrockConverse, exchange));
    }
    score.settle("errors", 9, &[]);
}

/// A body with everything said in one way that may be said in two.
fn normalised(mut body: Value) -> Value {
    let top = body.as_object_mut().unwrap();
    let is_nothing = |name: &str, value: &Value| {
        (name == "inferenceConfig" && *value == json!({})) || (name == "system" && *value == json!([]))
    };
    top.retain(|name, value| !is_nothing(name, value));
    if let Some(config) = top.get_mut("inferenceConfig").and_then(Value::as_object_mut) {
        config.retain(|name, value| !(name == "stopSequences" && *value == json!([])));
    }
    // It is ours alone: what was recorded never asks for it.
    top.remove("additionalModelResponseFieldPaths");
    let mut merged: Vec<Value> = Vec::new();
    for mut message in top["messages"].as_array().unwrap().clone() {
        for block in message["content"].as_array_mut().unwrap() {
            if let Some(result) = block.get_mut("toolResult").and_then(Value::as_object_mut)
                && result.get("type").is_none()
                && result.get("status") == Some(&json!("success"))
            {
                result.remove("status");
            }
            if let Some(call) = block.get_mut("toolUse").and_then(Value::as_object_mut)
                && call.get("type") == Some(&json!("tool_use"))
            {
                call.remove("type");
            }
        }
        match merged.last_mut() {
            Some(last) if last["role"] == message["role"] => {
                let blocks = message["content"].as_array().unwrap().clone();
                last["content"].as_array_mut().unwrap().extend(blocks);
            }
            _ => merged.push(message),
        }
    }
    top.insert("messages".to_owned(), json!(merged));
    body
}

fn rewritten(exchange: &Exchange) -> Result<(), String> {
    rewrite(&BedrockConverse, exchange, (canonical, normalised))?;
    let model = exchange.model.as_deref().unwrap_or_default();
    let path = exchange.path.clone().unwrap_or_default().replace("%3A", ":");
    let ours = BedrockConverse.endpoint(model, exchange.stream).replace("%3A", ":");
    same("path", &path, &format!("/{ours}"))
}

#[test]
fn every_recorded_request_is_what_we_would_have_written() {
    let mut score = Score::default();
    for exchange in &exchanges() {
        score.note(exchange.provider(), &exchange.id, rewritten(exchange));
    }
    let known = [("bedrock-converse-59a50a6539", "its recorder cut the path at the slash of the ARN")];
    score.settle("requests", 100, &known);
}
