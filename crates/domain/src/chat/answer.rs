//! A whole answer: the events of a stream, collected.

use super::citation::Citation;
use super::event::{ChatEvent, Delta, FinishReason};
use super::message::{Part, Reasoning, Signature, ToolCall};
use super::request::Json;
use super::tokens::TokenUsage;
use std::collections::BTreeMap;

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatAnswer {
    /// The vendor's id of the answer.
    pub id: String,
    /// The model that answered, in the vendor's word.
    pub model: String,
    /// Unix seconds, where the vendor gave them.
    pub created: Option<i64>,
    /// The choices by index.
    pub choices: Vec<Choice>,
    /// What the vendor counted.
    pub usage: Option<TokenUsage>,
    /// Members beside the choices that have no canonical form.
    pub extensions: Vec<(String, Json)>,
}

impl ChatAnswer {
    /// The text of the first choice.
    #[must_use]
    pub fn text(&self) -> String {
        self.choices.first().map(Choice::text).unwrap_or_default()
    }
}

/// One choice of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// Its index.
    pub index: u32,
    /// What the model said, in the order it began: reasoning, text, refusal, tool calls.
    pub parts: Vec<Part>,
    /// Why it ended; absent when the vendor never said.
    pub finish: Option<FinishReason>,
    /// What the text rests on.
    pub citations: Vec<Citation>,
    /// Log probabilities in OpenAI's form, piece by piece.
    pub logprobs: Vec<Json>,
    /// Members that have no canonical form.
    pub extensions: Vec<(String, Json)>,
}

impl Choice {
    /// The text parts, joined.
    #[must_use]
    pub fn text(&self) -> String {
        self.parts
            .iter()
            .filter_map(|part| if let Part::Text { text } = part { Some(text.as_str()) } else { None })
            .collect()
    }

    /// The tool calls, in order.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.parts.iter().filter_map(|part| if let Part::ToolCall(call) = part { Some(call) } else { None })
    }
}

/// Collects events into an answer.
#[derive(Debug, Default)]
pub struct Collector {
    answer: ChatAnswer,
    choices: BTreeMap<u32, Building>,
}

#[derive(Debug, Default)]
struct Building {
    choice: Choice,
    /// Where the call of a given index stands among the parts.
    calls: BTreeMap<u32, usize>,
    /// Members without canonical form; the pieces of a list are joined once, at the end.
    extensions: Vec<(String, Vec<Json>)>,
}

/// More names than any vendor uses; a hostile one must not make each event cost more than the one before.
const MAX_EXTENSIONS: usize = 256;

impl Collector {
    /// Takes the next event.
    pub fn push(&mut self, event: ChatEvent) {
        match event {
            ChatEvent::Started { id, model, created, extensions } => {
                self.answer.id = id;
                self.answer.model = model;
                self.answer.created = created;
                self.answer.extensions = extensions;
            }
            ChatEvent::Delta { choice, delta } => self.choices.entry(choice).or_default().push(delta),
            ChatEvent::Finished { choice, reason } => {
                self.choices.entry(choice).or_default().choice.finish = Some(reason);
            }
            ChatEvent::Extension { name, value } => replace(&mut self.answer.extensions, name, value),
            ChatEvent::Usage(usage) => self.answer.usage = Some(usage),
        }
    }

    /// The answer so far.
    #[must_use]
    pub fn finish(mut self) -> ChatAnswer {
        self.answer.choices =
            self.choices.into_iter().map(|(index, building)| building.finish(index)).collect();
        self.answer
    }
}

impl Extend<ChatEvent> for Collector {
    fn extend<T: IntoIterator<Item = ChatEvent>>(&mut self, events: T) {
        for event in events {
            self.push(event);
        }
    }
}

impl Building {
    fn finish(self, index: u32) -> Choice {
        let whole = |(name, mut pieces): (String, Vec<Json>)| {
            let value = if pieces.len() > 1 { Json::joined(&pieces) } else { pieces.pop() };
            value.map(|value| (name, value))
        };
        Choice { index, extensions: self.extensions.into_iter().filter_map(whole).collect(), ..self.choice }
    }

    fn extend(&mut self, name: String, value: Json) {
        let room = self.extensions.len() < MAX_EXTENSIONS;
        match self.extensions.iter_mut().find(|(known, _)| *known == name) {
            Some((_, pieces)) if value.is_list() && pieces.last().is_some_and(Json::is_list) => {
                pieces.push(value);
            }
            Some((_, pieces)) => *pieces = vec![value],
            None if room => self.extensions.push((name, vec![value])),
            None => {}
        }
    }

    fn push(&mut self, delta: Delta) {
        match delta {
            Delta::Text(piece) => match self.open(as_text) {
                Some(text) => text.push_str(&piece),
                None => self.choice.parts.push(Part::Text { text: piece }),
            },
            Delta::Refusal(piece) => match self.open(as_refusal) {
                Some(text) => text.push_str(&piece),
                None => self.choice.parts.push(Part::Refusal { text: piece }),
            },
            Delta::Reasoning(piece) => match self.open(as_open_reasoning) {
                Some(reasoning) => reasoning.text.push_str(&piece),
                None => self.choice.parts.push(Part::Reasoning(Reasoning::text(piece))),
            },
            Delta::ReasoningSignature(signature) => match self.open(as_open_reasoning) {
                Some(reasoning) => reasoning.signature = Some(signature),
                None => self.close_with(signature, false),
            },
            Delta::RedactedReasoning(signature) => self.close_with(signature, true),
            Delta::Signature(signature) => self.choice.parts.push(Part::Signature(signature)),
            Delta::Part(part) => self.choice.parts.push(part),
            Delta::Citation(citation) => self.choice.citations.push(citation),
            Delta::ToolCall { index, id, name, kind } => {
                self.calls.insert(index, self.choice.parts.len());
                self.choice.parts.push(Part::ToolCall(ToolCall {
                    id,
                    name,
                    arguments: String::new(),
                    kind,
                    signature: None,
                }));
            }
            Delta::Arguments { index, fragment } => {
                let at = self.calls.get(&index).copied();
                if let Some(Part::ToolCall(call)) = at.and_then(|at| self.choice.parts.get_mut(at)) {
                    call.arguments.push_str(&fragment);
                }
            }
            Delta::ToolCallSignature { index, signature } => {
                let at = self.calls.get(&index).copied();
                if let Some(Part::ToolCall(call)) = at.and_then(|at| self.choice.parts.get_mut(at)) {
                    call.signature = Some(signature);
                }
            }
            Delta::Logprobs(json) => self.choice.logprobs.push(json),
            Delta::Extension { name, value } => {
                self.extend(name, value);
            }
        }
    }

    /// What a piece goes on with: the last part of its kind, unless something stands after it that ends it. Some vendors
    /// change between text and reasoning with every piece, so these do not end each other.
    fn open<'a, T>(&'a mut self, kind: impl Fn(&'a mut Part) -> Option<&'a mut T>) -> Option<&'a mut T>
    where
        T: ?Sized,
    {
        let barrier = self.choice.parts.iter().rposition(is_barrier).map_or(0, |at| at + 1);
        self.choice.parts.get_mut(barrier..)?.iter_mut().rev().find_map(kind)
    }

    fn close_with(&mut self, signature: Signature, redacted: bool) {
        self.choice.parts.push(Part::Reasoning(Reasoning {
            text: String::new(),
            signature: Some(signature),
            redacted,
        }));
    }
}

/// Whether nothing that stands before a part can go on after it.
fn is_barrier(part: &Part) -> bool {
    match part {
        Part::Text { .. } | Part::Refusal { .. } => false,
        Part::Reasoning(reasoning) => reasoning.signature.is_some(),
        _ => true,
    }
}

fn replace(extensions: &mut Vec<(String, Json)>, name: String, value: Json) {
    let room = extensions.len() < MAX_EXTENSIONS;
    match extensions.iter_mut().find(|(known, _)| *known == name) {
        Some((_, old)) => *old = value,
        None if room => extensions.push((name, value)),
        None => {}
    }
}

fn as_open_reasoning(part: &mut Part) -> Option<&mut Reasoning> {
    if let Part::Reasoning(reasoning) = part { Some(reasoning) } else { None }
}

fn as_text(part: &mut Part) -> Option<&mut String> {
    if let Part::Text { text } = part { Some(text) } else { None }
}

fn as_refusal(part: &mut Part) -> Option<&mut String> {
    if let Part::Refusal { text } = part { Some(text) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension(name: &str, json: &str) -> ChatEvent {
        let value = Json::parse(json).unwrap();
        ChatEvent::Delta { choice: 0, delta: Delta::Extension { name: name.to_owned(), value } }
    }

    #[test]
    fn the_pieces_of_a_list_are_joined_and_other_members_replaced() {
        let mut collector = Collector::default();
        collector.extend([
            extension("details", "[1, 2]"),
            extension("seed", "7"),
            extension("details", "[]"),
            extension("details", "[{\"a\":3}]"),
            extension("seed", "8"),
        ]);
        let answer = collector.finish();
        let found: Vec<_> =
            answer.choices[0].extensions.iter().map(|(name, json)| (name.as_str(), json.as_str())).collect();
        assert_eq!(found, [("details", r#"[1, 2,{"a":3}]"#), ("seed", "8")]);
    }

    #[test]
    fn blocks_of_reasoning_keep_their_own_proofs_and_their_order() {
        let mut collector = Collector::default();
        let proof = |value: &str| Signature::new(Signature::ANTHROPIC, value);
        let call =
            Delta::ToolCall { index: 0, id: "c".to_owned(), name: "f".to_owned(), kind: Default::default() };
        collector.extend(
            [
                Delta::Reasoning("a".to_owned()),
                Delta::Reasoning("b".to_owned()),
                Delta::ReasoningSignature(proof("1")),
                Delta::RedactedReasoning(proof("2")),
                Delta::Text("x".to_owned()),
                Delta::Reasoning("c".to_owned()),
                Delta::Text("y".to_owned()),
                Delta::ReasoningSignature(proof("3")),
                call,
                Delta::Text("z".to_owned()),
            ]
            .map(|delta| ChatEvent::Delta { choice: 0, delta }),
        );
        let reasoning = |text: &str, value: &str, redacted| {
            Part::Reasoning(Reasoning { text: text.to_owned(), signature: Some(proof(value)), redacted })
        };
        let text = |text: &str| Part::Text { text: text.to_owned() };
        let parts = &collector.finish().choices[0].parts;
        assert_eq!(
            parts[..4],
            [reasoning("ab", "1", false), reasoning("", "2", true), text("xy"), reasoning("c", "3", false)]
        );
        assert!(matches!(&parts[4], Part::ToolCall(call) if call.id == "c"));
        assert_eq!(parts[5], text("z"));
    }

    #[test]
    fn a_member_beside_the_choices_that_comes_late_replaces_the_first() {
        let mut collector = Collector::default();
        let json = |text: &str| Json::parse(text).unwrap();
        collector.push(ChatEvent::Started {
            id: "a".to_owned(),
            model: "m".to_owned(),
            created: None,
            extensions: vec![("service_tier".to_owned(), json("null"))],
        });
        for (name, value) in [("service_tier", "\"default\""), ("citations", "[1]")] {
            collector.push(ChatEvent::Extension { name: name.to_owned(), value: json(value) });
        }
        let found = collector.finish().extensions;
        assert_eq!(
            found,
            [("service_tier".to_owned(), json("\"default\"")), ("citations".to_owned(), json("[1]"))]
        );
    }
}
