//! Why targets are left out of a call's course, and routes of its chain.

use std::fmt;
use switchyard_domain::ids::RouteId;
use switchyard_domain::limits::LimitKind;
use switchyard_domain::route::SkipReason;

/// Why a target of a route is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// It can't take such a call.
    Unfit(SkipReason),
    /// The same model of the same provider stands in a route before this one.
    AskedBefore,
    /// Its provider is set apart for another route, and reached through that one alone.
    SetApart,
    /// One of the limits that calls to it are held to, besides their callers', has no room for such a call now.
    Spent(LimitKind),
}

impl LeftOut {
    /// The word for programs, stable: as of a [`SkipReason`], or `asked_before`, `set_apart`, `limit_spent`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unfit(reason) => reason.as_str(),
            Self::AskedBefore => "asked_before",
            Self::SetApart => "set_apart",
            Self::Spent(_) => "limit_spent",
        }
    }

    /// Whether the call itself is the reason, or where its routes lead, rather than the state of this server: what is switched off, set
    /// apart or used up is for those who run it.
    #[must_use]
    pub fn is_of_the_call(self) -> bool {
        match self {
            Self::Unfit(reason) => reason != SkipReason::SwitchedOff,
            Self::AskedBefore => true,
            Self::SetApart | Self::Spent(_) => false,
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfit(reason) => reason.fmt(f),
            Self::AskedBefore => f.write_str("a route before this one has it already"),
            Self::SetApart => f.write_str("its provider is reached through a route of its own alone"),
            Self::Spent(limit) => write!(f, "its limit of {} has no room for the call now", limit.describe()),
        }
    }
}

/// A route of the chain that adds no target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedRoute {
    /// Its name; `#<id>` where there is no such route any more.
    pub route: String,
    /// Why.
    pub why: PassedOver,
}

impl PassedRoute {
    /// One that there is no more.
    pub(super) fn gone(id: RouteId) -> Self {
        Self { route: format!("#{id}"), why: PassedOver::Gone }
    }
}

/// Why a route of the chain adds no target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassedOver {
    /// It is switched off, so that what stands behind it is not reached either.
    SwitchedOff,
    /// There is no such route any more.
    Gone,
    /// It was joined before: the chain leads in a circle, and ends here.
    Loop,
    /// None of its targets can take the call, as this says; the route behind it follows.
    NoTarget(String),
    /// All of its targets are left out, as routes before it have them or they are set apart; the route behind it follows.
    NothingNew,
}

impl PassedOver {
    /// The word for programs, stable.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::SwitchedOff => "switched_off",
            Self::Gone => "gone",
            Self::Loop => "loop",
            Self::NoTarget(_) => "no_target",
            Self::NothingNew => "nothing_new",
        }
    }
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SwitchedOff => f.write_str("it is switched off, and what stands behind it is not reached"),
            Self::Gone => f.write_str("there is no such route any more"),
            Self::Loop => f.write_str("it was joined before: the routes lead in a circle"),
            Self::NoTarget(why) => f.write_str(why),
            Self::NothingNew => f.write_str("it has no target that routes before it do not have"),
        }
    }
}
