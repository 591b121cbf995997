use std::fmt::Arguments;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use switchyard_domain::chat::{Document, LossReport, MediaSource, Part};

use super::Target;
use crate::json::{ArrayWriter, ObjectWriter};

/// The text parts, joined.
pub(super) fn text_of(parts: &[Part]) -> String {
    let texts = parts
        .iter()
        .filter_map(|part| if let Part::Text { text } = part { Some(text.as_str()) } else { None });
    texts.collect()
}

/// What the client, or a tool of it, says: the content of a message or of a result.
pub(super) struct Content<'a> {
    target: Target<'a>,
    losses: &'a mut LossReport,
    items: Vec<Said<'a>>,
}

struct Said<'a> {
    part: &'a Part,
    /// Whether everything up to here may be cached, and for how long.
    mark: Option<Option<&'a str>>,
}

impl<'a> Content<'a> {
    pub(super) fn new(target: Target<'a>, losses: &'a mut LossReport) -> Self {
        Self { target, losses, items: Vec::new() }
    }

    /// Takes the parts that stand in a content; results have places of their own.
    pub(super) fn collect(&mut self, parts: &'a [Part], path: Arguments<'_>) {
        for (at, part) in parts.iter().enumerate() {
            let place = format_args!("{path}[{at}]");
            match part {
                Part::CacheMark { ttl } => match self.items.last_mut() {
                    Some(said) if self.target.is_same_dialect() => said.mark = Some(ttl.as_deref()),
                    _ => self.losses.degraded(place.to_string(), "the provider caches by its own rules"),
                },
                Part::Text { .. } | Part::Image { .. } | Part::Audio(_) => self.take(part),
                Part::Document(document) => {
                    if document.context.is_some() {
                        self.losses
                            .dropped(format!("{place}.context"), "has no place in the provider's dialect");
                    }
                    self.take(part);
                }
                Part::Native { .. } if self.target.is_same_dialect() => self.take(part),
                Part::Native { .. } => {
                    self.losses.dropped(place.to_string(), "is known to the client's dialect alone");
                }
                Part::Refusal { .. } | Part::Reasoning(_) | Part::Signature(_) | Part::ToolCall(_) => {
                    self.losses.dropped(
                        place.to_string(),
                        "is nothing that a client says in the provider's dialect",
                    );
                }
                Part::ToolResult(_) => {}
            }
        }
    }

    fn take(&mut self, part: &'a Part) {
        self.items.push(Said { part, mark: None });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Writes the member. A single text is written as such, which every vendor takes.
    pub(super) fn write(&self, name: &str, object: &mut ObjectWriter<'_>) {
        match self.items.as_slice() {
            [] => object.text(name, ""),
            [Said { part: Part::Text { text }, mark: None }] => object.text(name, text),
            items => object.array(name, |list| items.iter().for_each(|said| said.write(list))),
        }
    }
}

impl Said<'_> {
    fn write(&self, list: &mut ArrayWriter<'_>) {
        if let Part::Native { json, .. } = self.part {
            return list.element().extend_from_slice(json.as_str().as_bytes());
        }
        list.object(|object| {
            match self.part {
                Part::Text { text } => {
                    object.text("type", "input_text");
                    object.text("text", text);
                }
                Part::Image { source, detail } => {
                    object.text("type", "input_image");
                    match source {
                        MediaSource::FileId(id) => object.text("file_id", id),
                        source => object.text("image_url", &address(source, "image/png")),
                    }
                    if let Some(detail) = detail {
                        object.text("detail", detail);
                    }
                }
                Part::Audio(audio) => {
                    object.text("type", "input_audio");
                    object.object("input_audio", |input| {
                        input.text("data", &audio.base64);
                        input.text("format", &audio.format);
                    });
                }
                Part::Document(document) => write_document(document, object),
                _ => {}
            }
            if let Some(ttl) = self.mark {
                object.object("prompt_cache_breakpoint", |mark| {
                    mark.text("mode", "explicit");
                    if let Some(ttl) = ttl {
                        mark.text("ttl", ttl);
                    }
                });
            }
        });
    }
}

fn write_document(document: &Document, object: &mut ObjectWriter<'_>) {
    object.text("type", "input_file");
    let is_data = match &document.source {
        MediaSource::FileId(id) => {
            object.text("file_id", id);
            false
        }
        MediaSource::Url(url) => {
            object.text("file_url", url);
            false
        }
        source => {
            object.text("file_data", &address(source, ""));
            true
        }
    };
    match &document.filename {
        Some(filename) => object.text("filename", filename),
        // OpenAI takes no data without a name: "Missing required parameter".
        None if is_data => object.text("filename", name_of(&document.source)),
        None => {}
    }
}

fn name_of(source: &MediaSource) -> &'static str {
    match source {
        MediaSource::Inline { media_type, .. } if media_type == "application/pdf" => "document.pdf",
        MediaSource::Inline { media_type, .. } if !media_type.starts_with("text/") => "document",
        _ => "document.txt",
    }
}

/// Where media are, as an address; data stand in it themselves.
fn address(source: &MediaSource, otherwise: &str) -> String {
    match source {
        MediaSource::Url(text) | MediaSource::FileId(text) => text.clone(),
        MediaSource::Inline { media_type, base64 } => match (media_type.as_str(), otherwise) {
            ("", "") => base64.clone(),
            ("", otherwise) => format!("data:{otherwise};base64,{base64}"),
            (media_type, _) => format!("data:{media_type};base64,{base64}"),
        },
        MediaSource::Text(text) => format!("data:text/plain;base64,{}", STANDARD.encode(text)),
    }
}
