//! Streams that are odd, broken or go on after their end.

use switchyard_dialects::codec::{ProviderCodec, StreamReader, Taken};
use switchyard_domain::chat::{ChatEvent, Delta, FinishReason, Part};

use crate::corpus_answers::{CODEC, collect};

fn feed(reader: &mut dyn StreamReader, data: &str, out: &mut Vec<ChatEvent>) -> Taken {
    reader.event(None, data.as_bytes(), out).unwrap()
}

const START: &str = r#"{"type":"message_start","message":{"id":"msg_1","model":"claude","usage":{"input_tokens":9,"output_tokens":1}}}"#;
const TEXT: &str = r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
const END: &str =
    r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

fn piece(text: &str) -> String {
    format!(r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}"#)
}

#[test]
fn a_stream_is_finished_when_it_says_why_and_deaf_after_its_last_event() {
    let mut reader = CODEC.reader(1);
    let mut out = Vec::new();
    for data in [START, TEXT, &piece("a"), r#"{"type":"content_block_stop","index":0}"#] {
        assert_eq!(feed(&mut *reader, data, &mut out), Taken::Chunk);
        assert!(!reader.is_finished());
    }
    assert_eq!(feed(&mut *reader, END, &mut out), Taken::Chunk);
    assert!(reader.is_finished());
    assert_eq!(feed(&mut *reader, STOP, &mut out), Taken::Done);
    let before = out.clone();
    for data in [TEXT, &piece("b"), r#"{"type":"error","error":{"type":"api_error","message":"late"}}"#] {
        assert_eq!(feed(&mut *reader, data, &mut out), Taken::Done);
    }
    reader.finish(&mut out);
    assert_eq!(out, before);
    let answer = collect(out);
    assert_eq!((answer.text().as_str(), answer.usage.unwrap().input), ("a", 9));
    assert_eq!(answer.choices[0].finish, Some(FinishReason::Stop));
}

#[test]
fn counts_are_told_at_the_end_only() {
    let mut reader = CODEC.reader(1);
    let mut out = Vec::new();
    for data in [START, TEXT, &piece("a")] {
        feed(&mut *reader, data, &mut out);
    }
    assert!(!out.iter().any(|event| matches!(event, ChatEvent::Usage(_))));
    feed(&mut *reader, END, &mut out);
    assert!(out.iter().any(|event| matches!(event, ChatEvent::Usage(usage) if usage.output == 5)));
}

#[test]
fn unknown_events_and_broken_ones_are_told_apart_and_harm_nothing() {
    let mut reader = CODEC.reader(1);
    let mut out = Vec::new();
    for (data, expected) in [
        (r#"{"type":"ping"}"#, Taken::Unknown),
        (r#"{"type":"message_thought","x":1}"#, Taken::Unknown),
        ("{}", Taken::Unknown),
        ("[DONE]", Taken::Malformed),
        ("<html>", Taken::Malformed),
        (r#"{"type":"message_start","#, Taken::Malformed),
        ("7", Taken::Malformed),
    ] {
        assert_eq!(feed(&mut *reader, data, &mut out), expected, "{data}");
    }
    assert!(out.is_empty() && !reader.is_finished());
}

#[test]
fn blocks_without_a_beginning_of_the_message_or_an_end_of_their_own_are_read_all_the_same() {
    let mut reader = CODEC.reader(1);
    let mut out = Vec::new();
    let thinking = r#"{"type":"content_block_start","index":1,"content_block":{"type":"thinking","thinking":"hm","signature":"s"}}"#;
    let call = r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t","name":"f","input":{"a":1}}}"#;
    for data in [TEXT, &piece("a"), thinking, call, END] {
        feed(&mut *reader, data, &mut out);
    }
    assert!(matches!(&out[0], ChatEvent::Started { id, .. } if id.is_empty()));
    let answer = collect(out);
    let choice = &answer.choices[0];
    assert_eq!(choice.tool_calls().next().unwrap().arguments, r#"{"a":1}"#);
    assert!(matches!(&choice.parts[1], Part::Reasoning(reasoning) if reasoning.signature.is_some()));
    assert_eq!(choice.finish, Some(FinishReason::ToolCalls));
}

#[test]
fn lone_halves_of_characters_and_bytes_that_are_no_text_do_not_lose_the_event() {
    let mut reader = CODEC.reader(1);
    let mut out = Vec::new();
    feed(&mut *reader, TEXT, &mut out);
    feed(&mut *reader, &piece("a\\ud83d"), &mut out);
    let bytes: Vec<u8> =
        piece("b~").into_bytes().into_iter().map(|byte| if byte == b'~' { 0xff } else { byte }).collect();
    assert_eq!(reader.event(None, &bytes, &mut out), Ok(Taken::Chunk));
    assert_eq!(collect(out).text(), "a\u{fffd}b\u{fffd}");
}

#[test]
fn absurd_counts_are_flagged() {
    let mut reader = CODEC.reader(1);
    let mut out = Vec::new();
    feed(&mut *reader, START, &mut out);
    feed(&mut *reader, TEXT, &mut out);
    let end = END.replace("\"output_tokens\":5", "\"output_tokens\":-5");
    feed(&mut *reader, &end, &mut out);
    assert!(reader.usage_corrected());
}

#[test]
fn what_a_later_piece_says_of_an_unknown_block_is_put_into_it() {
    let mut reader = CODEC.reader(1);
    let mut out = Vec::new();
    for data in [
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"compaction","content":null}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"compaction_delta","content":"sum","encrypted_content":"e"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
    ] {
        feed(&mut *reader, data, &mut out);
    }
    let ChatEvent::Delta { delta: Delta::Part(Part::Native { kind, json }), .. } = &out[1] else {
        panic!("{out:?}")
    };
    assert_eq!(
        (kind.as_str(), json.as_str()),
        ("compaction", r#"{"type":"compaction","content":"sum","encrypted_content":"e"}"#)
    );
}

#[test]
fn an_empty_word_for_the_end_is_no_end() {
    let mut reader = CODEC.reader(1);
    let mut out = Vec::new();
    let wordless = r#"{"type":"message_delta","delta":{"stop_reason":""},"usage":{"output_tokens":5}}"#;
    for data in [START, TEXT, &piece("a"), wordless] {
        assert_eq!(feed(&mut *reader, data, &mut out), Taken::Chunk);
    }
    assert!(!reader.is_finished());
    feed(&mut *reader, END, &mut out);
    assert_eq!(collect(out).choices[0].finish, Some(FinishReason::Stop));
}

#[test]
fn a_message_that_says_more_after_its_end_goes_on_until_it_ends_anew() {
    let mut reader = CODEC.reader(1);
    let mut finished = Vec::new();
    for data in [
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"b"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
    ] {
        reader.event(None, data.as_bytes(), &mut Vec::new()).unwrap();
        finished.push(reader.is_finished());
    }
    assert_eq!(finished, [false, false, true, true, true, false, true]);
}
