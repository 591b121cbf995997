use std::collections::BTreeMap;

/// More parts than any message has.
const MAX_PARTS: u64 = 256;

/// How far one item was read.
#[derive(Debug, Default)]
pub(in crate::openai_responses) struct Progress {
    pub(super) call: Option<u32>,
    pub(super) has_arguments: bool,
    /// Which of the two texts of a reasoning is told: `summary` or `content`.
    pub(super) reasoning: Option<&'static str>,
    pub(super) reasoning_part: u64,
    parts: BTreeMap<u64, PartProgress>,
}

/// How far one part of a message was read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PartProgress {
    pub(super) said: bool,
    pub(super) begins: Option<u32>,
    pub(super) annotations: usize,
    pub(super) logprobs: bool,
}

impl Progress {
    /// The part of this index. A hostile provider must not make us keep more than messages have.
    pub(super) fn part(&mut self, index: u64) -> &mut PartProgress {
        self.parts.entry(index.min(MAX_PARTS)).or_default()
    }
}
