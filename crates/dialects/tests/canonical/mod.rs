//! Any request that the canonical form can hold, as far as a dialect that is spoken to providers only may meet it.

mod text;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use switchyard_domain::chat::{
    Audio, CacheMark, ChatRequest, Document, EffortLevel, Json, MediaSource, Message, Part, Reasoning,
    ReasoningMode, ReasoningWish, ResponseFormat, Role, Sampling, Signature, StreamOptions, Tool, ToolCall,
    ToolCallKind, ToolChoice, ToolChoiceMode, ToolResult,
};

use text::filled;
pub(crate) use text::text;

fn json() -> impl Strategy<Value = Json> {
    let texts = select(vec!["{}", "[1, {\"a\":1.0e2}]", "{\"z\":{}, \"a\" : [true]}", "\"é\"", "-7", "null"]);
    texts.prop_map(|text| Json::parse(text).unwrap())
}

fn extensions() -> impl Strategy<Value = Vec<(String, Json)>> {
    btree_map("(x_|options\\.|[a-z]{3,5}\\[0\\]\\.)[a-z]{1,6}", json(), 0..3)
        .prop_map(|members| members.into_iter().collect())
}

fn source() -> impl Strategy<Value = MediaSource> {
    let media_types =
        select(vec!["image/png", "image/webp", "application/pdf", "video/mp4", "text/csv", "x"]);
    prop_oneof![
        4 => (media_types, "[A-Za-z0-9+/]{0,12}").prop_map(|(media_type, base64)| MediaSource::Inline {
            media_type: media_type.to_owned(),
            base64,
        }),
        2 => text().prop_map(MediaSource::Text),
        1 => "(https|s3)://[a-z]{1,5}/[a-z]{1,5}(\\.png|\\.pdf|\\.mp4|)".prop_map(MediaSource::Url),
        1 => text().prop_map(MediaSource::FileId),
    ]
}

fn content_part() -> impl Strategy<Value = Part> {
    let document = (source(), option::of(text()), option::of(text()), any::<bool>()).prop_map(
        |(source, filename, context, cited)| Part::Document(Document { source, filename, context, cited }),
    );
    prop_oneof![
        12 => text().prop_map(|text| Part::Text { text }),
        1 => (source(), option::of(text())).prop_map(|(source, detail)| Part::Image { source, detail }),
        1 => document,
        1 => (text(), select(vec!["wav", "mp3", "x"]))
            .prop_map(|(base64, format)| Part::Audio(Audio { base64, format: format.to_owned() })),
        1 => json().prop_map(|json| Part::Native { kind: "odd".to_owned(), json }),
        1 => option::of(text()).prop_map(|ttl| Part::CacheMark { ttl }),
    ]
}

fn proof() -> impl Strategy<Value = Signature> {
    (select(vec!["anthropic", "google", "openai"]), filled())
        .prop_map(|(issuer, value)| Signature::new(issuer, value))
}

fn call() -> impl Strategy<Value = Part> {
    let kind = select(vec![ToolCallKind::Function, ToolCallKind::Custom, ToolCallKind::LegacyFunction]);
    let arguments = prop_oneof![text(), json().prop_map(|json| json.as_str().to_owned())];
    (text(), filled(), arguments, kind, option::of(proof())).prop_map(
        |(id, name, arguments, kind, signature)| {
            Part::ToolCall(ToolCall { id, name, arguments, kind, signature })
        },
    )
}

fn said() -> impl Strategy<Value = Part> {
    let reasoning = (text(), option::of(proof()), any::<bool>())
        .prop_map(|(text, signature, redacted)| Part::Reasoning(Reasoning { text, signature, redacted }));
    prop_oneof![
        3 => text().prop_map(|text| Part::Text { text }),
        1 => text().prop_map(|text| Part::Refusal { text }),
        1 => proof().prop_map(Part::Signature),
        2 => reasoning,
        2 => call(),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    let role = select(vec![Role::User, Role::System, Role::Developer]);
    let result = (text(), vec(content_part(), 0..3), any::<bool>(), option::of(text())).prop_map(
        |(call_id, content, is_error, name)| {
            Part::ToolResult(ToolResult { call_id, content, is_error, name })
        },
    );
    let whole = |role| move |(parts, name, extensions)| Message { role, parts, name, extensions };
    prop_oneof![
        (role, vec(content_part(), 0..4), option::weighted(0.1, text()), extensions())
            .prop_map(|(role, parts, name, extensions)| Message { role, parts, name, extensions }),
        (vec(said(), 0..4), option::weighted(0.1, text()), extensions()).prop_map(whole(Role::Assistant)),
        (vec(prop_oneof![3 => result, 1 => content_part()], 1..3), Just(None), extensions())
            .prop_map(whole(Role::Tool)),
    ]
}

fn tool() -> impl Strategy<Value = Tool> {
    let function = (
        filled(),
        option::of(text()),
        option::of(json()),
        option::of(any::<bool>()),
        option::weighted(0.2, option::of(text())),
        extensions(),
    );
    prop_oneof![
        9 => function.prop_map(|(name, description, parameters, strict, cache, extensions)| Tool::Function {
            name, description, parameters, strict, cache: cache.map(|ttl| CacheMark { ttl }), extensions,
        }),
        1 => json().prop_map(|json| Tool::Native { kind: "web_search".to_owned(), json }),
    ]
}

fn choice_of_tool() -> impl Strategy<Value = ToolChoice> {
    prop_oneof![
        select(vec![ToolChoiceMode::None, ToolChoiceMode::Auto, ToolChoiceMode::Required])
            .prop_map(ToolChoice::Mode),
        filled().prop_map(ToolChoice::Function),
        json().prop_map(ToolChoice::Native),
    ]
}

fn sampling() -> impl Strategy<Value = Sampling> {
    let decimal = || option::of(-10.0..10.0_f64);
    let biases = btree_map("[0-9]{1,5}", any::<i32>(), 0..2);
    let decimals = (decimal(), decimal(), option::of(any::<u32>()), decimal(), decimal());
    let others = (option::of(any::<i64>()), option::of(any::<bool>()), option::of(any::<u32>()), biases);
    (decimals, others).prop_map(|(decimals, (seed, logprobs, top_logprobs, logit_bias))| {
        let (temperature, top_p, top_k, frequency_penalty, presence_penalty) = decimals;
        Sampling {
            temperature,
            top_p,
            top_k,
            frequency_penalty,
            presence_penalty,
            seed,
            logprobs,
            top_logprobs,
            logit_bias,
        }
    })
}

fn format() -> impl Strategy<Value = ResponseFormat> {
    let schema = (text(), option::of(text()), option::of(json()), option::of(any::<bool>()));
    prop_oneof![
        Just(ResponseFormat::Text),
        Just(ResponseFormat::JsonObject),
        schema.prop_map(|(name, description, schema, strict)| ResponseFormat::JsonSchema {
            name,
            description,
            schema,
            strict
        }),
    ]
}

fn wish() -> impl Strategy<Value = ReasoningWish> {
    let words = select(vec!["none", "minimal", "low", "medium", "high", "xhigh", "max", "odd"]);
    let modes = select(vec![ReasoningMode::Off, ReasoningMode::On, ReasoningMode::Adaptive]);
    let budgets = select(vec![0, 1, 1024, 5000, u64::MAX]);
    (option::of(modes), option::of(words), option::of(budgets), option::of(any::<bool>()), option::of(text()))
        .prop_map(|(mode, effort, budget_tokens, visible, summary)| ReasoningWish {
            mode,
            effort: effort.map(|word| EffortLevel(word.to_owned())),
            budget_tokens,
            visible,
            summary,
        })
}

prop_compose! {
    /// Any request for one choice.
    pub(crate) fn request()(
        (model, messages, tools, tool_choice, parallel_tool_calls) in (
            text(), vec(message(), 0..5), vec(tool(), 0..3), option::weighted(0.4, choice_of_tool()),
            option::of(any::<bool>())
        ),
        (sampling, max_output_tokens, stop, response_format, reasoning) in (
            sampling(), option::of(any::<u64>()), vec(filled(), 0..3), option::weighted(0.3, format()), wish()
        ),
        (stream, metadata, user, service_tier, extensions) in (
            option::of(any::<bool>()), btree_map(text(), text(), 0..2), option::of(text()), option::of(text()),
            extensions()
        ),
    ) -> ChatRequest {
        ChatRequest {
            model, messages, tools, tool_choice, parallel_tool_calls, sampling, max_output_tokens, stop,
            response_format, reasoning, choices: None,
            stream: stream.map(|include_usage| StreamOptions { include_usage }),
            metadata, user, service_tier, legacy_functions: false, extensions,
        }
    }
}

/// The texts of a request that must reach the model, whatever else is lost.
pub(crate) fn texts(request: &ChatRequest) -> impl Iterator<Item = &str> {
    fn inside(parts: &[Part]) -> Vec<&str> {
        let mut texts = Vec::new();
        for part in parts {
            match part {
                Part::Text { text } | Part::Refusal { text } => texts.push(text.as_str()),
                Part::ToolResult(result) => texts.extend(inside(&result.content)),
                _ => {}
            }
        }
        texts
    }
    request.messages.iter().flat_map(|message| inside(&message.parts))
}

/// All strings within a value, one after the other.
pub(crate) fn strings(value: &serde_json::Value, out: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => out.push(text.clone()),
        serde_json::Value::Array(list) => list.iter().for_each(|value| strings(value, out)),
        serde_json::Value::Object(members) => members.values().for_each(|value| strings(value, out)),
        _ => {}
    }
}
