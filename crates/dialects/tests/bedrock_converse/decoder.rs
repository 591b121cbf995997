//! Recorded bodies in the canonical form. Only for tests: no client speaks this dialect to us.

use serde_json::Value;
use switchyard_domain::chat::{
    CacheMark, ChatRequest, Document, Json, MediaSource, Message, Part, Reasoning, ResponseFormat, Role,
    Sampling, Signature, Tool, ToolCall, ToolCallKind, ToolChoice, ToolChoiceMode, ToolResult,
};

fn json(value: &Value) -> Json {
    Json::parse(value.to_string()).unwrap()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

pub(crate) fn canonical(body: &Value) -> ChatRequest {
    let mut request = ChatRequest::default();
    if let Some(system) = body["system"].as_array().filter(|blocks| !blocks.is_empty()) {
        request.messages.push(message(Role::System, system));
    }
    for recorded in body["messages"].as_array().unwrap() {
        let role = if recorded["role"] == "assistant" { Role::Assistant } else { Role::User };
        request.messages.push(message(role, recorded["content"].as_array().unwrap()));
    }
    let config = &body["inferenceConfig"];
    request.max_output_tokens = config["maxTokens"].as_u64();
    request.sampling = Sampling {
        temperature: config["temperature"].as_f64(),
        top_p: config["topP"].as_f64(),
        ..Sampling::default()
    };
    request.stop = config["stopSequences"].as_array().into_iter().flatten().filter_map(text).collect();
    for recorded in body["toolConfig"]["tools"].as_array().into_iter().flatten() {
        read_tool(recorded, &mut request.tools);
    }
    request.tool_choice = body["toolConfig"].get("toolChoice").map(tool_choice);
    let format = &body["outputConfig"]["textFormat"]["structure"]["jsonSchema"];
    request.response_format = format["schema"].as_str().map(|schema| ResponseFormat::JsonSchema {
        name: text(&format["name"]).unwrap_or_default(),
        description: text(&format["description"]),
        schema: Some(Json::parse(schema).unwrap()),
        strict: None,
    });
    let read = ["messages", "system", "inferenceConfig", "toolConfig", "outputConfig"];
    let others = body.as_object().unwrap().iter().filter(|(name, _)| !read.contains(&name.as_str()));
    request.extensions = others.map(|(name, value)| (name.clone(), json(value))).collect();
    request
}

fn message(role: Role, blocks: &[Value]) -> Message {
    Message { role, parts: blocks.iter().map(part).collect(), name: None, extensions: Vec::new() }
}

fn native(block: &Value) -> Part {
    let kind = block.as_object().unwrap().keys().next().cloned().unwrap_or_default();
    Part::Native { kind, json: json(block) }
}

fn part(block: &Value) -> Part {
    let (kind, inside) = block.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "text" => Part::Text { text: text(inside).unwrap() },
        "image" => Part::Image {
            source: media(&inside["source"], &format!("image/{}", inside["format"].as_str().unwrap()))
                .unwrap(),
            detail: None,
        },
        "video" => {
            let media_type = format!("video/{}", inside["format"].as_str().unwrap());
            Part::Document(Document::new(media(&inside["source"], &media_type).unwrap(), None))
        }
        "document" => document(inside).unwrap_or_else(|| native(block)),
        "cachePoint" => Part::CacheMark { ttl: text(&inside["ttl"]) },
        "toolUse" if inside["type"] != "server_tool_use" => Part::ToolCall(ToolCall {
            id: text(&inside["toolUseId"]).unwrap(),
            name: text(&inside["name"]).unwrap(),
            arguments: inside["input"].to_string(),
            kind: ToolCallKind::Function,
            signature: None,
        }),
        "toolResult" if inside.get("type").is_none() => Part::ToolResult(ToolResult {
            call_id: text(&inside["toolUseId"]).unwrap(),
            content: inside["content"].as_array().unwrap().iter().map(part).collect(),
            is_error: inside["status"] == "error",
            name: None,
        }),
        "reasoningContent" => {
            let readable = &inside["reasoningText"];
            let hidden = text(&inside["redactedContent"]);
            let proof = text(&readable["signature"]).or_else(|| hidden.clone());
            Part::Reasoning(Reasoning {
                text: text(&readable["text"]).unwrap_or_default(),
                signature: proof.map(|value| Signature::new(Signature::ANTHROPIC, value)),
                redacted: hidden.is_some(),
            })
        }
        _ => native(block),
    }
}

fn media(source: &Value, media_type: &str) -> Option<MediaSource> {
    if let Some(base64) = text(&source["bytes"]) {
        return Some(MediaSource::Inline { media_type: media_type.to_owned(), base64 });
    }
    text(&source["s3Location"]["uri"])
        .map(MediaSource::Url)
        .or_else(|| text(&source["text"]).map(MediaSource::Text))
}

fn document(inside: &Value) -> Option<Part> {
    let media_type = match inside["format"].as_str()? {
        "pdf" => "application/pdf",
        "csv" => "text/csv",
        "html" => "text/html",
        "md" => "text/markdown",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        other => {
            assert_eq!(other, "txt");
            "text/plain"
        }
    };
    Some(Part::Document(Document {
        source: media(&inside["source"], media_type)?,
        filename: text(&inside["name"]),
        context: text(&inside["context"]),
        cited: inside["citations"]["enabled"] == true,
    }))
}

fn read_tool(recorded: &Value, tools: &mut Vec<Tool>) {
    if recorded.get("cachePoint").is_some() {
        if let Some(Tool::Function { cache, .. }) = tools.last_mut() {
            *cache = Some(CacheMark::default());
        }
        return;
    }
    let spec = &recorded["toolSpec"];
    tools.push(match text(&spec["name"]) {
        Some(name) => Tool::Function {
            name,
            description: text(&spec["description"]),
            parameters: spec["inputSchema"].get("json").map(json),
            strict: None,
            cache: None,
            extensions: Vec::new(),
        },
        None => Tool::Native { kind: "systemTool".to_owned(), json: json(recorded) },
    });
}

fn tool_choice(recorded: &Value) -> ToolChoice {
    match text(&recorded["tool"]["name"]) {
        Some(name) => ToolChoice::Function(name),
        None if recorded.get("any").is_some() => ToolChoice::Mode(ToolChoiceMode::Required),
        None => ToolChoice::Mode(ToolChoiceMode::Auto),
    }
}
