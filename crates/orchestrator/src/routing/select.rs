//! Which target comes next.

use super::{Looked, Routing, RoutingError};
use crate::chat::Taking;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::route::{PlannedCall, Rule};

/// The target that a call would go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The provider.
    pub provider: ProviderId,
    /// Its name.
    pub provider_name: String,
    /// The upstream model id.
    pub model: String,
    /// The route that the target stands in: the one that was asked, or one behind it.
    pub route: String,
    /// The rule that decided.
    pub rule: Rule,
}

/// What is chosen among.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// Whatever a call would try.
    All,
    /// The targets whose providers are healthy, of what a call would try.
    Healthy,
}

impl Routing {
    /// Chooses the target for a call that names this model, or none, and takes the turns that a call would take: who selects twice gets
    /// the next one. Where nothing is chosen, no turn is taken.
    ///
    /// # Errors
    /// [`RoutingError`].
    pub fn select(&self, id: RouteId, model: Option<&str>, among: Among) -> Result<Selection, RoutingError> {
        let (route, snapshot) = self.found(id)?;
        if !route.is_active {
            return Err(RoutingError::SwitchedOff(route.name.clone()));
        }
        let credentials = Self::credentials(&snapshot);
        let outlook = self.outlook(&snapshot, &credentials, PlannedCall::default(), self.usual_form(&route));
        let looked = Looked { route: &route, snapshot: &snapshot, outlook: &outlook };
        let mut course = looked.course(model, Taking::of(self.ports.entropy.as_ref()))?;
        let chosen = loop {
            match course.next_with_room(&outlook, true) {
                Some(step) if among == Among::All || !step.target.provider.is_avoided() => break step,
                Some(_) => {}
                None => return Err(RoutingError::NoneReady(route.name.clone())),
            }
        };
        course.admitted();
        Ok(Selection {
            provider: chosen.target.provider.id,
            provider_name: chosen.target.provider.name.clone(),
            model: chosen.target.model.model.clone(),
            route: chosen.route.as_ref().unwrap_or(&route).name.clone(),
            rule: chosen.rule,
        })
    }
}
