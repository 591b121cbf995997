use bytes::BytesMut;
use switchyard_domain::chat::{ChatRequest, Json, Tool, ToolChoice, ToolChoiceMode};

use super::Read;
use crate::gemini::members::{Listed, fields};
use crate::gemini::schema;
use crate::json::ObjectWriter;
use crate::request::{keep, text, wrong};
use crate::scan::{Kind, Node};

pub(super) fn read(value: Node<'_>, request: &mut ChatRequest) -> Read {
    let list = Listed::of(value).ok_or_else(|| wrong("tools", "must be a list"))?;
    for (index, tool) in list.enumerate() {
        for (name, value) in fields(tool) {
            if name != "functionDeclarations" {
                // Google's own tools, each a member of the object.
                let json = alone(&name, value);
                request.tools.push(Tool::Native { kind: name.into_owned(), json });
                continue;
            }
            let path = format!("tools[{index}].functionDeclarations");
            let list = Listed::of(value).ok_or_else(|| wrong(&path, "must be a list"))?;
            for (at, function) in list.enumerate() {
                read_function(&format!("{path}[{at}]"), function, request)?;
            }
        }
    }
    Ok(())
}

/// An object of one member.
fn alone(name: &str, value: Node<'_>) -> Json {
    let mut out = BytesMut::new();
    let mut object = ObjectWriter::begin(&mut out);
    object.json(name, &keep(value));
    object.end();
    Json::parse(String::from_utf8_lossy(&out)).unwrap_or_else(|_| keep(value))
}

fn read_function(path: &str, function: Node<'_>, request: &mut ChatRequest) -> Read {
    let (mut name, mut description, mut parameters) = (None, None, None);
    let mut extensions = Vec::new();
    for (member, value) in fields(function) {
        match member.as_ref() {
            "name" => name = Some(text(format_args!("{path}.name"), value)?),
            "description" => description = Some(text(format_args!("{path}.description"), value)?),
            // Should both be given, the newer one, which says more, counts.
            "parametersJsonSchema" => parameters = Some(keep(value)),
            "parameters" if parameters.is_none() => parameters = Some(schema::read(value)),
            "parameters" => {}
            other => extensions.push((other.to_owned(), keep(value))),
        }
    }
    let name = name.ok_or_else(|| wrong(format_args!("{path}.name"), "is required"))?;
    request.tools.push(Tool::Function {
        name,
        description,
        parameters,
        strict: None,
        cache: None,
        extensions,
    });
    Ok(())
}

pub(super) fn read_config(value: Node<'_>, request: &mut ChatRequest) -> Read {
    if value.kind() != Kind::Object {
        return Err(wrong("toolConfig", "must be an object"));
    }
    for (name, value) in fields(value) {
        match name.as_ref() {
            "functionCallingConfig" => read_choice(value, request)?,
            name => request.extensions.push((format!("toolConfig.{name}"), keep(value))),
        }
    }
    Ok(())
}

fn read_choice(value: Node<'_>, request: &mut ChatRequest) -> Read {
    let path = "toolConfig.functionCallingConfig";
    if value.kind() != Kind::Object {
        return Err(wrong(path, "must be an object"));
    }
    let mut mode = None;
    let mut names = Vec::new();
    for (name, value) in fields(value) {
        match name.as_ref() {
            "mode" => mode = Some(text(format_args!("{path}.mode"), value)?.to_ascii_uppercase()),
            "allowedFunctionNames" => {
                let read = |name| text(format_args!("{path}.allowedFunctionNames"), name);
                names = value.elements().map(read).collect::<Result<_, _>>()?;
            }
            name => request.extensions.push((format!("{path}.{name}"), keep(value))),
        }
    }
    request.tool_choice = match (mode.as_deref(), names.as_slice()) {
        (None, []) => None,
        (Some("AUTO"), []) => Some(ToolChoice::Mode(ToolChoiceMode::Auto)),
        (Some("NONE"), _) => Some(ToolChoice::Mode(ToolChoiceMode::None)),
        (Some("ANY"), []) => Some(ToolChoice::Mode(ToolChoiceMode::Required)),
        (Some("ANY"), [name]) => Some(ToolChoice::Function(name.clone())),
        // `VALIDATED`, or a choice among some of the tools.
        (mode, names) => Some(ToolChoice::Native(choice(mode, names))),
    };
    Ok(())
}

fn choice(mode: Option<&str>, names: &[String]) -> Json {
    let mut out = BytesMut::new();
    let mut object = ObjectWriter::begin(&mut out);
    if let Some(mode) = mode {
        object.text("mode", mode);
    }
    if !names.is_empty() {
        object.array("allowedFunctionNames", |list| names.iter().for_each(|name| list.text(name)));
    }
    object.end();
    Json::parse(String::from_utf8_lossy(&out)).unwrap_or(Json(serde_json::value::RawValue::NULL.to_owned()))
}
