//! What would become of a call, without one: its route, the order of its targets, the exact request that each would be sent,
//! what could not be carried, and what it could cost at most. No upstream is called and nothing is recorded.

use crate::chat::{planned, resolve};
use crate::error::CallError;
use crate::principal::Principal;
use crate::snapshot::{CallerCredentials, ConfigurationKeeper, TargetEntry, credentials_of};
use std::sync::Arc;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{LossReport, Units};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::operation::Operation;
use switchyard_domain::price::{ModelPrice, max_cost_with_pieces};
use switchyard_domain::provider::CredentialSource;
use switchyard_domain::time::Timestamp;
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::clock::Clock;
use switchyard_ports::health::Health;
use switchyard_ports::provider::Prepared;

/// What would become of a call.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The route that the name stands for, where it stands for one.
    pub route: Option<String>,
    /// What was found in the body: dialect, name, stream, limits.
    pub facts: CallFacts,
    /// The prompt's tokens, estimated: what is reserved, never what is billed.
    pub estimated_prompt_tokens: u64,
    /// The targets in the order in which they would be tried.
    pub targets: Vec<ExplainedTarget>,
}

/// What a target would be sent.
#[derive(Clone, Debug)]
pub struct ExplainedTarget {
    /// `<provider>/<model>`.
    pub target: String,
    /// Whose credential would be used; `None` where none would. Or why the one that would be used can't be.
    pub credential: Result<Option<CredentialSource>, String>,
    /// The exact request, without the credential; or why none can be made.
    pub request: Result<Box<Prepared>, String>,
    /// Whether the call would be refused for what could not be carried, as the caller or the route is strict.
    pub is_refused: bool,
    /// The most that the call can cost here.
    pub price_bound: PriceBound,
}

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

impl ExplainedTarget {
    /// What could not be carried.
    #[must_use]
    pub fn losses(&self) -> LossReport {
        self.request.as_ref().map(|prepared| prepared.losses.clone()).unwrap_or_default()
    }
}

/// Explains calls.
pub struct Explainer {
    keeper: Arc<ConfigurationKeeper>,
    clock: Arc<dyn Clock>,
    health: Arc<dyn Health>,
}

impl Explainer {
    /// Over the given configuration.
    #[must_use]
    pub fn new(keeper: Arc<ConfigurationKeeper>, clock: Arc<dyn Clock>, health: Arc<dyn Health>) -> Self {
        Self { keeper, clock, health }
    }

    /// What would become of a call if `principal` made it now.
    ///
    /// # Errors
    /// What the call itself would be refused with before anything is sent: an unknown name, one that the principal may not use, a
    /// route without a usable target.
    pub fn explain(&self, principal: &Principal, call: &dyn ClientCall) -> Result<Explanation, CallError> {
        let snapshot = self.keeper.snapshot();
        let facts = call.facts();
        let resolved = resolve(&snapshot, principal, &facts.model)?;
        let credentials = credentials_of(&snapshot, principal);
        let course = planned(&resolved, &credentials, self.health.as_ref())?;
        let strict = facts.strict || course.strict;
        let targets =
            course.targets.iter().map(|target| self.target(target, call, strict, &credentials)).collect();
        Ok(Explanation {
            route: resolved.route_name().map(str::to_owned),
            estimated_prompt_tokens: facts.estimated_prompt_tokens(),
            facts: facts.clone(),
            targets,
        })
    }

    fn target(
        &self,
        target: &TargetEntry,
        call: &dyn ClientCall,
        strict: bool,
        credentials: &CallerCredentials,
    ) -> ExplainedTarget {
        let request = match &target.provider.client {
            Ok(client) => client.prepare(call, &target.model.model).map_err(|fault| fault.message),
            Err(reason) => Err(reason.clone()),
        };
        let is_refused = strict && request.as_ref().is_ok_and(|prepared| !prepared.losses.is_empty());
        let pieces = request.as_ref().map(|prepared| prepared.units).unwrap_or_default();
        ExplainedTarget {
            target: target.model.public_name.clone(),
            credential: credentials.choose(&target.provider).map(|chosen| chosen.map(|chosen| chosen.source)),
            request: request.map(Box::new),
            is_refused,
            price_bound: self.bound(target, call.facts(), pieces),
        }
    }

    fn bound(&self, target: &TargetEntry, facts: &CallFacts, known: Units) -> PriceBound {
        let Some(price) = target.model.price.as_ref() else { return PriceBound::Unknown };
        let (now, prompt) = (self.clock.now(), facts.estimated_prompt_tokens());
        let most = target.model.max_output_tokens;
        let asked = facts.max_output_tokens.or(most);
        let output = asked.map(|asked| most.map_or(asked, |most| most.min(asked)));
        let output = output.map(|output| output.saturating_mul(u64::from(facts.choices.max(1))));
        let pieces = match facts.dialect.operation() {
            Operation::Image => Units { images: facts.choices.max(1), ..known },
            Operation::Transcription => return by_length(price, now),
            _ => known,
        };
        let bound = max_cost_with_pieces(price, prompt, output, &pieces, now);
        bound.map_or(PriceBound::Unknown, PriceBound::AtMost)
    }
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
