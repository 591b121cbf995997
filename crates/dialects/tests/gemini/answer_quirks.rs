//! What recorded answers do not show.

use serde_json::json;
use switchyard_dialects::codec::{AnswerFault, ClientCodec, ProviderCodec, StreamFraming, Taken};
use switchyard_dialects::gemini::{Gemini, GeminiClient};
use switchyard_domain::chat::{
    Audio, ChatEvent, CitationSource, Delta, FinishReason, Json, MediaSource, Part, Signature,
};

use crate::tools::{FORM, collect, decode, read_stream, write_stream};

fn finish_of(word: &str, parts: &serde_json::Value) -> Option<FinishReason> {
    let body = json!({"candidates": [{"content": {"parts": parts}, "finishReason": word}]});
    decode(body.to_string().as_bytes()).choices.first()?.finish.clone()
}

#[test]
fn every_word_has_its_reason_and_calls_outrank_a_stop() {
    let call = json!([{"functionCall": {"name": "f", "args": {}}}]);
    for (word, alone, with_call) in [
        ("STOP", FinishReason::Stop, FinishReason::ToolCalls),
        ("stop", FinishReason::Stop, FinishReason::ToolCalls),
        ("MAX_TOKENS", FinishReason::Length, FinishReason::Length),
        ("SAFETY", FinishReason::ContentFilter, FinishReason::ContentFilter),
        ("RECITATION", FinishReason::ContentFilter, FinishReason::ContentFilter),
        ("SPII", FinishReason::ContentFilter, FinishReason::ContentFilter),
        ("MODEL_ARMOR", FinishReason::ContentFilter, FinishReason::ContentFilter),
        ("MALFORMED_FUNCTION_CALL", FinishReason::Error, FinishReason::Error),
        ("UNEXPECTED_TOOL_CALL", FinishReason::Error, FinishReason::ToolCalls),
        ("OTHER", FinishReason::Error, FinishReason::Error),
        ("NEW_WORD", FinishReason::Other("NEW_WORD".to_owned()), FinishReason::Other("NEW_WORD".to_owned())),
    ] {
        assert_eq!(finish_of(word, &json!([])), Some(alone), "{word}");
        assert_eq!(finish_of(word, &call), Some(with_call), "{word}");
    }
    assert_eq!(finish_of("FINISH_REASON_UNSPECIFIED", &json!([])), None);
}

#[test]
fn a_word_that_says_more_than_the_reason_goes_back_to_clients_of_this_dialect() {
    for word in ["RECITATION", "MALFORMED_RESPONSE", "LANGUAGE", "SAFETY", "OTHER", "NEW_WORD"] {
        let body = json!({"candidates": [{"finishReason": word}]}).to_string();
        let answer = decode(body.as_bytes());
        let written = GeminiClient.encode(&answer, &FORM);
        let written: serde_json::Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(written["candidates"][0]["finishReason"], word);
        assert!(written["candidates"][0].get("native_finish_reason").is_none());
    }
}

#[test]
fn a_refused_prompt_is_an_answer_of_the_content_filter() {
    let body = json!({
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9},
        "modelVersion": "m", "responseId": "r",
    })
    .to_string();
    let answer = decode(body.as_bytes());
    assert_eq!(answer.choices.len(), 1);
    assert_eq!(answer.choices[0].finish, Some(FinishReason::ContentFilter));
    assert_eq!(answer.usage.unwrap().input, 9);
    // Back to a client as it came: without a candidate, whole or streamed.
    let whole: serde_json::Value = serde_json::from_slice(&GeminiClient.encode(&answer, &FORM)).unwrap();
    assert_eq!(whole["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
    assert!(whole.get("candidates").is_none());
    let events = Gemini::GOOGLE.decode(body.as_bytes()).unwrap().events;
    let list = write_stream(&events, StreamFraming::JsonArray);
    let list: serde_json::Value = serde_json::from_slice(&list).unwrap();
    assert!(list.as_array().unwrap().iter().all(|chunk| chunk.get("candidates").is_none()));
    let (again, finished) = read_stream(&write_stream(&events, StreamFraming::Sse)).unwrap();
    assert!(finished);
    assert_eq!(collect(again).choices, answer.choices);
}

#[test]
fn what_is_no_answer_is_told_apart() {
    let fault = |body: &str| Gemini::GOOGLE.decode(body.as_bytes()).unwrap_err();
    for body in ["", "<html>", "{\"candidates\":", "7", "[{]"] {
        assert_eq!(fault(body), AnswerFault::NotJson, "{body}");
    }
    for body in ["{}", "[]", r#"{"candidates":[]}"#, r#"{"usageMetadata":{}}"#, r#"{"choices":[]}"#] {
        assert_eq!(fault(body), AnswerFault::NoChoices, "{body}");
    }
    assert!(matches!(fault(r#"{"error":{"code":500,"message":"m"}}"#), AnswerFault::Error(_)));
    assert!(matches!(fault(r#"{"detail":"no"}"#), AnswerFault::Error(_)));
}

#[test]
fn events_of_other_kinds_do_not_end_a_stream() {
    let mut reader = Gemini::GOOGLE.reader(1);
    let mut out = Vec::new();
    let mut take = |data: &str| reader.event(None, data.as_bytes(), &mut out).unwrap();
    assert_eq!(take("{\"ping\":1}"), Taken::Unknown);
    assert_eq!(take("nonsense"), Taken::Malformed);
    assert_eq!(
        take(r#"{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}"#),
        Taken::Chunk
    );
    assert!(reader.is_finished());
    assert_eq!(collect(out).text(), "a");
    let mut reader = Gemini::GOOGLE.reader(1);
    assert!(reader.event(Some(b"error"), b"out of order", &mut Vec::new()).is_err());
}

// Google has no such word. A gateway that adds it tells nothing of candidates that did not end.
#[test]
fn a_foreign_last_word_ends_a_stream_whose_candidates_have_ended_and_no_other() {
    let begun = r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#;
    let ended = r#"{"candidates":[{"content":{"parts":[{"text":"b"}]},"finishReason":"STOP"}]}"#;
    let mut reader = Gemini::GOOGLE.reader(1);
    let mut out = Vec::new();
    let mut take = |data: &str| reader.event(None, data.as_bytes(), &mut out).unwrap();
    assert_eq!(take("[DONE]"), Taken::Unknown);
    assert_eq!(take(begun), Taken::Chunk);
    assert_eq!(take(" [DONE] "), Taken::Unknown);
    assert_eq!(take(ended), Taken::Chunk);
    assert_eq!(take(" [DONE] "), Taken::Done);
    assert!(reader.is_finished());
    assert_eq!(collect(out).text(), "ab");
}

#[test]
fn arguments_in_pieces_are_one_call_each_and_survive_a_cut() {
    let pieces = [
        json!({"functionCall": {"name": "f", "willContinue": true}, "thoughtSignature": "c2ln"}),
        json!({"functionCall": {"partialArgs": [{"jsonPath": "$.a", "stringValue": "x", "willContinue": true}], "willContinue": true}}),
        json!({"functionCall": {"partialArgs": [{"jsonPath": "$.a", "stringValue": "y"}], "willContinue": true}}),
        json!({"functionCall": {}}),
        json!({"functionCall": {}}),
        json!({"functionCall": {"name": "g", "willContinue": true}}),
        json!({"functionCall": {"partialArgs": [{"jsonPath": "$.n", "numberValue": 2}], "willContinue": true}}),
    ];
    let mut reader = Gemini::VERTEX.reader(1);
    let mut events = Vec::new();
    for piece in pieces {
        let data = json!({"candidates": [{"content": {"parts": [piece]}}]}).to_string();
        assert_eq!(reader.event(None, data.as_bytes(), &mut events), Ok(Taken::Chunk));
    }
    assert!(!reader.is_finished());
    reader.finish(&mut events);
    let answer = collect(events);
    let calls: Vec<_> = answer.choices[0].tool_calls().collect();
    assert_eq!((calls[0].name.as_str(), calls[0].arguments.as_str()), ("f", r#"{"a":"xy"}"#));
    assert_eq!(calls[0].signature, Some(Signature::new("google", "c2ln")));
    assert_eq!((calls[1].name.as_str(), calls[1].arguments.as_str()), ("g", r#"{"n":2}"#));
    assert_eq!(calls.len(), 2);
}

#[test]
fn arguments_are_as_they_are_spelled() {
    let body = r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"b": 1.0, "a":12345678901234567890}}},{"functionCall":{"name":"g"}}]},"finishReason":"STOP"}]}"#;
    let answer = decode(body.as_bytes());
    let arguments: Vec<_> = answer.choices[0].tool_calls().map(|call| call.arguments.as_str()).collect();
    assert_eq!(arguments, [r#"{"b": 1.0, "a":12345678901234567890}"#, "{}"]);
}

#[test]
fn usage_is_told_when_it_changes_and_absurd_counts_are_flagged() {
    let mut reader = Gemini::GOOGLE.reader(1);
    let mut events = Vec::new();
    for (prompt, made) in [(5, 1), (5, 1), (5, 3)] {
        let data = json!({
            "candidates": [{"content": {"parts": [{"text": "a"}]}}],
            "usageMetadata": {"promptTokenCount": prompt, "candidatesTokenCount": made},
        });
        reader.event(None, data.to_string().as_bytes(), &mut events).unwrap();
    }
    let told = events.iter().filter(|event| matches!(event, ChatEvent::Usage(_))).count();
    assert_eq!(told, 2);
    assert!(!reader.usage_corrected());
    let absurd = r#"{"usageMetadata":{"promptTokenCount":-1,"candidatesTokenCount":2}}"#;
    reader.event(None, absurd.as_bytes(), &mut events).unwrap();
    assert!(reader.usage_corrected());
}

#[test]
fn media_of_an_answer_come_as_parts_and_their_proofs_after_them() {
    let body = json!({"candidates": [{"content": {"parts": [
        {"inlineData": {"mimeType": "image/png", "data": "AA=="}, "thoughtSignature": "c2ln"},
        {"inlineData": {"mimeType": "audio/L16;rate=24000", "data": "AAA="}},
        {"thought": true, "inlineData": {"mimeType": "image/png", "data": "BB=="}},
        {"fileData": {"fileUri": "gs://b/x.png", "mimeType": "image/png"}},
    ]}, "finishReason": "STOP"}]});
    let answer = decode(body.to_string().as_bytes());
    let source = MediaSource::Inline { media_type: "image/png".to_owned(), base64: "AA==".to_owned() };
    let parts = &answer.choices[0].parts;
    assert_eq!(parts[0], Part::Image { source, detail: None });
    assert_eq!(parts[1], Part::Signature(Signature::new("google", "c2ln")));
    let audio = Audio { base64: "AAA=".to_owned(), format: "L16;rate=24000".to_owned() };
    assert_eq!(parts[2], Part::Audio(audio));
    assert!(matches!(&parts[3], Part::Native { kind, .. } if kind == "inlineData"));
    assert!(matches!(&parts[4], Part::Native { kind, .. } if kind == "fileData"));
    let written: serde_json::Value = serde_json::from_slice(&GeminiClient.encode(&answer, &FORM)).unwrap();
    assert_eq!(written["candidates"][0]["content"]["parts"], body["candidates"][0]["content"]["parts"]);
}

#[test]
fn sources_by_bytes_become_citations_by_characters_within_their_part() {
    let metadata = json!({
        "groundingChunks": [
            {"web": {"uri": "https://a.org", "title": "A"}},
            {"retrievedContext": {"title": "B", "text": "words"}},
            {"web": {"uri": "https://c.org"}},
        ],
        "groundingSupports": [
            {"segment": {"endIndex": 2, "partIndex": 2}, "groundingChunkIndices": [0, 1, 9]},
            {"segment": {"startIndex": 9, "endIndex": 99}, "groundingChunkIndices": [0]},
        ],
    });
    let body = json!({"candidates": [{
        "content": {"parts": [{"text": "hm", "thought": true}, {"text": "äö"}, {"text": "üx"}]},
        "finishReason": "STOP",
        "groundingMetadata": metadata,
        "citationMetadata": {"citationSources": [{"startIndex": 0, "endIndex": 4, "uri": "https://d.org"}, {}]},
    }]});
    let answer = decode(body.to_string().as_bytes());
    let choice = &answer.choices[0];
    let found: Vec<_> = choice
        .citations
        .iter()
        .map(|citation| {
            let name = match &citation.source {
                CitationSource::Url { url, .. } => url.as_str(),
                CitationSource::Document { title, .. } => title.as_deref().unwrap(),
            };
            (name, citation.quote.as_deref(), citation.span)
        })
        .collect();
    let expected = [
        ("https://a.org", None, Some((2, 3))),
        ("B", Some("words"), Some((2, 3))),
        ("https://a.org", None, None),
        ("https://c.org", None, None),
        ("https://d.org", None, Some((0, 2))),
    ];
    assert_eq!(found, expected);
    let whole = ("groundingMetadata".to_owned(), Json::parse(metadata.to_string()).unwrap());
    assert!(choice.extensions.contains(&whole));
}

#[test]
fn log_probabilities_come_in_openais_form() {
    let result = json!({
        "chosenCandidates": [{"token": "a", "tokenId": 3, "logProbability": -0.5}],
        "topCandidates": [{"candidates": [{"token": "a", "logProbability": -0.5}, {"token": "b", "logProbability": -1.5}]}],
    });
    let body = json!({"candidates": [{"finishReason": "STOP", "logprobsResult": result}]});
    let answer = decode(body.to_string().as_bytes());
    let logprobs: serde_json::Value = serde_json::from_str(answer.choices[0].logprobs[0].as_str()).unwrap();
    assert_eq!(
        logprobs["content"][0]["top_logprobs"][1],
        json!({"token": "b", "logprob": -1.5, "bytes": [98]})
    );
    let written: serde_json::Value = serde_json::from_slice(&GeminiClient.encode(&answer, &FORM)).unwrap();
    assert_eq!(written["candidates"][0]["logprobsResult"], result);
}

#[test]
fn a_list_that_every_piece_repeats_is_told_once() {
    let piece = |text: &str, word: Option<&str>| {
        let mut piece = json!({"candidates": [{
            "content": {"parts": [{"text": text}]},
            "safetyRatings": [{"category": "c", "probability": "LOW"}],
        }]});
        if let Some(word) = word {
            piece["candidates"][0]["finishReason"] = json!(word);
        }
        piece.to_string()
    };
    let mut reader = Gemini::GOOGLE.reader(1);
    let mut events = Vec::new();
    for data in [piece("a", None), piece("b", None), piece("c", Some("STOP"))] {
        reader.event(None, data.as_bytes(), &mut events).unwrap();
    }
    let answer = collect(events);
    let ratings: serde_json::Value =
        serde_json::from_str(answer.choices[0].extensions[0].1.as_str()).unwrap();
    assert_eq!(ratings, json!([{"category": "c", "probability": "LOW"}]));
}

#[test]
fn what_a_watcher_sees_is_what_counts() {
    let mut watcher = Gemini::GOOGLE.watcher(1);
    let mut output = String::new();
    let thought =
        br#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true}]}}],"modelVersion":"m"}"#;
    let look = watcher.look(None, thought, &mut output).unwrap();
    assert!(look.has_content && !look.finished);
    assert_eq!(look.model.as_deref(), Some("m"));
    let end = br#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":2,"thoughtsTokenCount":1}}"#;
    let look = watcher.look(None, end, &mut output).unwrap();
    assert!(look.finished && look.has_content && !look.is_closing_usage);
    assert_eq!((look.usage.unwrap().output, output.as_str()), (1, "hmf{}"));
    let mut whole = String::new();
    let look = Gemini::GOOGLE.glance(end, &mut whole).unwrap();
    assert_eq!((look.finished, whole.as_str()), (true, "f{}"));
}

#[test]
fn a_hostile_index_or_count_of_candidates_costs_nothing() {
    let body = r#"{"candidates":[{"index":4294967295,"content":{"parts":[{"text":"x"}]}},{"index":-1,"finishReason":"STOP"}]}"#;
    let answer = decode(body.as_bytes());
    assert_eq!(answer.choices.len(), 1);
    assert_eq!(answer.choices[0].index, 1);
    let delta = |event: &ChatEvent| matches!(event, ChatEvent::Delta { delta: Delta::Text(_), .. });
    assert!(!Gemini::GOOGLE.decode(body.as_bytes()).unwrap().events.iter().any(delta));
}

/// What a reader of a stream of so many candidates says after these pieces: whether all has ended, and whether it may end here.
fn ending(candidates: u32, pieces: &[serde_json::Value]) -> (bool, bool) {
    let (mut reader, mut watcher) = (Gemini::GOOGLE.reader(candidates), Gemini::GOOGLE.watcher(candidates));
    let mut finished = false;
    for piece in pieces {
        let data = piece.to_string();
        reader.event(None, data.as_bytes(), &mut Vec::new()).unwrap();
        finished = watcher.look(None, data.as_bytes(), &mut String::new()).unwrap().finished;
    }
    assert_eq!((finished, watcher.may_end()), (reader.is_finished(), reader.may_end()));
    (reader.is_finished(), reader.may_end())
}

#[test]
fn a_stream_of_several_candidates_is_finished_with_the_last_and_may_end_with_fewer() {
    let said = |index: u32, finish: Option<&str>| json!({"candidates": [{"index": index, "content": {"parts": [{"text": "a"}]}, "finishReason": finish}]});
    let both = [said(0, Some("STOP")), said(1, None), said(1, Some("STOP"))];
    assert_eq!(ending(2, &both), (true, true));
    assert_eq!(ending(2, &both[..2]), (false, false));
    assert_eq!(ending(2, &both[..1]), (false, true));
    assert_eq!(ending(1, &both[..1]), (true, true));
    assert_eq!(ending(2, &[]), (false, false));
}

#[test]
fn no_candidate_is_waited_for_once_the_prompt_was_refused() {
    assert_eq!(ending(3, &[json!({"promptFeedback": {"blockReason": "SAFETY"}})]), (true, true));
}

#[test]
fn a_candidate_that_says_more_after_its_end_goes_on_until_it_ends_anew() {
    let said = |text: &str, finish: Option<&str>| json!({"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": finish}]});
    let all = [said("a", Some("STOP")), said("b", None), said("", Some("STOP"))];
    assert_eq!(ending(1, &all[..1]), (true, true));
    assert_eq!(ending(1, &all[..2]), (false, false));
    assert_eq!(ending(1, &all), (true, true));
    // What stands beside the content may come late.
    assert_eq!(
        ending(1, &[said("a", Some("STOP")), json!({"candidates": [{"avgLogprobs": -1}]})]),
        (true, true)
    );
}
