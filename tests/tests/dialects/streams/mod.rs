//! A stream put together as the dialect's official SDK does it, so that it can be looked at as an answer in one piece. What
//! breaks the dialect's grammar is told.

mod anthropic_messages;
mod gemini;
mod openai_chat;
mod openai_responses;

use crate::client::Client;
use serde_json::Value;

/// An event of a stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// Its name; empty where it has none.
    pub(crate) name: String,
    pub(crate) data: Value,
}

/// The events of a stream, and whether `[DONE]` stands behind them.
pub(crate) fn events(text: &str) -> Result<(Vec<Event>, bool), String> {
    let (mut events, mut is_done) = (Vec::new(), false);
    // Google's lines end in both ways.
    for block in text.replace("\r\n", "\n").split("\n\n").filter(|block| !block.is_empty()) {
        let field = |name: &str| {
            let lines = block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            lines.collect::<Vec<_>>().join("\n")
        };
        let data = field("data");
        if is_done {
            return Err(format!("something follows the end: {block}"));
        }
        if data == "[DONE]" {
            is_done = true;
            continue;
        }
        let data = serde_json::from_str(&data).map_err(|error| format!("{error}: {block}"))?;
        events.push(Event { name: field("event"), data });
    }
    Ok((events, is_done))
}

/// The answer that a whole stream amounts to.
pub(crate) fn whole(client: Client, text: &str) -> Result<Value, String> {
    let (events, is_done) = events(text)?;
    if is_done != (client == Client::Chat) {
        return Err(format!("the end is not the dialect's: {text}"));
    }
    match client {
        Client::Chat => openai_chat::whole(&events),
        Client::Responses => openai_responses::whole(&events),
        Client::Anthropic => anthropic_messages::whole(&events),
        Client::Gemini => gemini::whole(&events),
    }
}

/// Appends the text of a member to the same member of another object.
fn append(to: &mut Value, from: &Value, member: &str) {
    if let Some(piece) = from[member].as_str() {
        let so_far = to[member].as_str().unwrap_or_default();
        to[member] = Value::from(format!("{so_far}{piece}"));
    }
}
