use std::collections::BTreeMap;

use serde_json::value::RawValue;
use switchyard_domain::chat::{Citation, CitationSource, Dialect};

use crate::cohere::request::place_of;
use crate::json::{RawMembers, elements, integer, keep, members, text};

/// Reads a citation: one for each of its sources. `blocks` says how many characters of text there are before each block of
/// content.
pub(super) fn read(raw: &RawValue, blocks: &BTreeMap<i64, u32>) -> Vec<Citation> {
    let Some(citation) = members(raw) else { return Vec::new() };
    let span = span(&citation, blocks);
    let sources = citation.get("sources").and_then(elements).unwrap_or_default();
    let mut native = Some((Dialect::COHERE.0.to_owned(), keep(raw)));
    let read = |source: &RawValue| {
        let source = members(source)?;
        // The whole is kept once, with the first.
        Some(Citation { source: source_of(&source), quote: quote(&source), span, native: native.take() })
    };
    sources.into_iter().filter_map(read).collect()
}

/// Where in the text of the answer it stands. Some citations are of the model's thoughts or plans.
fn span(citation: &RawMembers<'_>, blocks: &BTreeMap<i64, u32>) -> Option<(u32, u32)> {
    let kind = citation.get("type").and_then(text);
    if kind.is_some_and(|kind| kind != "TEXT_CONTENT") {
        return None;
    }
    let number = |name: &str| u32::try_from(citation.get(name).and_then(integer)?).ok();
    let before = match citation.get("content_index").and_then(integer) {
        Some(block) => *blocks.get(&block)?,
        None => 0,
    };
    let (start, end) = (before.checked_add(number("start")?)?, before.checked_add(number("end")?)?);
    (start <= end).then_some((start, end))
}

fn source_of(source: &RawMembers<'_>) -> CitationSource {
    let id = source.get("id").and_then(text);
    let document = source.get("document").and_then(members);
    let said = |name: &str| document.as_ref()?.get(name).and_then(text).map(std::borrow::Cow::into_owned);
    let title = said("title");
    match said("url") {
        Some(url) => CitationSource::Url { url, title },
        None => CitationSource::Document {
            index: id.as_deref().and_then(place_of),
            title: title.or_else(|| id.map(std::borrow::Cow::into_owned)),
        },
    }
}

/// What the source says. Long ones are not quoted: they stand in the request.
fn quote(source: &RawMembers<'_>) -> Option<String> {
    const LONGEST: usize = 1000;
    let document = source.get("document").and_then(members)?;
    let said = document.get("text").or_else(|| document.get("snippet")).and_then(text)?;
    (said.len() <= LONGEST).then(|| said.into_owned())
}
