//! Routes as people look at them: which target comes next, how all of them are, and where calls would go.

mod dry_run;
mod select;
mod state;

pub use dry_run::{DryCall, DryRun, MOST_RUNS, RunShare};
pub use select::{Among, Selection};
pub use state::{RouteState, TargetStanding};

use crate::chat::asking::{OUTPUT_ESTIMATE, Reserve};
use crate::chat::{Course, Lots, Outlook, OutlookCall};
use crate::principal::Principal;
use crate::snapshot::{CallerCredentials, ConfigurationKeeper, RouteEntry, Snapshot, credentials_of};
use std::sync::Arc;
use switchyard_domain::health::AnswerForm;
use switchyard_domain::ids::RouteId;
use switchyard_domain::route::{PlanError, PlannedCall};
use switchyard_ports::clock::Clock;
use switchyard_ports::entropy::Entropy;
use switchyard_ports::health::{Health, TargetState};
use switchyard_ports::limiter::Limiter;

/// Looks at routes. Everything is asked with the shared credentials, and nobody is called.
pub struct Routing {
    keeper: Arc<ConfigurationKeeper>,
    ports: RoutingPorts,
}

/// What it needs of the world.
#[derive(Clone)]
pub struct RoutingPorts {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Draws.
    pub entropy: Arc<dyn Entropy>,
    /// What is known of targets.
    pub health: Arc<dyn Health>,
    /// What their limits have left.
    pub limiter: Arc<dyn Limiter>,
}

/// Why a route has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoutingError {
    /// There is no such route.
    #[error("there is no such route")]
    NoSuchRoute,
    /// It is switched off.
    #[error("the route `{0}` is switched off")]
    SwitchedOff(String),
    /// None of the targets that it leads to can be asked now.
    #[error(
        "no target that the route `{0}` leads to takes calls now: none has a healthy provider and room in its limits"
    )]
    NoneReady(String),
    /// No target can take such a call.
    #[error("{message}")]
    NoPlan {
        /// Why.
        why: PlanError,
        /// The same for people, with the names of the targets.
        message: String,
    },
}

impl Routing {
    /// Over the given configuration and ports.
    #[must_use]
    pub fn new(keeper: Arc<ConfigurationKeeper>, ports: RoutingPorts) -> Self {
        Self { keeper, ports }
    }

    /// The route, and the configuration that it is part of.
    fn found(&self, id: RouteId) -> Result<(Arc<RouteEntry>, Arc<Snapshot>), RoutingError> {
        let snapshot = self.keeper.snapshot();
        let route = snapshot.routes.values().find(|route| route.id == id).cloned();
        Ok((route.ok_or(RoutingError::NoSuchRoute)?, snapshot))
    }

    fn credentials(snapshot: &Snapshot) -> CallerCredentials {
        credentials_of(snapshot, &Principal::Program)
    }

    /// The form that answers of this route's targets had last: how quick they are is measured apart, and nobody says of what kind the call
    /// is that comes next.
    fn usual_form(&self, route: &RouteEntry) -> AnswerForm {
        let states = self.ports.health.states();
        let is_of_route = |state: &TargetState| {
            let mut targets = route.targets.iter();
            targets.any(|target| target.provider.id == state.provider && target.serves(&state.model))
        };
        let answers = states.iter().filter(|state| is_of_route(state)).filter_map(|state| state.last_answer);
        answers.max_by_key(|(at, _)| *at).map_or(AnswerForm::Whole, |(_, form)| form)
    }

    fn outlook<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        credentials: &'a CallerCredentials,
        planned: PlannedCall<'a>,
        form: AnswerForm,
    ) -> Outlook<'a> {
        let output_estimate = planned.output_tokens.unwrap_or(OUTPUT_ESTIMATE);
        // Who says nothing of the call's size asks whether there is room at all.
        let reserved = Reserve {
            prompt: planned.prompt_tokens,
            output: planned.output_tokens.unwrap_or_default(),
            is_guessed: false,
        };
        Outlook {
            health: self.ports.health.as_ref(),
            limiter: self.ports.limiter.as_ref(),
            quotas: &snapshot.quotas,
            credentials,
            call: OutlookCall { planned, output_estimate, reserved, form },
            now: self.ports.clock.now(),
            monotonic: self.ports.clock.monotonic(),
        }
    }
}

/// A route as somebody looks at it: the very course that a call to it takes.
struct Looked<'a> {
    route: &'a Arc<RouteEntry>,
    snapshot: &'a Arc<Snapshot>,
    outlook: &'a Outlook<'a>,
}

impl Looked<'_> {
    fn course<L: Lots>(&self, model: Option<&str>, lots: L) -> Result<Course<L>, RoutingError> {
        Course::through(self.route, model, self.snapshot, self.outlook, lots)
            .map_err(|none| RoutingError::NoPlan { why: none.why, message: none.error.message })
    }
}
