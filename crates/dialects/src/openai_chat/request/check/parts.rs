use super::Gathered;
use crate::request::{MEDIA_BYTES_PER_TEXT_BYTE, RequestError, has_url};
use crate::scan::{Kind, Node};

/// Checks the content of a message: a text, or a list of parts.
pub(super) fn check(index: usize, content: Node<'_>, gathered: &mut Gathered) -> Result<(), RequestError> {
    let good = match content.kind() {
        Kind::String => {
            gathered.count_text(content);
            true
        }
        Kind::Array => content.elements().all(|part| is_part(part, gathered)),
        _ => false,
    };
    if good {
        return Ok(());
    }
    Err(RequestError::new(format!("messages[{index}].content"), "must be a string or a list of known parts"))
}

fn is_part(part: Node<'_>, gathered: &mut Gathered) -> bool {
    let Some(kind) = part.get("type") else { return false };
    let member = |name: &str| part.get(name).filter(|value| !value.is_null());
    let is = |word: &str| kind.is_text(word);
    gathered.unseen |= ["input_audio", "file", "document_url", "video_url"].into_iter().any(is);
    if is("text") {
        is_text(member("text"), gathered)
    } else if is("image_url") {
        gathered.images += 1;
        member("image_url").is_some_and(has_url)
    } else if is("input_audio") {
        member("input_audio").is_some_and(|audio| is_media(audio, "data", gathered))
    } else if is("file") {
        member("file").is_some_and(|file| {
            is_media(file, "file_data", gathered) || file.get("file_id").is_some_and(is_string)
        })
    } else if is("refusal") {
        is_text(member("refusal"), gathered)
    } else if is("thinking") {
        // Mistral: `mistral-chat_completions-5aeff3a785`, 2026.
        member("thinking").is_some_and(|thinking| {
            gathered.text_bytes += thinking.total_text_len() as u64;
            matches!(thinking.kind(), Kind::String | Kind::Array)
        })
    } else if is("document_url") {
        // Mistral: `mistral-chat_completions-058ac7c3cb`, 2026.
        member("document_url").is_some_and(has_url)
    } else if is("video_url") {
        // Known to several vendors: `deepseek-chat_completions-1f5419217d`, 2026.
        member("video_url").is_some_and(has_url)
    } else {
        false
    }
}

fn is_text(text: Option<Node<'_>>, gathered: &mut Gathered) -> bool {
    text.inspect(|text| gathered.count_text(*text)).is_some_and(is_string)
}

fn is_string(node: Node<'_>) -> bool {
    node.kind() == Kind::String
}

/// Media in an object's member, or in a string of its own (`mistral-chat_completions-c434b0f9ee`, 2026).
fn is_media(media: Node<'_>, member: &str, gathered: &mut Gathered) -> bool {
    let data = if is_string(media) { Some(media) } else { media.get(member) };
    let Some(length) = data.and_then(Node::text_len) else { return false };
    gathered.text_bytes += length as u64 / MEDIA_BYTES_PER_TEXT_BYTE;
    true
}
