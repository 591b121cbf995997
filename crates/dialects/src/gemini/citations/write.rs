use std::collections::BTreeMap;

use switchyard_domain::chat::{Citation, CitationSource};

use super::{GROUNDING, Places};
use crate::json::{ArrayWriter, ObjectWriter};

/// Writes sources that came from elsewhere as a `groundingMetadata`.
pub(in crate::gemini) fn write(object: &mut ObjectWriter<'_>, citations: &[Citation], places: &Places) {
    if citations.is_empty() {
        return;
    }
    let mut indices = BTreeMap::new();
    let mut sources = Vec::new();
    for citation in citations {
        indices.entry(key(citation)).or_insert_with(|| {
            sources.push(citation);
            sources.len() - 1
        });
    }
    object.object(GROUNDING, |metadata| {
        metadata.array("groundingChunks", |list| sources.iter().for_each(|source| write_chunk(list, source)));
        let spans = citations.iter().filter_map(|citation| Some((citation, citation.span?)));
        metadata.array("groundingSupports", |list| {
            for (citation, (start, end)) in spans {
                let Some((start, end)) = places.byte_at(start).zip(places.byte_at(end)) else { continue };
                list.object(|support| {
                    support.object("segment", |segment| {
                        segment.plain("startIndex", start);
                        segment.plain("endIndex", end);
                    });
                    support.array("groundingChunkIndices", |list| {
                        let index = indices.get(&key(citation)).copied().unwrap_or_default();
                        list.element().extend_from_slice(index.to_string().as_bytes());
                    });
                });
            }
        });
    });
}

fn key(citation: &Citation) -> (&str, Option<&str>, Option<&str>) {
    let quote = citation.quote.as_deref();
    match &citation.source {
        CitationSource::Url { url, title } => (url, title.as_deref(), quote),
        CitationSource::Document { title, .. } => ("", title.as_deref(), quote),
    }
}

fn write_chunk(list: &mut ArrayWriter<'_>, citation: &Citation) {
    let (url, title) = match &citation.source {
        CitationSource::Url { url, title } => (Some(url), title),
        CitationSource::Document { title, .. } => (None, title),
    };
    // Only what was retrieved has a place for the source's words.
    let kind = if url.is_some() && citation.quote.is_none() { "web" } else { "retrievedContext" };
    list.object(|chunk| {
        chunk.object(kind, |inner| {
            for (name, value) in [("uri", url), ("title", title.as_ref()), ("text", citation.quote.as_ref())]
            {
                if let Some(value) = value {
                    inner.text(name, value);
                }
            }
        });
    });
}
