//! Any request and any answer that this dialect can hold survives being written and read, and no bytes break a reader.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};
use switchyard_dialects::codec::{Address, ClientCodec, ProviderCodec};
use switchyard_dialects::openai_responses::{OpenAiResponses, OpenAiResponsesClient};
use switchyard_dialects::request::RequestLimits;
use switchyard_domain::chat::{
    Audio, ChatAnswer, ChatEvent, ChatRequest, Citation, CitationSource, Delta, Dialect, Document,
    EffortLevel, FinishReason, Json, LossReport, MediaSource, Message, Part, Reasoning, ReasoningWish, Role,
    Sampling, Signature, StreamOptions, TokenUsage, Tool, ToolCall, ToolCallKind, ToolResult,
};

use crate::corpus_answers::{collect, decode_stream, decode_whole};
use crate::corpus_requests::{read, sorted};
use crate::pieces::{choice_of_tool, extensions, format, json, proof};
use crate::rewriting::{FORM, completed, write_stream};
use crate::shape;
use crate::text::{filled, text};

fn source() -> impl Strategy<Value = MediaSource> {
    prop_oneof![
        "[a-z]{0,8}".prop_map(|path| MediaSource::Url(format!("https://example.org/{path}"))),
        ("[a-z]{1,5}/[a-z]{1,5}", "[A-Za-z0-9+/]{0,12}")
            .prop_map(|(media_type, base64)| MediaSource::Inline { media_type, base64 }),
        text().prop_map(MediaSource::FileId),
    ]
}

fn content_part() -> impl Strategy<Value = Part> {
    prop_oneof![
        4 => text().prop_map(|text| Part::Text { text }),
        1 => (source(), option::of(text())).prop_map(|(source, detail)| Part::Image { source, detail }),
        1 => (source(), text()).prop_map(|(source, name)| Part::Document(Document::new(source, Some(name)))),
        1 => (text(), text()).prop_map(|(base64, format)| Part::Audio(Audio { base64, format })),
    ]
}

/// Parts with marks after some of them.
fn content() -> impl Strategy<Value = Vec<Part>> {
    vec((content_part(), option::weighted(0.2, option::of(text()))), 1..4).prop_map(|parts| {
        let marked = parts
            .into_iter()
            .flat_map(|(part, mark)| std::iter::once(part).chain(mark.map(|ttl| Part::CacheMark { ttl })));
        marked.collect()
    })
}

/// Reasoning as OpenAI gives it, or without a proof.
fn own_reasoning() -> impl Strategy<Value = Reasoning> {
    let item = (filled(), vec(filled(), 0..3), option::of(filled()));
    prop_oneof![
        filled().prop_map(Reasoning::text),
        item.prop_map(|(id, summaries, encrypted)| {
            let parts: Vec<Value> =
                summaries.iter().map(|text| json!({"type": "summary_text", "text": text})).collect();
            let value =
                json!({"type": "reasoning", "id": id, "summary": parts, "encrypted_content": encrypted});
            let text = summaries.join("\n\n");
            let signature = Some(Signature::new(Signature::OPENAI, value.to_string()));
            Reasoning { redacted: text.is_empty(), text, signature }
        }),
    ]
}

fn call() -> impl Strategy<Value = ToolCall> {
    let kind = prop_oneof![Just(ToolCallKind::Function), Just(ToolCallKind::Custom)];
    (filled(), filled(), text(), kind).prop_map(|(id, name, arguments, kind)| ToolCall {
        id,
        name,
        arguments,
        kind,
        signature: None,
    })
}

fn native(kind: &'static str) -> impl Strategy<Value = Part> {
    text().prop_map(move |text| {
        let json = json!({"type": kind, "id": "x_1", "odd": text}).to_string();
        Part::Native { kind: kind.to_owned(), json: Json::parse(json).unwrap() }
    })
}

fn spoken() -> impl Strategy<Value = Part> {
    prop_oneof![3 => text().prop_map(|text| Part::Text { text }), 1 => text().prop_map(|text| Part::Refusal { text })]
}

fn assistant() -> impl Strategy<Value = Message> {
    let after = prop_oneof![
        3 => call().prop_map(Part::ToolCall),
        1 => native("web_search_call"),
        1 => native("mcp_call"),
    ];
    (vec(own_reasoning(), 0..3), vec(spoken(), 0..3), vec(after, 1..4), extensions("x_[a-z]{1,6}")).prop_map(
        |(reasoning, said, after, extensions)| {
            let mut parts: Vec<Part> = reasoning.into_iter().map(Part::Reasoning).collect();
            let extensions = if said.is_empty() { Vec::new() } else { extensions };
            parts.extend(said);
            parts.extend(after);
            Message { role: Role::Assistant, parts, name: None, extensions }
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    let role = prop_oneof![Just(Role::User), Just(Role::System), Just(Role::Developer)];
    let result = (filled(), content()).prop_map(|(call_id, content)| {
        Part::ToolResult(ToolResult { call_id, content, is_error: false, name: None })
    });
    let own = prop_oneof![native("computer_call_output"), native("item_reference")];
    let of_tool = prop_oneof![result, own];
    prop_oneof![
        2 => (role, content(), extensions("x_[a-z]{1,6}"))
            .prop_map(|(role, parts, extensions)| Message { role, parts, name: None, extensions }),
        2 => assistant(),
        1 => of_tool.prop_map(|part| Message {
            role: Role::Tool,
            parts: vec![part],
            name: None,
            extensions: Vec::new()
        }),
    ]
}

/// A conversation in which the model does not speak twice in a row: it would be read as one.
fn messages() -> impl Strategy<Value = Vec<Message>> {
    (option::of(text()), vec(message(), 0..6)).prop_map(|(instructions, messages)| {
        let marked = |text: String| {
            let mut message = Message::text(Role::System, text);
            message.extensions.push(("instructions".to_owned(), Json::parse("true").unwrap()));
            message
        };
        let mut all: Vec<Message> = instructions.map(marked).into_iter().collect();
        for message in messages {
            let twice = |last: &Message| last.role == Role::Assistant && message.role == Role::Assistant;
            if all.last().is_some_and(twice) {
                all.push(Message::text(Role::User, "go on"));
            }
            all.push(message);
        }
        all
    })
}

fn tool() -> impl Strategy<Value = Tool> {
    let members = (text(), option::of(text()), json(), option::of(any::<bool>()), extensions("x_[a-z]{1,6}"));
    prop_oneof![
        members.prop_map(|(name, description, parameters, strict, extensions)| Tool::Function {
            name,
            description,
            parameters: Some(parameters),
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
    (decimal(), decimal(), option::of(any::<u32>()), any::<bool>()).prop_map(
        |(temperature, top_p, top_logprobs, logprobs)| Sampling {
            temperature,
            top_p,
            top_logprobs,
            logprobs: logprobs.then_some(true),
            ..Sampling::default()
        },
    )
}

fn reasoning_wish() -> impl Strategy<Value = ReasoningWish> {
    (option::of(text()), option::of(text())).prop_map(|(effort, summary)| ReasoningWish {
        effort: effort.map(EffortLevel),
        visible: summary.is_some().then_some(true),
        summary,
        ..ReasoningWish::default()
    })
}

prop_compose! {
    fn request()(
        (model, messages, tools, tool_choice, parallel_tool_calls) in
            (text(), messages(), vec(tool(), 0..3), option::of(choice_of_tool()), option::of(any::<bool>())),
        (sampling, max_output_tokens, response_format, reasoning, stream) in
            (sampling(), option::of(any::<u64>()), option::of(format()), reasoning_wish(), any::<bool>()),
        (metadata, user, service_tier, extensions, in_text, in_reasoning) in (
            btree_map(text(), text(), 0..3), option::of(text()), option::of(text()),
            extensions("x_[a-z]{1,6}"), extensions("text\\.x_[a-z]{1,6}"), extensions("reasoning\\.x_[a-z]{1,6}")
        ),
    ) -> ChatRequest {
        let extensions = [extensions, in_text, in_reasoning].concat();
        ChatRequest {
            model, messages, tools, tool_choice, parallel_tool_calls, sampling, max_output_tokens,
            response_format, reasoning,
            stream: stream.then_some(StreamOptions { include_usage: true }),
            metadata, user, service_tier, extensions, ..ChatRequest::default()
        }
    }
}

type Block = (Vec<String>, Option<Signature>);

fn push_reasoning(blocks: Vec<Block>, push: &mut impl FnMut(Delta)) {
    let last = blocks.len().saturating_sub(1);
    for (at, (pieces, proof)) in blocks.into_iter().enumerate() {
        let shown = !pieces.is_empty();
        pieces.into_iter().for_each(|text| push(Delta::Reasoning(text)));
        match proof {
            Some(proof) if shown => push(Delta::ReasoningSignature(proof)),
            Some(proof) => push(Delta::RedactedReasoning(proof)),
            // Only the last block may do without: what follows would go on with it.
            None if at == last => {}
            None => push(Delta::ReasoningSignature(Signature::new("x", "y."))),
        }
    }
}

fn citation() -> impl Strategy<Value = Citation> {
    (filled(), filled(), 0..50_u32, 1..50_u32, option::of(filled())).prop_map(
        |(url, title, start, length, quote)| {
            let source = CitationSource::Url { url, title: Some(title) };
            Citation { source, quote, span: Some((start, start + length)), native: None }
        },
    )
}

fn answer() -> impl Strategy<Value = Vec<ChatEvent>> {
    let usage = (0..1_000_000_u64, 0..1_000_u64, 0..1_000_u64, 0..1_000_000_u64, 0..1_000_u64).prop_map(
        |(input, cached_input, cache_write, output, reasoning)| TokenUsage {
            input,
            cached_input,
            cache_write,
            output,
            reasoning,
            ..TokenUsage::default()
        },
    );
    let blocks = vec((vec(filled(), 0..3), option::of(proof())), 0..3);
    let said = (vec(filled(), 0..3), vec(citation(), 0..2), option::of(proof()), vec(filled(), 0..2));
    let calls = vec((call(), option::of(proof())), 0..3);
    let finish =
        prop_oneof![Just(None), Just(Some(FinishReason::Length)), Just(Some(FinishReason::ContentFilter))];
    let beside = ("[a-z0-9]{1,9}", filled(), 1..i64::MAX, extensions("x_[a-z]{1,6}"), option::of(usage));
    (blocks, said, calls, finish, beside).prop_map(|(blocks, said, calls, finish, beside)| {
        let (id, model, created, extensions, usage) = beside;
        let id = format!("resp_{id}");
        let mut events = vec![ChatEvent::Started { id, model, created: Some(created), extensions }];
        let mut push = |delta| events.push(ChatEvent::Delta { choice: 0, delta });
        push_reasoning(blocks, &mut push);
        let (texts, citations, proof, refusals) = said;
        let has_text = !texts.is_empty();
        texts.into_iter().for_each(|text| push(Delta::Text(text)));
        citations.into_iter().filter(|_| has_text).for_each(|citation| push(Delta::Citation(citation)));
        proof.into_iter().for_each(|proof| push(Delta::Signature(proof)));
        refusals.into_iter().for_each(|text| push(Delta::Refusal(text)));
        let otherwise = if calls.is_empty() { FinishReason::Stop } else { FinishReason::ToolCalls };
        for (index, (call, proof)) in (0..).zip(calls) {
            // Two calls of one id could not be told apart.
            push(Delta::ToolCall {
                index,
                id: format!("{index}{}", call.id),
                name: call.name,
                kind: call.kind,
            });
            push(Delta::Arguments { index, fragment: call.arguments });
            proof.into_iter().for_each(|signature| push(Delta::ToolCallSignature { index, signature }));
        }
        events.push(ChatEvent::Finished { choice: 0, reason: finish.unwrap_or(otherwise) });
        events.extend(usage.map(ChatEvent::Usage));
        events
    })
}

/// An answer whose citations are told in no dialect's own words.
fn plain(answer: ChatAnswer) -> ChatAnswer {
    let mut answer = completed(answer);
    for citation in answer.choices.iter_mut().flat_map(|choice| &mut choice.citations) {
        citation.native = None;
        citation.quote = None;
    }
    answer
}

/// An event of which each member may be anything.
fn odd_event() -> impl Strategy<Value = Value> {
    const KINDS: &[&str] = &[
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.output_item.done",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.output_text.annotation.added",
        "response.refusal.delta",
        "response.reasoning_summary_text.delta",
        "response.reasoning_text.delta",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.custom_tool_call_input.delta",
        "response.completed",
        "response.incomplete",
        "error",
        "ping",
    ];
    let item = || {
        const TYPES: &[&str] =
            &["message", "reasoning", "function_call", "custom_tool_call", "web_search_call", "x"];
        (proptest::sample::select(TYPES), 0..3_u8).prop_map(|(kind, id)| {
            json!({"type": kind, "id": format!("i{id}"), "call_id": format!("c{id}"), "name": "f", "arguments": "{}",
                "summary": [{"type": "summary_text", "text": "s"}], "encrypted_content": "e",
                "content": [{"type": "output_text", "text": "t", "annotations": [{}], "logprobs": [1]}, {"type": "x"}]})
        })
    };
    let odd = prop_oneof![
        Just(Value::Null),
        Just(json!(-1)),
        Just(json!(2)),
        Just(json!(u64::MAX)),
        Just(json!("x\n😀")),
        Just(json!([])),
        Just(json!({})),
        Just(json!([1, null, {"type": "output_text"}])),
        item(),
        vec(item(), 0..3).prop_map(|output| json!({"id": "r", "status": "completed", "output": output,
            "usage": {"input_tokens": -1}})),
    ];
    const MEMBERS: &[&str] = &[
        "output_index",
        "content_index",
        "summary_index",
        "delta",
        "text",
        "item",
        "response",
        "annotation",
        "logprobs",
        "arguments",
        "error",
    ];
    let members = vec((proptest::sample::select(MEMBERS), odd), 0..5);
    (proptest::sample::select(KINDS), members).prop_map(|(kind, members)| {
        let mut event = json!({ "type": kind });
        for (name, value) in members {
            event[name] = value;
        }
        event
    })
}

proptest! {
    #[test]
    fn any_request_survives(request in request()) {
        let mut losses = LossReport::default();
        let model = request.model.clone();
        let body = OpenAiResponses::PLAIN.encode(&request, &model, Dialect::OPENAI_RESPONSES, &mut losses).unwrap();
        prop_assert!(losses.is_empty(), "{losses}");
        prop_assert_eq!(sorted(read(&body)), sorted(request));
    }

    #[test]
    fn any_answer_survives_as_a_whole(events in answer()) {
        let expected = collect(events);
        let body = OpenAiResponsesClient.encode(&expected, &FORM);
        shape::of_response(&serde_json::from_slice(&body).unwrap()).unwrap();
        let again = decode_whole(&body).unwrap().collect();
        prop_assert_eq!(plain(again), plain(expected));
    }

    #[test]
    fn any_answer_survives_as_a_stream(events in answer()) {
        let body = write_stream(&events, &FORM);
        shape::of_stream(&body).unwrap();
        let again = collect(decode_stream(&body).unwrap());
        prop_assert_eq!(plain(again), plain(collect(events)));
    }

    #[test]
    fn what_a_client_was_given_comes_back_as_it_was(events in answer(), streamed in any::<bool>()) {
        let whole: Value = if streamed {
            let body = write_stream(&events, &FORM);
            let (_, last) = crate::corpus_answers::events_of(&body).pop().unwrap();
            serde_json::from_slice::<Value>(&last).unwrap()["response"].clone()
        } else {
            serde_json::from_slice(&OpenAiResponsesClient.encode(&collect(events.clone()), &FORM)).unwrap()
        };
        let mut input = whole["output"].as_array().unwrap().clone();
        input.push(json!({"role": "user", "content": "go on"}));
        let request = read(json!({"model": "m", "input": input}).to_string().as_bytes());
        let came_back = request.messages.iter().filter(|message| message.role == Role::Assistant);
        let came_back: Vec<Part> = came_back.flat_map(|message| message.parts.clone()).collect();
        let given = plain(collect(events)).choices.pop().map(|choice| choice.parts).unwrap_or_default();
        prop_assert_eq!(came_back, given);
        // Nothing that was made here is left to trouble a provider of another dialect.
        let ids = request.messages.iter().flat_map(|message| &message.extensions);
        prop_assert!(ids.clone().all(|(name, _)| name != "id"));
    }

    #[test]
    fn no_event_breaks_the_reader(events in vec(odd_event(), 0..12)) {
        let mut reader = OpenAiResponses::PLAIN.reader(1);
        let mut out = Vec::new();
        for event in &events {
            if reader.event(None, event.to_string().as_bytes(), &mut out).is_err() {
                break;
            }
        }
        reader.finish(&mut out);
        let started = out.iter().filter(|event| matches!(event, ChatEvent::Started { .. })).count();
        prop_assert!(started <= 1);
        let ended = out.iter().filter(|event| matches!(event, ChatEvent::Finished { .. })).count();
        prop_assert_eq!(ended, usize::from(reader.is_finished()));
        shape::of_stream(&write_stream(&out, &FORM)).unwrap();
    }

    #[test]
    fn no_bytes_make_a_reader_panic(data in vec(any::<u8>(), 0..200), text in "[\\[\\]{}\":,a-z0-9 \\\\.-]{0,80}") {
        for data in [data.as_slice(), text.as_bytes()] {
            let _ = OpenAiResponses::PLAIN.decode(data);
            let _ = OpenAiResponses::PLAIN.glance(data, &mut String::new());
            let _ = OpenAiResponses::PLAIN.reader(1).event(None, data, &mut Vec::new());
            let _ = OpenAiResponses::PLAIN.watcher(1).look(None, data, &mut String::new());
            let _ = OpenAiResponsesClient.check(data.to_vec().into(), Address::default(), &RequestLimits::default());
        }
    }
}
