use std::borrow::Cow;
use std::ops::Range;

use switchyard_domain::chat::LossReport;

use super::Change;
use crate::openai_chat::places::REASONING_DETAILS;
use crate::openai_chat::request::{ProofForm, ReasoningForm, TargetFacts, UnknownMembers};
use crate::proof::MARK;
use crate::scan::{Kind, Member, Node};

const REASONING_CONTENT: &str = "reasoning_content";
const REASONING: &str = "reasoning";
const EXTRA_CONTENT: &str = "extra_content";

const NO_PLACE: &str = "the provider has no place for it";

/// What becomes of what this gateway, or another vendor behind it, gave the client in earlier turns: reasoning and its proofs, in
/// members that are not OpenAI's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum GivenMembers {
    /// They pass, but for proofs behind our own mark, which nobody else can read.
    #[default]
    Pass,
    /// Only what the vendor knows passes: it refuses everything else.
    Known {
        /// The member for the reasoning.
        reasoning: Option<&'static str>,
        /// Whether `reasoning_details` is known.
        details: bool,
    },
}

impl GivenMembers {
    pub(super) fn of(facts: &TargetFacts) -> Self {
        match facts.unknown_members {
            UnknownMembers::Passed => Self::Pass,
            UnknownMembers::LeftOut => Self::Known {
                reasoning: match facts.reasoning {
                    ReasoningForm::ReasoningContent => Some(REASONING_CONTENT),
                    ReasoningForm::Reasoning => Some(REASONING),
                    ReasoningForm::Omit | ReasoningForm::ThinkingPart => None,
                },
                details: facts.proofs == ProofForm::ReasoningDetails,
            },
        }
    }

    /// Whether there may be anything to do in messages that have these bytes.
    pub(super) fn is_concerned(self, has: impl Fn(&[u8]) -> bool) -> bool {
        match self {
            Self::Pass => has(MARK.as_bytes()),
            Self::Known { .. } => has(b"\"reasoning") || has(b"\"extra_content\""),
        }
    }

    /// What departs from a client's own bytes, for people.
    pub(super) fn sentence(self) -> Option<String> {
        let Self::Known { reasoning, .. } = self else { return None };
        let left_out = "Members of earlier turns that hold reasoning or its proofs, and that it would refuse, are left out, which `x-switchyard-dropped` tells.";
        Some(match reasoning {
            Some(REASONING) => {
                format!("`reasoning_content` of earlier turns is sent as `reasoning`. {left_out}")
            }
            _ => left_out.to_owned(),
        })
    }

    /// Notes what changes in a message.
    pub(super) fn change(
        self,
        index: usize,
        message: Node<'_>,
        changes: &mut Vec<Change>,
        losses: &mut LossReport,
    ) {
        let mut leave = |object: Node<'_>, path: &str, is_lost: &dyn Fn(&Member<'_>) -> Fate| {
            let fates: Vec<(Member<'_>, Fate)> =
                object.members().map(|member| (member, is_lost(&member))).collect();
            for (member, fate) in &fates {
                match fate {
                    Fate::Lost => losses.dropped(format!("{path}.{}", member.name()), NO_PLACE),
                    Fate::Renamed(name) => changes.push((member.name_span(), format!("\"{name}\""))),
                    Fate::Kept | Fate::Idle => {}
                }
            }
            changes.extend(removed(&fates).map(|span| (span, String::new())));
        };
        let path = format!("messages[{index}]");
        leave(message, &path, &|member| self.of_message(message, member));
        let calls = message.get("tool_calls").into_iter().flat_map(Node::elements);
        for (at, call) in calls.enumerate() {
            leave(call, &format!("{path}.tool_calls[{at}]"), &|member| self.of_call(member));
        }
    }

    fn of_message(self, message: Node<'_>, member: &Member<'_>) -> Fate {
        let Self::Known { reasoning: known, details } = self else { return Fate::Kept };
        let (name, value) = (member.name(), member.value());
        let is_known = |name: &str| Some(name) == known || (details && name == REASONING_DETAILS);
        match name.as_ref() {
            name if is_known(name) => Fate::Kept,
            REASONING_CONTENT | REASONING | REASONING_DETAILS | EXTRA_CONTENT if says_nothing(value) => {
                Fate::Idle
            }
            REASONING_CONTENT | REASONING => {
                // The same under two names is how some clients answer for vendors of both.
                let other = known.and_then(|known| message.get(known)).filter(|other| !other.is_null());
                match (known, other) {
                    (Some(known), None) if value.kind() == Kind::String => Fate::Renamed(known),
                    (_, Some(other)) if other.text() == value.text() => Fate::Idle,
                    _ => Fate::Lost,
                }
            }
            REASONING_DETAILS | EXTRA_CONTENT => Fate::Lost,
            _ => Fate::Kept,
        }
    }

    fn of_call(self, member: &Member<'_>) -> Fate {
        if !member.is_named(EXTRA_CONTENT) {
            return Fate::Kept;
        }
        let value = member.value();
        match self {
            Self::Pass if !is_marked(value) => Fate::Kept,
            _ if says_nothing(value) => Fate::Idle,
            _ => Fate::Lost,
        }
    }
}

/// What becomes of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    Renamed(&'static str),
    /// It goes, and nothing is lost without it.
    Idle,
    Lost,
}

impl Fate {
    fn goes(self) -> bool {
        matches!(self, Self::Idle | Self::Lost)
    }
}

fn says_nothing(value: Node<'_>) -> bool {
    value.is_null() || matches!(value.raw(), b"\"\"" | b"[]" | b"{}")
}

/// Whether a proof is one of another maker's that we put in Google's place.
fn is_marked(extra_content: Node<'_>) -> bool {
    let proof = extra_content.get("google").and_then(|google| google.get("thought_signature"));
    proof.and_then(Node::text).is_some_and(|proof: Cow<'_, str>| proof.starts_with(MARK))
}

/// The bytes of the members that go, each with one of the commas round it.
fn removed<'f>(fates: &'f [(Member<'_>, Fate)]) -> impl Iterator<Item = Range<usize>> + 'f {
    let first_kept = fates.iter().position(|(_, fate)| !fate.goes());
    let leading = fates.first().filter(|(_, fate)| fate.goes()).map(|(first, _)| {
        let end = match first_kept.and_then(|at| fates.get(at)) {
            Some((kept, _)) => kept.name_span().start,
            None => fates.last().map_or(0, |(last, _)| last.value().span().end),
        };
        first.name_span().start..end
    });
    let later = first_kept.unwrap_or(fates.len());
    let pairs = fates.iter().zip(fates.iter().skip(1)).skip(later);
    let following = pairs
        .filter(|(_, (_, fate))| fate.goes())
        .map(|((before, _), (member, _))| before.value().span().end..member.value().span().end);
    leading.into_iter().chain(following)
}
