use std::borrow::Cow;

use switchyard_domain::chat::Dialect;
use switchyard_domain::chat::{
    Document, Json, LossReport, MediaSource, Part, Reasoning, Role, Signature, ToolCall, ToolResult,
};

use super::calls::CallIds;
use super::extras::{Extras, Member};
use super::media::Source;
use crate::anthropic_messages::AnthropicMessages;
use crate::outbound::object_of;

/// One block as it is to be written.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) said: Said<'a>,
    /// Whether everything up to here may be cached, and for how long.
    pub(super) mark: Option<Option<&'a str>>,
    /// Members without canonical form.
    pub(super) extras: Vec<Member<'a>>,
}

#[derive(Debug)]
pub(super) enum Said<'a> {
    Text(Cow<'a, str>),
    Image(Source<'a>),
    Document { source: Source<'a>, document: &'a Document },
    Call { id: Cow<'a, str>, name: &'a str, input: Cow<'a, str> },
    Result { id: Cow<'a, str>, content: Vec<Block<'a>>, is_error: bool },
    Thinking { text: &'a str, proof: &'a str },
    Redacted(&'a str),
    Native(&'a Json),
}

impl Said<'_> {
    pub(super) fn is_thinking(&self) -> bool {
        matches!(self, Self::Thinking { .. } | Self::Redacted(_))
    }

    pub(super) fn is_result(&self) -> bool {
        matches!(self, Self::Result { .. })
    }
}

/// Makes blocks of parts, and notes what has no place.
pub(super) struct Gatherer<'l> {
    pub(super) facts: &'l AnthropicMessages,
    pub(super) source: Dialect,
    pub(super) same_dialect: bool,
    pub(super) losses: &'l mut LossReport,
    pub(super) ids: CallIds,
}

/// The content whose parts are made blocks.
#[derive(Clone, Copy)]
pub(super) struct Content<'p> {
    /// The number of the message.
    pub(super) message: usize,
    pub(super) role: Role,
    /// The content's path.
    pub(super) path: &'p str,
}

impl<'l> Gatherer<'l> {
    pub(super) fn blocks<'a>(
        &mut self,
        parts: &'a [Part],
        content: Content<'_>,
        extras: &mut Extras<'a>,
    ) -> Vec<Block<'a>> {
        let mut blocks: Vec<Block<'a>> = Vec::with_capacity(parts.len());
        for (at, part) in parts.iter().enumerate() {
            if let Part::CacheMark { ttl } = part {
                match blocks.last_mut().filter(|block| !block.said.is_thinking()) {
                    Some(block) => block.mark = Some(ttl.as_deref()),
                    None => self.degraded(content, at, "stands after nothing that could be cached"),
                }
                continue;
            }
            let members = extras.take(at);
            blocks.extend(self.block(part, at, content, members));
        }
        blocks
    }

    fn block<'a>(
        &mut self,
        part: &'a Part,
        at: usize,
        content: Content<'_>,
        extras: Vec<Member<'a>>,
    ) -> Option<Block<'a>> {
        let is_assistant = content.role == Role::Assistant;
        let said = match part {
            // The vendor refuses empty ones.
            Part::Text { text } | Part::Refusal { text } if text.is_empty() => return None,
            Part::Text { text } => Said::Text(Cow::Borrowed(text)),
            Part::Refusal { text } => {
                self.degraded(content, at, "goes as an ordinary text");
                Said::Text(Cow::Borrowed(text))
            }
            Part::Image { .. } | Part::Document(_) if is_assistant && !self.same_dialect => {
                return self.dropped(content, at, "can't be said by the model in the provider's dialect");
            }
            Part::Image { source, detail } => self.image(source, detail.as_deref(), content, at)?,
            Part::Document(document) => self.document(document, content, at)?,
            Part::Audio(_) => return self.dropped(content, at, "the provider takes no sound"),
            Part::ToolCall(call) if is_assistant => self.call(call, content, at),
            Part::ToolCall(_) => return self.dropped(content, at, "is a call that the model did not make"),
            Part::ToolResult(_) if is_assistant => {
                return self.dropped(content, at, "is a result that the model gave itself");
            }
            Part::ToolResult(result) => return Some(self.result(result, content, at, extras)),
            Part::Reasoning(reasoning) => self.reasoning(reasoning, content)?,
            Part::Signature(_) => {
                self.lose_proof(content);
                return None;
            }
            Part::Native { json, .. } if self.same_dialect => Said::Native(json),
            Part::Native { .. } => {
                return self.dropped(content, at, "is known to the client's dialect alone");
            }
            Part::CacheMark { .. } => return None,
        };
        Some(Block { said, mark: None, extras })
    }

    fn dropped<T>(&mut self, content: Content<'_>, at: usize, reason: &str) -> Option<T> {
        self.losses.dropped(format!("{}[{at}]", content.path), reason);
        None
    }

    fn degraded(&mut self, content: Content<'_>, at: usize, reason: &str) {
        self.losses.degraded(format!("{}[{at}]", content.path), reason);
    }

    fn image<'a>(
        &mut self,
        source: &'a MediaSource,
        detail: Option<&str>,
        content: Content<'_>,
        at: usize,
    ) -> Option<Said<'a>> {
        if self.same_dialect {
            return Some(Said::Image(Source::own(source)));
        }
        match Source::of_image(source) {
            Ok(source) => {
                if detail.is_some_and(|detail| detail != "auto") {
                    let member = format!("{}[{at}].detail", content.path);
                    self.losses.dropped(member, "the provider looks at every picture alike");
                }
                Some(Said::Image(source))
            }
            Err(reason) => self.dropped(content, at, reason),
        }
    }

    fn document<'a>(&mut self, document: &'a Document, content: Content<'_>, at: usize) -> Option<Said<'a>> {
        let source =
            if self.same_dialect { Ok(Source::own(&document.source)) } else { Source::of_document(document) };
        match source {
            Ok(source) => Some(Said::Document { source, document }),
            Err(reason) => self.dropped(content, at, reason),
        }
    }

    fn call<'a>(&mut self, call: &'a ToolCall, content: Content<'_>, at: usize) -> Said<'a> {
        let (input, wrapped) = object_of(call);
        if wrapped {
            let member = format!("{}[{at}].arguments", content.path);
            self.losses.degraded(member, "are no JSON object and go as the text in one");
        }
        if call.signature.is_some() {
            let member = format!("{}[{at}].signature", content.path);
            self.losses.dropped(member, "can be read by its maker alone");
        }
        Said::Call { id: self.ids.of_call(call), name: &call.name, input }
    }

    fn result<'a>(
        &mut self,
        result: &'a ToolResult,
        content: Content<'_>,
        at: usize,
        extras: Vec<Member<'a>>,
    ) -> Block<'a> {
        let mut inner = Extras::of(extras.into_iter());
        let path = format!("{}[{at}].content", content.path);
        let blocks = self.blocks(&result.content, Content { path: &path, ..content }, &mut inner);
        let id = self.ids.of_result(&result.call_id, result.name.as_deref());
        let said = Said::Result { id, content: blocks, is_error: result.is_error };
        Block { said, mark: None, extras: inner.own }
    }

    fn reasoning<'a>(&mut self, reasoning: &'a Reasoning, content: Content<'_>) -> Option<Said<'a>> {
        match &reasoning.signature {
            Some(proof) if proof.issuer == Signature::ANTHROPIC && reasoning.redacted => {
                return Some(Said::Redacted(&proof.value));
            }
            Some(proof) if proof.issuer == Signature::ANTHROPIC => {
                return Some(Said::Thinking { text: &reasoning.text, proof: &proof.value });
            }
            Some(_) => self.lose_proof(content),
            None => {}
        }
        if reasoning.text.is_empty() {
            return None;
        }
        if self.facts.unsigned_thinking {
            return Some(Said::Thinking { text: &reasoning.text, proof: "" });
        }
        let member = format!("messages[{}].reasoning", content.message);
        self.losses.dropped(member, "has no proof of the provider's, which takes none back without");
        None
    }

    fn lose_proof(&mut self, content: Content<'_>) {
        let member = format!("messages[{}].reasoning.signature", content.message);
        self.losses.dropped(member, "can be read by its maker alone");
    }
}
