//! What a recorded answer becomes on its way to the client.

use crate::errors;
use crate::requests;
use crate::scene::Heard;
use serde_json::Value;
use switchyard_testkit::corpus::Exchange;

const DONE: &str = "[DONE]";

/// What a recorded success is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Buffered,
    Stream,
    /// A stream that breaks off with an error.
    BrokenStream,
    /// An error in the place of an answer.
    Error,
}

impl Kind {
    pub(crate) fn of(exchange: &Exchange) -> Self {
        if exchange.expected.midstream {
            Self::BrokenStream
        } else if exchange.stream {
            Self::Stream
        } else {
            let body: Value = serde_json::from_str(&exchange.response.body).unwrap();
            if body.get("error").is_some() { Self::Error } else { Self::Buffered }
        }
    }
}

/// How an answer that arrived as it should ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    /// A buffered one, byte for byte the provider's.
    Buffered,
    /// A stream with the terminator that the provider sent.
    Terminated,
    /// A stream with a terminator that the provider forgot.
    TerminatorAdded,
    /// A stream without a terminator, after which nothing is to be taken for whole.
    BrokenOff,
    /// No answer at all.
    Error,
}

/// Whether the client got what the provider sent.
pub(crate) fn check(exchange: &Exchange, heard: &Heard) -> Result<Ending, String> {
    let kind = Kind::of(exchange);
    if kind == Kind::Error {
        return errors::check(exchange, heard).map(|()| Ending::Error);
    }
    let answer = &heard.answer;
    let content_type = if exchange.stream { "text/event-stream" } else { "application/json" };
    if (answer.status, answer.header("content-type")) != (200, content_type) {
        return Err(format!("{} {}: {}", answer.status, answer.header("content-type"), answer.text));
    }
    match kind {
        Kind::Buffered if answer.text == exchange.response.body => Ok(Ending::Buffered),
        Kind::Buffered => Err(format!("other bytes: {}", answer.text)),
        Kind::Stream => whole_stream(exchange, heard),
        Kind::BrokenStream | Kind::Error => broken_stream(exchange, heard),
    }
}

/// The same events in the same order, and the terminator once, last.
fn whole_stream(exchange: &Exchange, heard: &Heard) -> Result<Ending, String> {
    let mut expected = recorded_events(exchange, heard);
    expected.push(DONE.to_owned());
    same(&events(&heard.answer.text), &expected)?;
    let terminated = events(&exchange.response.body).last().is_some_and(|data| data == DONE);
    Ok(if terminated { Ending::Terminated } else { Ending::TerminatorAdded })
}

/// The events before the error, then one that says what happened, and no terminator.
fn broken_stream(exchange: &Exchange, heard: &Heard) -> Result<Ending, String> {
    let mut expected = recorded_events(exchange, heard);
    // The provider's own error event.
    expected.pop();
    let mut got = events(&heard.answer.text);
    let last: Value = got.pop().and_then(|last| serde_json::from_str(&last).ok()).ok_or("no last event")?;
    let message = last["error"]["message"].as_str().unwrap_or_default();
    let why = exchange.expected.message.as_deref().unwrap();
    if last["error"]["code"] != "upstream_stream_interrupted" || !message.contains(why) {
        return Err(format!("the last event is {last}"));
    }
    same(&got, &expected).map(|()| Ending::BrokenOff)
}

/// The data of the recorded events, as a client should see them: without the chunk that only counts if it did not ask for it.
fn recorded_events(exchange: &Exchange, heard: &Heard) -> Vec<String> {
    let mut recorded = events(&exchange.response.body);
    recorded.retain(|data| data != DONE);
    if !requests::wants_usage(&heard.sent) {
        recorded.retain(|data| !only_counts(data));
    }
    recorded
}

fn only_counts(data: &str) -> bool {
    let chunk: Value = serde_json::from_str(data).unwrap();
    chunk["choices"].as_array().is_some_and(Vec::is_empty) && chunk["usage"].is_object()
}

/// The data of the events of a stream, read by the standard's own rule. No recorded event has more than one line of it.
fn events(stream: &str) -> Vec<String> {
    let lines = stream.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let data = lines.filter_map(|line| line.strip_prefix("data:"));
    data.map(|data| data.strip_prefix(' ').unwrap_or(data).to_owned()).collect()
}

fn same(got: &[String], expected: &[String]) -> Result<(), String> {
    if got == expected {
        return Ok(());
    }
    let at = got.iter().zip(expected).take_while(|(got, expected)| got == expected).count();
    let (seen, wanted) = (got.get(at), expected.get(at));
    Err(format!("{} events of {}; at {at}: got {seen:?}, expected {wanted:?}", got.len(), expected.len()))
}
