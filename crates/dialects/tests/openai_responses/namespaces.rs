//! Groups of functions: as they are for a provider of this dialect, one by one for others, and by both names for the client.

use serde_json::{Value, json};
use switchyard_dialects::anthropic_messages::AnthropicMessages;
use switchyard_dialects::codec::{AnswerForm, ClientCodec, ProviderCodec};
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_responses::{OpenAiResponses, OpenAiResponsesClient};
use switchyard_domain::chat::{
    ChatAnswer, ChatEvent, ChatRequest, Choice, Delta, Dialect, FinishReason, LossReport, Part, ToolCall,
    ToolCallKind,
};

use crate::corpus_requests::read;
use crate::rewriting::{FORM, write_stream};

fn function(name: &str) -> Value {
    json!({"type": "function", "name": name, "strict": false, "parameters": {"type": "object", "properties": {}}})
}

/// A conversation with two groups, which have a function of one name.
fn asked() -> Value {
    let group = |name: &str, tools: Vec<Value>| json!({"type": "namespace", "name": name, "description": "A server", "tools": tools});
    let mut deferred = function("put");
    deferred["defer_loading"] = json!(true);
    json!({"model": "m", "input": [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "q"}]},
            {"type": "function_call", "call_id": "c1", "name": "get", "namespace": "files", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "o"},
            {"type": "function_call", "call_id": "c2", "name": "get", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c2", "output": "o"}],
        "tools": [function("get"), group("files", vec![function("get"), deferred]), group("web", vec![function("get")])]})
}

fn request() -> ChatRequest {
    read(asked().to_string().as_bytes())
}

fn encoded(vendor: &dyn ProviderCodec) -> (Value, String) {
    let mut losses = LossReport::default();
    let body = vendor.encode(&request(), "m", Dialect::OPENAI_RESPONSES, &mut losses).unwrap();
    (serde_json::from_slice(&body).unwrap(), losses.to_string())
}

fn names<'a>(list: &'a Value, place: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().filter_map(|one| one.pointer(place)?.as_str()).collect()
}

#[test]
fn a_provider_of_this_dialect_gets_the_groups_as_they_came() {
    let (body, losses) = encoded(&OpenAiResponses::PLAIN);
    assert_eq!((&body["tools"], losses.as_str()), (&asked()["tools"], ""));
    for at in [1, 3] {
        assert_eq!(body["input"][at]["name"], "get");
        assert_eq!(body["input"][at]["namespace"], asked()["input"][at]["namespace"]);
    }
}

#[test]
fn other_dialects_get_each_function_under_both_names() {
    let expected = ["get", "files__get", "files__put", "web__get"];
    let (chat, losses) = encoded(&OpenAiChat::PLAIN);
    assert_eq!(names(&chat["tools"], "/function/name"), expected);
    let calls: Vec<&Value> = chat["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|m| m.pointer("/tool_calls/0/function/name"))
        .collect();
    assert_eq!(calls, ["files__get", "get"]);
    // What the group says of itself is not carried.
    assert!(losses.contains("tools[1].namespace"), "{losses}");

    let (messages, _) = encoded(&AnthropicMessages::PLAIN);
    assert_eq!(names(&messages["tools"], "/name"), expected);
    assert_eq!(messages["messages"][1]["content"][0]["name"], "files__get");
}

#[test]
fn the_group_of_a_call_of_a_function_that_is_not_offered_is_told_as_lost() {
    let mut body = asked();
    body["input"][1]["namespace"] = json!("mail");
    let request = read(body.to_string().as_bytes());
    let mut losses = LossReport::default();
    let chat = OpenAiChat::PLAIN.encode(&request, "m", Dialect::OPENAI_RESPONSES, &mut losses).unwrap();
    let chat: Value = serde_json::from_slice(&chat).unwrap();
    assert_eq!(chat["messages"][1]["tool_calls"][0]["function"]["name"], "get");
    assert!(losses.to_string().contains("call_items"), "{losses}");
    let same = OpenAiResponses::PLAIN.encode(&request, "m", Dialect::OPENAI_RESPONSES, &mut losses).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&same).unwrap()["input"][1]["namespace"], "mail");
}

#[test]
fn a_group_with_anything_but_functions_stays_what_it_is() {
    let mut body = asked();
    body["tools"] = json!([{"type": "namespace", "name": "n", "tools": [function("f"), {"type": "custom", "name": "c"}]}]);
    let mut losses = LossReport::default();
    let request = read(body.to_string().as_bytes());
    AnthropicMessages::PLAIN.encode(&request, "m", Dialect::OPENAI_RESPONSES, &mut losses).unwrap();
    let lost: Vec<&str> = losses.losses.iter().map(|loss| loss.member.as_str()).collect();
    assert!(lost.contains(&"tools[0]"), "{lost:?}");
    let same = OpenAiResponses::PLAIN.encode(&request, "m", Dialect::OPENAI_RESPONSES, &mut losses).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&same).unwrap()["tools"], body["tools"]);
}

#[test]
fn a_call_comes_back_by_the_name_in_its_group() {
    let asked = request();
    let form = AnswerForm { request: Some(&asked), ..FORM };
    let called = ["files__put", "get", "web__get"];
    let expected = [("put", json!("files")), ("get", Value::Null), ("get", json!("web"))];

    let call = |(at, name): (usize, &&str)| {
        let (id, name, arguments) = (format!("c{at}"), (*name).to_owned(), "{}".to_owned());
        Part::ToolCall(ToolCall { id, name, arguments, kind: ToolCallKind::Function, signature: None })
    };
    let parts = called.iter().enumerate().map(call).collect();
    let choice = Choice { parts, finish: Some(FinishReason::ToolCalls), ..Choice::default() };
    let answer = ChatAnswer { choices: vec![choice], ..ChatAnswer::default() };
    let whole: Value = serde_json::from_slice(&OpenAiResponsesClient.encode(&answer, &form)).unwrap();
    let told = |items: Vec<&Value>| -> Vec<(String, Value)> {
        items
            .iter()
            .map(|item| (item["name"].as_str().unwrap().to_owned(), item["namespace"].clone()))
            .collect()
    };
    let expected = expected.map(|(name, group)| (name.to_owned(), group));
    assert_eq!(told(whole["output"].as_array().unwrap().iter().collect()), expected);
    assert_eq!(whole["tools"][1], asked_tools()[1]);

    let mut events =
        vec![ChatEvent::Started { id: "r".into(), model: "m".into(), created: None, extensions: Vec::new() }];
    for (at, name) in called.iter().enumerate() {
        let (index, id, name) = (u32::try_from(at).unwrap(), format!("c{at}"), (*name).to_owned());
        let delta = Delta::ToolCall { index, id, name, kind: ToolCallKind::Function };
        events.push(ChatEvent::Delta { choice: 0, delta });
    }
    events.push(ChatEvent::Finished { choice: 0, reason: FinishReason::ToolCalls });
    let stream = write_stream(&events, &form);
    let frames: Vec<Value> =
        stream.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).collect();
    for kind in ["response.output_item.added", "response.output_item.done"] {
        let items = frames.iter().filter(|frame| frame["type"] == kind).map(|frame| &frame["item"]).collect();
        assert_eq!(told(items), expected, "{kind}");
    }
}

fn asked_tools() -> Value {
    let mut tools = asked()["tools"].clone();
    // The answer repeats what was not said, too.
    for tool in tools[1]["tools"].as_array_mut().unwrap() {
        tool["description"] = Value::Null;
    }
    tools
}
