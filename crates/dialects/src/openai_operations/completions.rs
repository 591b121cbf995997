use bytes::Bytes;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{Dialect, LossReport};
use switchyard_domain::wire::Member;

use super::answer::{Opened, open};
use super::check::{Demands, Gathered, stream, texts};
use super::{unstreamed, usage};
use crate::codec::{
    Address, AnswerFault, Billed, LastWord, Look, MemberRule, OperationClient, OperationCodec, Passage,
    Source, StreamWatcher, Taken, Unstreamed, Unsupported, quoted,
};
use crate::error::ProviderError;
use crate::json::{RawMembers, elements, integer, members, text};
use crate::openai_chat::stream::{ChoiceSet, Progress};
use crate::request::{
    CheckedRequest, MAX_OUTPUT_TOKENS, RequestError, RequestLimits, boolean, decimal, integer as whole, word,
};
use crate::scan::{Kind, Node};
use crate::splice::Edit;
use crate::sse::DONE;
use crate::whole_answer::{members_of, model};

const MAX_CHOICES: u64 = 128;

/// OpenAI's first operation, as a vendor offers it.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiCompletions {
    /// Members of a request that it does not take as they are.
    pub members: &'static [MemberRule],
    /// Whether its streams are asked for their usage.
    pub asks_usage: bool,
}

impl OpenAiCompletions {
    /// A vendor that keeps to OpenAI in all respects.
    pub const PLAIN: Self = Self { members: &[], asks_usage: true };
}

impl Billed for OpenAiCompletions {
    fn output(&self) -> &'static [&'static str] {
        &["choices/text"]
    }
}

impl OperationCodec for OpenAiCompletions {
    fn dialect(&self) -> Dialect {
        Dialect::OPENAI_COMPLETIONS
    }

    fn endpoint(&self, _model: &str) -> String {
        "completions".to_owned()
    }

    fn passage(&self) -> Passage {
        Passage::Whole
    }

    fn adapt(
        &self,
        body: &Bytes,
        members: &[Member],
        model: &str,
        facts: &CallFacts,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported> {
        let model = quoted(model);
        let mut edits = vec![Edit::Set { name: "model", value: &model }];
        if self.asks_usage && facts.stream && !facts.wants_stream_usage {
            edits.push(Edit::SetIn { object: "stream_options", name: "include_usage", value: b"true" });
        }
        Source { bytes: body, members }.edited(edits, self.members, losses)
    }

    fn glance(&self, body: &[u8], output: &mut String) -> Result<Look, AnswerFault> {
        let body = String::from_utf8_lossy(body);
        let top = members_of(&body, "choices")?;
        let choices = choices_of(&top);
        if choices.is_empty() {
            return Err(AnswerFault::NoChoices);
        }
        let mut look =
            Look { has_content: true, finished: true, model: model(&top), ..Look::of(Taken::Chunk) };
        for choice in choices {
            output.push_str(&choice.get("text").and_then(text).unwrap_or_default());
        }
        usage::note(&mut look, &top);
        Ok(look)
    }

    fn watcher(&self, pieces: u32) -> Box<dyn StreamWatcher> {
        Box::new(Watcher { progress: Progress::of(pieces), is_named: false })
    }

    fn streamed(&self, answer: Unstreamed<'_>) -> Option<Bytes> {
        match answer {
            Unstreamed::Json(body) => Some(unstreamed::completion(body)),
            Unstreamed::Text(_) | Unstreamed::Piece(_) | Unstreamed::End => None,
        }
    }

    fn last_word(&self) -> LastWord {
        LastWord::Fixed
    }
}

fn choices_of<'a>(top: &RawMembers<'a>) -> Vec<RawMembers<'a>> {
    let list = top.get("choices").and_then(elements).unwrap_or_default();
    list.into_iter().filter_map(members).collect()
}

#[derive(Debug)]
struct Watcher {
    progress: Progress,
    is_named: bool,
}

impl StreamWatcher for Watcher {
    fn look(&mut self, name: Option<&[u8]>, data: &[u8], output: &mut String) -> Result<Look, ProviderError> {
        let data = String::from_utf8_lossy(data);
        let top = match open(name, &data)? {
            Opened::Done => return Ok(Look::of(Taken::Done)),
            Opened::Malformed => return Ok(Look::of(Taken::Malformed)),
            Opened::Object(top) => top,
        };
        let mut look = Look::of(Taken::Chunk);
        usage::note(&mut look, &top);
        let choices = choices_of(&top);
        if choices.is_empty() && look.usage.is_none() {
            return Ok(Look::of(Taken::Unknown));
        }
        for choice in &choices {
            self.choice(choice, &mut look, output);
        }
        if !std::mem::replace(&mut self.is_named, true) {
            look.model = model(&top);
        }
        look.is_closing_usage = choices.is_empty();
        look.finished = self.progress.is_whole();
        Ok(look)
    }

    fn may_end(&self) -> bool {
        self.progress.has_ended()
    }
}

impl Watcher {
    fn choice(&mut self, choice: &RawMembers<'_>, look: &mut Look, output: &mut String) {
        let index = choice.get("index").and_then(integer).and_then(|index| u32::try_from(index).ok());
        let index = index.unwrap_or_default();
        let piece = choice.get("text").and_then(text).unwrap_or_default();
        look.has_content |= !piece.is_empty();
        output.push_str(&piece);
        let ends = choice.get("finish_reason").is_some();
        look.has_content |= ends;
        let this = |is_in: bool| if is_in { ChoiceSet::of(index) } else { ChoiceSet::default() };
        self.progress.note(this(true), this(!piece.is_empty()), this(ends));
    }
}

/// OpenAI's first operation, as clients ask for it.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiCompletionsClient;

impl OperationClient for OpenAiCompletionsClient {
    fn dialect(&self) -> Dialect {
        Dialect::OPENAI_COMPLETIONS
    }

    fn check(
        &self,
        body: Bytes,
        _address: Address<'_>,
        limits: &RequestLimits,
    ) -> Result<CheckedRequest, RequestError> {
        let demands = Demands { dialect: self.dialect(), required: "prompt", default_model: None };
        let mut checked = demands.check(body, limits, member)?;
        // Each prompt is answered by itself.
        let prompts = checked.document.get("prompt").map_or(1, prompts);
        checked.facts.choices = checked.facts.choices.saturating_mul(prompts);
        Ok(checked)
    }

    fn verbatim_end(&self) -> Bytes {
        DONE
    }
}

fn member(name: &str, value: Node<'_>, gathered: &mut Gathered) -> Result<(), RequestError> {
    match name {
        "prompt" => texts(name, value, gathered),
        "stream" | "stream_options" => stream(name, value, gathered),
        // Of `best_of` texts only `n` are given, but all are made and billed.
        "n" | "best_of" => {
            let choices = whole(name, value, 1, MAX_CHOICES)?;
            gathered.choices = Some(gathered.choices.map_or(choices, |known| known.max(choices)));
            Ok(())
        }
        "max_tokens" => {
            gathered.max_output_tokens = Some(whole(name, value, 0, MAX_OUTPUT_TOKENS)?);
            Ok(())
        }
        "logprobs" => whole(name, value, 0, 100).map(drop),
        "temperature" => decimal(name, value, 0.0, 2.0),
        "top_p" => decimal(name, value, 0.0, 1.0),
        "presence_penalty" | "frequency_penalty" => decimal(name, value, -2.0, 2.0),
        "echo" => boolean(name, value).map(drop),
        "suffix" if value.kind() != Kind::String => Err(RequestError::new(name, "must be a string")),
        "user" => word(name, value),
        _ => Ok(()),
    }
}

/// How many prompts a judged `prompt` has.
fn prompts(prompt: Node<'_>) -> u32 {
    let is_list = prompt.elements().any(|element| matches!(element.kind(), Kind::String | Kind::Array));
    if is_list { u32::try_from(prompt.elements().count()).unwrap_or(u32::MAX) } else { 1 }
}
