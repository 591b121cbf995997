use bytes::Bytes;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{Dialect, LossReport};
use switchyard_domain::wire::Member;

use super::check::{Demands, Gathered, one_text};
use super::events::EventWatcher;
use super::{request, usage};
use crate::codec::{
    Address, AnswerFault, Billed, Look, OperationClient, OperationCodec, Passage, StreamWatcher, Taken,
    Unsupported,
};
use crate::request::{CheckedRequest, RequestError, RequestLimits};
use crate::scan::{Kind, Node};
use crate::whole_answer::{members_of, model};

/// Moderations as a vendor offers them.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiModerations;

impl Billed for OpenAiModerations {}

impl OperationCodec for OpenAiModerations {
    fn dialect(&self) -> Dialect {
        Dialect::OPENAI_MODERATIONS
    }

    fn endpoint(&self, _model: &str) -> String {
        "moderations".to_owned()
    }

    fn passage(&self) -> Passage {
        Passage::Whole
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
        let top = members_of(&body, "results")?;
        let mut look =
            Look { has_content: true, finished: true, model: model(&top), ..Look::of(Taken::Chunk) };
        usage::note_input(&mut look, &top);
        Ok(look)
    }

    fn watcher(&self, _pieces: u32) -> Box<dyn StreamWatcher> {
        Box::new(EventWatcher::default())
    }
}

/// Moderations as clients ask for them.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiModerationsClient;

impl OperationClient for OpenAiModerationsClient {
    fn dialect(&self) -> Dialect {
        Dialect::OPENAI_MODERATIONS
    }

    fn check(
        &self,
        body: Bytes,
        _address: Address<'_>,
        limits: &RequestLimits,
    ) -> Result<CheckedRequest, RequestError> {
        // The model that OpenAI documents to stand for none.
        let demands = Demands {
            dialect: self.dialect(),
            required: "input",
            default_model: Some("omni-moderation-latest"),
        };
        demands.check(body, limits, |name, value, gathered| {
            // A judgement has no output that is counted.
            gathered.max_output_tokens = Some(0);
            if name == "input" { input(value, gathered) } else { Ok(()) }
        })
    }
}

/// A text, or a list of texts and of parts, which may be pictures.
fn input(value: Node<'_>, gathered: &mut Gathered) -> Result<(), RequestError> {
    match value.kind() {
        Kind::String => one_text("input", value, gathered),
        Kind::Array if value.elements().next().is_some() => {
            for (at, element) in value.elements().enumerate() {
                let at = format!("input[{at}]");
                match element.kind() {
                    Kind::String => one_text(&at, element, gathered)?,
                    Kind::Object => part(&at, element, gathered)?,
                    _ => return Err(RequestError::new(at, "must be a text or a part")),
                }
            }
            Ok(())
        }
        _ => Err(RequestError::new("input", "must be a text or a list, and not empty")),
    }
}

fn part(at: &str, part: Node<'_>, gathered: &mut Gathered) -> Result<(), RequestError> {
    let kind = part.get("type").and_then(Node::text);
    match kind.as_deref() {
        Some("text") => {
            let text =
                part.get("text").ok_or_else(|| RequestError::new(format!("{at}.text"), "is required"))?;
            one_text(&format!("{at}.text"), text, gathered)
        }
        Some("image_url") => {
            gathered.images = gathered.images.saturating_add(1);
            Ok(())
        }
        Some(_) => Ok(()),
        None => Err(RequestError::new(format!("{at}.type"), "is required")),
    }
}
