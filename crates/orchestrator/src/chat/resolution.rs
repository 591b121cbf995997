//! What a client's `model` names: a route, `<route>/<model>`, `<provider>/<model>`, or a bare id that one provider serves.
//! Nothing is guessed by prefix.

use crate::error::{CallError, CallErrorKind};
use crate::principal::Principal;
use crate::snapshot::{CallerCredentials, RouteEntry, Snapshot, TargetEntry, credentials_of};
use std::collections::HashMap;
use std::sync::Arc;
use switchyard_domain::route::OnDisconnect;
use switchyard_domain::spelling::closest;

/// A longer name is none that somebody misspelt.
const LONGEST_MISSPELT: usize = 100;
/// Names that are looked at for suggestions: an error must not cost more than a call.
const MOST_NAMES: usize = 2000;

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
    Direct(Arc<TargetEntry>),
}

impl Resolved {
    /// The route's name, where a route was called.
    #[must_use]
    pub fn route_name(&self) -> Option<&str> {
        if let Self::Route { route, .. } = self { Some(&route.name) } else { None }
    }

    /// Whether a call is read on when its client has gone.
    pub(super) fn reads_on(&self) -> bool {
        matches!(self, Self::Route { route, .. } if route.on_disconnect == OnDisconnect::Drain)
    }

    /// The name by which a key's list admits it.
    fn public_name(&self) -> &str {
        match self {
            Self::Route { route, .. } => &route.name,
            // Not its bare id, which may look like another provider's public name: `openai/gpt-4o` is a model of OpenRouter.
            Self::Direct(target) => &target.model.public_name,
        }
    }

    /// An error for want of a target, with what is known of how to mend it: a route that is set up by settings names them.
    pub(super) fn advised(&self, error: CallError, credentials: &CallerCredentials) -> CallError {
        let Self::Route { route, .. } = self else { return error };
        let is_idle = !route.targets.iter().any(|target| target.is_usable(credentials));
        match route.advice.as_deref().filter(|_| is_idle && error.kind == CallErrorKind::UpstreamUnavailable)
        {
            Some(advice) => CallError { message: advice.to_owned(), ..error },
            None => error,
        }
    }

    fn is_allowed(&self, principal: &Principal) -> bool {
        principal.allows(self.public_name(), self.is_simulated())
    }

    fn is_simulated(&self) -> bool {
        match self {
            Self::Route { route, .. } => route.is_simulated,
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
    let resolved = find(snapshot, principal, model)?;
    if !resolved.is_allowed(principal) {
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

fn find(snapshot: &Snapshot, principal: &Principal, model: &str) -> Result<Resolved, CallError> {
    let Some(route) = snapshot.routes.get(model) else { return beside_routes(snapshot, principal, model) };
    let credentials = credentials_of(snapshot, principal);
    // A route that came with the product and has no credential yet does not stand in the way of what somebody set up.
    if route.is_seed
        && !route.targets.iter().any(|target| target.is_usable(&credentials))
        && let Ok(Resolved::Direct(target)) = beside_routes(snapshot, principal, model)
        && target.is_usable(&credentials)
    {
        return Ok(Resolved::Direct(target));
    }
    Ok(Resolved::Route { route: Arc::clone(route), hint: None })
}

/// What a name that is no route's stands for.
fn beside_routes(snapshot: &Snapshot, principal: &Principal, model: &str) -> Result<Resolved, CallError> {
    if let Some((first, rest)) = model.split_once('/') {
        if let Some(route) = snapshot.routes.get(first)
            && route.targets.iter().any(|target| target.serves(rest))
        {
            return Ok(Resolved::Route { route: Arc::clone(route), hint: Some(rest.to_owned()) });
        }
        if let Some(target) = snapshot
            .by_model
            .get(rest)
            .and_then(|targets| targets.iter().find(|target| target.provider.name == first))
        {
            return Ok(Resolved::Direct(Arc::clone(target)));
        }
    }
    bare(snapshot, principal, model)
}

/// The one provider that serves a bare model id. One that is broken or lacks its credential serves nothing while another does.
fn bare(snapshot: &Snapshot, principal: &Principal, model: &str) -> Result<Resolved, CallError> {
    let credentials = credentials_of(snapshot, principal);
    let listed = snapshot.by_model.get(model).map(Vec::as_slice).unwrap_or_default();
    let usable: Vec<&Arc<TargetEntry>> =
        listed.iter().filter(|target| target.is_usable(&credentials)).collect();
    match (usable.as_slice(), listed) {
        ([only], _) => Ok(Resolved::Direct(Arc::clone(only))),
        ([], [first, ..]) => Ok(Resolved::Direct(Arc::clone(first))),
        ([], []) => Err(not_found(snapshot, principal, model)),
        (several, _) => Err(ambiguous(several, principal, model)),
    }
}

fn ambiguous(serving: &[&Arc<TargetEntry>], principal: &Principal, model: &str) -> CallError {
    let choices: Vec<String> = serving
        .iter()
        .filter(|target| principal.allows(&target.model.public_name, target.provider.simulated))
        .take(8)
        .map(|target| format!("`{}`", target.model.public_name))
        .collect();
    if choices.is_empty() {
        return not_allowed(principal, model);
    }
    let message = format!("Several providers serve `{}`. Name one of {}.", shown(model), choices.join(", "));
    CallError::new(CallErrorKind::ModelAmbiguous, message).at("model")
}

fn not_found(snapshot: &Snapshot, principal: &Principal, model: &str) -> CallError {
    let meant: Vec<String> =
        suggestions(snapshot, principal, model).into_iter().map(|name| format!("`{name}`")).collect();
    let meant = match meant.as_slice() {
        [] => String::new(),
        names => format!(" Did you mean {}?", names.join(" or ")),
    };
    let message = format!(
        "There is no model or route `{}` here.{meant} GET /v1/models lists what this key may call.",
        shown(model)
    );
    CallError::new(CallErrorKind::ModelNotFound, message).at("model")
}

/// The names nearest to `model` that the principal may call: of routes, and of models with or without their provider.
fn suggestions<'a>(snapshot: &'a Snapshot, principal: &Principal, model: &str) -> Vec<&'a str> {
    if model.chars().count() > LONGEST_MISSPELT {
        return Vec::new();
    }
    let credentials = credentials_of(snapshot, principal);
    let is_allowed =
        |route: &RouteEntry| route.is_active && principal.allows(&route.name, route.is_simulated);
    let routes = snapshot.routes.values().filter(|route| is_allowed(route));
    let routes = routes.map(|route| (route.name.as_str(), route.name.as_str()));
    let is_allowed = |target: &TargetEntry| {
        target.is_usable(&credentials)
            && principal.allows(&target.model.public_name, target.provider.simulated)
    };
    let targets = snapshot.by_model.values().flatten().filter(|target| is_allowed(target));
    let targets = targets.map(|target| (target.model.model.as_str(), target.model.public_name.as_str()));
    // What to call, by what may have been meant.
    let mut names: HashMap<&str, &str> = HashMap::new();
    for (short, full) in routes.chain(targets).take(MOST_NAMES) {
        names.insert(full, full);
        names.entry(short).or_insert(full);
    }
    let mut meant: Vec<&str> = Vec::new();
    for full in closest(model, names.keys().copied(), 3).into_iter().filter_map(|near| names.get(near)) {
        if !meant.contains(full) {
            meant.push(full);
        }
    }
    meant
}

fn not_allowed(principal: &Principal, model: &str) -> CallError {
    let message = match principal {
        Principal::Key(key) => format!(
            "The key `{}` may not call `{}`. It may use: {}.",
            key.name,
            shown(model),
            key.models.as_deref().unwrap_or_default().iter().take(8).cloned().collect::<Vec<_>>().join(", ")
        ),
        Principal::User(entry) => {
            format!("The user `{}` may not call `{}`.", entry.user.username, shown(model))
        }
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
