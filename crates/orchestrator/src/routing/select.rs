//! Which target comes next.

use super::{Routing, RoutingError, unplanned};
use crate::chat::Taking;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::route::{Decision, PlannedCall};

/// The target that a call would go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The provider.
    pub provider: ProviderId,
    /// Its name.
    pub provider_name: String,
    /// The upstream model id.
    pub model: String,
    /// The rule that decided.
    pub decision: Decision,
    /// Whether checks find the provider well.
    pub is_healthy: bool,
}

impl Routing {
    /// Chooses the target for a call that names this model, or none, and takes the route's turn: who selects twice gets the next one.
    ///
    /// # Errors
    /// [`RoutingError`].
    pub fn select(&self, id: RouteId, model: Option<&str>) -> Result<Selection, RoutingError> {
        let (route, snapshot) = self.found(id)?;
        if !route.is_active {
            return Err(RoutingError::SwitchedOff(route.name.clone()));
        }
        let credentials = Self::credentials(&snapshot);
        let outlook = self.outlook(&credentials, PlannedCall::default(), 0);
        let mut lots = Taking::of(&route.turns, self.ports.entropy.as_ref());
        let plan = outlook.plan(&route, model, &mut lots);
        let taken = lots.into_taken();
        let plan = plan.map_err(|error| unplanned(error, &route))?;
        if let Some(mut turn) = taken {
            turn.used();
        }
        let first = plan.targets.into_iter().next().ok_or(RoutingError::NoSuchRoute)?.entry;
        Ok(Selection {
            provider: first.provider.id,
            provider_name: first.provider.name.clone(),
            model: first.model.model.clone(),
            decision: plan.decision,
            is_healthy: first.provider.is_healthy,
        })
    }
}
