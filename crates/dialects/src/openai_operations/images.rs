use bytes::Bytes;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{Dialect, LossReport, Units};
use switchyard_domain::wire::Member;

use super::check::{Demands, one_text, stream};
use super::events::EventWatcher;
use super::{request, unstreamed, usage};
use crate::codec::{
    Address, AnswerFault, Billed, Look, OperationClient, OperationCodec, Passage, StreamWatcher, Taken,
    Unstreamed, Unsupported,
};
use crate::request::{CheckedRequest, RequestError, RequestLimits, integer, word};
use crate::skim::Skimmed;
use crate::whole_answer::{members_of, model};

/// More pictures than any vendor makes at once.
const MOST_IMAGES: u64 = 128;

/// Pictures as a vendor makes them.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiImages;

impl Billed for OpenAiImages {}

impl OperationCodec for OpenAiImages {
    fn dialect(&self) -> Dialect {
        Dialect::OPENAI_IMAGES
    }

    fn endpoint(&self, _model: &str) -> String {
        "images/generations".to_owned()
    }

    fn passage(&self) -> Passage {
        Passage::Skimmed("data")
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

    fn glance(&self, body: &[u8], _output: &mut String) -> Result<Look, AnswerFault> {
        let body = String::from_utf8_lossy(body);
        let top = members_of(&body, "data")?;
        let mut look =
            Look { has_content: true, finished: true, model: model(&top), ..Look::of(Taken::Chunk) };
        usage::note(&mut look, &top);
        Ok(look)
    }

    fn glance_skimmed(&self, skimmed: &Skimmed) -> Result<Look, AnswerFault> {
        let units = Units { images: u32::try_from(skimmed.elements).unwrap_or(u32::MAX), ..Units::default() };
        Ok(Look { units, ..self.glance(&skimmed.object, &mut String::new())? })
    }

    fn watcher(&self, pieces: u32) -> Box<dyn StreamWatcher> {
        Box::new(EventWatcher::of(pieces))
    }

    fn streamed(&self, answer: Unstreamed<'_>) -> Option<Bytes> {
        match answer {
            Unstreamed::Json(body) => unstreamed::pictures(body),
            Unstreamed::Text(_) | Unstreamed::Piece(_) | Unstreamed::End => None,
        }
    }
}

/// Pictures as clients ask for them.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiImagesClient;

impl OperationClient for OpenAiImagesClient {
    fn dialect(&self) -> Dialect {
        Dialect::OPENAI_IMAGES
    }

    fn check(
        &self,
        body: Bytes,
        _address: Address<'_>,
        limits: &RequestLimits,
    ) -> Result<CheckedRequest, RequestError> {
        let demands = Demands { dialect: self.dialect(), required: "prompt", default_model: None };
        demands.check(body, limits, |name, value, gathered| match name {
            "prompt" => one_text(name, value, gathered),
            "n" => {
                gathered.choices = Some(integer(name, value, 1, MOST_IMAGES)?);
                Ok(())
            }
            "stream" => stream(name, value, gathered),
            "partial_images" => integer(name, value, 0, 16).map(drop),
            "output_compression" => integer(name, value, 0, 100).map(drop),
            "size" | "quality" | "style" | "background" | "moderation" | "output_format"
            | "response_format" | "user" => word(name, value),
            _ => Ok(()),
        })
    }
}
