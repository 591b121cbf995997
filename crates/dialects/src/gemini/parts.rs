//! Parts as they are written, to providers and to clients alike.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use switchyard_domain::chat::{Document, Json, MediaSource, Part, ToolCall};

use super::media;
use crate::json::{ArrayWriter, ObjectWriter, write_text};
use crate::outbound::object_of;

/// The parts that only this dialect has: what Google's own tools were asked and answered, and files in its own keeping.
pub(super) const NATIVE: &[&str] =
    &["executableCode", "codeExecutionResult", "toolCall", "toolResponse", "fileData", "inlineData"];

/// The members of a part that have no canonical form, by their path within the part.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extras<'a>(pub(super) &'a [(usize, &'a str, &'a Json)]);

impl Extras<'_> {
    /// Writes those that stand in the part itself.
    fn write(self, object: &mut ObjectWriter<'_>) {
        self.0
            .iter()
            .filter(|(_, path, _)| !path.contains('.'))
            .for_each(|(_, path, json)| object.json(path, json));
    }

    /// Writes those that stand in one of its members.
    pub(super) fn write_inner(self, member: &str, object: &mut ObjectWriter<'_>) {
        for (_, path, json) in self.0 {
            if let Some(name) = path.strip_prefix(member).and_then(|rest| rest.strip_prefix('.')) {
                object.json(name, json);
            }
        }
    }

    fn has(self, path: &str) -> bool {
        self.0.iter().any(|(_, known, _)| *known == path)
    }
}

/// What stands in a part beside what it is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct About<'a> {
    pub(super) is_thought: bool,
    pub(super) proof: Option<&'a str>,
    pub(super) extras: Extras<'a>,
}

impl About<'_> {
    /// Writes the members.
    pub(super) fn write(self, object: &mut ObjectWriter<'_>) {
        if self.is_thought {
            object.plain("thought", true);
        }
        if let Some(proof) = self.proof {
            object.text("thoughtSignature", proof);
        }
        self.extras.write(object);
    }
}

/// Writes a text, a thought, or a proof that stands for itself.
pub(super) fn write_said(list: &mut ArrayWriter<'_>, text: &str, about: About<'_>) {
    list.object(|part| {
        part.text("text", text);
        about.write(part);
    });
}

/// Writes a call.
pub(super) fn write_call(list: &mut ArrayWriter<'_>, id: &str, call: &ToolCall, about: About<'_>) {
    list.object(|part| {
        part.object("functionCall", |inner| {
            if !id.is_empty() {
                inner.text("id", id);
            }
            inner.text("name", &call.name);
            inner.name("args").extend_from_slice(object_of(call).0.as_bytes());
            about.extras.write_inner("functionCall", inner);
        });
        about.write(part);
    });
}

/// Bytes, or where they are.
#[derive(Debug)]
pub(super) struct Medium<'a> {
    place: Place<'a>,
    media_type: Cow<'a, str>,
    /// Whether nothing said what kind of media it is.
    pub(super) is_guess: bool,
    /// The file's name.
    pub(super) name: Option<&'a str>,
}

#[derive(Debug)]
enum Place<'a> {
    Inline(Cow<'a, str>),
    At(&'a str),
}

impl<'a> Medium<'a> {
    /// The medium that a part is; `None` for other parts.
    pub(super) fn of(part: &'a Part) -> Option<Self> {
        match part {
            Part::Audio(audio) => Some(Self {
                place: Place::Inline(Cow::Borrowed(&audio.base64)),
                media_type: media::sound_type(&audio.format).into(),
                is_guess: false,
                name: None,
            }),
            Part::Image { source, .. } => Some(Self::at(source, None, media::ANY_PICTURE)),
            Part::Document(Document { source, filename, .. }) => {
                Some(Self::at(source, filename.as_deref(), media::ANY_DOCUMENT))
            }
            _ => None,
        }
    }

    fn at(source: &'a MediaSource, name: Option<&'a str>, default: &'static str) -> Self {
        let guessed = |address: &str| media::guessed(address).or_else(|| media::guessed(name?));
        let inline = |address: &'a str| address.strip_prefix("data:")?.split_once(";base64,");
        let (place, said) = match source {
            // Google fetches no address that holds the data itself.
            MediaSource::Url(address) if let Some((media_type, base64)) = inline(address) => {
                let said = Some(Cow::Borrowed(media_type)).filter(|said| !said.is_empty());
                (Place::Inline(Cow::Borrowed(base64)), said)
            }
            MediaSource::Url(address) | MediaSource::FileId(address) => {
                (Place::At(address), guessed(address).map(Cow::Borrowed))
            }
            MediaSource::Inline { media_type, base64 } => {
                let said = Some(Cow::Borrowed(media_type.as_str())).filter(|said| !said.is_empty());
                (Place::Inline(Cow::Borrowed(base64)), said.or_else(|| guessed("").map(Cow::Borrowed)))
            }
            MediaSource::Text(text) => {
                (Place::Inline(Cow::Owned(STANDARD.encode(text))), Some(Cow::Borrowed("text/plain")))
            }
        };
        let is_guess = said.is_none();
        Self { place, media_type: said.unwrap_or(Cow::Borrowed(default)), is_guess, name }
    }

    /// Whether a member without canonical form says what kind of media it is.
    pub(super) fn is_told_by(extras: Extras<'_>) -> bool {
        extras.has("fileData.mimeType")
    }

    /// Writes the members of a part; the file's name where the provider has a place for it.
    pub(super) fn write(&self, part: &mut ObjectWriter<'_>, is_named: bool, about: About<'_>) {
        let name = self.name.filter(|_| is_named);
        match &self.place {
            Place::Inline(base64) => part.object("inlineData", |inner| {
                inner.text("mimeType", &self.media_type);
                write_text(inner.name("data"), base64);
                if let Some(name) = name {
                    inner.text("displayName", name);
                }
                about.extras.write_inner("inlineData", inner);
            }),
            Place::At(address) => part.object("fileData", |inner| {
                inner.text("fileUri", address);
                if !Self::is_told_by(about.extras) {
                    inner.text("mimeType", &self.media_type);
                }
                if let Some(name) = name {
                    inner.text("displayName", name);
                }
                about.extras.write_inner("fileData", inner);
            }),
        }
        about.write(part);
    }
}

/// Writes a part that only this dialect has, as it came.
pub(super) fn write_native(list: &mut ArrayWriter<'_>, json: &Json) {
    list.element().extend_from_slice(json.as_str().as_bytes());
}
