use bytes::Bytes;
use std::ops::Range;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{Dialect, LossReport};
use switchyard_domain::route::Needs;
use switchyard_domain::wire::Member;

use super::events::EventWatcher;
use super::{request, unstreamed, usage};
use crate::codec::{
    AnswerFault, Billed, Look, OperationCodec, Passage, StreamWatcher, Taken, Unstreamed, Unsupported,
};
use crate::json::text;
use crate::multipart::{FormFault, FormScanner, Part};
use crate::request::{NOT_FOR_CLIENTS, RequestCode, RequestError, check_model};
use crate::whole_answer::members_of;

/// The parts that stand there once at most.
const KNOWN: &[&str] = &["file", "model", "response_format", "stream", "language", "temperature"];

/// What transcriptions come as where no JSON was asked for.
const TEXTS: &[&str] = &["text/plain", "text/vtt", "text/srt", "application/x-subrip"];

/// Transcriptions as a vendor makes them.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiTranscriptions;

impl Billed for OpenAiTranscriptions {
    fn output(&self) -> &'static [&'static str] {
        &["text"]
    }
}

impl OperationCodec for OpenAiTranscriptions {
    fn dialect(&self) -> Dialect {
        Dialect::OPENAI_TRANSCRIPTIONS
    }

    fn endpoint(&self, _model: &str) -> String {
        "audio/transcriptions".to_owned()
    }

    fn passage(&self) -> Passage {
        Passage::Whole
    }

    fn media_types(&self) -> &'static [&'static str] {
        TEXTS
    }

    fn adapt(
        &self,
        body: &Bytes,
        members: &[Member],
        model: &str,
        _facts: &CallFacts,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported> {
        request::for_model(body, members, model, &[], losses)
    }

    fn glance(&self, body: &[u8], output: &mut String) -> Result<Look, AnswerFault> {
        let body = String::from_utf8_lossy(body);
        let top = members_of(&body, "text")?;
        output.push_str(&top.get("text").and_then(text).unwrap_or_default());
        let mut look = Look { has_content: true, finished: true, ..Look::of(Taken::Chunk) };
        usage::note(&mut look, &top);
        if look.usage.is_none()
            && let Some(duration) = top.get("duration")
        {
            let (seconds, corrected) = usage::seconds(duration);
            look.usage = Some(usage::of_seconds(seconds));
            look.usage_corrected = corrected;
        }
        Ok(look)
    }

    fn watcher(&self, _pieces: u32) -> Box<dyn StreamWatcher> {
        Box::new(EventWatcher::default())
    }

    fn streamed(&self, answer: Unstreamed<'_>) -> Option<Bytes> {
        match answer {
            Unstreamed::Json(body) => unstreamed::transcription(body),
            Unstreamed::Text(text) => Some(unstreamed::transcribed_text(text)),
            Unstreamed::Piece(_) | Unstreamed::End => None,
        }
    }
}

/// A form that was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedForm {
    /// What admission and routing need.
    pub facts: CallFacts,
    /// Where the value of the part `model` stands.
    pub model: Range<u64>,
}

/// Judges a form while it is taken in.
#[derive(Debug)]
pub struct TranscriptionForm(FormScanner);

impl TranscriptionForm {
    /// A form with this boundary.
    #[must_use]
    pub fn new(boundary: &str) -> Self {
        Self(FormScanner::new(boundary, KNOWN))
    }

    /// Takes the next piece, of any size.
    ///
    /// # Errors
    /// The first thing that keeps the bytes from being a form.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), RequestError> {
        self.0.push(piece).map_err(|fault| refused(&fault))
    }

    /// Judges the form at its end.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn finish(self) -> Result<CheckedForm, RequestError> {
        let parts = self.0.finish().map_err(|fault| refused(&fault))?;
        if let Some(part) = parts.iter().find(|part| NOT_FOR_CLIENTS.contains(&part.name.as_str())) {
            return Err(RequestError::new(part.name.as_str(), "is not accepted here"));
        }
        let named = |name: &str| parts.iter().find(|part| part.name == name);
        let value = |name: &str| named(name).and_then(|part| part.value.as_deref());
        let required = |name: &str| named(name).ok_or_else(|| RequestError::new(name, "is required"));
        let model = required("model")?;
        let name = model.value.as_deref().ok_or_else(|| RequestError::new("model", "must not be a file"))?;
        check_model(name)?;
        if !is_sound(required("file")?) {
            return Err(RequestError::new("file", "must be a file, and not empty"));
        }
        let stream = match value("stream") {
            None | Some("" | "false" | "False") => false,
            Some("true" | "True") => true,
            Some(_) => return Err(RequestError::new("stream", "must be true or false")),
        };
        let facts = CallFacts {
            headers: Vec::new(),
            dialect: Dialect::OPENAI_TRANSCRIPTIONS,
            model: name.to_owned(),
            stream,
            wants_stream_usage: true,
            max_output_tokens: None,
            choices: 1,
            prompt_text_bytes: 0,
            messages: 0,
            images: 0,
            has_unseen_input: false,
            needs: Needs::NONE,
            tags: Vec::new(),
            plain_messages: false,
            decodes_answer: false,
            strict: false,
        };
        Ok(CheckedForm { facts, model: model.place.clone() })
    }
}

fn is_sound(file: &Part) -> bool {
    file.is_file && !file.place.is_empty()
}

fn refused(fault: &FormFault) -> RequestError {
    RequestError {
        code: RequestCode::InvalidRequest,
        param: fault.param().map(str::to_owned),
        message: fault.to_string(),
    }
}
