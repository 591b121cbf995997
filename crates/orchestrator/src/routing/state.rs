//! How the targets of a route are.

use super::{Looked, Routing, RoutingError};
use crate::chat::Foreseeing;
use crate::snapshot::build::target_scope;
use crate::snapshot::{AbsentTarget, ModelEntry, TargetEntry};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::health::{BreakerState, Percentiles};
use switchyard_domain::ids::{ProviderId, RouteId, TargetId};
use switchyard_domain::route::{Headroom, PlannedCall};
use switchyard_ports::health::TargetState;
use switchyard_ports::limiter::{Scope, Tally};

/// How a route is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteState {
    /// Its id.
    pub id: RouteId,
    /// Its name.
    pub name: String,
    /// How many turns it gave since the process began; `None` before the first.
    pub turns: Option<u64>,
    /// Its targets in their order, those that are not served last: the first model of each, and those others at which there was an attempt.
    pub targets: Vec<TargetStanding>,
}

/// How a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetStanding {
    /// The provider.
    pub provider: ProviderId,
    /// Its name.
    pub provider_name: String,
    /// The upstream model id.
    pub model: String,
    /// Lower is tried first.
    pub priority: u32,
    /// Its share among equals.
    pub weight: u32,
    /// Whether calls could go to it at all: it is switched on, and its provider can be called.
    pub is_usable: bool,
    /// Whether the next plain call would go to it: none is where it would go to a route behind.
    pub is_next: bool,
    /// Whether it is left alone for its failures.
    pub breaker: BreakerState,
    /// For how long it rests yet, since it throttled or its account is used up or refused.
    pub rest: Option<Duration>,
    /// The time to the first content of its last answers.
    pub latency: Option<Percentiles>,
    /// Attempts in flight.
    pub in_flight: u32,
    /// What was used of the target's own limits.
    pub used: Tally,
    /// What is left of its limits and its model's: the smallest share.
    pub headroom: Headroom,
}

type States = HashMap<(ProviderId, String), TargetState>;

impl Routing {
    /// How many requests of the UTC day count for the limit of a target.
    #[must_use]
    pub fn used_today(&self, target: TargetId) -> u64 {
        self.ports.limiter.tally(&target_scope(target)).today
    }

    /// How a route and its targets are.
    ///
    /// # Errors
    /// [`RoutingError::NoSuchRoute`].
    pub fn state(&self, id: RouteId) -> Result<RouteState, RoutingError> {
        let (route, snapshot) = self.found(id)?;
        let credentials = Self::credentials(&snapshot);
        let outlook = self.outlook(&snapshot, &credentials, PlannedCall::default(), self.usual_form(&route));
        let looked = Looked { route: &route, snapshot: &snapshot, outlook: &outlook };
        let lots = Foreseeing { entropy: self.ports.entropy.as_ref(), ahead: 0 };
        let next =
            looked.course(None, lots).ok().and_then(|mut course| course.next_with_room(&outlook, true));
        let states = self.ports.health.states().into_iter();
        let states: States = states.map(|state| ((state.provider, state.model.clone()), state)).collect();
        let standing = |(target, model): (&Arc<TargetEntry>, &Arc<ModelEntry>)| {
            let at = TargetEntry { model: Arc::clone(model), ..TargetEntry::clone(target) };
            let is_next = route.is_active
                && next.as_ref().is_some_and(|next| {
                    (&next.target.scope, &next.target.model.model) == (&at.scope, &at.model.model)
                });
            let of = (at.provider.id, at.model.model.clone());
            TargetStanding {
                priority: at.priority,
                weight: at.weight,
                is_usable: at.is_usable(&credentials),
                is_next,
                headroom: outlook.headroom(&at),
                ..self.standing(&at.provider.name, of, &at.scope, &states)
            }
        };
        let absent = |target: &AbsentTarget| {
            let of = (target.provider, target.model.clone());
            TargetStanding {
                priority: target.priority,
                weight: target.weight,
                ..self.standing(&target.provider_name, of, &target_scope(target.id), &states)
            }
        };
        let served = route.targets.iter().flat_map(|target| shown(target, &states)).map(standing);
        let absent = route.absent.iter().map(absent);
        let turns = route.turns.taken();
        Ok(RouteState {
            id: route.id,
            name: route.name.clone(),
            turns: (turns > 0).then_some(turns),
            targets: served.chain(absent).collect(),
        })
    }

    /// How this model of a provider is, as a target that takes no calls.
    fn standing(
        &self,
        provider_name: &str,
        of: (ProviderId, String),
        scope: &Scope,
        states: &States,
    ) -> TargetStanding {
        let known = states.get(&of);
        let (provider, model) = of;
        TargetStanding {
            provider,
            provider_name: provider_name.to_owned(),
            model,
            priority: 0,
            weight: 1,
            is_usable: false,
            is_next: false,
            breaker: known.map_or(BreakerState::Closed, |known| known.breaker),
            rest: known.and_then(|known| known.rest),
            latency: known.and_then(|known| known.latency),
            in_flight: known.map_or(0, |known| known.in_flight),
            used: self.ports.limiter.tally(scope),
            headroom: Headroom::FULL,
        }
    }
}

/// The models of a target that are shown.
fn shown<'t>(
    target: &'t Arc<TargetEntry>,
    states: &States,
) -> impl Iterator<Item = (&'t Arc<TargetEntry>, &'t Arc<ModelEntry>)> {
    let is_tried = |model: &Arc<ModelEntry>| states.contains_key(&(target.provider.id, model.model.clone()));
    let first = target.model.model.as_str();
    target
        .models
        .iter()
        .filter(move |model| model.model == first || is_tried(model))
        .map(move |model| (target, model))
}
