use std::borrow::Cow;

use switchyard_domain::chat::{ChatRequest, Message, Role};

use super::blocks::{Block, Content, Gatherer, Said};
use super::extras::{Extras, Member};
use super::write;
use crate::codec::note_foreign_message;
use crate::json::ObjectWriter;

/// Said in the user's place where a conversation begins with the model, which the vendor refuses.
const NO_EARLIER_MESSAGE: &str = "(no earlier message)";

/// Messages as the vendor wants them: instructions in front, turns of one role in one.
#[derive(Debug, Default)]
pub(super) struct Turns<'a> {
    pub(super) system: Vec<Block<'a>>,
    turns: Vec<Turn<'a>>,
}

#[derive(Debug)]
struct Turn<'a> {
    role: &'static str,
    /// The number of its first message.
    message: usize,
    blocks: Vec<Block<'a>>,
    members: Vec<Member<'a>>,
}

impl<'a> Turns<'a> {
    pub(super) fn of(request: &'a ChatRequest, gatherer: &mut Gatherer<'_>) -> Self {
        let mut turns = Self::default();
        for (index, message) in request.messages.iter().enumerate() {
            turns.take(index, message, gatherer);
        }
        turns.trim_prefill(gatherer);
        if !gatherer.same_dialect {
            turns.begin_with_user(gatherer);
        }
        for turn in turns.turns.iter_mut().filter(|turn| turn.role == "user") {
            // Results must stand right after their calls.
            turn.blocks.sort_by_key(|block| !block.said.is_result());
        }
        turns
    }

    fn take(&mut self, index: usize, message: &'a Message, gatherer: &mut Gatherer<'_>) {
        let same_dialect = gatherer.same_dialect;
        if !same_dialect {
            note_foreign_message(gatherer.source, index, message, gatherer.losses);
        }
        if message.name.is_some() {
            let member = format!("messages[{index}].name");
            gatherer.losses.dropped(member, "the provider knows no names of speakers");
        }
        let members = message.extensions.iter().filter(|_| same_dialect);
        let mut extras = Extras::of(members.map(|(name, value)| (name.as_str(), value)));
        let path = format!("messages[{index}].content");
        let content = Content { message: index, role: message.role, path: &path };
        let blocks = gatherer.blocks(&message.parts, content, &mut extras);
        let role = match message.role {
            Role::System | Role::Developer => {
                let within = same_dialect || gatherer.facts.system_within;
                if self.turns.is_empty() || !within {
                    return self.instruct(index, blocks, gatherer);
                }
                "system"
            }
            Role::Assistant => "assistant",
            Role::User | Role::Tool => "user",
        };
        if blocks.is_empty() {
            if role != "assistant" {
                gatherer.losses.dropped(format!("messages[{index}]"), "holds nothing that could be sent");
            }
            return;
        }
        match self.turns.last_mut() {
            Some(last) if last.role == role && last.members.is_empty() && extras.own.is_empty() => {
                last.blocks.extend(blocks);
            }
            _ => self.turns.push(Turn { role, message: index, blocks, members: extras.own }),
        }
    }

    fn instruct(&mut self, index: usize, blocks: Vec<Block<'a>>, gatherer: &mut Gatherer<'_>) {
        if !self.turns.is_empty() && !blocks.is_empty() {
            let member = format!("messages[{index}]");
            gatherer.losses.degraded(member, "stands in front of the conversation, not within it");
        }
        self.system.extend(blocks);
    }

    /// The vendor refuses white space at the end of what it is to go on with.
    fn trim_prefill(&mut self, gatherer: &mut Gatherer<'_>) {
        let Some(turn) = self.turns.last_mut().filter(|turn| turn.role == "assistant") else { return };
        let Some(Block { said: Said::Text(text), .. }) = turn.blocks.last_mut() else { return };
        let trimmed = text.trim_end();
        if trimmed.len() == text.len() {
            return;
        }
        let member = format!("messages[{}].content", turn.message);
        gatherer.losses.degraded(member, "goes without the white space at its end");
        *text = Cow::Owned(trimmed.to_owned());
        if text.is_empty() {
            turn.blocks.pop();
        }
        if turn.blocks.is_empty() {
            self.turns.pop();
        }
    }

    fn begin_with_user(&mut self, gatherer: &mut Gatherer<'_>) {
        let (said, message, reason) = match self.turns.first() {
            Some(turn) if turn.role == "user" => return,
            Some(turn) => {
                let text = Said::Text(Cow::Borrowed(NO_EARLIER_MESSAGE));
                let block = Block { said: text, mark: None, extras: Vec::new() };
                (vec![block], turn.message, "stands after a line of the user's, who must begin")
            }
            None if self.system.is_empty() => return,
            None => (std::mem::take(&mut self.system), 0, "goes as the user's, as there is no other message"),
        };
        gatherer.losses.degraded(format!("messages[{message}]"), reason);
        self.turns.insert(0, Turn { role: "user", message, blocks: said, members: Vec::new() });
    }

    /// Whether the model waits for results of calls that it made without thinking, or whose thinking is not at hand: it can't
    /// be made to think by a budget then.
    pub(super) fn calls_without_thinking(&self) -> bool {
        let answered =
            self.turns.last().is_some_and(|turn| turn.blocks.iter().any(|block| block.said.is_result()));
        let asked = self.turns.iter().rev().find(|turn| turn.role == "assistant");
        let first = asked.and_then(|turn| turn.blocks.first());
        answered && first.is_some_and(|block| !block.said.is_thinking())
    }

    pub(super) fn write(&self, object: &mut ObjectWriter<'_>) {
        if !self.system.is_empty() {
            write::content(object, "system", &self.system);
        }
        object.array("messages", |list| {
            for turn in &self.turns {
                list.object(|object| {
                    object.text("role", turn.role);
                    write::content(object, "content", &turn.blocks);
                    turn.members.iter().for_each(|(name, value)| object.json(name, value));
                });
            }
        });
    }
}
