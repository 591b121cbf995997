//! Pictures and documents in results of tools, where the vendor takes texts alone there.

use serde_json::{Value, json};
use switchyard_dialects::codec::ProviderCodec;
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_chat::request::TargetFacts;
use switchyard_domain::chat::{
    ChatRequest, Dialect, Document, LossReport, MediaSource, Message, Part, Role, ToolResult,
};

fn picture(name: &str) -> Part {
    let source = MediaSource::Url(format!("https://example.org/{name}.png"));
    Part::Image { source, detail: None }
}

fn pdf() -> Part {
    let source = MediaSource::Inline { media_type: "application/pdf".to_owned(), base64: "JVBE".to_owned() };
    Part::Document(Document::new(source, Some("a.pdf".to_owned())))
}

fn text(text: &str) -> Part {
    Part::Text { text: text.to_owned() }
}

fn result(call_id: &str, content: Vec<Part>) -> Part {
    Part::ToolResult(ToolResult { call_id: call_id.to_owned(), content, is_error: false, name: None })
}

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message { parts, ..Message::text(role, "") }
}

fn sent(messages: Vec<Message>, facts: TargetFacts) -> (Value, Vec<(String, String)>) {
    let vendor = OpenAiChat { requests: facts, ..OpenAiChat::PLAIN };
    let mut losses = LossReport::default();
    let request = ChatRequest { messages, ..ChatRequest::default() };
    let body = vendor.encode(&request, "m", Dialect::ANTHROPIC_MESSAGES, &mut losses).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let losses = losses.losses.into_iter().map(|loss| (loss.member, loss.reason)).collect();
    (body["messages"].clone(), losses)
}

fn beside(member: &str) -> (String, String) {
    (member.to_owned(), "media stand beside the result".to_owned())
}

fn image_url(name: &str) -> Value {
    json!({"type": "image_url", "image_url": {"url": format!("https://example.org/{name}.png")}})
}

#[test]
fn one_message_of_the_user_has_the_media_of_all_results_of_the_turn() {
    let messages = vec![
        message(Role::Tool, vec![result("a", vec![text("seen"), picture("a")])]),
        message(Role::Tool, vec![result("b", vec![pdf()])]),
        message(Role::Assistant, vec![text("so")]),
        message(Role::Tool, vec![result("c", vec![picture("c")])]),
    ];
    let (messages, losses) = sent(messages, TargetFacts::OPENAI);
    let file = json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf"}});
    assert_eq!(
        messages,
        json!([
            {"role": "tool", "tool_call_id": "a", "content": "seen"},
            {"role": "tool", "tool_call_id": "b", "content": ""},
            {"role": "user", "content": [image_url("a"), file]},
            {"role": "assistant", "content": "so"},
            {"role": "tool", "tool_call_id": "c", "content": ""},
            {"role": "user", "content": [image_url("c")]},
        ])
    );
    let places = ["messages[0]", "messages[1]", "messages[3]"];
    assert_eq!(losses, places.map(|place| beside(&format!("{place}.content[0].content"))));
}

#[test]
fn they_come_before_what_the_user_says_in_the_same_message() {
    let parts = vec![result("a", vec![picture("a")]), result("b", vec![text("fine")]), text("and?")];
    let (messages, losses) = sent(vec![message(Role::User, parts)], TargetFacts::OPENAI);
    assert_eq!(
        messages,
        json!([
            {"role": "tool", "tool_call_id": "a", "content": ""},
            {"role": "tool", "tool_call_id": "b", "content": "fine"},
            {"role": "user", "content": [image_url("a")]},
            {"role": "user", "content": "and?"},
        ])
    );
    assert_eq!(losses, [beside("messages[0].content[0].content")]);
}

#[test]
fn they_stay_where_the_vendor_takes_them() {
    let facts = TargetFacts { media_in_results: true, ..TargetFacts::OPENAI };
    let (messages, losses) = sent(vec![message(Role::Tool, vec![result("a", vec![picture("a")])])], facts);
    assert_eq!(messages, json!([{"role": "tool", "tool_call_id": "a", "content": [image_url("a")]}]));
    assert_eq!(losses, []);
}

#[test]
fn a_result_with_what_the_vendor_can_not_fetch_is_refused() {
    let document = Part::Document(Document::new(MediaSource::Url("https://x/y.pdf".to_owned()), None));
    let messages = vec![message(Role::Tool, vec![result("a", vec![text("read"), document])])];
    let request = ChatRequest { messages, ..ChatRequest::default() };
    let mut losses = LossReport::default();
    let refused =
        OpenAiChat::PLAIN.encode(&request, "m", Dialect::ANTHROPIC_MESSAGES, &mut losses).unwrap_err();
    assert_eq!(refused.param.as_deref(), Some("messages[0].content[0].content[1]"));
}
