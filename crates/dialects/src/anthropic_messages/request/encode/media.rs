use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use switchyard_domain::chat::{Document, MediaSource};

use crate::json::ObjectWriter;

/// Where the bytes of a picture or a document are, in this dialect's kinds.
#[derive(Debug)]
pub(super) enum Source<'a> {
    Base64 { media_type: &'a str, data: &'a str },
    Url(&'a str),
    File(&'a str),
    Text(Cow<'a, str>),
}

impl<'a> Source<'a> {
    /// The source as it is, for a request of the same dialect.
    pub(super) fn own(source: &'a MediaSource) -> Self {
        match source {
            MediaSource::Url(url) => Self::Url(url),
            MediaSource::Inline { media_type, base64 } => Self::Base64 { media_type, data: base64 },
            MediaSource::FileId(id) => Self::File(id),
            MediaSource::Text(text) => Self::Text(Cow::Borrowed(text)),
        }
    }

    /// The source of a picture from elsewhere, or why there is none.
    pub(super) fn of_image(source: &'a MediaSource) -> Result<Self, &'static str> {
        match (inline(source), source) {
            (Some((media_type, data)), _) => Ok(Self::Base64 { media_type, data }),
            (None, MediaSource::Text(_)) => Err("is no picture"),
            (None, source) => Self::fetched(source),
        }
    }

    /// The source of a document from elsewhere, or why there is none.
    pub(super) fn of_document(document: &'a Document) -> Result<Self, &'static str> {
        let Some((kind, data)) = inline(&document.source) else { return Self::fetched(&document.source) };
        let is_pdf = kind == "application/pdf" || (kind.is_empty() && data.starts_with("JVBERi0"));
        if is_pdf {
            return Ok(Self::Base64 { media_type: "application/pdf", data });
        }
        let is_text = kind.is_empty() || kind.starts_with("text/") || kind == "application/json";
        let bytes = if is_text { STANDARD.decode(data).ok() } else { None };
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        text.map(|text| Self::Text(Cow::Owned(text))).ok_or("is neither a PDF nor text")
    }

    fn fetched(source: &'a MediaSource) -> Result<Self, &'static str> {
        match source {
            MediaSource::FileId(_) => Err("is a file at another provider"),
            MediaSource::Url(url) if !(url.starts_with("https:") || url.starts_with("http:")) => {
                Err("has an address that the provider does not fetch")
            }
            source => Ok(Self::own(source)),
        }
    }

    pub(super) fn write(&self, object: &mut ObjectWriter<'_>) {
        object.object("source", |source| match self {
            Self::Base64 { media_type, data } => {
                source.text("type", "base64");
                source.text("media_type", media_type);
                source.text("data", data);
            }
            Self::Url(url) => {
                source.text("type", "url");
                source.text("url", url);
            }
            Self::File(id) => {
                source.text("type", "file");
                source.text("file_id", id);
            }
            Self::Text(text) => {
                source.text("type", "text");
                source.text("media_type", "text/plain");
                source.text("data", text);
            }
        });
    }
}

/// Type and base64 of what is carried in the message, be it in an address.
fn inline(source: &MediaSource) -> Option<(&str, &str)> {
    match source {
        MediaSource::Inline { media_type, base64 } => Some((media_type, base64)),
        MediaSource::Url(url) => url.strip_prefix("data:")?.split_once(";base64,"),
        MediaSource::FileId(_) | MediaSource::Text(_) => None,
    }
}
