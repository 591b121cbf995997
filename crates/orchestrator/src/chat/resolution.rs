//! What a client's `model` names: a route, `<route>/<model>`, `<provider>/<model>`, or a bare id that one provider serves.
//! Nothing is guessed by prefix.

use crate::error::{CallError, CallErrorKind};
use crate::principal::Principal;
use crate::snapshot::{RouteEntry, Snapshot, TargetEntry};
use std::sync::Arc;

/// What a name stands for.
pub enum Resolved {
    /// A route, perhaps with the model that the caller wants of it.
    Route {
        /// The route.
        route: Arc<RouteEntry>,
        /// The model that was named behind it.
        hint: Option<String>,
    },
    /// One provider's model.
    Direct(TargetEntry),
}

impl Resolved {
    /// The route's name, where a route was called.
    #[must_use]
    pub fn route_name(&self) -> Option<&str> {
        if let Self::Route { route, .. } = self { Some(&route.name) } else { None }
    }

    fn public_names(&self) -> Vec<&str> {
        match self {
            Self::Route { route, .. } => vec![&route.name],
            Self::Direct(target) => vec![&target.model.public_name, &target.model.model],
        }
    }

    fn is_simulated(&self) -> bool {
        match self {
            Self::Route { route, .. } => {
                !route.targets.is_empty() && route.targets.iter().all(|target| target.provider.simulated)
            }
            Self::Direct(target) => target.provider.simulated,
        }
    }
}

/// What `model` stands for, if `principal` may call it.
///
/// # Errors
/// [`CallErrorKind::ModelNotFound`], [`CallErrorKind::ModelAmbiguous`], [`CallErrorKind::ModelNotAllowed`], or
/// [`CallErrorKind::InvalidRequest`] for a route that is switched off.
pub fn resolve(snapshot: &Snapshot, principal: &Principal, model: &str) -> Result<Resolved, CallError> {
    let resolved = find(snapshot, model)?;
    if !principal.allows(&resolved.public_names(), resolved.is_simulated()) {
        return Err(not_allowed(principal, model));
    }
    if let Resolved::Route { route, .. } = &resolved
        && !route.is_active
    {
        let message =
            format!("The route `{}` is switched off. An administrator can switch it on.", route.name);
        return Err(CallError::new(CallErrorKind::InvalidRequest, message).at("model"));
    }
    Ok(resolved)
}

fn find(snapshot: &Snapshot, model: &str) -> Result<Resolved, CallError> {
    if let Some(route) = snapshot.routes.get(model) {
        return Ok(Resolved::Route { route: Arc::clone(route), hint: None });
    }
    if let Some((first, rest)) = model.split_once('/') {
        if let Some(route) = snapshot.routes.get(first)
            && route.targets.iter().any(|target| target.model.model == rest)
        {
            return Ok(Resolved::Route { route: Arc::clone(route), hint: Some(rest.to_owned()) });
        }
        if let Some(target) = snapshot
            .by_model
            .get(rest)
            .and_then(|targets| targets.iter().find(|target| target.provider.name == first))
        {
            return Ok(Resolved::Direct(target.clone()));
        }
    }
    match snapshot.by_model.get(model).map(Vec::as_slice) {
        Some([only]) => Ok(Resolved::Direct(only.clone())),
        Some([_, _, ..]) => Err(ambiguous(snapshot, model)),
        _ => Err(not_found(model)),
    }
}

fn ambiguous(snapshot: &Snapshot, model: &str) -> CallError {
    let choices: Vec<String> = snapshot
        .by_model
        .get(model)
        .into_iter()
        .flatten()
        .take(8)
        .map(|target| format!("`{}`", target.model.public_name))
        .collect();
    let message = format!("Several providers serve `{}`. Name one of {}.", shown(model), choices.join(", "));
    CallError::new(CallErrorKind::ModelAmbiguous, message).at("model")
}

fn not_found(model: &str) -> CallError {
    let message = format!(
        "There is no model or route `{}` here. GET /v1/models lists what this key may call.",
        shown(model)
    );
    CallError::new(CallErrorKind::ModelNotFound, message).at("model")
}

fn not_allowed(principal: &Principal, model: &str) -> CallError {
    let message = match principal {
        Principal::Key(key) => format!(
            "The key `{}` may not call `{}`. It may use: {}.",
            key.name,
            shown(model),
            key.models.as_deref().unwrap_or_default().iter().take(8).cloned().collect::<Vec<_>>().join(", ")
        ),
        _ => {
            format!("The demo key calls simulated models only, not `{}`. Create a virtual key.", shown(model))
        }
    };
    CallError::new(CallErrorKind::ModelNotAllowed, message).at("model")
}

/// A client's text as it may stand in a message: short, and without control characters.
fn shown(text: &str) -> String {
    text.chars().take(100).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
