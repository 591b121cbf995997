//! Pieces of requests and answers that both of OpenAI's dialects can say, made at random.

use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;
use switchyard_domain::chat::{Json, ResponseFormat, Signature, ToolChoice, ToolChoiceMode};

use crate::text::{filled, text};

pub(crate) fn json() -> impl Strategy<Value = Json> {
    prop_oneof![
        text().prop_map(|text| serde_json::to_string(&text).unwrap()),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("[1, {\"a\":1.0e2}]".to_owned()),
        Just("{\"z\":{}, \"a\" : [true]}".to_owned()),
    ]
    .prop_map(|text| Json::parse(text).unwrap())
}

pub(crate) fn extensions(pattern: &'static str) -> impl Strategy<Value = Vec<(String, Json)>> {
    btree_map(pattern, json(), 0..3).prop_map(|members| members.into_iter().collect())
}

pub(crate) fn proof() -> impl Strategy<Value = Signature> {
    const ISSUERS: &[&str] = &["anthropic", "google", "openai", "xai", "unknown", "zai"];
    (proptest::sample::select(ISSUERS), filled()).prop_map(|(issuer, value)| Signature::new(issuer, value))
}

pub(crate) fn choice_of_tool() -> impl Strategy<Value = ToolChoice> {
    prop_oneof![
        Just(ToolChoice::Mode(ToolChoiceMode::None)),
        Just(ToolChoice::Mode(ToolChoiceMode::Auto)),
        Just(ToolChoice::Mode(ToolChoiceMode::Required)),
        text().prop_map(ToolChoice::Function),
        Just(ToolChoice::Native(Json::parse(r#"{"type":"allowed_tools", "mode":"auto"}"#).unwrap())),
    ]
}

pub(crate) fn format() -> impl Strategy<Value = ResponseFormat> {
    prop_oneof![
        Just(ResponseFormat::Text),
        Just(ResponseFormat::JsonObject),
        (text(), option::of(text()), option::of(json()), option::of(any::<bool>())).prop_map(
            |(name, description, schema, strict)| ResponseFormat::JsonSchema {
                name,
                description,
                schema,
                strict
            }
        ),
    ]
}
