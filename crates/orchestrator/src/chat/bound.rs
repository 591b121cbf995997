//! The most that a call can cost at a target: what is shown of it, and what is reserved for it.

use crate::snapshot::TargetEntry;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::Units;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::operation::Operation;
use switchyard_domain::output::OutputLimit;
use switchyard_domain::price::{ModelPrice, max_cost_with_pieces};
use switchyard_domain::time::Timestamp;
use switchyard_ports::client_call::ClientCall;

/// More tokens than any model reads or writes.
const MUCH: u64 = 64 * 1024 * 1024;
/// The most tokens that a picture, or what is spoken of one request, is taken to be where nobody said.
const MOST_OF_A_PIECE: u64 = 16_384;
/// No codec for speech takes less for a second of it.
const SOUND_BYTES_PER_SECOND: u64 = 750;
/// The most tokens that a second of sound is.
const TOKENS_PER_SECOND: u64 = 50;

/// The most that a call can cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceBound {
    /// So much.
    AtMost(NanoUsd),
    /// It has a price, and how long the sound is that it brings decides.
    ByLength,
    /// Nobody knows: the price or the limit of the answer is not known.
    Unknown,
}

impl PriceBound {
    /// The amount, where there is one.
    #[must_use]
    pub fn amount(self) -> Option<NanoUsd> {
        match self {
            Self::AtMost(amount) => Some(amount),
            Self::ByLength | Self::Unknown => None,
        }
    }
}

/// The most that a call can cost at a target. `known` are the pieces that its request is known to make.
pub(crate) fn shown(target: &TargetEntry, facts: &CallFacts, known: Units, now: Timestamp) -> PriceBound {
    let Some(price) = target.model.price.as_ref() else { return PriceBound::Unknown };
    let pieces = match facts.dialect.operation() {
        Operation::Image => Units { images: facts.choices.max(1), ..known },
        Operation::Transcription => return by_length(price, now),
        _ => known,
    };
    let output = output(target, facts);
    let bound = max_cost_with_pieces(price, facts.estimated_prompt_tokens(), output, &pieces, now);
    bound.map_or(PriceBound::Unknown, PriceBound::AtMost)
}

/// Why nothing can be reserved for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unbounded {
    /// The model has no known price.
    Price,
    /// The call brings what nobody here has seen, and nobody said how much the model reads.
    Input,
    /// Neither the call nor the model says how long the answer may be.
    Output,
}

/// The most that a call can cost, as it is reserved before anything is sent. What the call does not show is taken for as much as the
/// model can read or write.
pub(crate) fn reserved(
    target: &TargetEntry,
    call: &dyn ClientCall,
    now: Timestamp,
) -> Result<NanoUsd, Unbounded> {
    let price = target.model.price.as_ref().ok_or(Unbounded::Price)?;
    let facts = call.facts();
    let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let most = facts.most_prompt_tokens(target.model.context_window);
    let operation = facts.dialect.operation();
    let (prompt, pieces) = match operation {
        Operation::Image => (most, Units { images: facts.choices.max(1), ..Units::default() }),
        Operation::Speech => (most, Units { characters: small(facts.prompt_text_bytes), ..Units::default() }),
        Operation::Transcription => {
            let seconds = sound_bytes(call).div_ceil(SOUND_BYTES_PER_SECOND);
            let sound = Units { audio_seconds: small(seconds), ..Units::default() };
            let tokens = facts.estimated_prompt_tokens();
            (Some(tokens.saturating_add(seconds.saturating_mul(TOKENS_PER_SECOND))), sound)
        }
        _ => (most, Units::default()),
    };
    let output = match operation {
        Operation::Embedding | Operation::Moderation => Some(0),
        Operation::Image | Operation::Speech | Operation::Transcription => {
            output(target, facts).or(Some(MOST_OF_A_PIECE.saturating_mul(u64::from(facts.choices.max(1)))))
        }
        _ => target.output_limit(facts).map(OutputLimit::most),
    };
    let cost = |prompt, output| max_cost_with_pieces(price, prompt, Some(output), &pieces, now);
    // How much of something there is does not matter where it costs nothing.
    let free_of = |some: Option<NanoUsd>, none: Option<NanoUsd>| some.filter(|_| some == none);
    match (prompt, output) {
        (Some(prompt), Some(output)) => cost(prompt, output).ok_or(Unbounded::Price),
        (None, Some(output)) => free_of(cost(MUCH, output), cost(0, output)).ok_or(Unbounded::Input),
        (Some(prompt), None) => free_of(cost(prompt, MUCH), cost(prompt, 0)).ok_or(Unbounded::Output),
        (None, None) => free_of(cost(MUCH, MUCH), cost(0, 0)).ok_or(Unbounded::Input),
    }
}

fn output(target: &TargetEntry, facts: &CallFacts) -> Option<u64> {
    let most = target.model.max_output_tokens;
    let asked = facts.max_output_tokens.or(most);
    let output = asked.map(|asked| most.map_or(asked, |most| most.min(asked)));
    output.map(|output| output.saturating_mul(u64::from(facts.choices.max(1))))
}

fn sound_bytes(call: &dyn ClientCall) -> u64 {
    call.form().map_or(0, |form| form.upload.length())
}

/// The bound of a call whose sound nobody has heard yet. Where an hour costs what a moment does, its length decides nothing.
fn by_length(price: &ModelPrice, now: Timestamp) -> PriceBound {
    let lasting = |audio_seconds: u32| {
        let tokens = u64::from(audio_seconds).saturating_mul(1_000);
        let sound = Units { audio_seconds, ..Units::default() };
        max_cost_with_pieces(price, tokens, Some(tokens), &sound, now)
    };
    match (lasting(1), lasting(3_600)) {
        (Some(moment), Some(hour)) if moment == hour => PriceBound::AtMost(hour),
        (None, None) => PriceBound::Unknown,
        _ => PriceBound::ByLength,
    }
}
