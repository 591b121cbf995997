//! Any request and any answer that the canonical form can hold survives being written and read.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};
use switchyard_dialects::codec::{StreamReader, StreamWriter};
use switchyard_dialects::openai_chat::request::{
    CacheForm, DocumentForm, ProofForm, ReasoningForm, TargetFacts, UnknownMembers,
};
use switchyard_dialects::openai_chat::stream::{StreamDecoder, StreamEncoder, peek};
use switchyard_dialects::openai_chat::{UsageRule, answer};
use switchyard_domain::chat::{
    Audio, ChatAnswer, ChatEvent, ChatRequest, Delta, Dialect, Document, EffortLevel, FinishReason, Json,
    LossReport, MediaSource, Message, Part, Reasoning, ReasoningWish, Role, Sampling, StreamOptions,
    TokenUsage, Tool, ToolCall, ToolCallKind, ToolResult,
};

use crate::corpus_answers::{collect, decode_stream, events_of};
use crate::corpus_peek::{is_content, output_of, usage_of};
use crate::corpus_requests::{encode, read};
use crate::corpus_rewriting::FORM;
use crate::pieces::{choice_of_tool, extensions, format, json, proof};
use crate::text::{filled, text};

/// Facts under which nothing is lost.
const FACTS: TargetFacts = TargetFacts {
    reasoning: ReasoningForm::Reasoning,
    cache: CacheForm::CacheControl,
    documents: DocumentForm::DocumentUrl,
    proofs: ProofForm::ReasoningDetails,
    unknown_members: UnknownMembers::Passed,
    media_in_results: true,
    top_k: true,
    ..TargetFacts::OPENAI
};

fn source() -> impl Strategy<Value = MediaSource> {
    prop_oneof![
        "[a-z]{0,8}".prop_map(|path| MediaSource::Url(format!("https://example.org/{path}"))),
        ("[a-z]{1,5}/[a-z]{1,5}", "[A-Za-z0-9+/]{0,12}")
            .prop_map(|(media_type, base64)| MediaSource::Inline { media_type, base64 }),
    ]
}

fn content_part() -> impl Strategy<Value = Part> {
    prop_oneof![
        4 => text().prop_map(|text| Part::Text { text }),
        1 => (source(), option::of(text())).prop_map(|(source, detail)| Part::Image { source, detail }),
        1 => (source(), option::of(text())).prop_map(|(source, filename)| Part::Document(Document::new(source, filename))),
        1 => text().prop_map(|id| Part::Document(Document::new(MediaSource::FileId(id), None))),
        1 => (text(), text()).prop_map(|(base64, format)| Part::Audio(Audio { base64, format })),
        1 => text().prop_map(|text| {
            let json = json!({"type": "video_url", "odd": text}).to_string();
            Part::Native { kind: "video_url".to_owned(), json: Json::parse(json).unwrap() }
        }),
    ]
}

/// Parts with marks after some of them.
fn content() -> impl Strategy<Value = Vec<Part>> {
    vec((content_part(), option::weighted(0.2, option::of(text()))), 0..4).prop_map(|parts| {
        let marked = parts.into_iter().flat_map(|(part, mark)| {
            let mark = mark.filter(|_| !matches!(part, Part::Native { .. }));
            std::iter::once(part).chain(mark.map(|ttl| Part::CacheMark { ttl }))
        });
        marked.collect()
    })
}

fn call() -> impl Strategy<Value = ToolCall> {
    let kind = prop_oneof![Just(ToolCallKind::Function), Just(ToolCallKind::Custom)];
    (filled(), filled(), text(), kind, option::of(proof()))
        .prop_map(|(id, name, arguments, kind, signature)| ToolCall { id, name, arguments, kind, signature })
}

fn assistant() -> impl Strategy<Value = Message> {
    let block = (filled(), proof(), any::<bool>()).prop_map(|(text, signature, redacted)| Reasoning {
        text: if redacted { String::new() } else { text },
        signature: Some(signature),
        redacted,
    });
    let reasoning = prop_oneof![
        1 => Just(Vec::new()),
        1 => text().prop_map(|text| vec![Reasoning::text(text)]),
        2 => vec(block, 1..4),
    ];
    (
        reasoning,
        content(),
        option::of(text()),
        vec(call(), 0..3),
        extensions("x_[a-z]{1,6}"),
        option::of(text()),
    )
        .prop_map(|(reasoning, content, refusal, calls, extensions, name)| {
            let mut parts = Vec::new();
            parts.extend(reasoning.into_iter().map(Part::Reasoning));
            parts.extend(content);
            parts.extend(refusal.map(|text| Part::Refusal { text }));
            // A proof finds its call by the id.
            let calls = calls
                .into_iter()
                .enumerate()
                .map(|(at, call)| ToolCall { id: format!("{}{at}", call.id), ..call });
            parts.extend(calls.map(Part::ToolCall));
            Message { role: Role::Assistant, parts, name, extensions }
        })
}

fn message() -> impl Strategy<Value = Message> {
    let role = prop_oneof![Just(Role::User), Just(Role::System), Just(Role::Developer)];
    let result = (filled(), content(), option::of(text())).prop_map(|(call_id, content, name)| {
        Part::ToolResult(ToolResult { call_id, content, is_error: false, name })
    });
    prop_oneof![
        (role, content(), option::of(text()), extensions("x_[a-z]{1,6}"))
            .prop_map(|(role, parts, name, extensions)| Message { role, parts, name, extensions }),
        assistant(),
        (result, extensions("x_[a-z]{1,6}")).prop_map(|(result, extensions)| Message {
            role: Role::Tool,
            parts: vec![result],
            name: None,
            extensions
        }),
    ]
}

fn tool() -> impl Strategy<Value = Tool> {
    prop_oneof![
        (
            text(),
            option::of(text()),
            option::of(json()),
            option::of(any::<bool>()),
            extensions("x_[a-z]{1,6}")
        )
            .prop_map(|(name, description, parameters, strict, extensions)| Tool::Function {
                name,
                description,
                parameters,
                strict,
                cache: None,
                extensions
            }),
        text().prop_map(|text| Tool::Native {
            kind: "web_search".to_owned(),
            json: Json::parse(json!({"type": "web_search", "x": text}).to_string()).unwrap(),
        }),
    ]
}

fn sampling() -> impl Strategy<Value = Sampling> {
    let decimal = || option::of(-10.0..10.0_f64);
    let biases = btree_map("[0-9]{1,5}", any::<i32>(), 0..3);
    (
        (decimal(), decimal(), option::of(any::<u32>()), decimal(), decimal()),
        (option::of(any::<i64>()), option::of(any::<bool>()), option::of(any::<u32>()), biases),
    )
        .prop_map(|((temperature, top_p, top_k, frequency_penalty, presence_penalty), others)| {
            let (seed, logprobs, top_logprobs, logit_bias) = others;
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

prop_compose! {
    fn request()(
        (model, messages, tools, tool_choice, parallel_tool_calls) in
            (text(), vec(message(), 0..5), vec(tool(), 0..3), option::of(choice_of_tool()), option::of(any::<bool>())),
        (sampling, max_output_tokens, stop, response_format, effort) in
            (sampling(), option::of(any::<u64>()), vec(text(), 0..3), option::of(format()), option::of(text())),
        (choices, stream, metadata, user, service_tier, extensions) in (
            option::of(any::<u32>()), option::of(any::<bool>()), btree_map(text(), text(), 0..3),
            option::of(text()), option::of(text()), extensions("x_[a-z]{1,6}")
        ),
    ) -> ChatRequest {
        ChatRequest {
            model, messages, tools, tool_choice, parallel_tool_calls, sampling, max_output_tokens, stop,
            response_format, choices,
            reasoning: ReasoningWish { effort: effort.map(EffortLevel), ..ReasoningWish::default() },
            stream: stream.map(|include_usage| StreamOptions { include_usage }),
            metadata, user, service_tier, legacy_functions: false, extensions,
        }
    }
}

/// A request with everything said in the one way in which it is read.
fn canonical(mut request: ChatRequest) -> ChatRequest {
    for message in &mut request.messages {
        let role = message.role;
        normalise(&mut message.parts, role);
        for part in &mut message.parts {
            if let Part::ToolResult(result) = part {
                normalise(&mut result.content, Role::Tool);
            }
        }
    }
    request
}

/// Nothing at all is an empty text, unless an assistant says something otherwise.
fn normalise(parts: &mut Vec<Part>, role: Role) {
    let stands = |part: &Part| {
        !matches!(part, Part::Reasoning(_) | Part::Refusal { .. } | Part::ToolCall(_) | Part::ToolResult(_))
    };
    let is_result = parts.iter().any(|part| matches!(part, Part::ToolResult(_)));
    let says_more = parts.iter().any(|part| matches!(part, Part::Refusal { .. } | Part::ToolCall(_)));
    let must_say = !is_result && (role != Role::Assistant || !says_more);
    if must_say && !parts.iter().any(stands) {
        let at = parts.iter().take_while(|part| matches!(part, Part::Reasoning(_))).count();
        parts.insert(at, Part::Text { text: String::new() });
    }
}

fn answer() -> impl Strategy<Value = Vec<ChatEvent>> {
    let usage = (0..1_000_000_u64, 0..1_000_u64, 0..1_000_u64, 0..1_000_u64, 0..1_000_000_u64, 0..1_000_u64)
        .prop_map(|(input, cached_input, cache_write, cache_write_1h, output, reasoning)| TokenUsage {
            input,
            cached_input,
            cache_write,
            cache_write_1h,
            output,
            reasoning,
            ..TokenUsage::default()
        });
    let finish = prop_oneof![
        Just(FinishReason::Length),
        Just(FinishReason::ContentFilter),
        Just(FinishReason::Error),
        "[a-z]{3,8}_x".prop_map(FinishReason::Other),
    ];
    let said = (
        vec(filled(), 0..3),
        vec(filled(), 0..3),
        vec(filled(), 0..2),
        vec(call(), 0..3),
        extensions("x_[a-z]{1,6}"),
    );
    let choice = (said, option::of(proof()), option::of(finish));
    (filled(), filled(), any::<i64>(), extensions("x_[a-z]{1,6}"), vec(choice, 1..3), option::of(usage))
        .prop_map(|(id, model, created, extensions, choices, usage)| {
            let mut events = vec![ChatEvent::Started { id, model, created: Some(created), extensions }];
            for (choice, ((reasoning, texts, refusals, calls, extensions), proof, finish)) in
                (0..).zip(choices)
            {
                let mut push = |delta| events.push(ChatEvent::Delta { choice, delta });
                reasoning.into_iter().for_each(|text| push(Delta::Reasoning(text)));
                proof.into_iter().for_each(|proof| push(Delta::ReasoningSignature(proof)));
                texts.into_iter().for_each(|text| push(Delta::Text(text)));
                refusals.into_iter().for_each(|text| push(Delta::Refusal(text)));
                for (index, call) in (0..).zip(calls) {
                    push(Delta::ToolCall { index, id: call.id, name: call.name, kind: call.kind });
                    push(Delta::Arguments { index, fragment: call.arguments });
                    call.signature.into_iter().for_each(|signature| {
                        push(Delta::ToolCallSignature { index, signature });
                    });
                }
                extensions.into_iter().for_each(|(name, value)| push(Delta::Extension { name, value }));
                events.extend(finish.map(|reason| ChatEvent::Finished { choice, reason }));
            }
            events.extend(usage.map(ChatEvent::Usage));
            events
        })
        .prop_filter("a choice of which nothing is told is none", |events| {
            events.iter().any(|event| matches!(event, ChatEvent::Delta { .. } | ChatEvent::Finished { .. }))
        })
}

fn sorted(mut answer: ChatAnswer) -> ChatAnswer {
    for choice in &mut answer.choices {
        choice.parts.retain(|part| !matches!(part, Part::Text { text } if text.is_empty()));
        choice.parts.sort_by_key(|part| match part {
            Part::Reasoning(_) => 0,
            Part::Text { .. } => 1,
            Part::Refusal { .. } => 2,
            _ => 3,
        });
    }
    answer
}

/// A chunk of which each member may be anything.
fn odd_chunk() -> impl Strategy<Value = Value> {
    let odd = || {
        prop_oneof![
            Just(Value::Null),
            Just(json!(7)),
            Just(json!(-1.5)),
            Just(json!("")),
            Just(json!("x\n😀")),
            Just(json!([])),
            Just(json!({})),
            Just(json!(true)),
            Just(json!([1, "y", null, {"type": "text", "text": "z"}])),
            Just(json!([{"type": "thinking", "thinking": [{"text": "hm"}]}])),
            Just(json!({"name": "f", "arguments": "{}"})),
            Just(json!({"prompt_tokens": 1, "completion_tokens": 2})),
            Just(json!({"usage": {"prompt_tokens": 3}})),
        ]
    };
    let member = |names: &'static [&'static str]| (proptest::sample::select(names), odd());
    let object = move |names| {
        vec(member(names), 0..4).prop_map(|members| {
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<serde_json::Map<_, _>>()
        })
    };
    const INSIDE: &[&str] =
        &["role", "content", "reasoning", "refusal", "tool_calls", "function_call", "odd"];
    const BESIDE: &[&str] = &["index", "finish_reason", "finish_details", "logprobs", "odd"];
    const TOP: &[&str] = &["id", "model", "usage", "x_groq", "error", "object", "detail", "odd"];
    const CALL: &[&str] = &["id", "index", "type", "function", "odd"];
    const CUSTOM: &[&str] = &["id", "index", "type", "custom", "odd"];
    let delta = (object(INSIDE), vec(prop_oneof![object(CALL), object(CUSTOM)], 0..3)).prop_map(
        |(mut inside, calls)| {
            if !calls.is_empty() {
                inside.insert("tool_calls".to_owned(), calls.into_iter().map(Value::Object).collect());
            }
            inside
        },
    );
    let choice = (object(BESIDE), option::of(delta), any::<bool>()).prop_map(|(mut choice, delta, whole)| {
        let name = if whole { "message" } else { "delta" };
        choice.extend(delta.map(|delta| (name.to_owned(), Value::Object(delta))));
        Value::Object(choice)
    });
    (object(TOP), option::of(vec(prop_oneof![8 => choice, 1 => odd()], 0..3))).prop_map(
        |(mut top, choices)| {
            top.extend(choices.map(|choices| ("choices".to_owned(), Value::Array(choices))));
            Value::Object(top)
        },
    )
}

proptest! {
    #[test]
    fn any_request_survives(request in request()) {
        let request = canonical(request);
        let mut losses = LossReport::default();
        let body = encode(&request, Dialect::OPENAI_CHAT, FACTS, &mut losses);
        prop_assert!(losses.is_empty(), "{losses}");
        prop_assert_eq!(read(&body), request);
    }

    #[test]
    fn any_answer_survives_as_a_whole(events in answer()) {
        let expected = collect(events);
        let body = answer::encode(&expected, &FORM);
        let again = answer::decode(&body, UsageRule::default()).unwrap().collect();
        prop_assert_eq!(sorted(again), sorted(expected));
    }

    #[test]
    fn any_answer_survives_as_a_stream_and_the_look_in_passing_counts_its_text(events in answer()) {
        let mut encoder = StreamEncoder::new(&FORM);
        let mut out = bytes::BytesMut::new();
        events.iter().for_each(|event| encoder.event(event, &mut out));
        encoder.finish(&mut out);
        let body = String::from_utf8(out.to_vec()).unwrap();
        let mut counted = String::new();
        for (name, data) in events_of(&body) {
            peek(name.as_deref(), &data, UsageRule::default(), &mut counted).unwrap();
        }
        let length = output_of(&events).len();
        prop_assert_eq!(counted.len(), length);
        let mut expected = collect(events);
        for choice in expected.choices.iter_mut().filter(|choice| choice.finish.is_none()) {
            let has_calls = choice.tool_calls().next().is_some();
            choice.finish = Some(if has_calls { FinishReason::ToolCalls } else { FinishReason::Stop });
        }
        prop_assert_eq!(sorted(collect(decode_stream(&body).unwrap())), sorted(expected));
    }

    #[test]
    fn the_look_in_passing_agrees_with_the_decoder_on_any_chunk(chunk in odd_chunk()) {
        let data = chunk.to_string();
        let (mut events, mut output) = (Vec::new(), String::new());
        let mut decoder = StreamDecoder::new(UsageRule::default(), 1);
        let decoded = decoder.event(None, data.as_bytes(), &mut events);
        let peeked = match peek(None, data.as_bytes(), UsageRule::default(), &mut output) {
            Ok(peeked) => peeked,
            Err(error) => return { prop_assert_eq!(decoded, Err(error), "{}", data); Ok(()) },
        };
        prop_assert_eq!(decoded, Ok(peeked.taken), "{}", data);
        prop_assert_eq!(output.len(), output_of(&events).len(), "{}", data);
        prop_assert_eq!(peeked.has_content, events.iter().any(is_content), "{}", data);
        prop_assert_eq!(peeked.usage.map(|reading| reading.usage), usage_of(&events), "{}", data);
        let ended = events.iter().filter(|event| matches!(event, ChatEvent::Finished { .. })).count();
        prop_assert_eq!(!peeked.finished.is_empty(), ended > 0, "{}", data);
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(data in vec(any::<u8>(), 0..200), text in "[\\[\\]{}\":,a-z0-9 \\\\.-]{0,80}") {
        for data in [data.as_slice(), text.as_bytes()] {
            let _ = answer::decode(data, UsageRule::default());
            let _ = peek(None, data, UsageRule::default(), &mut String::new());
            let _ = switchyard_dialects::error::ProviderError::read(data, Some("secret"));
            let limits = switchyard_dialects::request::RequestLimits::default();
            let _ = switchyard_dialects::openai_chat::request::check(data.to_vec().into(), &limits);
        }
    }
}
