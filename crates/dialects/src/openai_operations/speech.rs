use bytes::Bytes;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{Dialect, LossReport, Units};
use switchyard_domain::wire::Member;

use super::check::{Demands, one_text};
use super::events::EventWatcher;
use super::{request, unstreamed};
use crate::codec::{
    Address, AnswerFault, Billed, Look, OperationClient, OperationCodec, Passage, StreamWatcher, Unstreamed,
    Unsupported,
};
use crate::error::{announces_error, from_members, has_error};
use crate::json::object;
use crate::request::{CheckedRequest, RequestError, RequestLimits, decimal, word};
use crate::scan::Kind;

/// What speech comes as. `application/octet-stream` is said of raw samples.
const SOUND: &[&str] = &[
    "audio/mpeg",
    "audio/mp3",
    "audio/opus",
    "audio/ogg",
    "audio/aac",
    "audio/flac",
    "audio/x-flac",
    "audio/wav",
    "audio/x-wav",
    "audio/wave",
    "audio/pcm",
    "audio/l16",
    "audio/mp4",
    "audio/webm",
    "audio/basic",
    "application/octet-stream",
];

/// Speech as a vendor makes it.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiSpeech;

impl Billed for OpenAiSpeech {}

impl OperationCodec for OpenAiSpeech {
    fn dialect(&self) -> Dialect {
        Dialect::OPENAI_SPEECH
    }

    fn endpoint(&self, _model: &str) -> String {
        "audio/speech".to_owned()
    }

    fn passage(&self) -> Passage {
        Passage::Raw
    }

    fn media_types(&self) -> &'static [&'static str] {
        SOUND
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

    fn units(&self, body: &Bytes, members: &[Member]) -> Units {
        let input = crate::splice::find(body, members, "input");
        let spoken = input.and_then(|member| serde_json::from_slice::<String>(member.value.of(body)).ok());
        let characters = spoken.map_or(0, |input| input.chars().count());
        let characters = u32::try_from(characters).unwrap_or(u32::MAX);
        Units { characters, ..Units::default() }
    }

    /// Speech has nothing to look at. Only an error comes as JSON.
    fn glance(&self, body: &[u8], _output: &mut String) -> Result<Look, AnswerFault> {
        let body = String::from_utf8_lossy(body);
        match object(&body) {
            Some(top) if has_error(&top) || announces_error(&top) => {
                Err(AnswerFault::Error(from_members(&top)))
            }
            Some(_) => Err(AnswerFault::NoChoices),
            None => Err(AnswerFault::NotJson),
        }
    }

    fn watcher(&self, _pieces: u32) -> Box<dyn StreamWatcher> {
        Box::new(EventWatcher::default())
    }

    fn streamed(&self, answer: Unstreamed<'_>) -> Option<Bytes> {
        match answer {
            Unstreamed::Piece(piece) => Some(unstreamed::sound(piece)),
            Unstreamed::End => Some(unstreamed::end_of_sound()),
            Unstreamed::Json(_) | Unstreamed::Text(_) => None,
        }
    }
}

/// Speech as clients ask for it.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiSpeechClient;

impl OperationClient for OpenAiSpeechClient {
    fn dialect(&self) -> Dialect {
        Dialect::OPENAI_SPEECH
    }

    fn check(
        &self,
        body: Bytes,
        _address: Address<'_>,
        limits: &RequestLimits,
    ) -> Result<CheckedRequest, RequestError> {
        let demands = Demands { dialect: self.dialect(), required: "input", default_model: None };
        demands.check(body, limits, |name, value, gathered| match name {
            "input" => one_text(name, value, gathered),
            "voice" if !matches!(value.kind(), Kind::String | Kind::Object) => {
                Err(RequestError::new(name, "must be a string or an object"))
            }
            "stream_format" => {
                gathered.stream = value.is_text("sse");
                word(name, value)
            }
            "response_format" => word(name, value),
            "instructions" if value.kind() != Kind::String => {
                Err(RequestError::new(name, "must be a string"))
            }
            "speed" => decimal(name, value, 0.25, 4.0),
            _ => Ok(()),
        })
    }
}
