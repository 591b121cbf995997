//! Items that are being said.

use bytes::BytesMut;
use switchyard_domain::chat::{Citation, Json, ToolCallKind};

use crate::json::{ArrayWriter, ObjectWriter, elements, members};
use crate::openai_responses::answer::{write_refusal, write_text};
use crate::openai_responses::citation;

/// A message, and the part of it that is being said.
#[derive(Debug)]
pub(super) struct OpenMessage {
    pub(super) id: String,
    pub(super) place: usize,
    /// The parts that are whole, with the commas between them.
    pub(super) parts: BytesMut,
    pub(super) closed: usize,
    pub(super) part: Option<OpenPart>,
}

/// A part of a message.
#[derive(Debug)]
pub(super) struct OpenPart {
    pub(super) is_refusal: bool,
    pub(super) said: String,
    /// The annotations, with the commas between them.
    annotations: BytesMut,
    pub(super) annotated: usize,
    /// The log probabilities, with the commas between them.
    logprobs: BytesMut,
    /// The characters of text before it.
    begins: u32,
}

impl OpenPart {
    pub(super) fn new(is_refusal: bool, begins: u32) -> Self {
        Self {
            is_refusal,
            said: String::new(),
            annotations: BytesMut::new(),
            annotated: 0,
            logprobs: BytesMut::new(),
            begins,
        }
    }

    /// Takes an annotation, and gives it as it is written.
    pub(super) fn annotate(&mut self, citation: &Citation) -> BytesMut {
        let mut annotation = BytesMut::new();
        citation::write(&mut annotation, citation, self.begins);
        append(&mut self.annotations, &annotation);
        self.annotated += 1;
        annotation
    }

    /// Takes log probabilities, and gives them as elements of a list.
    pub(super) fn add_logprobs(&mut self, logprobs: &Json) -> BytesMut {
        let mut added = BytesMut::new();
        let list = members(&logprobs.0).and_then(|pieces| pieces.get("content")).and_then(elements);
        for token in list.unwrap_or_default() {
            append(&mut added, token.get().as_bytes());
        }
        append(&mut self.logprobs, &added);
        added
    }

    pub(super) fn write_logprobs(&self, object: &mut ObjectWriter<'_>) {
        object.array("logprobs", |list| list.elements(&self.logprobs));
    }

    pub(super) fn write(&self, object: &mut ObjectWriter<'_>) {
        if self.is_refusal {
            return write_refusal(object, &self.said);
        }
        let logprobs = |list: &[u8]| Json::parse(format!("[{}]", String::from_utf8_lossy(list))).ok();
        let annotations = |list: &mut ArrayWriter<'_>| list.elements(&self.annotations);
        write_text(object, &self.said, annotations, logprobs(&self.logprobs).as_ref());
    }
}

fn append(list: &mut BytesMut, element: &[u8]) {
    if !list.is_empty() && !element.is_empty() {
        list.extend_from_slice(b",");
    }
    list.extend_from_slice(element);
}

impl OpenMessage {
    /// Ends the part that is being said.
    pub(super) fn close_part(&mut self) {
        if let Some(part) = self.part.take() {
            let mut written = BytesMut::new();
            let mut object = ObjectWriter::begin(&mut written);
            part.write(&mut object);
            object.end();
            append(&mut self.parts, &written);
            self.closed += 1;
        }
    }
}

/// A reasoning.
#[derive(Debug)]
pub(super) struct OpenReasoning {
    pub(super) id: String,
    pub(super) place: usize,
    pub(super) said: String,
}

/// A call.
#[derive(Debug)]
pub(super) struct OpenCall {
    pub(super) id: String,
    pub(super) place: usize,
    pub(super) call_id: String,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) arguments: String,
    pub(super) kind: ToolCallKind,
}
