//! A stream says what the whole answer says, in every dialect.

use bytes::BytesMut;
use proptest::prelude::*;
use switchyard_dialects::codec::{AnswerForm, ClientError, StreamFraming};
use switchyard_domain::chat::{
    ChatAnswer, ChatEvent, Delta, Dialect, FinishReason, Part, TokenUsage, ToolCallKind,
};

use crate::answers::answer;
use crate::hold;
use crate::spoken::{FORM, SPOKEN, collected, events, items, write_stream};

/// What both forms must say: the parts of the answer, how it ended, and what was counted.
#[derive(Debug, PartialEq)]
struct Said {
    id: String,
    model: String,
    created: Option<i64>,
    parts: Vec<Part>,
    finish: Option<FinishReason>,
    usage: Option<TokenUsage>,
}

fn said(answer: ChatAnswer) -> Said {
    assert_eq!(answer.choices.len(), 1, "{answer:?}");
    let ChatAnswer { id, model, created, mut choices, usage, .. } = answer;
    let choice = choices.remove(0);
    let empty = |part: &Part| matches!(part, Part::Text { text } if text.is_empty());
    let parts = choice.parts.into_iter().filter(|part| !empty(part)).collect();
    Said { id, model, created, parts, finish: choice.finish, usage }
}

#[test]
fn a_stream_says_what_the_whole_answer_says_in_every_dialect() {
    hold(answer(), |made| {
        let answer = collected(made.clone());
        for side in SPOKEN {
            let dialect = side.0.dialect();
            let whole = side.1.decode(&side.0.encode(&answer, &FORM));
            let Ok(whole) = whole else { return Err(TestCaseError::fail(format!("{dialect}: {whole:?}"))) };
            let whole = said(whole.collect());
            let stream = write_stream(side, &made, &FORM);
            let streamed =
                events(side.1, &items(side.1, [stream.as_slice()])).map_err(TestCaseError::fail)?;
            prop_assert_eq!(&said(collected(streamed)), &whole, "{}", dialect);
            let original = said(answer.clone());
            prop_assert_eq!(&whole.parts, &original.parts, "{}", dialect);
            prop_assert_eq!(&whole.finish, &original.finish, "{}", dialect);
            if dialect == Dialect::GEMINI {
                let form = AnswerForm { framing: StreamFraming::JsonArray, ..FORM };
                let list = side.1.decode(&write_stream(side, &made, &form)).unwrap();
                prop_assert_eq!(&said(list.collect()), &whole, "as a list");
            }
        }
        Ok(())
    });
}

#[test]
fn what_is_said_between_the_pieces_of_a_call_takes_nothing_from_the_call() {
    let call = |index: u32| {
        let (id, name) = (format!("call_{index}"), format!("f{index}"));
        Delta::ToolCall { index, id, name, kind: ToolCallKind::Function }
    };
    let arguments = |index, fragment: &str| Delta::Arguments { index, fragment: fragment.to_owned() };
    let deltas = [
        call(0),
        arguments(0, "{\"a\":"),
        Delta::Text("x".to_owned()),
        call(1),
        Delta::Reasoning("hm".to_owned()),
        arguments(1, "{\"b\":[2"),
        arguments(0, "1}"),
        Delta::Text("y".to_owned()),
        arguments(1, "]"),
        Delta::Text("z".to_owned()),
    ];
    let piece = |delta| ChatEvent::Delta { choice: 0, delta };
    let mut made: Vec<ChatEvent> = deltas.into_iter().map(piece).collect();
    made.push(ChatEvent::Finished { choice: 0, reason: FinishReason::ToolCalls });
    // Some say how an answer ends before they have said all of it.
    made.push(piece(arguments(1, "}")));
    for side in SPOKEN {
        let stream = write_stream(side, &made, &FORM);
        let answer = collected(events(side.1, &items(side.1, [stream.as_slice()])).unwrap());
        let calls: Vec<_> = answer.choices[0].tool_calls().map(|call| call.arguments.as_str()).collect();
        assert_eq!(calls, ["{\"a\":1}", "{\"b\":[2]}"], "{}", side.0.dialect());
        assert_eq!(answer.text(), "xyz", "{}", side.0.dialect());
    }
}

#[test]
fn an_answer_whose_only_choice_is_not_the_first_reaches_every_client() {
    let made = [
        ChatEvent::Delta { choice: 2, delta: Delta::Text("hi".to_owned()) },
        ChatEvent::Finished { choice: 2, reason: FinishReason::Stop },
    ];
    for side in SPOKEN {
        let stream = write_stream(side, &made, &FORM);
        let streamed = collected(events(side.1, &items(side.1, [stream.as_slice()])).unwrap());
        let whole = side.1.decode(&side.0.encode(&collected(made.clone()), &FORM)).unwrap().collect();
        for answer in [streamed, whole] {
            assert_eq!(answer.text(), "hi", "{}", side.0.dialect());
            assert_eq!(answer.choices[0].finish, Some(FinishReason::Stop), "{}", side.0.dialect());
        }
    }
}

#[test]
fn no_client_is_told_how_an_answer_ended_before_it_is_known_to_be_whole() {
    const ENDS: [&str; 5] = [
        "\"finish_reason\":\"stop\"",
        "\"stop_reason\":\"end_turn\"",
        "\"finishReason\":\"STOP\"",
        "\"type\":\"response.completed\"",
        "\"status\":\"completed\"",
    ];
    let made = [
        ChatEvent::Delta { choice: 0, delta: Delta::Text("hi".to_owned()) },
        ChatEvent::Finished { choice: 0, reason: FinishReason::Stop },
        ChatEvent::Usage(TokenUsage { input: 4711, output: 1, ..TokenUsage::default() }),
    ];
    let ends = |out: &[u8]| ENDS.iter().any(|end| memchr::memmem::find(out, end.as_bytes()).is_some());
    let error =
        ClientError { status: 502, message: "m", kind: "k", param: None, code: None, request_id: None };
    for (client, _) in SPOKEN {
        let mut writers = [client.writer(&FORM), client.writer(&FORM)];
        let [whole, broken] = writers.each_mut().map(|writer| {
            let mut out = BytesMut::new();
            made.iter().for_each(|event| writer.event(event, &mut out));
            assert!(!ends(&out), "{}: {out:?}", client.dialect());
            assert!(memchr::memmem::find(&out, b"4711").is_none(), "{}: {out:?}", client.dialect());
            out
        });
        let [finishing, failing] = &mut writers;
        let (mut whole, mut broken) = (whole, broken);
        finishing.finish(&mut whole);
        failing.fail(&error, &mut broken);
        assert!(ends(&whole), "{}: {whole:?}", client.dialect());
        assert!(!ends(&broken), "{}: {broken:?}", client.dialect());
    }
}
