use super::Gathered;
use crate::request::{MEDIA_BYTES_PER_TEXT_BYTE, RequestError, has_url, present, wrong};
use crate::scan::{Kind, Node};

/// Checks the content of a message, or the output of a tool: a text, or a list of parts.
pub(super) fn check(path: &str, content: Node<'_>, gathered: &mut Gathered) -> Result<(), RequestError> {
    let good = match content.kind() {
        Kind::String => {
            gathered.count_text(content);
            true
        }
        Kind::Array => content.elements().all(|part| is_part(part, gathered)),
        _ => false,
    };
    if good { Ok(()) } else { Err(wrong(path, "must be a string or a list of known parts")) }
}

fn is_part(part: Node<'_>, gathered: &mut Gathered) -> bool {
    let Some(kind) = present(part, "type").and_then(Node::text) else { return false };
    match kind.as_ref() {
        "input_text" | "output_text" | "summary_text" | "reasoning_text" => {
            is_text(present(part, "text"), gathered)
        }
        "refusal" => is_text(present(part, "refusal"), gathered),
        "input_image" | "computer_screenshot" => {
            gathered.images += 1;
            present(part, "image_url").is_some_and(has_url) || is_named(part)
        }
        "input_file" => {
            gathered.unseen = true;
            present(part, "file_url").is_some_and(has_url)
                || is_data(present(part, "file_data"), gathered)
                || is_named(part)
        }
        "input_audio" => {
            gathered.unseen = true;
            present(part, "input_audio").is_some_and(|audio| is_data(present(audio, "data"), gathered))
        }
        _ => false,
    }
}

fn is_text(text: Option<Node<'_>>, gathered: &mut Gathered) -> bool {
    text.inspect(|text| gathered.count_text(*text)).is_some_and(|text| text.kind() == Kind::String)
}

fn is_named(part: Node<'_>) -> bool {
    present(part, "file_id").is_some_and(|id| id.kind() == Kind::String)
}

fn is_data(data: Option<Node<'_>>, gathered: &mut Gathered) -> bool {
    let Some(length) = data.and_then(Node::text_len) else { return false };
    gathered.text_bytes += length as u64 / MEDIA_BYTES_PER_TEXT_BYTE;
    true
}
