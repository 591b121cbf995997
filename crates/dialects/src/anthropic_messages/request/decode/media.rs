use switchyard_domain::chat::{Document, MediaSource, Part};

use crate::request::{RequestError, optional_text, present, required_text, wrong};
use crate::scan::{Kind, Node};

/// A picture; `None` where its source has no canonical form.
pub(super) fn image(path: &str, block: Node<'_>) -> Result<Option<Part>, RequestError> {
    let path = format!("{path}.source");
    let source = present(block, "source").ok_or_else(|| wrong(&path, "is required"))?;
    Ok(plain(&path, source)?.map(|source| Part::Image { source, detail: None }))
}

/// A document, and the members of its block that went into it whole.
pub(super) struct ReadDocument {
    pub(super) document: Document,
    pub(super) members: &'static [&'static str],
}

/// Reads a document; `None` where its source has no canonical form.
pub(super) fn document(path: &str, block: Node<'_>) -> Result<Option<ReadDocument>, RequestError> {
    let inner = format!("{path}.source");
    let source = present(block, "source").ok_or_else(|| wrong(&inner, "is required"))?;
    let (source, keeps_source) = match (plain(&inner, source)?, chunks(source)) {
        (Some(source), _) => (source, false),
        // Chunks are a text to whoever does not know them; they are kept as they are beside it.
        (None, Some(text)) => (MediaSource::Text(text), true),
        (None, None) => return Ok(None),
    };
    let citations = present(block, "citations");
    let enabled = citations.and_then(|citations| present(citations, "enabled"));
    let is_plain =
        citations.is_none_or(|citations| citations.members().all(|member| member.is_named("enabled")));
    let members: &'static [&'static str] = match (keeps_source, is_plain) {
        (false, true) => &["source", "title", "context", "citations"],
        (false, false) => &["source", "title", "context"],
        (true, true) => &["title", "context", "citations"],
        (true, false) => &["title", "context"],
    };
    let document = Document {
        source,
        filename: optional_text(path, block, "title")?,
        context: optional_text(path, block, "context")?,
        cited: enabled.and_then(Node::as_bool).unwrap_or_default(),
    };
    Ok(Some(ReadDocument { document, members }))
}

/// A source that is nothing but its bytes, its address or its id.
fn plain(path: &str, source: Node<'_>) -> Result<Option<MediaSource>, RequestError> {
    let kind = required_text(path, source, "type")?;
    let word = |name: &str| required_text(path, source, name);
    let (read, members): (_, &[&str]) = match kind.as_str() {
        "base64" => {
            let media_type = optional_text(path, source, "media_type")?.unwrap_or_default();
            (MediaSource::Inline { media_type, base64: word("data")? }, &["type", "media_type", "data"])
        }
        "url" => (MediaSource::Url(word("url")?), &["type", "url"]),
        "file" => (MediaSource::FileId(word("file_id")?), &["type", "file_id"]),
        "text" => (MediaSource::Text(word("data")?), &["type", "media_type", "data"]),
        _ => return Ok(None),
    };
    let is_whole = source.members().all(|member| members.contains(&member.name().as_ref()));
    Ok(is_whole.then_some(read))
}

/// The text of a source of type `content`, if it is nothing but text.
fn chunks(source: Node<'_>) -> Option<String> {
    let content = present(source, "content")?;
    match content.kind() {
        Kind::String => content.text().map(std::borrow::Cow::into_owned),
        Kind::Array => {
            let texts = content.elements().map(|block| present(block, "text").and_then(Node::text));
            Some(texts.collect::<Option<Vec<_>>>()?.join("\n\n"))
        }
        _ => None,
    }
}
