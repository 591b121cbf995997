//! Conversations of OpenAI's clients in the turns that Google takes.

use serde_json::{Value, json};
use switchyard_dialects::gemini::Gemini;
use switchyard_domain::chat::Dialect;

use crate::cross::from_openai;
use crate::tools::{lost, written};

/// The contents that become of messages, and what is told.
fn contents(messages: &Value) -> (Value, Vec<String>) {
    let request = from_openai(&json!({"model": "m", "messages": messages}));
    let (_, body, losses) = written(&Gemini::GOOGLE, &request, "gemini-2.5-flash", Dialect::OPENAI_CHAT);
    (body["contents"].clone(), lost(&losses).into_iter().map(str::to_owned).collect())
}

fn call(id: &str, name: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": "{}"}})
}

fn written_call(id: &str, name: &str) -> Value {
    json!({"functionCall": {"id": id, "name": name, "args": {}}})
}

fn written_result(id: &str, name: &str, text: &str) -> Value {
    json!({"functionResponse": {"id": id, "name": name, "response": {"result": text}}})
}

#[test]
fn empty_texts_are_left_out_and_messages_of_nothing_else_too() {
    let (contents, told) = contents(&json!([
        {"role": "system", "content": ""},
        {"role": "user", "content": [{"type": "text", "text": ""}, {"type": "text", "text": "q"}]},
        {"role": "assistant", "content": "", "tool_calls": [call("c", "f")]},
        {"role": "tool", "tool_call_id": "c", "content": ""},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": ""},
        {"role": "user", "content": "z"},
    ]));
    assert_eq!(
        contents,
        json!([
            {"role": "user", "parts": [{"text": "q"}]},
            {"role": "model", "parts": [written_call("c", "f")]},
            {"role": "user", "parts": [written_result("c", "f", ""), {"text": "z"}]},
        ])
    );
    assert_eq!(told, ["messages[5]"]);
}

#[test]
fn a_result_has_the_name_of_the_nearest_call_before_it() {
    let turn = |name: &str, said: &str| {
        [
            json!({"role": "assistant", "tool_calls": [call("call_0", name)]}),
            json!({"role": "tool", "tool_call_id": "call_0", "content": said}),
        ]
    };
    let messages: Vec<Value> = [json!({"role": "user", "content": "q"})]
        .into_iter()
        .chain(turn("f", "1"))
        .chain(turn("g", "2"))
        .collect();
    let (contents, told) = contents(&json!(messages));
    let expected = [("f", "1"), ("g", "2")].map(|(name, said)| written_result("call_0", name, said));
    assert_eq!([&contents[2]["parts"][0], &contents[4]["parts"][0]], [&expected[0], &expected[1]]);
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn neighbours_of_one_role_are_one_content_with_results_first() {
    let (contents, told) = contents(&json!([
        {"role": "user", "content": "q"},
        {"role": "user", "content": "now"},
        {"role": "assistant", "content": "a", "tool_calls": [call("c1", "f")]},
        {"role": "assistant", "tool_calls": [call("c2", "g")]},
        {"role": "tool", "tool_call_id": "c1", "content": "1"},
        {"role": "user", "content": "wait"},
        {"role": "tool", "tool_call_id": "c2", "content": "2"},
    ]));
    assert_eq!(
        contents,
        json!([
            {"role": "user", "parts": [{"text": "q"}, {"text": "now"}]},
            {"role": "model", "parts": [{"text": "a"}, written_call("c1", "f"), written_call("c2", "g")]},
            {"role": "user", "parts": [
                written_result("c1", "f", "1"), written_result("c2", "g", "2"), {"text": "wait"}]},
        ])
    );
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn a_clients_own_contents_stay_as_they_are() {
    let body = json!({"contents": [
        {"role": "user", "parts": [{"text": ""}]},
        {"role": "user", "parts": [{"text": "q"}, {"functionResponse": {"name": "f", "response": {"result": ""}}}]},
        {"role": "user", "parts": []},
    ]});
    let request = crate::tools::read(body.to_string().as_bytes());
    let (_, again, losses) = written(&Gemini::GOOGLE, &request, "m", Dialect::GEMINI);
    assert_eq!(again["contents"][0], body["contents"][0]);
    assert_eq!(again["contents"][1], body["contents"][1]);
    assert_eq!(again["contents"][2]["parts"], json!([{"text": ""}]));
    assert!(losses.is_empty(), "{losses}");
}
