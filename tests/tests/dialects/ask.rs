//! What requests of all features have in common.

use crate::client::Client;
use serde_json::{Value, json};

/// A request of one question, with more members.
pub(crate) fn asking(client: Client, question: &str, more: Value) -> Value {
    with(of_user(client, &json!(question)), more)
}

/// A request whose user says this: a text, or parts in the client's words.
pub(crate) fn of_user(client: Client, content: &Value) -> Value {
    match client {
        Client::Chat => json!({"messages": [{"role": "user", "content": content}]}),
        Client::Responses if content.is_string() => json!({"input": content}),
        Client::Responses => json!({"input": [{"role": "user", "content": content}]}),
        Client::Anthropic => {
            json!({"max_tokens": 8192, "messages": [{"role": "user", "content": content}]})
        }
        Client::Gemini if content.is_string() => {
            json!({"contents": [{"role": "user", "parts": [{"text": content}]}]})
        }
        Client::Gemini => json!({"contents": [{"role": "user", "parts": content}]}),
    }
}

/// A request with more members.
pub(crate) fn with(mut request: Value, more: Value) -> Value {
    let (Value::Object(members), Value::Object(more)) = (&mut request, more) else {
        panic!("requests are objects");
    };
    members.extend(more);
    request
}
