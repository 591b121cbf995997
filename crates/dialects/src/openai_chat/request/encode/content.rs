use std::fmt::Arguments;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use switchyard_domain::chat::{Document, LossReport, MediaSource, Part};

use super::{CacheForm, DocumentForm, ReasoningForm, TargetFacts};
use crate::json::{ArrayWriter, ObjectWriter};

/// The content of a message: the parts that stand in it, each with the mark that follows it.
pub(super) struct Content<'a> {
    facts: &'a TargetFacts,
    same_dialect: bool,
    losses: &'a mut LossReport,
    items: Vec<Item<'a>>,
}

struct Item<'a> {
    part: &'a Part,
    /// Whether everything up to here may be cached, and for how long.
    mark: Option<Option<&'a str>>,
}

impl<'a> Content<'a> {
    pub(super) fn new(facts: &'a TargetFacts, same_dialect: bool, losses: &'a mut LossReport) -> Self {
        Self { facts, same_dialect, losses, items: Vec::new() }
    }

    /// Takes the parts that stand in the content; calls, results and refusals have places of their own.
    pub(super) fn collect(&mut self, parts: &'a [Part], path: Arguments<'_>) {
        self.collect_only(|_| true, parts, path);
    }

    /// As [`Self::collect`], of some of the parts.
    pub(super) fn collect_only(
        &mut self,
        is_wanted: impl Fn(&Part) -> bool,
        parts: &'a [Part],
        path: Arguments<'_>,
    ) {
        let mut markable = false;
        for (at, part) in parts.iter().enumerate() {
            if !is_wanted(part) {
                markable = false;
                continue;
            }
            let place = format_args!("{path}[{at}]");
            if let Part::CacheMark { ttl } = part {
                self.mark(ttl.as_deref(), markable, place);
                continue;
            }
            markable = self.stands_here(part, place);
            if markable {
                self.items.push(Item { part, mark: None });
            }
        }
    }

    fn mark(&mut self, ttl: Option<&'a str>, markable: bool, place: Arguments<'_>) {
        let known = self.facts.cache != CacheForm::Omit;
        match self.items.last_mut() {
            Some(item) if known && markable => item.mark = Some(ttl),
            _ => self.losses.degraded(place.to_string(), "the provider caches by its own rules"),
        }
    }

    fn stands_here(&mut self, part: &Part, place: Arguments<'_>) -> bool {
        let mut lost = |reason: &str| {
            self.losses.dropped(place.to_string(), reason);
            false
        };
        match part {
            Part::Image { source: MediaSource::FileId(_), .. } if !self.same_dialect => {
                lost("the provider takes pictures by their address or in the message")
            }
            Part::Text { .. } | Part::Image { .. } | Part::Audio(_) => true,
            Part::Document(Document { source: MediaSource::Url(_), .. })
                if self.facts.documents == DocumentForm::Unknown =>
            {
                lost("the provider fetches no documents")
            }
            Part::Document(_) => true,
            Part::Reasoning(_) => self.facts.reasoning == ReasoningForm::ThinkingPart,
            Part::Native { .. } if self.same_dialect => true,
            Part::Native { .. } => lost("is known to the client's dialect alone"),
            Part::ToolCall(_)
            | Part::ToolResult(_)
            | Part::Refusal { .. }
            | Part::Signature(_)
            | Part::CacheMark { .. } => false,
        }
    }

    /// Whether nothing stands in it.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Writes the member. A single text is written as such, which every vendor takes for every role.
    pub(super) fn write(self, object: &mut ObjectWriter<'_>, may_be_null: bool) {
        match self.items.as_slice() {
            [] if may_be_null => object.null("content"),
            [] => object.text("content", ""),
            [Item { part: Part::Text { text }, mark: None }] => object.text("content", text),
            items => object.array("content", |list| {
                for item in items {
                    self.write_item(item, list);
                }
            }),
        }
    }

    fn write_item(&self, item: &Item<'_>, list: &mut ArrayWriter<'_>) {
        if let Part::Native { json, .. } = item.part {
            return list.element().extend_from_slice(json.as_str().as_bytes());
        }
        list.object(|object| {
            self.write_part(item.part, object);
            match (item.mark, self.facts.cache) {
                (Some(ttl), CacheForm::CacheControl) => object.object("cache_control", |control| {
                    control.text("type", "ephemeral");
                    if let Some(ttl) = ttl {
                        control.text("ttl", ttl);
                    }
                }),
                (Some(_), CacheForm::PromptCacheBreakpoint) => {
                    object.object("prompt_cache_breakpoint", |mark| mark.text("mode", "explicit"));
                }
                _ => {}
            }
        });
    }

    fn write_part(&self, part: &Part, object: &mut ObjectWriter<'_>) {
        match part {
            Part::Text { text } => {
                object.text("type", "text");
                object.text("text", text);
            }
            Part::Image { source, detail } => {
                object.text("type", "image_url");
                object.object("image_url", |image| {
                    image.text("url", &address(source));
                    if let Some(detail) = detail {
                        image.text("detail", detail);
                    }
                });
            }
            Part::Audio(audio) => {
                object.text("type", "input_audio");
                object.object("input_audio", |input| {
                    input.text("data", &audio.base64);
                    input.text("format", &audio.format);
                });
            }
            Part::Document(document) => write_document(document, self.facts.documents, object),
            Part::Reasoning(reasoning) => {
                object.text("type", "thinking");
                object.array("thinking", |list| {
                    list.object(|thought| {
                        thought.text("type", "text");
                        thought.text("text", &reasoning.text);
                    });
                });
            }
            // They do not stand in the content.
            Part::ToolCall(_)
            | Part::ToolResult(_)
            | Part::Refusal { .. }
            | Part::Signature(_)
            | Part::CacheMark { .. }
            | Part::Native { .. } => {}
        }
    }
}

fn write_document(document: &Document, form: DocumentForm, object: &mut ObjectWriter<'_>) {
    let Document { source, filename, .. } = document;
    if let (MediaSource::Url(url), DocumentForm::DocumentUrl) = (source, form) {
        object.text("type", "document_url");
        object.text("document_url", url);
        if let Some(filename) = filename {
            object.text("document_name", filename);
        }
        return;
    }
    object.text("type", "file");
    object.object("file", |file| {
        match source {
            MediaSource::FileId(id) => file.text("file_id", id),
            source => file.text("file_data", &address(source)),
        }
        if let Some(filename) = filename {
            file.text("filename", filename);
        }
    });
}

/// Where media are, as an address; data stand in it themselves.
fn address(source: &MediaSource) -> String {
    match source {
        MediaSource::Url(text) | MediaSource::FileId(text) => text.clone(),
        MediaSource::Inline { media_type, base64 } if media_type.is_empty() => base64.clone(),
        MediaSource::Inline { media_type, base64 } => format!("data:{media_type};base64,{base64}"),
        MediaSource::Text(text) => format!("data:text/plain;base64,{}", STANDARD.encode(text)),
    }
}
