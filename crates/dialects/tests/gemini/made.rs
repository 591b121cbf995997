//! Requests and pieces of answers that this dialect can say, made at random.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use switchyard_domain::chat::{
    Audio, ChatRequest, Document, EffortLevel, Json, MediaSource, Message, Part, Reasoning, ReasoningMode,
    ReasoningWish, ResponseFormat, Role, Sampling, Signature, Tool, ToolCall, ToolCallKind, ToolChoice,
    ToolChoiceMode, ToolResult,
};

use crate::text::{filled, text};

fn json() -> impl Strategy<Value = Json> {
    prop_oneof![
        text().prop_map(|text| serde_json::to_string(&text).unwrap()),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("[1, {\"a\":1.0e2}]".to_owned()),
        Just("{\"z\":{}, \"a_b\" : [true]}".to_owned()),
    ]
    .prop_map(|text| Json::parse(text).unwrap())
}

pub(crate) fn extensions(prefix: &'static str) -> impl Strategy<Value = Vec<(String, Json)>> {
    let members = btree_map("x[A-Z][a-z]{1,6}", json(), 0..3);
    members.prop_map(move |members| {
        members.into_iter().map(|(name, value)| (format!("{prefix}{name}"), value)).collect()
    })
}

pub(crate) fn medium() -> impl Strategy<Value = Part> {
    let inline = |class: &'static str| {
        ("[a-z]{1,5}", "[A-Za-z0-9+/]{0,12}").prop_map(move |(kind, base64)| MediaSource::Inline {
            media_type: format!("{class}/{kind}"),
            base64,
        })
    };
    let at = |ending: &'static str| {
        "[a-z]{0,8}".prop_map(move |path| MediaSource::Url(format!("https://example.org/{path}.{ending}")))
    };
    prop_oneof![
        prop_oneof![inline("image"), at("png")].prop_map(|source| Part::Image { source, detail: None }),
        (inline("application"), option::of(text()))
            .prop_map(|(source, name)| Part::Document(Document::new(source, name))),
        at("pdf").prop_map(|source| Part::Document(Document::new(source, None))),
        (text(), "[b-l]{1,4}").prop_map(|(base64, format)| Part::Audio(Audio { base64, format })),
    ]
}

pub(crate) fn native() -> impl Strategy<Value = Part> {
    text().prop_map(|code| {
        let json = json!({"executableCode": {"code": code}, "thoughtSignature": "c2ln"}).to_string();
        Part::Native { kind: "executableCode".to_owned(), json: Json::parse(json).unwrap() }
    })
}

pub(crate) fn google() -> impl Strategy<Value = Signature> {
    "[A-Za-z0-9+/]{1,12}={0,2}".prop_map(|value| Signature::new(Signature::GOOGLE, value))
}

fn arguments() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("{}".to_owned()),
        Just("{\"b\": 1.0, \"a\":[null]}".to_owned()),
        text().prop_map(|text| json!({ "text": text }).to_string()),
    ]
}

pub(crate) fn call(signature: impl Strategy<Value = Signature>) -> impl Strategy<Value = ToolCall> {
    (filled(), filled(), arguments(), option::of(signature)).prop_map(|(id, name, arguments, signature)| {
        ToolCall { id, name, arguments, kind: ToolCallKind::Function, signature }
    })
}

fn result() -> impl Strategy<Value = Part> {
    // One that reads as an object stands for itself, see the tests of results.
    let said = filled().prop_filter("is no object", |text| !text.trim_start().starts_with('{'));
    (filled(), said, vec(medium(), 0..2), any::<bool>(), filled()).prop_map(
        |(call_id, text, media, is_error, name)| {
            let mut content = vec![Part::Text { text }];
            content.extend(media);
            Part::ToolResult(ToolResult { call_id, content, is_error, name: Some(name) })
        },
    )
}

fn user_part() -> impl Strategy<Value = Vec<Part>> {
    prop_oneof![
        3 => text().prop_map(|text| vec![Part::Text { text }]),
        1 => medium().prop_map(|part| vec![part]),
        1 => native().prop_map(|part| vec![part]),
        1 => (medium(), google()).prop_map(|(part, proof)| vec![part, Part::Signature(proof)]),
    ]
}

fn model_part() -> impl Strategy<Value = Vec<Part>> {
    let block = (text(), option::of(google()))
        .prop_map(|(text, signature)| vec![Part::Reasoning(Reasoning { text, signature, redacted: false })]);
    // Without a text there is only the proof.
    let signed =
        (filled(), google()).prop_map(|(text, proof)| vec![Part::Text { text }, Part::Signature(proof)]);
    prop_oneof![
        2 => user_part(),
        1 => block,
        1 => signed,
        2 => call(google()).prop_map(|call| vec![Part::ToolCall(call)]),
    ]
}

fn message(role: Role, parts: impl Strategy<Value = Vec<Part>>) -> impl Strategy<Value = Message> {
    let parts = vec(parts, 1..4).prop_map(|parts| parts.concat());
    (parts, extensions(""), option::of((0..3_usize, json()))).prop_map(
        move |(parts, mut extensions, of_part)| {
            // Only a part whose members are read can have more of them.
            let of_part = of_part.filter(|(at, _)| {
                matches!(parts.get(*at), Some(Part::Text { .. } | Part::ToolCall(_) | Part::Reasoning(_)))
            });
            extensions.extend(of_part.map(|(at, value)| (format!("parts[{at}].xOdd"), value)));
            Message { role, parts, name: None, extensions }
        },
    )
}

fn turns() -> impl Strategy<Value = Vec<Message>> {
    let turn = prop_oneof![
        2 => message(Role::User, user_part()),
        2 => message(Role::Assistant, model_part()),
        1 => vec(result(), 1..3).prop_map(|parts| {
            Message { role: Role::Tool, parts, name: None, extensions: Vec::new() }
        }),
    ];
    let system = option::of(vec(text(), 1..3).prop_map(|texts| {
        let parts = texts.into_iter().map(|text| Part::Text { text }).collect();
        Message { role: Role::System, parts, name: None, extensions: Vec::new() }
    }));
    (system, vec(turn, 1..4)).prop_map(|(system, turns)| {
        let mut messages: Vec<Message> = system.into_iter().collect();
        for turn in turns {
            // Results in a row are one turn.
            match messages.last_mut().filter(|last| last.role == Role::Tool && turn.role == Role::Tool) {
                Some(last) => last.parts.extend(turn.parts),
                None => messages.push(turn),
            }
        }
        messages
    })
}

fn tool() -> impl Strategy<Value = Tool> {
    const SCHEMAS: &[&str] = &[
        r#"{"type":"object","properties":{"a":{"type":"string"}}}"#,
        r#"{ "type":"object", "properties":{}, "additionalProperties":false }"#,
        r##"{"$ref":"#/$defs/a","$defs":{"a":{"type":["object","null"]}}}"##,
    ];
    let schema = select(SCHEMAS).prop_map(|text| Json::parse(text).unwrap());
    prop_oneof![
        2 => (filled(), option::of(text()), option::of(schema), extensions("")).prop_map(
            |(name, description, parameters, extensions)| Tool::Function {
                name, description, parameters, strict: None, cache: None, extensions,
            },
        ),
        1 => ("x[A-Z][a-z]{1,4}", json()).prop_map(|(kind, value)| {
            let json = Json::parse(format!("{{\"{kind}\":{}}}", value.as_str())).unwrap();
            Tool::Native { kind, json }
        }),
    ]
}

fn choice() -> impl Strategy<Value = ToolChoice> {
    prop_oneof![
        select(vec![ToolChoiceMode::None, ToolChoiceMode::Auto, ToolChoiceMode::Required])
            .prop_map(ToolChoice::Mode),
        filled().prop_map(ToolChoice::Function),
        Just(ToolChoice::Native(Json::parse(r#"{"mode":"VALIDATED"}"#).unwrap())),
    ]
}

fn sampling() -> impl Strategy<Value = Sampling> {
    let decimal = || option::of(-1e6..1e6_f64);
    let decimals = (decimal(), decimal(), decimal(), decimal());
    let counts = (
        option::of(any::<u32>()),
        option::of(any::<i64>()),
        option::of(any::<bool>()),
        option::of(any::<u32>()),
    );
    (decimals, counts).prop_map(|((temperature, top_p, frequency_penalty, presence_penalty), counts)| {
        let (top_k, seed, logprobs, top_logprobs) = counts;
        Sampling {
            temperature,
            top_p,
            top_k,
            frequency_penalty,
            presence_penalty,
            seed,
            logprobs,
            top_logprobs,
            ..Sampling::default()
        }
    })
}

fn wish() -> impl Strategy<Value = ReasoningWish> {
    let amount = prop_oneof![
        Just((None, None)),
        Just((Some(ReasoningMode::Adaptive), None)),
        any::<u32>().prop_map(|budget| (None, Some(u64::from(budget)))),
    ];
    (amount, option::of("[a-z]{1,6}"), option::of(any::<bool>())).prop_map(
        |((mode, budget_tokens), effort, visible)| ReasoningWish {
            mode,
            effort: effort.map(EffortLevel),
            budget_tokens,
            visible,
            summary: None,
        },
    )
}

fn format() -> impl Strategy<Value = ResponseFormat> {
    let schema = select(vec![r#"{"type":"string"}"#, r#"{"const":1}"#]);
    prop_oneof![
        Just(ResponseFormat::Text),
        Just(ResponseFormat::JsonObject),
        schema.prop_map(|schema| ResponseFormat::JsonSchema {
            name: "response".to_owned(),
            description: None,
            schema: Some(Json::parse(schema).unwrap()),
            strict: None,
        }),
    ]
}

pub(crate) fn request() -> impl Strategy<Value = ChatRequest> {
    let others = (
        extensions(""),
        extensions("generationConfig."),
        extensions("generationConfig.thinkingConfig."),
        extensions("toolConfig."),
        extensions("toolConfig.functionCallingConfig."),
    );
    let settings = (
        option::of(any::<u32>()),
        vec(text(), 0..4),
        option::of(1..9_u32),
        option::of(format()),
        btree_map(text(), text(), 0..3),
        option::of(text()),
    );
    (turns(), vec(tool(), 0..4), option::of(choice()), sampling(), wish(), settings, others).prop_map(
        |(messages, tools, tool_choice, sampling, reasoning, settings, others)| {
            let (limit, stop, choices, response_format, metadata, service_tier) = settings;
            ChatRequest {
                model: "m".to_owned(),
                messages,
                tools,
                tool_choice,
                sampling,
                max_output_tokens: limit.map(u64::from),
                stop,
                response_format,
                reasoning,
                choices,
                metadata,
                service_tier,
                extensions: [others.0, others.1, others.2, others.3, others.4].concat(),
                ..ChatRequest::default()
            }
        },
    )
}
