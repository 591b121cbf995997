//! An answer that crosses dialects has no members but those of the client's own, and what is taken out is told.

use serde_json::{Map, Value};
use std::collections::BTreeSet;
use switchyard_dialects::anthropic_messages::AnthropicMessagesClient;
use switchyard_dialects::codec::{AnswerForm, ClientCodec, StreamFraming, fit_answer, fit_events};
use switchyard_dialects::gemini::GeminiClient;
use switchyard_dialects::openai_chat::OpenAiChatClient;
use switchyard_dialects::openai_responses::OpenAiResponsesClient;
use switchyard_domain::chat::{
    Audio, ChatAnswer, ChatEvent, Choice, Collector, Delta, Dialect, Json, MediaSource, Part,
};
use switchyard_testkit::corpus;

use crate::foreign::TARGETS;

const CLIENTS: [&dyn ClientCodec; 4] =
    [&OpenAiChatClient, &OpenAiResponsesClient, &AnthropicMessagesClient, &GeminiClient];

const FORM: AnswerForm<'_> = AnswerForm {
    fallback_id: "fallback",
    fallback_model: "fallback-model",
    fallback_created: 1,
    request: None,
    include_usage: true,
    framing: StreamFraming::Sse,
};

/// All recorded answers that came whole, by the dialect of their provider.
fn recorded() -> Vec<(Dialect, String, Vec<ChatEvent>)> {
    let mut all = Vec::new();
    for target in TARGETS {
        for exchange in corpus::of(target.dialect().0).unwrap() {
            if exchange.response.status == 200
                && !exchange.stream
                && let Ok(answer) = target.decode(&exchange.answer())
            {
                all.push((target.dialect(), exchange.id, answer.events));
            }
        }
    }
    all
}

fn collected(events: Vec<ChatEvent>) -> ChatAnswer {
    let mut collector = Collector::default();
    collector.extend(events);
    collector.finish()
}

fn written(client: &dyn ClientCodec, answer: &ChatAnswer) -> Map<String, Value> {
    serde_json::from_slice(&client.encode(answer, &FORM)).unwrap()
}

fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().map(|members| members.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// The members that an answer of this dialect may have beside what it says.
fn own_members(client: &dyn ClientCodec) -> BTreeSet<String> {
    let plain = ChatAnswer { choices: vec![Choice::default()], ..ChatAnswer::default() };
    let mut own: BTreeSet<String> = written(client, &plain).into_iter().map(|(name, _)| name).collect();
    own.extend(["service_tier", "usage", "usageMetadata"].map(str::to_owned));
    own
}

#[test]
fn no_recorded_answer_has_members_of_its_providers_dialect_in_another() {
    let recorded = recorded();
    assert!(recorded.len() > 500, "{}", recorded.len());
    for client in CLIENTS {
        let own = own_members(client);
        for (source, id, events) in recorded.iter().filter(|(source, ..)| *source != client.dialect()) {
            let mut answer = collected(events.clone());
            let losses = fit_answer(client, *source, None, &mut answer);
            let body = Value::Object(written(client, &answer));
            let strange: Vec<_> = names(&body).into_iter().filter(|name| !own.contains(*name)).collect();
            assert!(strange.is_empty(), "{} from {id}: {strange:?}", client.dialect());
            assert!(losses.losses.iter().all(|loss| loss.member.starts_with("answer.")), "{id}: {losses}");
        }
    }
}

#[test]
fn a_client_of_openai_meets_no_strange_member_within_a_choice_either() {
    const BESIDE: &[&str] = &["index", "message", "logprobs", "finish_reason", "native_finish_reason"];
    const SAID: &[&str] = &[
        "role",
        "content",
        "refusal",
        "annotations",
        "tool_calls",
        "function_call",
        "reasoning_content",
        "reasoning_details",
    ];
    for (source, id, events) in recorded().into_iter().filter(|(source, ..)| *source != Dialect::OPENAI_CHAT)
    {
        let mut answer = collected(events);
        let _told = fit_answer(&OpenAiChatClient, source, None, &mut answer);
        for choice in written(&OpenAiChatClient, &answer)["choices"].as_array().unwrap() {
            let strange = names(choice).into_iter().filter(|name| !BESIDE.contains(name));
            let within = names(&choice["message"]).into_iter().filter(|name| !SAID.contains(name));
            assert_eq!(strange.chain(within).collect::<Vec<_>>(), [""; 0], "{id}");
        }
    }
}

/// What each choice says, without regard to how it is cut into blocks: text, reasoning, and the rest in order.
fn said(answer: &ChatAnswer) -> Vec<(u32, String, String, Vec<String>)> {
    let each = answer.choices.iter().map(|choice| {
        let (mut text, mut reasoning, mut rest) = (String::new(), String::new(), Vec::new());
        for part in &choice.parts {
            match part {
                Part::Text { text: more } => text.push_str(more),
                Part::Reasoning(more) => {
                    reasoning.push_str(&more.text);
                    rest.extend(more.signature.iter().map(|signature| format!("{signature:?}")));
                }
                part => rest.push(format!("{part:?}")),
            }
        }
        (choice.index, text, reasoning, rest)
    });
    each.collect()
}

#[test]
fn the_events_of_an_answer_lose_what_the_whole_of_it_loses() {
    for (source, id, events) in recorded() {
        for client in CLIENTS {
            let mut pieces = events.clone();
            let mut answer = collected(events.clone());
            let mut told = fit_events(client, source, None, &mut pieces).losses;
            let mut lost = fit_answer(client, source, None, &mut answer).losses;
            let fitted = collected(pieces);
            assert_eq!(fitted.extensions, answer.extensions, "{id}");
            // What stood round a part that is gone may be one block now.
            assert_eq!(said(&fitted), said(&answer), "{id}");
            let beside = |answer: &ChatAnswer| -> Vec<_> {
                answer
                    .choices
                    .iter()
                    .map(|choice| (choice.finish.clone(), choice.extensions.clone()))
                    .collect()
            };
            assert_eq!(beside(&fitted), beside(&answer), "{id}");
            told.sort_by(|one, other| one.member.cmp(&other.member));
            lost.sort_by(|one, other| one.member.cmp(&other.member));
            assert_eq!(told, lost, "{} from {id}", client.dialect());
        }
    }
}

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

#[test]
fn what_says_nothing_or_is_bookkeeping_is_taken_out_without_a_word_and_the_rest_is_told() {
    let beside = |name: &str, value: &str| (name.to_owned(), json(value));
    for (source, name, value, told) in [
        (Dialect::OPENAI_CHAT, "system_fingerprint", "\"fp\"", ""),
        (Dialect::OPENAI_CHAT, "x_groq", "{\"id\":\"r\"}", "answer.x_groq"),
        (Dialect::OLLAMA, "eval_duration", "7", ""),
        (Dialect::BEDROCK_CONVERSE, "metrics", "{\"latencyMs\":1}", ""),
        (Dialect::BEDROCK_CONVERSE, "additionalModelResponseFields", "{\"stop_sequence\":\"x\"}", ""),
        (
            Dialect::BEDROCK_CONVERSE,
            "additionalModelResponseFields",
            "{\"x\":1}",
            "answer.additionalModelResponseFields",
        ),
        (Dialect::GEMINI, "promptFeedback", "{}", ""),
        (Dialect::GEMINI, "promptFeedback", "{\"safetyRatings\":[1]}", "answer.promptFeedback"),
        (Dialect::COHERE, "odd", "null", ""),
        (Dialect::COHERE, "odd", "1", "answer.odd"),
    ] {
        let extensions = vec![beside(name, value), beside("service_tier", "\"flex\"")];
        let mut answer = ChatAnswer { extensions, ..ChatAnswer::default() };
        let losses = fit_answer(&AnthropicMessagesClient, source, None, &mut answer);
        assert_eq!(losses.to_string(), told, "{source}: {name}");
        assert_eq!(answer.extensions, [beside("service_tier", "\"flex\"")]);
    }
}

#[test]
fn a_part_without_a_place_is_told_with_its_kind_whoever_made_it() {
    let native = |kind: &str| Part::Native { kind: kind.to_owned(), json: json("{}") };
    let picture = |source| Part::Image { source, detail: None };
    let inline = MediaSource::Inline { media_type: "image/png".to_owned(), base64: "QQ==".to_owned() };
    let parts = [
        picture(inline),
        picture(MediaSource::FileId("f".to_owned())),
        Part::Audio(Audio { base64: "QQ==".to_owned(), format: "wav".to_owned() }),
        native("web_search_call"),
        native("web_search_tool_result"),
        native("executableCode"),
    ];
    let lost = |client: &dyn ClientCodec| {
        let mut lost = Vec::new();
        for part in &parts {
            let mut events = vec![ChatEvent::Delta { choice: 1, delta: Delta::Part(part.clone()) }];
            let losses = fit_events(client, Dialect::COHERE, None, &mut events);
            assert_eq!(events.is_empty(), !losses.is_empty());
            lost.push(losses.to_string().replace("answer.choices[1].", ""));
        }
        lost
    };
    let (search, results, code) = ("web_search_call", "web_search_tool_result", "executableCode");
    assert_eq!(lost(&OpenAiChatClient), ["image", "image", "audio", search, results, code]);
    assert_eq!(lost(&OpenAiResponsesClient), ["", "image", "audio", "", results, code]);
    assert_eq!(lost(&AnthropicMessagesClient), ["image", "image", "audio", search, "", code]);
    assert_eq!(lost(&GeminiClient)[3..], [search, results, ""]);
}
