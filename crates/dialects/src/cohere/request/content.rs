use std::fmt::Arguments;

use switchyard_domain::chat::{Document, LossReport, MediaSource, Part};

use super::documents::{Documents, write_data};
use crate::codec::Unsupported;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::outbound::Origin;

/// Where content stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a message, which is this one.
    Message(usize),
    /// In a result.
    Result,
}

/// The content of a message or of a result.
pub(super) struct Content<'a> {
    pub(super) place: Place,
    origin: Origin,
    /// Whether reasoning stands in it.
    pub(super) with_thinking: bool,
    items: Vec<Item<'a>>,
}

enum Item<'a> {
    Text(&'a str),
    Thinking(&'a str),
    Image { url: String, detail: Option<&'a str> },
    Document(&'a Document),
    Native(&'a str),
}

impl<'a> Content<'a> {
    pub(super) fn new(place: Place, origin: Origin, with_thinking: bool) -> Self {
        Self { place, origin, with_thinking, items: Vec::new() }
    }

    /// Takes a part; calls and results have places of their own.
    pub(super) fn add(
        &mut self,
        part: &'a Part,
        at: Arguments<'_>,
        documents: &mut Documents<'a>,
        losses: &mut LossReport,
    ) -> Result<(), Unsupported> {
        let item = match part {
            Part::Text { text } => Item::Text(text),
            Part::Refusal { text } => {
                losses.degraded(at.to_string(), "goes as an ordinary text");
                Item::Text(text)
            }
            Part::Reasoning(reasoning) if self.with_thinking && !reasoning.text.is_empty() => {
                Item::Thinking(&reasoning.text)
            }
            Part::Image { source, detail } => {
                let url = self.image(source, at)?;
                Item::Image { url, detail: detail.as_deref() }
            }
            Part::Document(document) => match (self.place, &document.source) {
                (Place::Result, MediaSource::Text(_)) => Item::Document(document),
                (Place::Message(message), _) if documents.take(document, message, at, losses) => {
                    return Ok(());
                }
                _ => return Err(refused(at, "takes no documents but plain text")),
            },
            Part::Audio(_) => return Err(refused(at, "takes no sound")),
            Part::Native { json, .. } if self.origin.is_same_dialect() => Item::Native(json.as_str()),
            Part::Native { .. } => {
                losses.dropped(at.to_string(), "is known to the client's dialect alone");
                return Ok(());
            }
            Part::CacheMark { .. } => {
                losses.degraded(at.to_string(), "the provider caches by its own rules");
                return Ok(());
            }
            Part::Reasoning(_) | Part::ToolCall(_) | Part::ToolResult(_) | Part::Signature(_) => {
                return Ok(());
            }
        };
        self.items.push(item);
        Ok(())
    }

    fn image(&self, source: &MediaSource, at: Arguments<'_>) -> Result<String, Unsupported> {
        match source {
            _ if self.place == Place::Result => Err(refused(at, "takes no pictures in results")),
            MediaSource::Url(url) => Ok(url.clone()),
            MediaSource::Inline { media_type, base64 } => Ok(format!("data:{media_type};base64,{base64}")),
            MediaSource::FileId(_) | MediaSource::Text(_) => {
                Err(refused(at, "takes pictures by their address or in the message"))
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Writes the member. A single text is written as such.
    pub(super) fn write(&self, object: &mut ObjectWriter<'_>) {
        match self.items.as_slice() {
            [] => object.text("content", ""),
            [Item::Text(text)] => object.text("content", text),
            items => object.array("content", |list| items.iter().for_each(|item| write_item(item, list))),
        }
    }
}

fn write_item(item: &Item<'_>, list: &mut ArrayWriter<'_>) {
    if let Item::Native(json) = item {
        return list.element().extend_from_slice(json.as_bytes());
    }
    list.object(|object| match item {
        Item::Text(text) => {
            object.text("type", "text");
            object.text("text", text);
        }
        Item::Thinking(text) => {
            object.text("type", "thinking");
            object.text("thinking", text);
        }
        Item::Image { url, detail } => {
            object.text("type", "image_url");
            object.object("image_url", |image| {
                image.text("url", url);
                if let Some(detail) = detail {
                    image.text("detail", detail);
                }
            });
        }
        Item::Document(document) => {
            object.text("type", "document");
            object.object("document", |object| write_data(document, object));
        }
        Item::Native(_) => {}
    });
}

fn refused(at: Arguments<'_>, why: &str) -> Unsupported {
    Unsupported::new(at.to_string(), format!("The provider {why}."))
}
