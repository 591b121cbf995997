//! Citations, which this dialect hangs on the block of text that rests on them.

use bytes::BytesMut;
use serde_json::value::RawValue;
use switchyard_domain::chat::{Citation, CitationSource, Dialect, Json};

use crate::json::{ObjectWriter, integer, keep, members, text};
use crate::proof::MARK;

/// Reads one; the span is for whoever knows the text. `None` for what is no object.
pub(super) fn read(raw: &RawValue) -> Option<Citation> {
    let citation = members(raw)?;
    let word = |name: &str| citation.get(name).and_then(text).map(std::borrow::Cow::into_owned);
    let url = word("url").or_else(|| word("source"));
    let source = match url {
        Some(url) => CitationSource::Url { url, title: word("title") },
        None => CitationSource::Document {
            index: citation
                .get("document_index")
                .and_then(integer)
                .and_then(|index| u32::try_from(index).ok()),
            title: word("document_title").or_else(|| word("title")),
        },
    };
    let native = Some((Dialect::ANTHROPIC_MESSAGES.0.to_owned(), keep(raw)));
    Some(Citation { source, quote: word("cited_text"), span: None, native })
}

/// Writes one. Those of other vendors' models have no proof that the vendor of this dialect would accept: they are written so
/// that [`is_made_here`] knows them when they return.
pub(super) fn write(out: &mut BytesMut, citation: &Citation) {
    if let Some((dialect, native)) = &citation.native
        && dialect == Dialect::ANTHROPIC_MESSAGES.0
    {
        return out.extend_from_slice(native.as_str().as_bytes());
    }
    let mut object = ObjectWriter::begin(out);
    let quote = citation.quote.as_deref().unwrap_or_default();
    match &citation.source {
        CitationSource::Url { url, title } => {
            object.text("type", "web_search_result_location");
            object.text("cited_text", quote);
            object.text("encrypted_index", MARK);
            write_title(&mut object, "title", title.as_deref());
            object.text("url", url);
        }
        CitationSource::Document { index, title } => {
            object.text("type", "char_location");
            object.text("cited_text", quote);
            object.plain("document_index", index.unwrap_or_default());
            write_title(&mut object, "document_title", title.as_deref());
            object.plain("start_char_index", 0);
            object.plain("end_char_index", 0);
        }
    }
    object.end();
}

fn write_title(object: &mut ObjectWriter<'_>, name: &str, title: Option<&str>) {
    match title {
        Some(title) => object.text(name, title),
        None => object.null(name),
    }
}

/// Whether a citation in a request is one that [`write`] made of another vendor's: the vendor of this dialect would refuse it.
pub(super) fn is_made_here(citation: &RawValue) -> bool {
    let Some(citation) = members(citation) else { return false };
    let proof = citation.get("encrypted_index").and_then(text);
    let end = citation.get("end_char_index").and_then(integer);
    proof.is_some_and(|proof| proof.starts_with(MARK)) || end == Some(0)
}

/// The citations of a block in a request without those that [`write`] made; `None` if none is left. The flag says whether any
/// was taken out.
pub(super) fn without_ours(citations: &RawValue) -> (Option<Json>, bool) {
    let Some(all) = crate::json::elements(citations) else { return (Some(keep(citations)), false) };
    let kept: Vec<&str> =
        all.iter().filter(|citation| !is_made_here(citation)).map(|citation| citation.get()).collect();
    if kept.len() == all.len() {
        return ((!all.is_empty()).then(|| keep(citations)), false);
    }
    let json = Json::parse(format!("[{}]", kept.join(","))).ok();
    (json.filter(|_| !kept.is_empty()), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_vendors_own_come_back_as_they_were() {
        let json = r#"{"type":"search_result_location","cited_text":"q","source":"https://x","title":"t","search_result_index":0}"#;
        let citation = read(raw(json)).unwrap();
        let source = CitationSource::Url { url: "https://x".to_owned(), title: Some("t".to_owned()) };
        assert_eq!((citation.source.clone(), citation.quote.as_deref()), (source, Some("q")));
        let mut out = BytesMut::new();
        write(&mut out, &citation);
        assert_eq!(out, json);
        assert!(!is_made_here(raw(json)));
    }

    #[test]
    fn others_are_known_again_and_taken_out() {
        let url = CitationSource::Url { url: "https://x".to_owned(), title: None };
        let document = CitationSource::Document { index: None, title: Some("t".to_owned()) };
        for source in [url, document] {
            let citation = Citation { source: source.clone(), quote: None, span: None, native: None };
            let mut out = BytesMut::new();
            write(&mut out, &citation);
            let json = str::from_utf8(&out).unwrap();
            assert!(is_made_here(raw(json)), "{json}");
            let own = r#"{"type":"char_location","end_char_index":7}"#;
            let (kept, changed) = without_ours(raw(&format!("[{json}, {own}]")));
            assert_eq!((kept.unwrap().as_str(), changed), (format!("[{own}]").as_str(), true));
            assert_eq!(without_ours(raw(&format!("[{json}]"))), (None, true));
        }
    }
}
