//! What is billed of answers that were cut: what came of the output, and counts that came whole.

use crate::foreign::TARGETS;
use switchyard_dialects::anthropic_messages::AnthropicMessages;
use switchyard_dialects::bedrock_converse::BedrockConverse;
use switchyard_dialects::codec::{Billed, salvage};
use switchyard_dialects::cohere::Cohere;
use switchyard_dialects::gemini::Gemini;
use switchyard_dialects::ollama::Ollama;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_operations::{OpenAiCompletions, OpenAiTranscriptions};
use switchyard_dialects::openai_responses::OpenAiResponses;
use switchyard_domain::chat::{ChatEvent, Delta, Dialect};
use switchyard_testkit::corpus;

fn shown(codec: &dyn Billed, text: &[u8]) -> (String, Counts) {
    let mut output = String::new();
    let usage = salvage(codec, text, &mut output);
    (output, usage.map(|usage| (usage.input, usage.output)))
}

/// Input and output as they were counted.
type Counts = Option<(u64, u64)>;

/// An answer of each dialect with what it says, its counts, and much of what it does not say itself. Members stand in the order of
/// their names in some: nobody promises another.
const ANSWERS: [(&dyn Billed, &str, &str, Counts); 14] = [
    // Some say one thing under two names.
    (
        &OpenAiChat::PLAIN,
        r#"{"choices":[{"message":{"reasoning":"","reasoning_content":"I think.","content":" Yes"}},{"message":{"reasoning":" Hm,",
        "reasoning_content":" Hm,","content":" no"}}]}"#,
        "I think. Yes Hm, no",
        None,
    ),
    (
        &OpenAiChat { answers_flat: true, ..OpenAiChat::PLAIN },
        r#"{"content":"One thing","text":"One thing","usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
        "One thing",
        Some((1, 2)),
    ),
    (
        &OpenAiResponses::PLAIN,
        r#"{"output":[{"type":"reasoning","summary":[{"text":"In short"},{"text":" and so"}],"content":[{"text":"At length"}]},{"type":
        "reasoning","summary":[],"content":[{"text":" At length"}]},{"type":"message","content":[{"text":" yes"}]}]}"#,
        "In short and so At length yes",
        None,
    ),
    (
        &OpenAiChat::PLAIN,
        r#"{"id":"c","usage":{"prompt_tokens":7,"completion_tokens":5},"choices":[{"index":0,"message":{"role":"assistant",
        "reasoning_content":"I think.","content":" It is","annotations":[{"url_citation":{"content":"page","title":"t"}}],
        "tool_calls":[{"id":"a","type":"function","function":{"name":" find","arguments":"{\"a\": 1}"}}]},
        "logprobs":{"content":[{"token":"It"}]},"finish_reason":"stop"}]}"#,
        r#"I think. It is find{"a": 1}"#,
        Some((7, 5)),
    ),
    (
        &OpenAiChat::PLAIN,
        r#"{"choices":[{"message":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Well,"}]},
        {"type":"text","text":" yes"},{"type":"reference","reference_ids":[1]}],"tool_calls":null}}],
        "x_groq":{"usage":{"prompt_tokens":1,"completion_tokens":2}}}"#,
        "Well, yes",
        Some((1, 2)),
    ),
    (
        &AnthropicMessages::PLAIN,
        r#"{"content":[{"thinking":"Hm, well","type":"thinking","signature":"s"},{"citations":[{"cited_text":"a page"}],
        "text":" it is","type":"text"},{"type":"web_search_tool_result","content":[{"title":"t","text":"found"}]},
        {"type":"tool_use","id":"i","name":" find","input":{"text":"a b","deep":{"text":[1]}}}],"id":"m","type":"message",
        "usage":{"input_tokens":3,"cache_read_input_tokens":4,"output_tokens":9}}"#,
        r#"Hm, well it is find{"text":"a b","deep":{"text":[1]}}"#,
        Some((7, 9)),
    ),
    (
        &Gemini::GOOGLE,
        r#"{"candidates":[{"content":{"parts":[{"text":"Hm,","thought":true},{"text":" so"},{"functionCall":
        {"name":" find","args":{"text":"x"}}}],"role":"model"},"groundingMetadata":{"groundingSupports":[{"segment":
        {"text":" so"}}]}}],"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":3,"thoughtsTokenCount":4}}"#,
        r#"Hm, so find{"text":"x"}"#,
        Some((2, 7)),
    ),
    (
        &OpenAiResponses::PLAIN,
        r#"{"id":"r","object":"response","instructions":[{"content":[{"type":"input_text","text":"do"}]}],"text":{"format":
        {"type":"text"}},"tools":[{"name":"find","description":"d"}],"reasoning":{"summary":"auto"},"output":[{"type":
        "reasoning","summary":[{"type":"summary_text","text":"Hm,"}]},{"type":"file_search_call","results":[{"text":"page"}]},
        {"type":"message","content":[{"annotations":[{"title":"t"}],"text":" so","type":"output_text"}]},
        {"type":"function_call","name":" find","arguments":"{}"}],"usage":{"input_tokens":6,"output_tokens":8}}"#,
        "Hm, so find{}",
        Some((6, 8)),
    ),
    (
        &BedrockConverse,
        r#"{"metrics":{"latencyMs":1},"output":{"message":{"content":[{"reasoningContent":{"reasoningText":{"text":"Hm,",
        "signature":"s"}}},{"text":" so"},{"citationsContent":{"citations":[{"sourceContent":[{"text":"page"}]}],"content":
        [{"text":" it"}]}},{"toolUse":{"input":{"a":1},"name":" find"}}],"role":"assistant"}},"stopReason":"end_turn",
        "usage":{"inputTokens":4,"outputTokens":5}}"#,
        r#"Hm, so it{"a":1} find"#,
        Some((4, 5)),
    ),
    (
        &Cohere,
        r#"{"finish_reason":"COMPLETE","message":{"tool_plan":"I plan","content":[{"type":"thinking","thinking":" and"},
        {"text":" say","type":"text"}],"citations":[{"text":"say","sources":[{"document":{"text":"page"}}]}]},
        "usage":{"billed_units":{"input_tokens":3,"output_tokens":2},"tokens":{"input_tokens":90,"output_tokens":2}}}"#,
        "I plan and say",
        Some((3, 2)),
    ),
    (&Cohere, r#"{"message":{"content":"plain words","role":"assistant"}}"#, "plain words", None),
    (
        &Ollama,
        r#"{"model":"m","message":{"role":"assistant","content":"Say","thinking":" so","tool_calls":[{"function":
        {"name":" find","arguments":{"a":"b"}}}]},"done":true,"prompt_eval_count":3,"eval_count":4}"#,
        r#"Say so find{"a":"b"}"#,
        None,
    ),
    (
        &OpenAiCompletions::PLAIN,
        r#"{"choices":[{"text":" and so","index":0,"logprobs":{"tokens":[" and"]}}],"usage":{"prompt_tokens":1,
        "completion_tokens":2}}"#,
        " and so",
        Some((1, 2)),
    ),
    (
        &OpenAiTranscriptions,
        r#"{"task":"transcribe","text":"hear this","segments":[{"text":"hear this"}]}"#,
        "hear this",
        None,
    ),
];

#[test]
fn the_output_is_found_by_where_it_stands_in_the_dialect_and_nothing_else_is_taken_for_it() {
    for (codec, answer, output, usage) in ANSWERS {
        assert_eq!(shown(codec, answer.as_bytes()), (output.to_owned(), usage), "{answer}");
    }
}

#[test]
fn an_answer_cut_at_any_byte_gives_a_beginning_of_its_output_and_counts_only_once_they_are_whole() {
    for (codec, answer, output, usage) in ANSWERS {
        let mut last = 0;
        for end in 0..answer.len() {
            let (part, counted) = shown(codec, answer.as_bytes().get(..end).unwrap());
            assert!(output.starts_with(&part), "{end}: {part:?}");
            // What is dropped is a word at most.
            let is_near = part.len() >= last || output.get(part.len()..last).unwrap().len() <= 32;
            assert!(is_near, "{end}: {part:?}");
            last = last.max(part.len());
            assert!(counted.is_none() || counted == usage, "{end}: {counted:?}");
        }
        let mut held = answer.as_bytes().to_vec();
        held.pop();
        let (part, counted) = shown(codec, &held);
        assert_eq!((part.as_str(), counted), (output, usage), "all but the last brace came");
    }
}

#[test]
fn counts_that_stand_before_the_cut_are_believed_and_those_that_were_cut_or_make_no_sense_are_not() {
    let codec = &OpenAiChat::PLAIN;
    let counts = |usage: &str| shown(codec, format!(r#"{{"usage":{usage},"choices":[{{"#).as_bytes()).1;
    assert_eq!(counts(r#"{"prompt_tokens":12,"completion_tokens":5}"#), Some((12, 5)));
    for usage in
        [r#"{"prompt_tokens":12}"#, r#"{"prompt_tokens":-1,"completion_tokens":5}"#, "null", "[]", "7"]
    {
        assert_eq!(counts(usage), None, "{usage}");
    }
    assert_eq!(shown(codec, br#"{"usage":{"prompt_tokens":12,"completion_tokens":5"#).1, None);
}

#[test]
fn texts_without_spaces_are_kept_up_to_the_character_that_was_cut() {
    let said = "一二三四五六七八九十".repeat(3);
    let body = format!(r#"{{"content":[{{"type":"text","text":"{said}"#);
    assert_eq!(shown(&AnthropicMessages::PLAIN, body.as_bytes()).0, said);
    let cut = body.as_bytes().get(..body.len() - 1).unwrap();
    assert_eq!(shown(&AnthropicMessages::PLAIN, cut).0, said.strip_suffix('十').unwrap());
    let escaped = format!(r#"{{"content":[{{"text":"{}\ud83d\u"#, "x".repeat(40));
    assert_eq!(shown(&AnthropicMessages::PLAIN, escaped.as_bytes()).0, "x".repeat(40));
}

#[test]
fn what_is_broken_in_the_middle_gives_what_stands_around_it() {
    let broken = "{\"content\":[{\"type\":\"text\",\"text\":\"one\ntwo\"},]}garbage{\"usage\":{\"input_tokens\":1,\"output_tokens\":2}";
    assert_eq!(shown(&AnthropicMessages::PLAIN, broken.as_bytes()).0, "one\ntwo");
    for text in ["", "[", "]}", "{\"", "\"", ":,", &"[{\"a\":".repeat(1000)] {
        for codec in TARGETS {
            assert_eq!(shown(codec, text.as_bytes()), (String::new(), None), "{text}");
        }
    }
}

/// Of the vendor's own tools the decoders keep what was called and count nothing of it.
#[test]
fn recorded_answers_show_what_their_decoders_read() {
    let letters = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    let mut compared = 0;
    for codec in TARGETS {
        for exchange in corpus::of(codec.dialect().0).unwrap().iter().filter(|exchange| !exchange.stream) {
            let Ok(decoded) = codec.decode(&exchange.answer()) else { continue };
            let (mut said, mut counted, mut has_own_tools) = (Vec::new(), None, false);
            for event in &decoded.events {
                match event {
                    ChatEvent::Delta { delta, .. } => {
                        has_own_tools |= matches!(delta, Delta::Part(_));
                        said.push(delta.output_text());
                    }
                    ChatEvent::Usage(usage) => counted = Some((usage.input, usage.output)),
                    _ => {}
                }
            }
            let (output, usage) = shown(codec, &exchange.answer());
            // No arguments at all, which the decoder writes as everybody else does.
            let output = output.replace("currentTimenull", "currentTime{}");
            let is_same = letters(&said.concat()) == letters(&output);
            let has_all = said.iter().all(|piece| output.contains(piece));
            assert!(is_same || has_own_tools && has_all, "{}: {output:?} for {said:?}", exchange.id);
            if codec.dialect() != Dialect::OLLAMA {
                assert_eq!(usage, counted.filter(|_| !decoded.usage_corrected), "{}", exchange.id);
            }
            compared += 1;
        }
    }
    assert!(compared > 1000, "{compared}");
}
