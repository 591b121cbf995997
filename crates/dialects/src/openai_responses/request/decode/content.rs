use switchyard_domain::chat::{Audio, ChatRequest, Document, MediaSource, Part};

use crate::request::{RequestError, keep, note_others, optional_text, present, required_text, text, wrong};
use crate::scan::{Kind, Node};

/// Reads the content of a message of the client, or the output of a tool.
pub(super) fn read(
    path: &str,
    content: Node<'_>,
    request: &mut ChatRequest,
) -> Result<Vec<Part>, RequestError> {
    match content.kind() {
        Kind::String => Ok(vec![Part::Text { text: text(path, content)? }]),
        Kind::Array => {
            let mut parts = Vec::new();
            for (index, part) in content.elements().enumerate() {
                push(&format!("{path}[{index}]"), part, request, &mut parts)?;
            }
            Ok(parts)
        }
        _ => Err(wrong(path, "must be a string or a list of parts")),
    }
}

fn push(
    path: &str,
    part: Node<'_>,
    request: &mut ChatRequest,
    parts: &mut Vec<Part>,
) -> Result<(), RequestError> {
    let kind = required_text(path, part, "type")?;
    let (read, known): (_, &[&str]) = match kind.as_str() {
        "input_text" | "output_text" => (Part::Text { text: required_text(path, part, "text")? }, &["text"]),
        "refusal" => (Part::Refusal { text: required_text(path, part, "refusal")? }, &["refusal"]),
        "input_image" => (image(path, part)?, &["image_url", "file_id", "detail"]),
        "input_file" => (file(path, part)?, &["file_url", "file_id", "file_data", "filename"]),
        "input_audio" => (audio(path, part)?, &["input_audio"]),
        _ => {
            parts.push(Part::Native { kind, json: keep(part) });
            return Ok(());
        }
    };
    parts.push(read);
    if let Some(mark) = present(part, "prompt_cache_breakpoint") {
        let ttl = present(mark, "ttl").and_then(Node::text).map(std::borrow::Cow::into_owned);
        parts.push(Part::CacheMark { ttl });
        note_others(format_args!("{path}.prompt_cache_breakpoint"), mark, &["mode", "ttl"], request);
    }
    let always: &[&str] = &["type", "prompt_cache_breakpoint"];
    for member in part.members().filter(|member| !says_nothing(member.value())) {
        let name = member.name();
        if ![always, known].iter().any(|names| names.contains(&name.as_ref())) {
            request.extensions.push((format!("{path}.{name}"), keep(member.value())));
        }
    }
    Ok(())
}

/// Whether a value is `null` or an empty list: the annotations and log probabilities of a text that has none.
fn says_nothing(value: Node<'_>) -> bool {
    value.is_null() || (value.kind() == Kind::Array && value.elements().next().is_none())
}

fn image(path: &str, part: Node<'_>) -> Result<Part, RequestError> {
    let detail = optional_text(path, part, "detail")?;
    let source = match optional_text(path, part, "image_url")? {
        Some(url) => address(url),
        None => MediaSource::FileId(required_text(path, part, "file_id")?),
    };
    Ok(Part::Image { source, detail })
}

fn file(path: &str, part: Node<'_>) -> Result<Part, RequestError> {
    let filename = optional_text(path, part, "filename")?;
    let source = if let Some(id) = optional_text(path, part, "file_id")? {
        MediaSource::FileId(id)
    } else if let Some(url) = optional_text(path, part, "file_url")? {
        MediaSource::Url(url)
    } else {
        match address(required_text(path, part, "file_data")?) {
            // Some give base64 without saying of what.
            MediaSource::Url(base64) => MediaSource::Inline { media_type: String::new(), base64 },
            source => source,
        }
    };
    Ok(Part::Document(Document::new(source, filename)))
}

fn audio(path: &str, part: Node<'_>) -> Result<Part, RequestError> {
    let path = format!("{path}.input_audio");
    let audio = present(part, "input_audio").ok_or_else(|| wrong(&path, "is required"))?;
    Ok(Part::Audio(Audio {
        base64: required_text(&path, audio, "data")?,
        format: required_text(&path, audio, "format")?,
    }))
}

/// Data that stand in the address itself are told from an address to elsewhere.
fn address(url: String) -> MediaSource {
    let inline = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    match inline {
        Some((media_type, base64)) => {
            MediaSource::Inline { media_type: media_type.to_owned(), base64: base64.to_owned() }
        }
        None => MediaSource::Url(url),
    }
}
