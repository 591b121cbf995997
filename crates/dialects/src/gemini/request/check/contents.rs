use super::{Checked, Gathered, RequestLimits};
use crate::gemini::members::{Listed, field, fields, no_twins};
use crate::request::{MEDIA_BYTES_PER_TEXT_BYTE, RequestError, has_url};
use crate::scan::{Kind, Node};

pub(super) fn check(path: &str, value: Node<'_>, limits: &RequestLimits, gathered: &mut Gathered) -> Checked {
    let list = Listed::of(value).ok_or_else(|| RequestError::new(path, "must be a list of objects"))?;
    let mut count = 0;
    for (index, content) in list.enumerate() {
        if index >= limits.max_messages {
            let message = format!("must have at most {} contents", limits.max_messages);
            return Err(RequestError::new(path, message));
        }
        if content.kind() != Kind::Object {
            return Err(RequestError::new(path, "must be a list of objects"));
        }
        count += 1;
        check_content(&format!("{path}[{index}]"), content, gathered)?;
    }
    if count == 0 {
        return Err(RequestError::new(path, "must have at least one content"));
    }
    Ok(())
}

/// The instructions: a content, or its text alone.
pub(super) fn check_instruction(path: &str, value: Node<'_>, gathered: &mut Gathered) -> Checked {
    match value.kind() {
        Kind::String => {
            gathered.messages += 1;
            gathered.count_text(value);
            Ok(())
        }
        // Whose words they are does not matter.
        Kind::Object => check_parts(path, value, gathered),
        _ => Err(RequestError::new(path, "must be a content")),
    }
}

fn check_content(path: &str, content: Node<'_>, gathered: &mut Gathered) -> Checked {
    no_twins(path, content)?;
    let role = field(content, "role");
    let is_known = |role: Node<'_>| ["user", "model", "function"].iter().any(|word| role.is_text(word));
    if !role.is_none_or(is_known) {
        return Err(RequestError::new(format!("{path}.role"), "must be one of user, model, function"));
    }
    check_parts(path, content, gathered)
}

fn check_parts(path: &str, content: Node<'_>, gathered: &mut Gathered) -> Checked {
    gathered.messages += 1;
    let path = format!("{path}.parts");
    let Some(parts) = field(content, "parts") else { return Err(RequestError::new(path, "is required")) };
    let list =
        Listed::of(parts).ok_or_else(|| RequestError::new(path.as_str(), "must be a list of parts"))?;
    let mut count = 0;
    for (index, part) in list.enumerate() {
        count += 1;
        check_part(&format!("{path}[{index}]"), part, gathered)?;
    }
    if count == 0 {
        return Err(RequestError::new(path, "must have at least one part"));
    }
    Ok(())
}

fn check_part(path: &str, part: Node<'_>, gathered: &mut Gathered) -> Checked {
    let wrong = |name: &str, message: &str| Err(RequestError::new(format!("{path}.{name}"), message));
    if part.kind() != Kind::Object {
        return Err(RequestError::new(path, "must be an object"));
    }
    no_twins(path, part)?;
    let mut is_something = false;
    for (name, value) in fields(part) {
        is_something |= name != "thought";
        match name.as_ref() {
            "text" | "thoughtSignature" if value.kind() != Kind::String => {
                return wrong(&name, "must be a string");
            }
            "text" => gathered.count_text(value),
            "thought" if value.as_bool().is_none() => return wrong(&name, "must be true or false"),
            "inlineData" if !is_inline(value, gathered) => {
                return wrong(&name, "must have `mimeType` and `data`");
            }
            "fileData" if !is_file(value, gathered) => {
                return wrong(&name, "must have a `fileUri` of a known scheme");
            }
            "functionCall" if !is_call(value, gathered) => {
                return wrong(&name, "must have a `name`, and `args` must be an object");
            }
            "functionResponse" if !is_response(value, gathered) => {
                return wrong(&name, "must have a `name` and a `response` that is an object");
            }
            _ => {}
        }
    }
    if is_something { Ok(()) } else { Err(RequestError::new(path, "must have a `text` or other data")) }
}

fn is_text(object: Node<'_>, name: &str) -> bool {
    field(object, name).is_none_or(|value| value.kind() == Kind::String)
}

/// Whether there is such a text that says something.
fn is_filled(object: Node<'_>, name: &str) -> bool {
    field(object, name).and_then(Node::text_len).is_some_and(|length| length > 0)
}

fn is_inline(inline: Node<'_>, gathered: &mut Gathered) -> bool {
    let Some(length) = field(inline, "data").and_then(Node::text_len) else { return false };
    if is_picture(inline) {
        gathered.images += 1;
    } else {
        gathered.unseen = true;
        gathered.text_bytes += length as u64 / MEDIA_BYTES_PER_TEXT_BYTE;
    }
    is_filled(inline, "mimeType")
}

fn is_file(file: Node<'_>, gathered: &mut Gathered) -> bool {
    if is_picture(file) {
        gathered.images += 1;
    } else {
        gathered.unseen = true;
    }
    is_filled(file, "fileUri") && field(file, "fileUri").is_some_and(has_url) && is_text(file, "mimeType")
}

fn is_picture(media: Node<'_>) -> bool {
    let media_type = field(media, "mimeType").and_then(Node::text);
    media_type.is_some_and(|media_type| crate::gemini::media::is_picture(&media_type))
}

fn is_call(call: Node<'_>, gathered: &mut Gathered) -> bool {
    let args = field(call, "args");
    gathered.text_bytes += args.map_or(0, |args| args.span().len() as u64);
    is_filled(call, "name") && is_text(call, "id") && args.is_none_or(|args| args.kind() == Kind::Object)
}

fn is_response(response: Node<'_>, gathered: &mut Gathered) -> bool {
    let said = field(response, "response");
    gathered.text_bytes += said.map_or(0, |said| said.span().len() as u64);
    let media = field(response, "parts").and_then(Listed::of).into_iter().flatten();
    let are_media = media.into_iter().all(|part| {
        let inline = field(part, "inlineData").is_none_or(|inline| is_inline(inline, gathered));
        inline && field(part, "fileData").is_none_or(|file| is_file(file, gathered))
    });
    are_media
        && is_filled(response, "name")
        && is_text(response, "id")
        && said.is_some_and(|said| said.kind() == Kind::Object)
}
