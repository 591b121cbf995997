//! Annotations of a text: what it rests on.

use bytes::BytesMut;
use serde_json::value::RawValue;
use switchyard_domain::chat::{Citation, CitationSource, Dialect};

use crate::json::{ObjectWriter, RawMembers, integer, keep, members, text};

/// Reads an annotation of a text that begins `offset` characters after the beginning of all text of the answer. `None` for
/// what is no object.
pub(super) fn read(raw: &RawValue, offset: u32) -> Option<Citation> {
    let annotation = members(raw)?;
    let word = |name: &str| annotation.get(name).and_then(text).map(std::borrow::Cow::into_owned);
    let place = |name: &str| {
        let index = annotation.get(name).and_then(integer)?;
        u32::try_from(index).ok()?.checked_add(offset)
    };
    let source = match word("url") {
        Some(url) => CitationSource::Url { url, title: word("title") },
        None => CitationSource::Document { index: None, title: word("filename").or_else(|| word("file_id")) },
    };
    Some(Citation {
        source,
        quote: None,
        span: place("start_index").zip(place("end_index")),
        native: is_whole(&annotation).then(|| (Dialect::OPENAI_RESPONSES.0.to_owned(), keep(raw))),
    })
}

/// Whether an annotation has what clients require. Those of xAI may not say where they belong
/// (`xai-responses-77a170bf75`, 2026), and are filled in.
fn is_whole(annotation: &RawMembers<'_>) -> bool {
    match annotation.get("type").and_then(text).as_deref() {
        Some("url_citation") => {
            ["url", "title", "start_index", "end_index"].iter().all(|name| annotation.get(name).is_some())
        }
        kind => kind.is_some(),
    }
}

/// Writes an annotation of a text that begins `offset` characters after the beginning of all text of the answer, with every
/// member that OpenAI's SDKs require.
pub(super) fn write(out: &mut BytesMut, citation: &Citation, offset: u32) {
    if let Some((dialect, native)) = &citation.native
        && dialect == Dialect::OPENAI_RESPONSES.0
    {
        return out.extend_from_slice(native.as_str().as_bytes());
    }
    let mut annotation = ObjectWriter::begin(out);
    let (start, end) = citation.span.unwrap_or((offset, offset));
    match &citation.source {
        CitationSource::Url { url, title } => {
            annotation.text("type", "url_citation");
            annotation.text("url", url);
            annotation.text("title", title.as_deref().unwrap_or_default());
            annotation.plain("start_index", start.saturating_sub(offset));
            annotation.plain("end_index", end.saturating_sub(offset));
        }
        CitationSource::Document { index, title } => {
            let name = title.as_deref().unwrap_or_default();
            annotation.text("type", "file_citation");
            // The document came with the request and has no id; its name is what tells it from others.
            annotation.text("file_id", name);
            annotation.text("filename", name);
            annotation.plain("index", end.saturating_sub(offset));
            if let Some(index) = index {
                annotation.plain("document_index", index);
            }
        }
    }
    if let Some(quote) = &citation.quote {
        annotation.text("quote", quote);
    }
    annotation.end();
}
