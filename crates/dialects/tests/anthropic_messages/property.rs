//! Any request and any answer that this dialect can say survives being written and read; no bytes break a reader.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};
use switchyard_dialects::anthropic_messages::AnthropicMessagesClient;
use switchyard_dialects::codec::{Address, ClientCodec, ProviderCodec};
use switchyard_dialects::request::RequestLimits;
use switchyard_domain::chat::{
    CacheMark, ChatEvent, ChatRequest, Citation, CitationSource, Delta, Dialect, Document, EffortLevel,
    FinishReason, Json, LossReport, MediaSource, Message, Part, Reasoning, ReasoningMode, ReasoningWish,
    ResponseFormat, Role, Sampling, Signature, StreamOptions, TokenUsage, Tool, ToolCall, ToolCallKind,
    ToolChoice, ToolChoiceMode, ToolResult,
};

use crate::corpus_answers::{CODEC, collect, decode_stream};
use crate::corpus_requests::{checked, read};
use crate::corpus_rewriting::{check_grammar, comparable, write_stream};
use crate::text::{filled, text};

fn object() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just("{}".to_owned()),
        Just("{\"z\":{}, \"a\" : [1.0e2]}".to_owned()),
        text().prop_map(|text| json!({"type": "object", "title": text}).to_string()),
    ]
    .prop_map(|text| Json::parse(text).unwrap())
}

fn id() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_-]{1,20}"
}

fn source() -> impl Strategy<Value = MediaSource> {
    prop_oneof![
        "[a-z]{0,8}".prop_map(|path| MediaSource::Url(format!("https://example.org/{path}"))),
        ("[a-z]{1,5}/[a-z]{1,5}", "[A-Za-z0-9+/]{0,12}")
            .prop_map(|(media_type, base64)| MediaSource::Inline { media_type, base64 }),
        id().prop_map(MediaSource::FileId),
    ]
}

fn document() -> impl Strategy<Value = Document> {
    let source = prop_oneof![source(), text().prop_map(MediaSource::Text)];
    (source, option::of(text()), option::of(text()), any::<bool>())
        .prop_map(|(source, filename, context, cited)| Document { source, filename, context, cited })
}

fn mark() -> impl Strategy<Value = Option<Part>> {
    let ttl = option::of(prop_oneof![Just("5m".to_owned()), Just("1h".to_owned())]);
    option::weighted(0.2, ttl.prop_map(|ttl| Part::CacheMark { ttl }))
}

fn marked(parts: Vec<(Part, Option<Part>)>) -> Vec<Part> {
    let marked = parts.into_iter().flat_map(|(part, mark)| {
        let bare = matches!(part, Part::Native { .. } | Part::Reasoning(_));
        std::iter::once(part).chain(mark.filter(|_| !bare))
    });
    marked.collect()
}

fn user_part() -> impl Strategy<Value = Part> {
    prop_oneof![
        4 => filled().prop_map(|text| Part::Text { text }),
        1 => source().prop_map(|source| Part::Image { source, detail: None }),
        1 => document().prop_map(Part::Document),
        1 => text().prop_map(|text| {
            let json = json!({"type": "search_result", "odd": text, "cache_control": null}).to_string();
            Part::Native { kind: "search_result".to_owned(), json: Json::parse(json).unwrap() }
        }),
    ]
}

fn content() -> impl Strategy<Value = Vec<Part>> {
    vec((user_part(), mark()), 0..3).prop_map(marked)
}

fn result() -> impl Strategy<Value = Part> {
    (id(), content(), any::<bool>()).prop_map(|(call_id, content, is_error)| {
        Part::ToolResult(ToolResult { call_id, content, is_error, name: None })
    })
}

fn thinking() -> impl Strategy<Value = Part> {
    (text(), filled(), any::<bool>()).prop_map(|(text, proof, redacted)| {
        Part::Reasoning(Reasoning {
            text: if redacted { String::new() } else { text },
            signature: Some(Signature::new(Signature::ANTHROPIC, proof)),
            redacted,
        })
    })
}

fn call() -> impl Strategy<Value = ToolCall> {
    (id(), filled(), object()).prop_map(|(id, name, arguments)| ToolCall {
        id,
        name,
        arguments: arguments.as_str().to_owned(),
        kind: ToolCallKind::Function,
        signature: None,
    })
}

fn user() -> impl Strategy<Value = Message> {
    let parts = (vec((result(), mark()), 0..3), vec((user_part(), mark()), 0..3));
    parts.prop_filter_map("says nothing", |(results, others)| {
        let role = if others.is_empty() { Role::Tool } else { Role::User };
        let parts = [marked(results), marked(others)].concat();
        (!parts.is_empty()).then(|| Message { role, parts, name: None, extensions: Vec::new() })
    })
}

fn assistant() -> impl Strategy<Value = Message> {
    let part = prop_oneof![
        2 => filled().prop_map(|text| Part::Text { text }),
        2 => thinking(),
        1 => call().prop_map(Part::ToolCall),
    ];
    vec((part, mark()), 1..5).prop_map(|parts| {
        let (parts, extensions) = (marked(parts), Vec::new());
        let caller = parts.iter().position(|part| matches!(part, Part::ToolCall(_)));
        let mut message = Message { role: Role::Assistant, parts, name: None, extensions };
        if let Some(at) = caller {
            let caller = Json::parse(r#"{"type":"direct"}"#).unwrap();
            message.extensions.push((format!("content[{at}].caller"), caller));
        }
        message
    })
}

/// Turns that alternate, as the dialect groups them.
fn conversation() -> impl Strategy<Value = Vec<Message>> {
    let system = vec((filled().prop_map(|text| Part::Text { text }), mark()), 1..3).prop_map(|parts| {
        Message { role: Role::System, parts: marked(parts), name: None, extensions: Vec::new() }
    });
    (option::of(system), vec((user(), assistant()), 0..3), user()).prop_map(|(system, turns, last)| {
        let turns = turns.into_iter().flat_map(|(user, assistant)| [user, assistant]);
        system.into_iter().chain(turns).chain([last]).collect()
    })
}

fn tool() -> impl Strategy<Value = Tool> {
    let cache = option::of(option::of(Just("1h".to_owned())).prop_map(|ttl| CacheMark { ttl }));
    prop_oneof![
        ("[a-z]{1,9}", option::of(text()), object(), option::of(any::<bool>()), cache).prop_map(
            |(name, description, parameters, strict, cache)| Tool::Function {
                name,
                description,
                parameters: Some(parameters),
                strict,
                cache,
                extensions: vec![("defer_loading".to_owned(), Json::parse("true").unwrap())],
            }
        ),
        text().prop_map(|text| Tool::Native {
            kind: "web_search_20260209".to_owned(),
            json: Json::parse(json!({"type": "web_search_20260209", "x": text}).to_string()).unwrap(),
        }),
    ]
}

fn choice() -> impl Strategy<Value = ToolChoice> {
    prop_oneof![
        Just(ToolChoice::Mode(ToolChoiceMode::Auto)),
        Just(ToolChoice::Mode(ToolChoiceMode::Required)),
        "[a-z]{1,9}".prop_map(ToolChoice::Function),
    ]
}

fn wish() -> impl Strategy<Value = ReasoningWish> {
    let effort = || option::of(text().prop_map(EffortLevel));
    prop_oneof![
        Just(ReasoningWish::default()),
        effort().prop_map(|effort| ReasoningWish { effort, ..Default::default() }),
        Just(ReasoningWish { mode: Some(ReasoningMode::Off), ..Default::default() }),
        (effort(), option::of(any::<bool>())).prop_map(|(effort, visible)| ReasoningWish {
            mode: Some(ReasoningMode::Adaptive),
            effort,
            visible,
            ..Default::default()
        }),
    ]
}

prop_compose! {
    fn request()(
        (model, messages, tools, tool_choice, parallel) in
            (filled(), conversation(), vec(tool(), 0..3), option::of(choice()), option::of(any::<bool>())),
        (temperature, top_p, top_k, max_output_tokens, stop, schema) in (
            option::of(0.0..1.0_f64), option::of(0.0..1.0_f64), option::of(any::<u32>()), 1..9_000_000_u64,
            vec(filled(), 0..3), option::of(object())
        ),
        (reasoning, stream, user, tier, container) in
            (wish(), any::<bool>(), option::of(text()), option::of(any::<bool>()), option::of(text())),
    ) -> ChatRequest {
        let thinks = reasoning.mode == Some(ReasoningMode::Adaptive);
        let json = |text: String| Json::parse(serde_json::to_string(&text).unwrap()).unwrap();
        let has_choice = tool_choice.is_some();
        ChatRequest {
            model, messages,
            tool_choice: tool_choice.filter(|_| !tools.is_empty()),
            parallel_tool_calls: parallel.filter(|_| has_choice && !tools.is_empty()),
            tools,
            sampling: Sampling {
                temperature: temperature.filter(|_| !thinks),
                top_p: top_p.filter(|_| !thinks),
                top_k: top_k.filter(|_| !thinks),
                ..Sampling::default()
            },
            max_output_tokens: Some(max_output_tokens), stop, reasoning,
            response_format: schema.map(|schema| ResponseFormat::JsonSchema {
                name: "response".to_owned(), description: None, schema: Some(schema), strict: Some(true),
            }),
            stream: stream.then_some(StreamOptions { include_usage: true }),
            user,
            service_tier: tier.map(|auto| if auto { "auto" } else { "default" }.to_owned()),
            extensions: container.map(|id| ("container".to_owned(), json(id))).into_iter().collect(),
            ..ChatRequest::default()
        }
    }
}

fn citation() -> impl Strategy<Value = Citation> {
    let source = prop_oneof![
        (text(), option::of(text())).prop_map(|(url, title)| CitationSource::Url { url, title }),
        (option::of(any::<u32>()), option::of(text()))
            .prop_map(|(index, title)| CitationSource::Document { index, title }),
    ];
    let span = option::of((0..30_u32, 0..30_u32));
    (source, option::of(text()), span).prop_map(|(source, quote, span)| Citation {
        source,
        quote,
        span,
        native: None,
    })
}

fn proof() -> impl Strategy<Value = Signature> {
    const ISSUERS: &[&str] = &["anthropic", "google", "openai", "xai", "unknown"];
    (proptest::sample::select(ISSUERS), filled()).prop_map(|(issuer, value)| Signature::new(issuer, value))
}

/// Everything that a model of any vendor may say, in any order.
fn said() -> impl Strategy<Value = Vec<Delta>> {
    let one = prop_oneof![
        4 => text().prop_map(|text| vec![Delta::Text(text)]),
        2 => text().prop_map(|text| vec![Delta::Reasoning(text)]),
        1 => proof().prop_map(|proof| vec![Delta::ReasoningSignature(proof)]),
        1 => proof().prop_map(|proof| vec![Delta::RedactedReasoning(proof)]),
        1 => proof().prop_map(|proof| vec![Delta::Signature(proof)]),
        1 => text().prop_map(|text| vec![Delta::Refusal(text)]),
        1 => citation().prop_map(|citation| vec![Delta::Citation(citation)]),
        1 => text().prop_map(|text| {
            let json = Json::parse(json!({"type": "mcp_tool_use", "x": text}).to_string()).unwrap();
            vec![Delta::Part(Part::Native { kind: "mcp_tool_use".to_owned(), json })]
        }),
        2 => (option::of(id()), filled(), object(), option::of(proof())).prop_map(|(id, name, arguments, proof)| {
            let kind = ToolCallKind::Function;
            let id = id.unwrap_or_default();
            // The number is set when the order is known.
            let mut deltas = vec![
                Delta::ToolCall { index: 0, id, name, kind },
                Delta::Arguments { index: 0, fragment: arguments.as_str().to_owned() },
            ];
            deltas.extend(proof.map(|signature| Delta::ToolCallSignature { index: 0, signature }));
            deltas
        }),
    ];
    vec(one, 0..8).prop_map(|said| {
        let mut calls = 0;
        let mut numbered = Vec::new();
        for mut deltas in said {
            let is_call = deltas.len() > 1;
            for delta in &mut deltas {
                match delta {
                    Delta::ToolCall { index, .. }
                    | Delta::Arguments { index, .. }
                    | Delta::ToolCallSignature { index, .. } => *index = calls,
                    _ => {}
                }
            }
            calls += u32::from(is_call);
            numbered.extend(deltas);
        }
        numbered
    })
}

prop_compose! {
    fn answer()(
        deltas in said(),
        (id, model) in (filled(), filled()),
        (input, cached_input, cache_write, cache_write_1h, output, reasoning) in
            (3000..1_000_000_u64, 0..1000_u64, 0..1000_u64, 0..1000_u64, 1000..1_000_000_u64, 0..1000_u64),
        reason in prop_oneof![
            Just(FinishReason::Length), Just(FinishReason::ContentFilter),
            filled().prop_map(FinishReason::StopSequence), "[a-z]{3,8}_x".prop_map(FinishReason::Other),
        ],
    ) -> Vec<ChatEvent> {
        let started = ChatEvent::Started { id, model, created: None, extensions: Vec::new() };
        let deltas = deltas.into_iter().map(|delta| ChatEvent::Delta { choice: 0, delta });
        let usage = TokenUsage {
            input, cached_input, cache_write, cache_write_1h, output, reasoning, ..TokenUsage::default()
        };
        std::iter::once(started).chain(deltas)
            .chain([ChatEvent::Finished { choice: 0, reason }, ChatEvent::Usage(usage)])
            .collect()
    }
}

/// What of an answer comes back when it is read as a client's next request does: every proof at its place.
fn returned(answer: &Value) -> Vec<Part> {
    let body = json!({"model": "m", "max_tokens": 1, "messages": [
        {"role": "assistant", "content": answer["content"]}, {"role": "user", "content": "x"}]});
    read(body.to_string().as_bytes()).messages[0].parts.clone()
}

/// The parts of an answer as this dialect has them: no proof of a text is the last.
fn expected(events: Vec<ChatEvent>) -> Vec<Part> {
    let mut parts = Vec::new();
    let id = if let ChatEvent::Started { id, .. } = &events[0] { id.clone() } else { String::new() };
    let id: String = id.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    let mut calls = 0;
    let choices = collect(events).choices;
    for part in choices.into_iter().flat_map(|choice| choice.parts) {
        let part = match part {
            Part::Refusal { text } | Part::Text { text } if text.is_empty() => {
                let _ = text;
                continue;
            }
            Part::Refusal { text } => Part::Text { text },
            Part::ToolCall(mut call) => {
                if call.id.is_empty() {
                    call.id = format!("call_{id}_0_{calls}");
                }
                let value: Value = serde_json::from_str(&call.arguments).unwrap();
                call.arguments = value.to_string();
                calls += 1;
                Part::ToolCall(call)
            }
            part => part,
        };
        parts.push(part);
    }
    while let Some(Part::Signature(_)) = parts.last() {
        parts.pop();
    }
    parts
}

/// Pieces of text in a row are one: citations cut them.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(Part::Text { text }), Part::Text { text: more }) => text.push_str(&more),
            (_, Part::Text { text }) if text.is_empty() => {}
            (_, Part::Native { kind, json }) => {
                let value: Value = serde_json::from_str(json.as_str()).unwrap();
                joined.push(Part::Native { kind, json: Json::parse(value.to_string()).unwrap() });
            }
            (_, Part::ToolCall(call)) => {
                let value: Value = serde_json::from_str(&call.arguments).unwrap();
                joined.push(Part::ToolCall(ToolCall { arguments: value.to_string(), ..call }));
            }
            (_, part) => joined.push(part),
        }
    }
    joined
}

/// An event of which each member may be anything.
fn odd_event() -> impl Strategy<Value = Value> {
    let odd = || {
        prop_oneof![
            Just(Value::Null),
            Just(json!(-1.5)),
            Just(json!("")),
            Just(json!("x\n😀")),
            Just(json!([1, null, {"type": "text", "text": "z"}])),
            Just(json!({"type": "input_json_delta", "partial_json": "{\"a\":"})),
            Just(json!({"type": "tool_use", "id": 7, "input": "x"})),
            Just(json!({"type": "server_tool_use", "input": []})),
            Just(json!({"type": "text_delta", "text": "t"})),
            Just(json!({"type": "citations_delta", "citation": {"url": "u", "document_index": -1}})),
            Just(json!({"stop_reason": "refusal", "usage": {"input_tokens": -1}})),
            Just(json!({"input_tokens": 1e40, "output_tokens": {}, "cache_creation": 7})),
        ]
    };
    const KINDS: &[&str] = &[
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "ping",
        "odd",
    ];
    (proptest::sample::select(KINDS), odd(), odd(), odd(), odd()).prop_map(|(kind, message, block, delta, usage)| {
        json!({"type": kind, "message": message, "index": 0, "content_block": block, "delta": delta, "usage": usage})
    })
}

/// Takes the part out that stands at a place such as `messages[0].content[1].content[2]`; whether it is there.
fn take_out(request: &mut ChatRequest, place: &str) -> bool {
    let numbers: Vec<usize> = place.split(['[', ']']).filter_map(|piece| piece.parse().ok()).collect();
    let Some(message) = numbers.first().and_then(|at| request.messages.get_mut(*at)) else { return false };
    let (parts, at) = match (numbers.get(1..), &mut message.parts) {
        (Some([at]), parts) => (parts, *at),
        (Some([at, inner]), parts) => match parts.get_mut(*at) {
            Some(Part::ToolResult(result)) => (&mut result.content, *inner),
            _ => return false,
        },
        _ => return false,
    };
    let is_there = message.role != Role::Assistant && at < parts.len();
    if is_there {
        parts.remove(at);
    }
    is_there
}

proptest! {
    #[test]
    fn any_request_that_this_dialect_can_say_comes_back(request in request()) {
        let mut losses = LossReport::default();
        let body = CODEC.encode(&request, &request.model, Dialect::ANTHROPIC_MESSAGES, &mut losses).unwrap();
        prop_assert!(losses.is_empty(), "{:?}", losses);
        let again = read(&body);
        prop_assert_eq!(&again, &request);
    }

    #[test]
    fn any_request_is_written_for_any_source_so_that_it_is_found_good(request in request(), cuts in any::<bool>()) {
        let mut request = request;
        if cuts {
            request.messages.reverse();
        }
        request.tools.retain(|tool| matches!(tool, Tool::Function { .. }));
        let encode = |request: &ChatRequest| {
            CODEC.encode(request, "claude-sonnet-4-5", Dialect::OPENAI_CHAT, &mut LossReport::default())
        };
        // What the model would not see of what the user or a tool says is refused with its place, and nothing else is.
        while let Err(refused) = encode(&request) {
            prop_assert!(take_out(&mut request, refused.param.as_deref().unwrap_or_default()), "{refused}");
        }
        let body = encode(&request).unwrap();
        let value: Value = serde_json::from_slice(&body).unwrap();
        let roles: Vec<&str> =
            value["messages"].as_array().unwrap().iter().map(|each| each["role"].as_str().unwrap()).collect();
        prop_assert!(roles.first().is_none_or(|role| *role == "user"));
        prop_assert!(roles.windows(2).all(|pair| pair[0] != pair[1]), "{:?}", roles);
        if !roles.is_empty() && request.sampling.temperature.is_none_or(|t| t <= 1.0) {
            prop_assert!(checked(body).is_ok());
        }
    }

    #[test]
    fn any_answer_is_written_so_that_all_its_proofs_and_calls_come_back(events in answer()) {
        let answer = collect(events.clone());
        let whole = crate::corpus_rewriting::write_whole(&answer);
        prop_assert_eq!(joined(returned(&whole)), joined(expected(events)));
    }

    #[test]
    fn any_answer_is_written_as_a_stream_that_reads_the_same_as_the_whole(events in answer()) {
        // A whole answer has refusals after the texts; a stream has them where they come.
        let unrefused = |event| match event {
            ChatEvent::Delta { choice, delta: Delta::Refusal(text) } => {
                ChatEvent::Delta { choice, delta: Delta::Text(text) }
            }
            event => event,
        };
        let events: Vec<ChatEvent> = events.into_iter().map(unrefused).collect();
        let body = write_stream(&events);
        prop_assert_eq!(check_grammar(&body), Ok(()));
        let mut streamed = comparable(collect(decode_stream(&body).unwrap()));
        let written = AnthropicMessagesClient.encode(&collect(events), &crate::corpus_rewriting::FORM);
        let whole = CODEC.decode(&written);
        let Ok(whole) = whole else { return Err(TestCaseError::fail(format!("{whole:?}"))) };
        let mut whole = comparable(whole.collect());
        prop_assert_eq!(streamed.usage, whole.usage);
        for answer in [&mut streamed, &mut whole] {
            for choice in &mut answer.choices {
                choice.citations.clear();
                // Where texts and thoughts change in turns, a whole answer has each kind in one.
                choice.parts.retain(|part| !matches!(part, Part::Reasoning(reasoning) if reasoning.signature.is_none()));
            }
        }
        prop_assert_eq!(streamed.text(), whole.text());
        prop_assert_eq!(&streamed.choices[0].finish, &whole.choices[0].finish);
        let calls = |answer: &switchyard_domain::chat::ChatAnswer| -> Vec<(String, Value)> {
            let calls = answer.choices[0].tool_calls();
            calls.map(|call| (call.id.clone(), serde_json::from_str(&call.arguments).unwrap())).collect()
        };
        prop_assert_eq!(calls(&streamed), calls(&whole));
    }

    #[test]
    fn no_bytes_break_a_reader(bytes in vec(any::<u8>(), 0..200), events in vec(odd_event(), 0..8)) {
        let limits = RequestLimits::default();
        if let Ok(checked) = AnthropicMessagesClient.check(bytes.clone().into(), Address::default(), &limits) {
            let _ = AnthropicMessagesClient.decode(&checked.document, Address::default());
        }
        let _ = CODEC.decode(&bytes);
        let mut reader = CODEC.reader(1);
        let mut out = Vec::new();
        let _ = reader.event(Some(b"message_delta"), &bytes, &mut out);
        for event in &events {
            let body = event.to_string();
            let _ = reader.event(None, body.as_bytes(), &mut out);
            let _ = CODEC.decode(body.as_bytes());
        }
        reader.finish(&mut out);
        let written = write_stream(&out);
        prop_assert_eq!(check_grammar(&written), Ok(()));
    }

    #[test]
    fn any_odd_request_is_refused_or_read_but_breaks_nothing(name in "[a-z_]{1,12}", event in odd_event()) {
        let members = ["system", "messages", "tools", "tool_choice", "thinking", "output_config", "metadata", "stop_sequences"];
        for member in members.iter().copied().chain([name.as_str()]) {
            for odd in event.as_object().unwrap().values().chain([&event, &json!([event.clone()])]) {
                let mut body = json!({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": [odd]}]});
                body[member] = odd.clone();
                let limits = RequestLimits::default();
                let body = body.to_string();
                let Ok(checked) = AnthropicMessagesClient.check(body.into(), Address::default(), &limits) else { continue };
                let request = AnthropicMessagesClient.decode(&checked.document, Address::default());
                if let Ok(request) = request {
                    for source in [Dialect::ANTHROPIC_MESSAGES, Dialect::OPENAI_CHAT] {
                        let mut losses = LossReport::default();
                        let encoded = CODEC.encode(&request, "m", source, &mut losses);
                        if let Ok(encoded) = encoded {
                            prop_assert!(serde_json::from_slice::<Value>(&encoded).is_ok());
                        }
                    }
                }
            }
        }
    }
}
