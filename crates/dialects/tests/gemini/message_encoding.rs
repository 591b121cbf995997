//! Conversations of other dialects, and what becomes of what has no place.

use rstest::rstest;
use serde_json::json;
use switchyard_dialects::codec::ProviderCodec;
use switchyard_dialects::gemini::Gemini;
use switchyard_domain::chat::{
    Audio, ChatRequest, Dialect, Document, Json, LossKind, LossReport, MediaSource, Message, Part, Reasoning,
    Role, Signature, ToolCall, ToolCallKind, ToolResult,
};

use crate::tools::{lost, read, written};

const OTHER: Dialect = Dialect::OPENAI_CHAT;

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message { role, parts, name: None, extensions: Vec::new() }
}

fn text(text: &str) -> Part {
    Part::Text { text: text.to_owned() }
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    let kind = ToolCallKind::Function;
    ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        kind,
        signature: None,
    }
}

fn result(call_id: &str, content: Vec<Part>) -> Part {
    Part::ToolResult(ToolResult { call_id: call_id.to_owned(), content, is_error: false, name: None })
}

fn asked(messages: Vec<Message>) -> ChatRequest {
    ChatRequest { messages, ..ChatRequest::default() }
}

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

#[test]
fn instructions_stand_apart_and_are_joined() {
    let request = asked(vec![
        Message::text(Role::System, "a"),
        Message::text(Role::User, "hi"),
        Message::text(Role::Developer, "b"),
    ]);
    let (_, body, losses) = written(&Gemini::GOOGLE, &request, "m", OTHER);
    assert_eq!(body["systemInstruction"], json!({"parts": [{"text": "a"}, {"text": "b"}]}));
    assert_eq!(body["contents"], json!([{"role": "user", "parts": [{"text": "hi"}]}]));
    assert_eq!(lost(&losses), ["messages[2]"]);
    assert_eq!(losses.losses[0].kind, LossKind::Degraded);
}

#[test]
fn instructions_alone_are_a_conversation() {
    let (_, body, losses) =
        written(&Gemini::GOOGLE, &asked(vec![Message::text(Role::System, "a")]), "m", OTHER);
    assert_eq!(body, json!({"contents": [{"role": "user", "parts": [{"text": "a"}]}]}));
    assert_eq!(lost(&losses), ["messages[0].role"]);
}

#[test]
fn results_of_one_turn_stand_in_one_content_and_find_the_names_of_their_calls() {
    let calls = vec![Part::ToolCall(call("a", "f", "{\"x\":1}")), Part::ToolCall(call("b", "g", ""))];
    let failed =
        ToolResult { call_id: "b".to_owned(), content: vec![text("no")], is_error: true, name: None };
    let request = asked(vec![
        Message::text(Role::User, "hi"),
        message(Role::Assistant, calls),
        message(Role::Tool, vec![result("a", vec![text("sunny")])]),
        message(Role::Tool, vec![Part::ToolResult(failed)]),
        message(Role::Tool, vec![result("lost", vec![text("{\"n\": 1.0}")])]),
        Message::text(Role::User, "and?"),
    ]);
    let (_, body, losses) = written(&Gemini::GOOGLE, &request, "gemini-2.5-flash", OTHER);
    let contents = body["contents"].as_array().unwrap();
    assert_eq!(contents.len(), 3);
    assert_eq!(
        contents[1]["parts"],
        json!([{"functionCall": {"id": "a", "name": "f", "args": {"x": 1}}},
               {"functionCall": {"id": "b", "name": "g", "args": {}}}])
    );
    assert_eq!(contents[2]["role"], "user");
    assert_eq!(
        contents[2]["parts"],
        json!([{"functionResponse": {"id": "a", "name": "f", "response": {"result": "sunny"}}},
               {"functionResponse": {"id": "b", "name": "g", "response": {"error": "no"}}},
               {"functionResponse": {"id": "lost", "name": "unknown", "response": {"n": 1.0}}},
               {"text": "and?"}])
    );
    assert_eq!(lost(&losses), ["messages[4].content[0].name"]);
}

#[test]
fn a_vendor_that_takes_no_ids_gets_none() {
    let request = asked(vec![
        message(Role::Assistant, vec![Part::ToolCall(call("a", "f", "{}"))]),
        message(Role::Tool, vec![result("a", vec![text("x")])]),
    ]);
    let facts = Gemini { call_ids: false, ..Gemini::GOOGLE };
    let (_, body, _) = written(&facts, &request, "m", OTHER);
    assert!(!body.to_string().contains("\"id\""), "{body}");
    assert_eq!(body["contents"][1]["parts"][0]["functionResponse"]["name"], "f");
}

#[rstest]
#[case("gemini-3-pro-preview", true)]
#[case("gemini-2.5-flash", false)]
fn media_of_results_stand_where_the_model_takes_them(#[case] model: &str, #[case] inside: bool) {
    let picture = Part::Image {
        source: MediaSource::Inline { media_type: "image/png".to_owned(), base64: "AA==".to_owned() },
        detail: None,
    };
    let request = asked(vec![
        message(Role::Assistant, vec![Part::ToolCall(call("a", "f", "{}"))]),
        message(Role::Tool, vec![result("a", vec![text("see"), picture])]),
    ]);
    let (_, body, losses) = written(&Gemini::GOOGLE, &request, model, OTHER);
    let parts = &body["contents"][1]["parts"];
    let medium = json!({"inlineData": {"mimeType": "image/png", "data": "AA=="}});
    if inside {
        assert_eq!(parts[0]["functionResponse"]["parts"], json!([medium]));
        assert!(losses.is_empty());
    } else {
        assert_eq!(parts[1], medium);
        assert_eq!(lost(&losses), ["messages[1].content[0].content"]);
    }
}

#[test]
fn arguments_that_are_no_object_go_as_a_text_in_one() {
    let mut custom = call("b", "g", "free text");
    custom.kind = ToolCallKind::Custom;
    let parts = vec![Part::ToolCall(call("a", "f", "{\"cut")), Part::ToolCall(custom)];
    let (_, body, losses) =
        written(&Gemini::GOOGLE, &asked(vec![message(Role::Assistant, parts)]), "m", OTHER);
    let parts = &body["contents"][0]["parts"];
    assert_eq!(parts[0]["functionCall"]["args"], json!({"input": "{\"cut"}));
    assert_eq!(parts[1]["functionCall"]["args"], json!({"input": "free text"}));
    assert_eq!(lost(&losses), ["messages[0].tool_calls[0].arguments", "messages[0].tool_calls[1]"]);
}

#[test]
fn proofs_go_only_to_their_maker_and_each_into_its_part() {
    let google = |value: &str| Some(Signature::new(Signature::GOOGLE, value));
    let foreign = || Some(Signature::new(Signature::ANTHROPIC, "x"));
    let mut signed = call("a", "f", "{}");
    signed.signature = google("Y2FsbA==");
    let parts = vec![
        Part::Reasoning(Reasoning { text: "hm".to_owned(), signature: foreign(), redacted: false }),
        Part::Reasoning(Reasoning { text: String::new(), signature: foreign(), redacted: true }),
        Part::Reasoning(Reasoning { text: "ah".to_owned(), signature: google("dGg="), redacted: false }),
        text("so"),
        Part::Signature(Signature::new(Signature::GOOGLE, "dGV4dA==")),
        Part::Signature(Signature::new(Signature::GOOGLE, "YWxvbmU=")),
        text("and"),
        Part::Signature(Signature::new(Signature::OPENAI, "y")),
        Part::ToolCall(signed),
        Part::ToolCall(call("b", "g", "{}")),
    ];
    let (_, body, losses) =
        written(&Gemini::GOOGLE, &asked(vec![message(Role::Assistant, parts)]), "gemini-3-pro", OTHER);
    assert_eq!(
        body["contents"][0]["parts"],
        json!([
            {"text": "hm", "thought": true},
            {"text": "ah", "thought": true, "thoughtSignature": "dGg="},
            {"text": "so", "thoughtSignature": "dGV4dA=="},
            {"text": "", "thoughtSignature": "YWxvbmU="},
            {"text": "and"},
            {"functionCall": {"id": "a", "name": "f", "args": {}}, "thoughtSignature": "Y2FsbA=="},
            {"functionCall": {"id": "b", "name": "g", "args": {}}},
        ])
    );
    assert_eq!(lost(&losses), ["messages[0].reasoning.signature"; 3]);
}

#[rstest]
#[case("gemini-3-pro-preview", OTHER, None, true)]
#[case("gemini-3-pro-preview", OTHER, Some("anthropic"), true)]
#[case("gemini-2.5-flash", OTHER, None, false)]
#[case("gemini-3-pro-preview", Dialect::GEMINI, None, false)]
#[case("gemini-3-pro-preview", Dialect::GEMINI, Some("anthropic"), true)]
fn newer_models_get_something_in_the_place_of_a_proof(
    #[case] model: &str,
    #[case] source: Dialect,
    #[case] issuer: Option<&str>,
    #[case] stands_in: bool,
) {
    let mut first = call("a", "f", "{}");
    first.signature = issuer.map(|issuer| Signature::new(issuer, "x"));
    let parts = vec![Part::ToolCall(first), Part::ToolCall(call("b", "g", "{}"))];
    let (_, body, losses) =
        written(&Gemini::GOOGLE, &asked(vec![message(Role::Assistant, parts)]), model, source);
    let parts = &body["contents"][0]["parts"];
    assert_eq!(parts[0].get("thoughtSignature").is_some(), stands_in);
    assert!(parts[1].get("thoughtSignature").is_none());
    assert_eq!(losses.is_empty(), issuer.is_none());
}

#[test]
fn media_are_written_by_their_kind_and_what_has_no_place_is_told() {
    let inline = |media_type: &str| MediaSource::Inline {
        media_type: media_type.to_owned(),
        base64: "AA==".to_owned(),
    };
    let url = |url: &str| MediaSource::Url(url.to_owned());
    let named = |source, name: &str| Part::Document(Document::new(source, Some(name.to_owned())));
    let mut cited = Document::new(MediaSource::Text("abc".to_owned()), None);
    (cited.cited, cited.context) = (true, Some("c".to_owned()));
    let parts = vec![
        Part::Image { source: inline("image/webp"), detail: Some("high".to_owned()) },
        Part::Image { source: url("https://x.org/a.png?b"), detail: Some("auto".to_owned()) },
        Part::Image { source: url("https://x.org/a"), detail: None },
        Part::Audio(Audio { base64: "AA==".to_owned(), format: "mp3".to_owned() }),
        named(inline(""), "a.csv"),
        Part::Document(cited),
        Part::CacheMark { ttl: None },
        Part::Refusal { text: "no".to_owned() },
    ];
    let request = asked(vec![message(Role::User, parts)]);
    let (_, body, losses) = written(&Gemini::GOOGLE, &request, "m", OTHER);
    assert_eq!(
        body["contents"][0]["parts"],
        json!([
            {"inlineData": {"mimeType": "image/webp", "data": "AA=="}},
            {"fileData": {"fileUri": "https://x.org/a.png?b", "mimeType": "image/png"}},
            {"fileData": {"fileUri": "https://x.org/a", "mimeType": "image/jpeg"}},
            {"inlineData": {"mimeType": "audio/mpeg", "data": "AA=="}},
            {"inlineData": {"mimeType": "text/csv", "data": "AA=="}},
            {"inlineData": {"mimeType": "text/plain", "data": "YWJj"}},
            {"text": "no"},
        ])
    );
    let expected = [
        "messages[0].content[0].detail",
        "messages[0].content[2].media_type",
        "messages[0].content[4].filename",
        "messages[0].content[5].context",
        "messages[0].content[5].citations",
        "messages[0].content[6]",
        "messages[0].content[7]",
    ];
    assert_eq!(lost(&losses), expected);
    let (_, body, losses) = written(&Gemini::VERTEX, &request, "m", OTHER);
    assert_eq!(body["contents"][0]["parts"][4]["inlineData"]["displayName"], "a.csv");
    assert_eq!(losses.losses.len(), expected.len() - 1);
}

#[test]
fn what_the_model_would_not_see_is_refused() {
    let file = Part::Document(Document::new(MediaSource::FileId("file-1".to_owned()), None));
    let native = Part::Native { kind: "video_url".to_owned(), json: json("{}") };
    let picture = Part::Image { source: MediaSource::Url("https://x.org/a.png".to_owned()), detail: None };
    for (role, part) in [(Role::User, file), (Role::User, native), (Role::System, picture)] {
        let request = asked(vec![message(role, vec![text("q"), part])]);
        let refused = Gemini::GOOGLE.encode(&request, "m", OTHER, &mut LossReport::default()).unwrap_err();
        assert_eq!(refused.param.as_deref(), Some("messages[0].content[1]"));
    }
}

#[test]
fn members_of_parts_without_canonical_form_come_back_in_their_parts() {
    let body = json!({"contents": [{"role": "user", "custom": 1, "parts": [
        {"text": "a", "partMetadata": {"x": 1}},
        {"fileData": {"fileUri": "https://x.org/v", "mimeType": "video/mp4"}, "videoMetadata": {"fps": 2}},
        {"inlineData": {"mimeType": "image/png", "data": "AA==", "displayName": "p"}, "mediaResolution": {"level": "L"}},
        {"functionResponse": {"name": "f", "response": {}, "scheduling": "SILENT"}},
    ]}], "modelArmorConfig": {"a_b": 1}, "generationConfig": {"speechConfig": {"x": 1}, "thinkingConfig": {"odd": 2}},
       "toolConfig": {"retrievalConfig": {"y": 1}, "functionCallingConfig": {"mode": "VALIDATED", "streamFunctionCallArguments": true}}});
    let request = read(body.to_string().as_bytes());
    let (_, again, losses) = written(&Gemini::GOOGLE, &request, "m", Dialect::GEMINI);
    assert_eq!(again, body);
    assert!(losses.is_empty(), "{losses}");
}

#[test]
fn a_clients_own_body_loses_the_model_and_other_vendors_proofs_alone() {
    use switchyard_dialects::codec::ClientCodec;
    use switchyard_dialects::gemini::GeminiClient;
    use switchyard_dialects::request::RequestLimits;
    let marked = "c3dpdGNoeWFyZDphbnRocm9waWM6eA==";
    let own = "CsYIAY89a18h8MLJ";
    let body = format!(
        r#"{{"model": "models/x", "contents":[ {{"role":"model","parts":[{{"text":"{marked}","thought":true,"thought_signature": "{marked}"}}, {{"text":"b","thoughtSignature":"{own}"}}]}} ]}}"#
    );
    let address = crate::tools::ADDRESS;
    let checked = GeminiClient.check(body.clone().into(), address, &RequestLimits::default()).unwrap();
    let mut losses = LossReport::default();
    let adapted = Gemini::GOOGLE
        .adapt(&body.clone().into(), &checked.members, "m", &checked.facts, &mut losses)
        .unwrap()
        .concat();
    let expected = body
        .replace(r#""model": "models/x", "#, "")
        .replace(&format!(r#""thought_signature": "{marked}""#), r#""thought_signature": null"#);
    assert_eq!(std::str::from_utf8(&adapted).unwrap(), expected);
    assert_eq!(lost(&losses), ["contents[0].parts[0].thoughtSignature"]);
}
