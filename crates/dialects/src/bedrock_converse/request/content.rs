use std::fmt::Arguments;

use switchyard_domain::chat::{Audio, Document, LossReport, MediaSource, Part};

use super::document_names::DocumentNames;
use super::formats;
use super::turns::Blocks;
use crate::codec::Unsupported;
use crate::json::ObjectWriter;
use crate::outbound::{Origin, note_detail};

/// Where a medium's bytes are, as the dialect says it.
enum Bytes<'a> {
    Inline(&'a str),
    S3(&'a str),
    Text(&'a str),
}

/// Writes what may stand in messages and in results alike.
pub(super) struct ContentWriter<'w> {
    pub(super) origin: Origin,
    pub(super) losses: &'w mut LossReport,
    pub(super) names: DocumentNames,
}

impl ContentWriter<'_> {
    /// Writes a part as a block; calls, results, reasoning and marks are for others. Empty texts are refused, and left out.
    pub(super) fn write(
        &mut self,
        part: &Part,
        at: Arguments<'_>,
        out: &mut Blocks,
    ) -> Result<(), Unsupported> {
        match part {
            Part::Text { text } => write_text(text, out),
            Part::Refusal { text } => {
                self.losses.degraded(at.to_string(), "goes as an ordinary text");
                write_text(text, out);
            }
            Part::Image { source, detail } => {
                note_detail(detail.as_deref(), at, self.losses);
                write_image(source, at, out)?;
            }
            Part::Document(document) => self.write_document(document, at, out)?,
            Part::Audio(audio) => write_sound(audio, at, out)?,
            Part::Native { json, .. } if self.origin.is_same_dialect() => {
                out.next().extend_from_slice(json.as_str().as_bytes());
            }
            Part::Native { .. } => {
                self.losses.dropped(at.to_string(), "is known to the client's dialect alone");
            }
            Part::CacheMark { .. }
            | Part::Reasoning(_)
            | Part::ToolCall(_)
            | Part::ToolResult(_)
            | Part::Signature(_) => {}
        }
        Ok(())
    }

    fn write_document(
        &mut self,
        document: &Document,
        at: Arguments<'_>,
        out: &mut Blocks,
    ) -> Result<(), Unsupported> {
        let bytes = bytes_of(&document.source, at)?;
        let film = match (&document.source, &bytes) {
            (MediaSource::Inline { media_type, .. }, _) if media_type.starts_with("video/") => Some(
                formats::of_film(media_type).ok_or_else(|| refused(at, "does not know this kind of film"))?,
            ),
            (_, Bytes::S3(address)) => formats::of_film_at(address),
            _ => None,
        };
        if let Some(format) = film {
            write_medium("video", format, &bytes, out);
            return Ok(());
        }
        let format = match (&document.source, &bytes) {
            (_, Bytes::Text(_)) => Some("txt"),
            (MediaSource::Inline { media_type, .. }, _) => formats::of_document(media_type, document, None),
            (_, Bytes::S3(address)) => formats::of_document("", document, Some(address)),
            _ => None,
        };
        let format = format.ok_or_else(|| refused(at, "does not know this kind of document"))?;
        let name = self.names.fit(document.filename.as_deref());
        if document.filename.as_ref().is_some_and(|wanted| *wanted != name) {
            let why =
                "the provider takes few characters in names and no name twice, so it goes under another";
            self.losses.degraded(format!("{at}.filename"), why);
        }
        out.object(|block| {
            block.object("document", |object| {
                object.text("format", format);
                object.text("name", &name);
                write_source(&bytes, object);
                if let Some(context) = &document.context {
                    object.text("context", context);
                }
                if document.cited {
                    object.object("citations", |citations| citations.plain("enabled", true));
                }
            });
        });
        Ok(())
    }
}

fn write_text(text: &str, out: &mut Blocks) {
    if !text.is_empty() {
        out.object(|block| block.text("text", text));
    }
}

fn write_image(source: &MediaSource, at: Arguments<'_>, out: &mut Blocks) -> Result<(), Unsupported> {
    let bytes = bytes_of(source, at)?;
    let format = match (source, &bytes) {
        (MediaSource::Inline { media_type, .. }, _) => formats::of_picture(media_type),
        (_, Bytes::S3(address)) => formats::of_picture_at(address),
        _ => None,
    };
    let format = format.ok_or_else(|| refused(at, "takes PNG, JPEG, GIF and WebP"))?;
    write_medium("image", format, &bytes, out);
    Ok(())
}

fn write_sound(audio: &Audio, at: Arguments<'_>, out: &mut Blocks) -> Result<(), Unsupported> {
    let format = formats::of_sound(&audio.format);
    let format = format.ok_or_else(|| refused(at, "does not know this kind of sound"))?;
    write_medium("audio", format, &Bytes::Inline(&audio.base64), out);
    Ok(())
}

fn write_medium(kind: &str, format: &str, bytes: &Bytes<'_>, out: &mut Blocks) {
    out.object(|block| {
        block.object(kind, |object| {
            object.text("format", format);
            write_source(bytes, object);
        });
    });
}

fn write_source(bytes: &Bytes<'_>, object: &mut ObjectWriter<'_>) {
    object.object("source", |source| match bytes {
        Bytes::Inline(base64) => source.text("bytes", base64),
        Bytes::Text(text) => source.text("text", text),
        Bytes::S3(uri) => source.object("s3Location", |place| place.text("uri", uri)),
    });
}

fn bytes_of<'a>(source: &'a MediaSource, at: Arguments<'_>) -> Result<Bytes<'a>, Unsupported> {
    match source {
        MediaSource::Inline { base64, .. } => Ok(Bytes::Inline(base64)),
        MediaSource::Text(text) => Ok(Bytes::Text(text)),
        MediaSource::Url(url) if url.starts_with("s3://") => Ok(Bytes::S3(url)),
        MediaSource::Url(_) => {
            Err(refused(at, "fetches nothing but from S3; send it in the message, as base64"))
        }
        MediaSource::FileId(_) => Err(refused(at, "keeps no files; send it in the message, as base64")),
    }
}

fn refused(at: Arguments<'_>, why: &str) -> Unsupported {
    Unsupported::new(at.to_string(), format!("The provider {why}."))
}
