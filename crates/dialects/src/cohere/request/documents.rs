use std::fmt::Arguments;

use switchyard_domain::chat::{ChatRequest, Document, LossReport, MediaSource, Role};

use crate::json::ObjectWriter;

/// What stands before the place of a document in its id, by which citations name it.
const ID: &str = "document-";

/// The place among the documents of the request that an id of ours names.
pub(in crate::cohere) fn place_of(id: &str) -> Option<u32> {
    id.strip_prefix(ID)?.parse().ok()
}

/// The documents of the messages, which stand beside them here.
pub(super) struct Documents<'a> {
    found: Vec<&'a Document>,
    /// The last message of the user, to which all documents seem to belong.
    last: Option<usize>,
}

impl<'a> Documents<'a> {
    pub(super) fn new(request: &ChatRequest) -> Self {
        let last = request.messages.iter().rposition(|message| message.role == Role::User);
        Self { found: Vec::new(), last }
    }

    /// Takes a document; `false` if it is none of plain text.
    pub(super) fn take(
        &mut self,
        document: &'a Document,
        message: usize,
        place: Arguments<'_>,
        losses: &mut LossReport,
    ) -> bool {
        if !matches!(document.source, MediaSource::Text(_)) {
            return false;
        }
        if self.last != Some(message) {
            losses.degraded(place.to_string(), "documents stand beside the whole conversation");
        }
        self.found.push(document);
        true
    }

    /// Writes the member, if there is any document.
    pub(super) fn write(&self, object: &mut ObjectWriter<'_>) -> bool {
        if self.found.is_empty() {
            return false;
        }
        object.array("documents", |list| {
            for (index, document) in self.found.iter().enumerate() {
                list.object(|object| {
                    object.text("id", &format!("{ID}{index}"));
                    write_data(document, object);
                });
            }
        });
        true
    }
}

/// Writes what a document says, and what it is called.
pub(super) fn write_data(document: &Document, object: &mut ObjectWriter<'_>) {
    let MediaSource::Text(text) = &document.source else { return };
    object.object("data", |data| {
        for (name, value) in [("title", &document.filename), ("context", &document.context)] {
            if let Some(value) = value {
                data.text(name, value);
            }
        }
        data.text("text", text);
    });
}
