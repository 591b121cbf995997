use serde_json::value::RawValue;
use switchyard_domain::chat::{Citation, CitationSource, Dialect};

use crate::json::{RawMembers, elements, integer, keep, members, text};

/// Reads a citation of the text that stands at `span`.
pub(super) fn read(raw: &RawValue, span: Option<(u32, u32)>) -> Option<Citation> {
    let citation = members(raw)?;
    Some(Citation {
        source: source_of(&citation),
        quote: quote(&citation),
        span,
        native: Some((Dialect::BEDROCK_CONVERSE.0.to_owned(), keep(raw))),
    })
}

fn source_of(citation: &RawMembers<'_>) -> CitationSource {
    let said = |name: &str| citation.get(name).and_then(text).map(std::borrow::Cow::into_owned);
    let title = said("title");
    let location = citation.get("location").and_then(members);
    let place = |name: &str| location.as_ref()?.get(name).and_then(members);
    let page = place("web").and_then(|web| web.get("url").and_then(text).map(std::borrow::Cow::into_owned));
    // What was searched has an address, or a name of the client's own (`bedrock-converse-6dca2c0c86`, 2026).
    let page = page.or_else(|| said("source").filter(|source| source.starts_with("http")));
    if let Some(url) = page {
        return CitationSource::Url { url, title };
    }
    let document = ["documentChar", "documentPage", "documentChunk"].iter().find_map(|name| place(name));
    let index =
        document.and_then(|document| u32::try_from(document.get("documentIndex").and_then(integer)?).ok());
    CitationSource::Document { index, title: title.or_else(|| said("source")) }
}

fn quote(citation: &RawMembers<'_>) -> Option<String> {
    let pieces = citation.get("sourceContent").and_then(elements)?;
    let said: String = pieces
        .into_iter()
        .filter_map(|piece| members(piece)?.get("text").and_then(text).map(std::borrow::Cow::into_owned))
        .collect();
    (!said.is_empty()).then_some(said)
}
