//! The most that a call can cost at a target: what is shown of it, and what is reserved for it.

use crate::snapshot::TargetEntry;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::Units;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::operation::Operation;
use switchyard_domain::price::{ModelPrice, max_cost_with_pieces};
use switchyard_domain::time::Timestamp;
use switchyard_ports::client_call::ClientCall;

/// The output that is reserved of a model of which nobody said how much it can write, for a call without a limit of its own.
const UNSTATED_OUTPUT: u64 = 16_384;
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
    let output = output(target, facts, None);
    let bound = max_cost_with_pieces(price, facts.estimated_prompt_tokens(), output, &pieces, now);
    bound.map_or(PriceBound::Unknown, PriceBound::AtMost)
}

/// The same, as it is reserved before anything is sent: what nobody stated is taken to be much. `None` when the price is not known.
pub(super) fn reserved(target: &TargetEntry, call: &dyn ClientCall, now: Timestamp) -> Option<NanoUsd> {
    let price = target.model.price.as_ref()?;
    let facts = call.facts();
    let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let prompt = facts.estimated_prompt_tokens();
    let (prompt, pieces) = match facts.dialect.operation() {
        Operation::Image => (prompt, Units { images: facts.choices.max(1), ..Units::default() }),
        Operation::Speech => {
            (prompt, Units { characters: small(facts.prompt_text_bytes), ..Units::default() })
        }
        Operation::Transcription => {
            let seconds = sound_bytes(call).div_ceil(SOUND_BYTES_PER_SECOND);
            let sound = Units { audio_seconds: small(seconds), ..Units::default() };
            (prompt.saturating_add(seconds.saturating_mul(TOKENS_PER_SECOND)), sound)
        }
        _ => (prompt, Units::default()),
    };
    let output = match facts.dialect.operation() {
        Operation::Embedding | Operation::Moderation => Some(0),
        _ => output(target, facts, Some(UNSTATED_OUTPUT)),
    };
    max_cost_with_pieces(price, prompt, output, &pieces, now)
}

fn output(target: &TargetEntry, facts: &CallFacts, unstated: Option<u64>) -> Option<u64> {
    let most = target.model.max_output_tokens;
    let asked = facts.max_output_tokens.or(most).or(unstated);
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
