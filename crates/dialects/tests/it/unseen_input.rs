//! What a request brings beyond what its body tells the size of is noticed in every dialect.

use serde_json::{Value, json};
use switchyard_dialects::anthropic_messages::AnthropicMessagesClient;
use switchyard_dialects::codec::{Address, ClientCodec};
use switchyard_dialects::gemini::GeminiClient;
use switchyard_dialects::openai_chat::OpenAiChatClient;
use switchyard_dialects::openai_responses::OpenAiResponsesClient;
use switchyard_dialects::request::RequestLimits;

fn has_unseen(client: &dyn ClientCodec, body: &Value) -> bool {
    let address = Address { model: Some("m"), stream: Some(false) };
    let checked = client.check(body.to_string().into(), address, &RequestLimits::default());
    checked.unwrap().facts.has_unseen_input
}

fn chat(part: &Value, more: &Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": [part]}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn responses(part: &Value, more: &Value) -> Value {
    let mut body = json!({"model": "m", "input": [{"role": "user", "content": [part]}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn messages(block: &Value, more: &Value) -> Value {
    let mut body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": [block]}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn gemini(part: &Value, more: &Value) -> Value {
    let mut body = json!({"contents": [{"role": "user", "parts": [part]}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn what_stands_elsewhere_and_what_is_no_text_is_unseen() {
    let (text, none) = (json!({"type": "text", "text": "x"}), json!({}));
    for (part, more) in [
        (json!({"type": "file", "file": {"file_id": "f-1"}}), none.clone()),
        (json!({"type": "file", "file": {"file_data": "QUJD", "filename": "a.pdf"}}), none.clone()),
        (json!({"type": "document_url", "document_url": "https://a.test/b.pdf"}), none.clone()),
        (json!({"type": "video_url", "video_url": {"url": "https://a.test/b.mp4"}}), none.clone()),
        (json!({"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}}), none.clone()),
        (text.clone(), json!({"web_search_options": {}})),
        (text.clone(), json!({"tools": [{"type": "web_search"}]})),
    ] {
        assert!(has_unseen(&OpenAiChatClient, &chat(&part, &more)), "{part} {more}");
    }
    let said = json!({"type": "input_text", "text": "x"});
    for (part, more) in [
        (json!({"type": "input_file", "file_url": "https://a.test/b.pdf"}), none.clone()),
        (json!({"type": "input_file", "file_id": "f-1"}), none.clone()),
        (said.clone(), json!({"previous_response_id": "r-1"})),
        (said.clone(), json!({"conversation": "c-1"})),
        (said.clone(), json!({"prompt": {"id": "p-1"}})),
        (said.clone(), json!({"tools": [{"type": "web_search"}]})),
        (said, json!({"input": [{"type": "item_reference", "id": "i-1"}]})),
    ] {
        assert!(has_unseen(&OpenAiResponsesClient, &responses(&part, &more)), "{part} {more}");
    }
    let document = |source: Value| json!({"type": "document", "source": source});
    for (block, more) in [
        (document(json!({"type": "url", "url": "https://a.test/b.pdf"})), none.clone()),
        (document(json!({"type": "file", "file_id": "f-1"})), none.clone()),
        (document(json!({"type": "base64", "media_type": "application/pdf", "data": "QUJD"})), none.clone()),
        (text.clone(), json!({"tools": [{"type": "web_search_20250305", "name": "web_search"}]})),
        (text, json!({"mcp_servers": [{"type": "url", "url": "https://a.test", "name": "a"}]})),
    ] {
        assert!(has_unseen(&AnthropicMessagesClient, &messages(&block, &more)), "{block} {more}");
    }
    let plain = json!({"text": "x"});
    for (part, more) in [
        (json!({"fileData": {"mimeType": "application/pdf", "fileUri": "https://a.test/b"}}), none.clone()),
        (json!({"inlineData": {"mimeType": "audio/wav", "data": "QUJD"}}), none),
        (plain.clone(), json!({"tools": [{"googleSearch": {}}]})),
        (plain, json!({"cachedContent": "cachedContents/a"})),
    ] {
        assert!(has_unseen(&GeminiClient, &gemini(&part, &more)), "{part} {more}");
    }
}

#[test]
fn texts_pictures_and_the_callers_own_tools_are_seen() {
    let picture = "data:image/png;base64,QUJD";
    let schema = json!({"type": "object", "properties": {}});
    let function = json!({"name": "f", "parameters": schema});
    let image = chat(
        &json!({"type": "image_url", "image_url": {"url": picture}}),
        &json!({"tools": [{"type": "function", "function": function}]}),
    );
    assert!(!has_unseen(&OpenAiChatClient, &image));
    let image = responses(
        &json!({"type": "input_image", "image_url": picture}),
        &json!({"tools": [{"type": "function", "name": "f", "parameters": schema}]}),
    );
    assert!(!has_unseen(&OpenAiResponsesClient, &image));
    let image = messages(
        &json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}),
        &json!({"tools": [{"name": "f", "input_schema": schema}, {"type": "bash_20250124", "name": "bash"}]}),
    );
    assert!(!has_unseen(&AnthropicMessagesClient, &image));
    let text =
        json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}});
    assert!(!has_unseen(&AnthropicMessagesClient, &messages(&text, &json!({}))));
    let image = gemini(
        &json!({"inlineData": {"mimeType": "image/png", "data": "QUJD"}}),
        &json!({"tools": [{"functionDeclarations": [function]}]}),
    );
    assert!(!has_unseen(&GeminiClient, &image));
}
