use std::collections::BTreeSet;

use serde_json::value::RawValue;
use switchyard_domain::chat::{Citation, CitationSource};

use super::{GROUNDING, Places, RECITED};
use crate::json::{RawMembers, elements, integer, members, text};

/// More sources than any answer has.
const MAX_CITATIONS: usize = 1024;

/// Reads the sources of one choice, of which a stream may give the same ones again and again.
#[derive(Debug, Default)]
pub(in crate::gemini) struct Citations {
    known: BTreeSet<(String, Option<(u32, u32)>)>,
}

/// Where the text is that the sources stand for.
pub(in crate::gemini) struct Cited<'a> {
    pub(in crate::gemini) places: &'a Places,
    /// The byte of the text at which each part of this piece begins.
    pub(in crate::gemini) starts: &'a [u32],
}

impl Citations {
    /// The sources that a candidate tells for the first time.
    pub(in crate::gemini) fn read(&mut self, candidate: &RawMembers<'_>, cited: &Cited<'_>) -> Vec<Citation> {
        let mut found = Vec::new();
        if let Some(metadata) = candidate.get(GROUNDING).and_then(members) {
            grounded(&metadata, cited, &mut found);
        }
        if let Some(metadata) = candidate.get(RECITED).and_then(members) {
            recited(&metadata, cited, &mut found);
        }
        found.retain(|citation| self.is_new(citation));
        found
    }

    fn is_new(&mut self, citation: &Citation) -> bool {
        let source = match &citation.source {
            CitationSource::Url { url, .. } => url.clone(),
            CitationSource::Document { title, .. } => title.clone().unwrap_or_default(),
        };
        self.known.len() < MAX_CITATIONS && self.known.insert((source, citation.span))
    }
}

fn grounded(metadata: &RawMembers<'_>, cited: &Cited<'_>, found: &mut Vec<Citation>) {
    let list = |name: &str| metadata.get(name).and_then(elements).unwrap_or_default();
    let chunks: Vec<Option<Citation>> =
        list("groundingChunks").into_iter().take(MAX_CITATIONS).map(chunk).collect();
    let mut used = BTreeSet::new();
    for support in list("groundingSupports").into_iter().take(MAX_CITATIONS).filter_map(members) {
        let span = support.get("segment").and_then(members).and_then(|segment| cited.span(&segment));
        let indices = support.get("groundingChunkIndices").and_then(elements).unwrap_or_default();
        for index in indices.into_iter().filter_map(|index| usize::try_from(integer(index)?).ok()) {
            if let Some(Some(citation)) = chunks.get(index)
                && found.len() < MAX_CITATIONS
            {
                used.insert(index);
                found.push(Citation { span, ..citation.clone() });
            }
        }
    }
    // Those that no piece of the text rests on were read all the same.
    let others = chunks.into_iter().enumerate().filter(|(index, _)| !used.contains(index));
    found.extend(others.filter_map(|(_, citation)| citation));
}

fn chunk(chunk: &RawValue) -> Option<Citation> {
    let chunk = members(chunk)?;
    let inner = ["web", "retrievedContext", "maps", "image"].iter().find_map(|kind| chunk.get(kind))?;
    let inner = members(inner)?;
    let word = |name: &str| inner.get(name).and_then(text).map(std::borrow::Cow::into_owned);
    let title = word("title");
    let address = word("uri").or_else(|| word("sourceUri"));
    let source = match address {
        Some(url) if url.contains("://") => CitationSource::Url { url, title },
        address => {
            let title =
                title.or(address).or_else(|| word("documentName")).or_else(|| word("fileSearchStore"));
            CitationSource::Document { index: None, title }
        }
    };
    Some(Citation { source, quote: word("text"), span: None, native: None })
}

fn recited(metadata: &RawMembers<'_>, cited: &Cited<'_>, found: &mut Vec<Citation>) {
    let list = metadata.get("citations").or_else(|| metadata.get("citationSources"));
    let list = list.and_then(elements).unwrap_or_default();
    for citation in list.into_iter().take(MAX_CITATIONS).filter_map(members) {
        let word = |name: &str| citation.get(name).and_then(text).map(std::borrow::Cow::into_owned);
        let source = match (word("uri"), word("title")) {
            (Some(url), title) => CitationSource::Url { url, title },
            (None, Some(title)) => CitationSource::Document { index: None, title: Some(title) },
            // Some have no source at all: `vertex-generatecontent-069faf9c7b`, 2026.
            (None, None) => continue,
        };
        found.push(Citation { source, quote: None, span: cited.span(&citation), native: None });
    }
}

impl Cited<'_> {
    /// The piece of the text, in characters, which a vendor gives by bytes, within one of the parts where there are several.
    fn span(&self, segment: &RawMembers<'_>) -> Option<(u32, u32)> {
        let number = |name: &str| segment.get(name).and_then(integer).and_then(|n| u32::try_from(n).ok());
        let end = number("endIndex")?;
        // In streams places count from the beginning of the whole text (`google-streamgeneratecontent-8674ed4a98`, 2026).
        let is_whole = self.starts.first() == Some(&0);
        let part = number("partIndex").filter(|_| is_whole).unwrap_or(0) as usize;
        let base = if part == 0 { 0 } else { self.starts.get(part).copied()? };
        let place = |byte: u32| self.places.char_at(base.checked_add(byte)?);
        let (start, end) = (place(number("startIndex").unwrap_or(0))?, place(end)?);
        (start < end).then_some((start, end))
    }
}
