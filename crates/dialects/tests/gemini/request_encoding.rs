//! Tools and settings of other dialects, and what becomes of what has no place.

use rstest::rstest;
use serde_json::{Value, json};
use switchyard_dialects::codec::ProviderCodec;
use switchyard_dialects::gemini::Gemini;
use switchyard_domain::chat::{
    CacheMark, ChatRequest, Dialect, EffortLevel, Json, LossReport, Message, ReasoningMode, ReasoningWish,
    ResponseFormat, Role, Sampling, Tool, ToolChoice, ToolChoiceMode,
};

use crate::tools::{lost, read, written};

const OTHER: Dialect = Dialect::OPENAI_CHAT;

fn hello() -> ChatRequest {
    ChatRequest { messages: vec![Message::text(Role::User, "hi")], ..ChatRequest::default() }
}

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

#[test]
fn all_settings_have_their_places() {
    let request = ChatRequest {
        sampling: Sampling {
            temperature: Some(0.5),
            top_p: Some(0.25),
            top_k: Some(40),
            frequency_penalty: Some(-1.0),
            presence_penalty: Some(1.5),
            seed: Some(-7),
            logprobs: Some(true),
            top_logprobs: Some(3),
            ..Sampling::default()
        },
        max_output_tokens: Some(99),
        stop: vec!["a".to_owned()],
        choices: Some(2),
        response_format: Some(ResponseFormat::JsonObject),
        reasoning: ReasoningWish {
            budget_tokens: Some(100),
            visible: Some(true),
            ..ReasoningWish::default()
        },
        service_tier: Some("default".to_owned()),
        ..hello()
    };
    let (body, value, losses) = written(&Gemini::GOOGLE, &request, "gemini-2.5-flash", OTHER);
    assert_eq!(
        value["generationConfig"],
        json!({
            "temperature": 0.5, "topP": 0.25, "topK": 40, "frequencyPenalty": -1.0, "presencePenalty": 1.5,
            "seed": -7, "responseLogprobs": true, "logprobs": 3, "maxOutputTokens": 99, "candidateCount": 2,
            "stopSequences": ["a"], "responseMimeType": "application/json",
            "thinkingConfig": {"thinkingBudget": 100, "includeThoughts": true},
        })
    );
    assert_eq!(value["serviceTier"], "standard");
    assert!(losses.is_empty(), "{losses}");
    let again = read(&body);
    assert_eq!((&again.sampling, &again.stop, again.choices), (&request.sampling, &request.stop, Some(2)));
}

#[test]
fn what_has_no_place_is_told() {
    let mut request = ChatRequest {
        parallel_tool_calls: Some(false),
        stop: (0..7).map(|n| n.to_string()).collect(),
        metadata: [("team".to_owned(), "A b".to_owned()), ("env".to_owned(), "test".to_owned())].into(),
        user: Some("u".to_owned()),
        service_tier: Some("scale".to_owned()),
        extensions: vec![("min_p".to_owned(), json("0.1"))],
        tools: vec![Tool::Function {
            name: "f".to_owned(),
            description: None,
            parameters: None,
            strict: Some(true),
            cache: Some(CacheMark::default()),
            extensions: vec![("x".to_owned(), json("1"))],
        }],
        ..hello()
    };
    request.messages[0].name = Some("n".to_owned());
    request.messages[0].extensions = vec![("odd".to_owned(), json("1"))];
    request.sampling.logit_bias.insert("5".to_owned(), 1);
    request.reasoning.summary = Some("concise".to_owned());
    let told = |facts: &Gemini| {
        let (_, body, losses) = written(facts, &request, "m", OTHER);
        let mut members: Vec<String> = losses.losses.into_iter().map(|loss| loss.member).collect();
        members.sort();
        (body, members)
    };
    let (body, members) = told(&Gemini::GOOGLE);
    assert_eq!(
        members,
        [
            "logit_bias",
            "messages[0].name",
            "messages[0].odd",
            "metadata",
            "min_p",
            "parallel_tool_calls",
            "reasoning.summary",
            "service_tier",
            "stop",
            "tools[0]",
            "tools[0].strict",
            "tools[0].x",
            "user",
        ]
    );
    assert_eq!(body["generationConfig"]["stopSequences"].as_array().unwrap().len(), 5);
    assert!(body.get("labels").is_none() && body.get("toolConfig").is_none());
    let (body, members) = told(&Gemini::VERTEX);
    assert_eq!(body["labels"], json!({"env": "test"}));
    assert!(members.contains(&"metadata.team".to_owned()));
}

#[test]
fn what_must_not_be_left_out_is_refused() {
    let stored =
        ChatRequest { extensions: vec![("previous_response_id".to_owned(), json("\"resp_1\""))], ..hello() };
    let mut losses = LossReport::default();
    let refused = Gemini::GOOGLE.encode(&stored, "m", Dialect::OPENAI_RESPONSES, &mut losses).unwrap_err();
    assert_eq!(refused.param.as_deref(), Some("previous_response_id"));
}

#[rstest]
#[case(ToolChoice::Mode(ToolChoiceMode::None), json!({"mode": "NONE"}))]
#[case(ToolChoice::Mode(ToolChoiceMode::Auto), json!({"mode": "AUTO"}))]
#[case(ToolChoice::Mode(ToolChoiceMode::Required), json!({"mode": "ANY"}))]
#[case(ToolChoice::Function("f".to_owned()), json!({"mode": "ANY", "allowedFunctionNames": ["f"]}))]
fn choices_of_tools_have_their_modes(#[case] choice: ToolChoice, #[case] expected: Value) {
    let request = ChatRequest { tool_choice: Some(choice.clone()), ..hello() };
    let (body, value, losses) = written(&Gemini::GOOGLE, &request, "m", OTHER);
    assert_eq!(value["toolConfig"]["functionCallingConfig"], expected);
    assert!(losses.is_empty());
    assert_eq!(read(&body).tool_choice, Some(choice));
}

#[rstest]
#[case(r#"{"type":"object","properties":{"a":{"type":"string"}}}"#, "parameters", "responseSchema")]
#[case(
    r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string"}}}"##,
    "parametersJsonSchema",
    "responseJsonSchema"
)]
#[case(
    r#"{"type":"object","properties":{},"additionalProperties":false}"#,
    "parametersJsonSchema",
    "responseJsonSchema"
)]
#[case(r#"{"type":"array","items":{"type":"integer"}}"#, "parametersJsonSchema", "responseSchema")]
fn a_schema_stands_where_the_provider_takes_it(
    #[case] schema: &str,
    #[case] parameters: &str,
    #[case] response: &str,
) {
    let request = ChatRequest {
        tools: vec![Tool::Function {
            name: "f".to_owned(),
            description: Some("d".to_owned()),
            parameters: Some(json(schema)),
            strict: None,
            cache: None,
            extensions: Vec::new(),
        }],
        response_format: Some(ResponseFormat::JsonSchema {
            name: "response".to_owned(),
            description: None,
            schema: Some(json(schema)),
            strict: None,
        }),
        ..hello()
    };
    let (body, value, losses) = written(&Gemini::GOOGLE, &request, "m", OTHER);
    let plain: Value = serde_json::from_str(schema).unwrap();
    assert_eq!(value["tools"][0]["functionDeclarations"][0][parameters], plain);
    assert_eq!(value["generationConfig"][response], plain);
    assert_eq!(value["generationConfig"]["responseMimeType"], "application/json");
    assert!(losses.is_empty());
    let again = read(&body);
    assert_eq!((&again.tools, &again.response_format), (&request.tools, &request.response_format));
}

fn wish(mode: Option<ReasoningMode>, effort: Option<&str>, budget_tokens: Option<u64>) -> ReasoningWish {
    let effort = effort.map(|word| EffortLevel(word.to_owned()));
    ReasoningWish { mode, effort, budget_tokens, ..ReasoningWish::default() }
}

#[rstest]
#[case(wish(None, Some("low"), None), json!({"thinkingBudget": 2048}), json!({"thinkingLevel": "LOW"}), 1)]
#[case(wish(None, Some("max"), None), json!({"thinkingBudget": 24576}), json!({"thinkingLevel": "HIGH"}), 2)]
#[case(wish(None, Some("weird"), None), json!({"thinkingBudget": 8192}), json!({"thinkingLevel": "MEDIUM"}), 2)]
#[case(wish(None, Some("none"), None), json!({"thinkingBudget": 0}), json!({"thinkingLevel": "MINIMAL"}), 1)]
#[case(wish(Some(ReasoningMode::Off), None, None), json!({"thinkingBudget": 0}), json!({"thinkingLevel": "MINIMAL"}), 1)]
#[case(wish(None, None, Some(500)), json!({"thinkingBudget": 500}), json!({"thinkingBudget": 500}), 0)]
#[case(wish(None, Some("high"), Some(500)), json!({"thinkingBudget": 500}), json!({"thinkingLevel": "HIGH"}), 0)]
#[case(wish(Some(ReasoningMode::Adaptive), None, None), json!({"thinkingBudget": -1}), Value::Null, 0)]
#[case(wish(Some(ReasoningMode::On), None, None), Value::Null, Value::Null, 0)]
fn how_hard_to_reason_is_said_as_the_model_knows_it(
    #[case] reasoning: ReasoningWish,
    #[case] second: Value,
    #[case] third: Value,
    #[case] told: usize,
) {
    let request = ChatRequest { reasoning, ..hello() };
    let mut losses = 0;
    for (model, expected) in [("gemini-2.5-flash", second), ("models/gemini-3.5-flash", third)] {
        let (_, body, lost) = written(&Gemini::GOOGLE, &request, model, OTHER);
        let config = body.pointer("/generationConfig/thinkingConfig").cloned().unwrap_or_default();
        assert_eq!(config, expected, "{model}");
        losses += lost.losses.len();
    }
    assert_eq!(losses, told);
}

#[test]
fn models_that_always_reason_reason_as_little_as_they_can() {
    let request = ChatRequest { reasoning: wish(Some(ReasoningMode::Off), None, None), ..hello() };
    for (model, expected) in [
        ("gemini-2.5-pro", json!({"thinkingBudget": 128})),
        ("gemini-3-pro-preview", json!({"thinkingLevel": "LOW"})),
        ("gemini-3.7-flash", json!({"thinkingLevel": "LOW"})),
    ] {
        let (_, body, losses) = written(&Gemini::GOOGLE, &request, model, OTHER);
        assert_eq!(body["generationConfig"]["thinkingConfig"], expected);
        assert_eq!(lost(&losses), ["reasoning"]);
    }
}

#[test]
fn a_level_that_the_model_does_not_know_goes_as_the_nearest_and_is_told() {
    for (model, effort, expected, is_told) in [
        ("gemini-3-pro-preview", "minimal", "LOW", true),
        ("publishers/google/models/gemini-3.1-pro-preview", "minimal", "LOW", true),
        ("gemini-3.7-flash", "minimal", "LOW", true),
        ("gemini-3-flash-preview", "minimal", "MINIMAL", false),
        ("gemini-3.1-flash-lite", "minimal", "MINIMAL", false),
        ("gemini-3-pro-preview", "medium", "HIGH", true),
        ("gemini-3.1-pro-preview", "medium", "MEDIUM", false),
        ("gemini-3-pro-preview", "low", "LOW", false),
    ] {
        let request = ChatRequest { reasoning: wish(None, Some(effort), None), ..hello() };
        let (_, body, losses) = written(&Gemini::GOOGLE, &request, model, OTHER);
        let level = &body["generationConfig"]["thinkingConfig"]["thinkingLevel"];
        assert_eq!((level.as_str(), losses.is_empty()), (Some(expected), !is_told), "{model}: {effort}");
    }
}
