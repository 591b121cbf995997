//! Answers and requests of which each member may be anything.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// A piece of an answer of which each member may be anything.
pub(crate) fn odd_chunk() -> impl Strategy<Value = Value> {
    let odd = || {
        prop_oneof![
            Just(Value::Null),
            Just(json!(7)),
            Just(json!(-1.5)),
            Just(json!("x\n😀")),
            Just(json!([])),
            Just(json!({})),
            Just(json!(true)),
            Just(json!([1, "y", null, {"text": "z"}])),
            Just(json!({"name": "f", "args": {"a": 1}, "willContinue": true})),
            Just(json!({"partialArgs": [{"jsonPath": "$.a[0]['b']", "stringValue": "x"}]})),
            Just(json!([{"groundingChunkIndices": [0, -1, 7], "segment": {"startIndex": 3, "endIndex": 1}}])),
            Just(json!({"promptTokenCount": 1, "candidatesTokenCount": -2})),
            Just(json!({"mimeType": "image/png", "data": "AA=="})),
            Just(json!({"blockReason": "x"})),
        ]
    };
    let object = move |names: &'static [&'static str]| {
        vec((select(names), odd()), 0..4)
            .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    };
    const PART: &[&str] =
        &["text", "thought", "thoughtSignature", "functionCall", "inlineData", "fileData", "odd"];
    const BESIDE: &[&str] =
        &["index", "finishReason", "logprobsResult", "groundingMetadata", "citationMetadata", "odd"];
    const TOP: &[&str] =
        &["responseId", "modelVersion", "usageMetadata", "promptFeedback", "createTime", "detail", "odd"];
    const METADATA: &[&str] = &["groundingChunks", "groundingSupports"];
    let parts = vec(prop_oneof![8 => object(PART).prop_map(Value::Object), 1 => odd()], 0..4);
    let candidate = (object(BESIDE), option::of(parts), option::of(object(METADATA))).prop_map(
        |(mut candidate, parts, metadata): (serde_json::Map<String, Value>, _, Option<_>)| {
            candidate.extend(parts.map(|parts| ("content".to_owned(), json!({ "parts": parts }))));
            candidate
                .extend(metadata.map(|metadata| ("groundingMetadata".to_owned(), Value::Object(metadata))));
            Value::Object(candidate)
        },
    );
    let candidates = vec(prop_oneof![8 => candidate, 1 => odd()], 0..3);
    (object(TOP), option::of(candidates)).prop_map(
        |(mut top, candidates): (serde_json::Map<String, Value>, _)| {
            top.extend(candidates.map(|candidates| ("candidates".to_owned(), Value::Array(candidates))));
            Value::Object(top)
        },
    )
}

/// A request of which each member may be anything.
pub(crate) fn odd_request() -> impl Strategy<Value = Value> {
    let odd = || {
        prop_oneof![
            Just(Value::Null),
            Just(json!(3)),
            Just(json!(2.0)),
            Just(json!("x")),
            Just(json!([])),
            Just(json!({})),
            Just(json!(["a"])),
            Just(json!([{"a": 1}])),
            Just(json!({"parts": [{"text": "hi"}]})),
            Just(json!({"name": "f"})),
            Just(
                json!({"name": "f", "response": {}, "parts": [{"inlineData": {"mimeType": "a/b", "data": ""}}]})
            ),
            Just(json!({"mimeType": "image/png", "data": "AA==", "fileUri": "https://x.org/a"})),
            Just(json!({"functionCallingConfig": {"mode": "any", "allowedFunctionNames": ["a", "b"]}})),
            Just(
                json!([{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT"}}], "x": 1}])
            ),
            Just(
                json!({"temperature": 1, "stop_sequences": ["a"], "thinkingConfig": {"thinkingBudget": -1}})
            ),
        ]
    };
    let object = move |names: &'static [&'static str]| {
        vec((select(names), odd()), 0..4).prop_map(|members| {
            Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        })
    };
    const PART: &[&str] = &[
        "text",
        "thought",
        "thought_signature",
        "functionCall",
        "function_response",
        "inlineData",
        "file_data",
        "executableCode",
        "videoMetadata",
    ];
    const TOP: &[&str] = &[
        "systemInstruction",
        "tools",
        "tool_config",
        "generationConfig",
        "labels",
        "safetySettings",
        "serviceTier",
        "odd",
    ];
    let content = vec(object(PART), 0..4).prop_map(|parts| json!({"role": "model", "parts": parts}));
    (object(TOP), vec(content, 0..3)).prop_map(|(mut top, contents)| {
        top["contents"] = json!(contents);
        top
    })
}
