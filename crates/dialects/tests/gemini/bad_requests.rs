//! What no provider could mean to accept is refused, with the member's name.

use serde_json::{Value, json};
use switchyard_dialects::codec::{Address, ClientCodec};
use switchyard_dialects::gemini::GeminiClient;
use switchyard_dialects::request::{RequestCode, RequestLimits};

use crate::tools::{ADDRESS, checked};

fn refused(body: &Value) -> String {
    let error = checked(&body.to_string()).unwrap_err();
    assert_eq!(error.code, RequestCode::InvalidRequest);
    assert!(error.message.len() < 200);
    error.param.unwrap()
}

fn with(name: &str, value: Value) -> Value {
    let mut body = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
    body[name] = value;
    body
}

fn with_config(name: &str, value: Value) -> Value {
    with("generationConfig", Value::Object([(name.to_owned(), value)].into_iter().collect()))
}

fn with_part(part: &Value) -> Value {
    with("contents", json!([{"role": "user", "parts": [part]}]))
}

#[test]
fn what_is_no_json_comes_first() {
    for body in ["", "{", "{\"contents\":[]} x", "{\"a\":01}", "\u{feff}{}", "{'a':1}"] {
        assert_eq!(checked(body).unwrap_err().code, RequestCode::InvalidJson, "{body}");
    }
    for body in ["[]", "7", "{\"contents\":1,\"cont\\u0065nts\":2}"] {
        assert_eq!(checked(body).unwrap_err().code, RequestCode::InvalidRequest, "{body}");
    }
}

#[test]
fn contents_must_be_contents() {
    for (contents, param) in [
        (json!([]), "contents"),
        (json!("hi"), "contents"),
        (json!([null]), "contents"),
        (json!([[]]), "contents"),
        (json!([{}]), "contents[0].parts"),
        (json!([{"parts": []}]), "contents[0].parts"),
        (json!([{"parts": "hi"}]), "contents[0].parts"),
        (json!([{"role": "system", "parts": [{"text": "a"}]}]), "contents[0].role"),
        (json!([{"role": "User", "parts": [{"text": "a"}]}]), "contents[0].role"),
        (json!([{"role": {}, "parts": [{"text": "a"}]}]), "contents[0].role"),
    ] {
        assert_eq!(refused(&with("contents", contents)), param);
    }
    assert_eq!(refused(&json!({})), "contents");
    assert_eq!(refused(&json!({"contents": null})), "contents");
}

#[test]
fn parts_must_be_parts() {
    for (part, param) in [
        (json!(7), ""),
        (json!({}), ""),
        (json!({"thought": true}), ""),
        (json!({"text": 7}), ".text"),
        (json!({"text": "a", "thought": "yes"}), ".thought"),
        (json!({"text": "a", "thoughtSignature": 1}), ".thoughtSignature"),
        (json!({"inlineData": {"mimeType": "image/png"}}), ".inlineData"),
        (json!({"inlineData": {"data": "AA=="}}), ".inlineData"),
        (json!({"fileData": {"mimeType": "image/png"}}), ".fileData"),
        (json!({"fileData": {"fileUri": "file:///etc/passwd"}}), ".fileData"),
        (json!({"file_data": {"file_uri": "\u{66}ile:///x", "mime_type": 7}}), ".fileData"),
        (json!({"functionCall": {"args": {}}}), ".functionCall"),
        (json!({"functionCall": {"name": "f", "args": "{}"}}), ".functionCall"),
        (json!({"functionResponse": {"name": "f", "response": "x"}}), ".functionResponse"),
        (json!({"functionResponse": {"response": {}}}), ".functionResponse"),
        (json!({"functionResponse": {"name": "f"}}), ".functionResponse"),
        (
            json!({"functionResponse": {"name": "f", "response": {}, "parts": [{"inlineData": {}}]}}),
            ".functionResponse",
        ),
    ] {
        assert_eq!(refused(&with_part(&part)), format!("contents[0].parts[0]{param}"));
    }
}

#[test]
fn settings_must_be_what_google_takes() {
    for (name, value) in [
        ("temperature", json!(-0.1)),
        ("temperature", json!(2.001)),
        ("temperature", json!("hot")),
        ("topP", json!(1.5)),
        ("topK", json!(1.5)),
        ("topK", json!(-1)),
        ("presencePenalty", json!(2.1)),
        ("frequencyPenalty", json!(-2.1)),
        ("seed", json!(1.25)),
        ("seed", json!(4294967296_u64)),
        ("maxOutputTokens", json!(0)),
        ("maxOutputTokens", json!("10")),
        ("maxOutputTokens", json!(2147483648_u64)),
        ("candidateCount", json!(0)),
        ("candidateCount", json!(9)),
        ("stopSequences", json!("x")),
        ("stopSequences", json!([1])),
        ("stopSequences", json!(["1", "2", "3", "4", "5", "6"])),
        ("stopSequences", json!(["x".repeat(1025)])),
        ("responseLogprobs", json!(1)),
        ("logprobs", json!(21)),
        ("responseMimeType", json!(7)),
        ("responseSchema", json!("x")),
        ("responseJsonSchema", json!({"$ref": "#"})),
        ("thinkingConfig", json!(true)),
    ] {
        assert_eq!(refused(&with_config(name, value)), format!("generationConfig.{name}"));
    }
    for (name, value) in [
        ("thinkingBudget", json!(-2)),
        ("thinkingBudget", json!("x")),
        ("includeThoughts", json!("x")),
        ("thinkingLevel", json!(3)),
    ] {
        let path = format!("generationConfig.thinkingConfig.{name}");
        assert_eq!(refused(&with_config("thinkingConfig", json!({ name: value }))), path);
    }
    assert_eq!(refused(&with("generationConfig", json!([]))), "generationConfig");
}

#[test]
fn tools_must_be_tools() {
    let function = |function: Value| with("tools", json!([{"functionDeclarations": [function]}]));
    let path = "tools[0].functionDeclarations";
    for (body, param) in [
        (with("tools", json!("x")), "tools".to_owned()),
        (with("tools", json!([7])), "tools[0]".to_owned()),
        (with("tools", json!([{"functionDeclarations": "x"}])), path.to_owned()),
        (function(json!({})), format!("{path}[0].name")),
        (function(json!({"name": "a b"})), format!("{path}[0].name")),
        (function(json!({"name": "x".repeat(129)})), format!("{path}[0].name")),
        (function(json!({"name": "f", "description": 7})), format!("{path}[0].description")),
        (function(json!({"name": "f", "parameters": []})), format!("{path}[0].parameters")),
        (
            function(json!({"name": "f", "parametersJsonSchema": {"$ref": "#/a", "a": {"$ref": "#/a"}}})),
            format!("{path}[0].parametersJsonSchema"),
        ),
        (with("toolConfig", json!(7)), "toolConfig".to_owned()),
        (
            with("toolConfig", json!({"functionCallingConfig": {"mode": "SOMETIMES"}})),
            "toolConfig.functionCallingConfig.mode".to_owned(),
        ),
        (
            with("toolConfig", json!({"functionCallingConfig": {"allowedFunctionNames": "f"}})),
            "toolConfig.functionCallingConfig.allowedFunctionNames".to_owned(),
        ),
    ] {
        assert_eq!(refused(&body), param);
    }
    let large = function(json!({"name": "f", "description": "x".repeat(1024 * 1024)}));
    assert_eq!(checked(&large.to_string()).unwrap_err().code, RequestCode::TooLarge);
}

#[test]
fn other_members_are_judged_too() {
    for (name, value, param) in [
        ("systemInstruction", json!(7), "systemInstruction"),
        ("systemInstruction", json!({"parts": [{"text": 7}]}), "systemInstruction.parts[0].text"),
        ("labels", json!({"a": 1}), "labels"),
        ("cachedContent", json!({}), "cachedContent"),
        ("safetySettings", json!([7]), "safetySettings"),
        ("api_base", json!("https://evil.example"), "api_base"),
        ("extra_headers", json!({}), "extra_headers"),
        ("fallbacks", json!(["big"]), "fallbacks"),
        ("Model", json!("big"), "Model"),
        ("GenerationConfig", json!({"maxOutputTokens": 1}), "GenerationConfig"),
        (
            "generationConfig",
            json!({"routingConfig": {"manualMode": {"modelName": "big"}}}),
            "generationConfig.routingConfig",
        ),
        ("generation_config", json!({"routing_config": {}}), "generationConfig.routingConfig"),
    ] {
        assert_eq!(refused(&with(name, value)), param);
    }
}

#[test]
fn a_member_in_two_spellings_is_refused() {
    let twins = r#"{"contents":[{"parts":[{"text":"a"}]}],"generationConfig":{},"generation_config":{}}"#;
    assert_eq!(checked(twins).unwrap_err().param.as_deref(), Some("generationConfig"));
    let twins = r#"{"contents":[{"parts":[{"text":"a","thought_signature":"x","thoughtSignature":"y"}]}]}"#;
    assert_eq!(checked(twins).unwrap_err().param.as_deref(), Some("contents[0].parts[0].thoughtSignature"));
    let config = r#"{"contents":[{"parts":[{"text":"a"}]}],"generationConfig":{"topK":1,"top_k":2}}"#;
    assert_eq!(checked(config).unwrap_err().param.as_deref(), Some("generationConfig.topK"));
}

#[test]
fn the_model_must_be_named_in_the_path() {
    let body = with("x", json!(1)).to_string();
    let judged = |model: Option<&str>| {
        let address = Address { model, stream: Some(true) };
        GeminiClient.check(body.clone().into(), address, &RequestLimits::default())
    };
    for model in [None, Some(""), Some("  "), Some("a\0b")] {
        assert_eq!(judged(model).unwrap_err().param.as_deref(), Some("model"), "{model:?}");
    }
    assert_eq!(judged(Some("x".repeat(257).as_str())).unwrap_err().param.as_deref(), Some("model"));
    let good = judged(Some("models/route/fast")).unwrap();
    assert_eq!((good.facts.model.as_str(), good.facts.stream), ("route/fast", true));
}

#[test]
fn sizes_and_depths_are_bounded() {
    let many = json!({"contents": vec![json!({"parts": [{"text": "a"}]}); 2049]}).to_string();
    assert_eq!(checked(&many).unwrap_err().param.as_deref(), Some("contents"));
    let large = format!(r#"{{"contents":[{{"parts":[{{"text":"{}"}}]}}]}}"#, "a".repeat(10 * 1024 * 1024));
    let error = GeminiClient.check(large.into(), ADDRESS, &RequestLimits::default()).unwrap_err();
    assert_eq!(error.code, RequestCode::TooLarge);
    let deep = format!(r#"{{"contents":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    assert_eq!(checked(&deep).unwrap_err().code, RequestCode::InvalidRequest);
}

#[test]
fn what_google_takes_in_other_forms_is_found_good() {
    for body in [
        r#"{"contents":{"role":"user","parts":{"text":"hi"}}}"#,
        r#"{"contents":[{"parts":[{"text":"hi"}]}],"systemInstruction":"be kind","generationConfig":{"topK":40.0,"maxOutputTokens":5}}"#,
        r#"{"contents":[{"role":"function","parts":[{"function_response":{"name":"f","response":{}}}]}],"tools":{"google_search":{}}}"#,
        r#"{"contents":[{"parts":[{"somethingNew":{}}]}],"unknown":1,"safetySettings":null}"#,
    ] {
        let request = checked(body).unwrap();
        assert!(!request.messages.is_empty(), "{body}");
    }
}

#[test]
fn facts_count_what_the_model_reads() {
    let body = json!({
        "systemInstruction": {"parts": [{"text": "1234"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "12345678"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"a": 1}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"b": 22}}}]},
        ],
        "generationConfig": {"candidateCount": 2, "maxOutputTokens": 7},
    });
    let address = Address { model: Some("m"), stream: None };
    let facts =
        GeminiClient.check(body.to_string().into(), address, &RequestLimits::default()).unwrap().facts;
    assert_eq!((facts.messages, facts.images, facts.choices, facts.max_output_tokens), (4, 1, 2, Some(7)));
    assert_eq!(facts.prompt_text_bytes, 4 + 8 + 7 + 8);
    assert!(facts.wants_stream_usage && !facts.stream && !facts.strict);
}
