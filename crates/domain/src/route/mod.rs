//! Routes: the public names that clients call, and the order in which their targets are tried.

mod models;
mod needs;
mod plan;
mod timeouts;
mod when;

pub use models::TargetModels;
pub use needs::Needs;
pub use plan::{
    Availability, Avoidance, Candidate, Choice, Decision, Draws, Field, Headroom, Plan, PlanError,
    PlannedCall, Rule, SkipReason, misfit,
};
pub use timeouts::{InvalidTimeout, Timeouts};
pub use when::{InvalidWhen, Need, TokenRange, When};

use crate::fault::FailoverOn;
use crate::ids::{ProviderId, RouteId, TargetId};
use crate::limits::Limits;
use crate::meta::{Owner, RowMeta};
use crate::name::Name;
use crate::notes::Notes;
use serde::{Deserialize, Serialize};

/// The most routes that one falls back over.
pub const LONGEST_CHAIN: usize = 8;

/// How a route chooses among its targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteMode {
    /// Any target, by the strategy.
    Auto,
    /// The targets whose model the caller names (`<route>/<model>`).
    Specific,
    /// The lowest priority number first; equals share by the strategy.
    #[default]
    Multi,
}

/// How equals share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The first that works, always.
    #[default]
    Failover,
    /// In turn: of as many calls as all weigh together, each gets as many as it weighs.
    RoundRobin,
    /// By a draw: each call goes to each with the chance of its weight, whatever the calls before it did.
    Weighted,
    /// To the one that begins to answer soonest: of two that are drawn among the quick ones, the quicker.
    LeastLatency,
    /// To the one with the fewest calls in flight for its weight.
    LeastBusy,
    /// To the one where this call costs least; where the price is not known, last.
    Cheapest,
    /// To the one that has the largest share of its limits left.
    Headroom,
}

/// What becomes of the call to the provider when the client has gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDisconnect {
    /// It is cancelled, and what had arrived is billed.
    #[default]
    Cancel,
    /// It is read on for a bounded time, so that what is billed is what the provider says.
    Drain,
}

macro_rules! stored_words {
    ($type:ty, $($variant:path => $word:literal),+ $(,)?) => {
        impl $type {
            /// The stored word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $($variant => $word),+ }
            }

            /// Reads the stored word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some($variant),)+ _ => None }
            }
        }
    };
}

stored_words!(RouteMode, Self::Auto => "auto", Self::Specific => "specific", Self::Multi => "multi");
stored_words!(
    Strategy,
    Self::Failover => "failover",
    Self::RoundRobin => "round_robin",
    Self::Weighted => "weighted",
    Self::LeastLatency => "least_latency",
    Self::LeastBusy => "least_busy",
    Self::Cheapest => "cheapest",
    Self::Headroom => "headroom",
);
stored_words!(OnDisconnect, Self::Cancel => "cancel", Self::Drain => "drain");
stored_words!(FailoverOn, Self::ServerErrors => "server_errors", Self::Availability => "availability", Self::Any => "any");

/// A public model name and where its calls go.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Its id.
    pub id: RouteId,
    /// Its unique name: what clients put in `model`.
    pub name: Name,
    /// How it chooses.
    pub mode: RouteMode,
    /// How equals share.
    pub strategy: Strategy,
    /// Which faults move on to the next target.
    pub failover_on: FailoverOn,
    /// Whether a member that the target can't express is refused rather than dropped with a report.
    pub strict: bool,
    /// How long the steps of its calls may take, where that is not as everywhere.
    pub timeouts: Timeouts,
    /// What becomes of a call whose client has gone.
    pub on_disconnect: OnDisconnect,
    /// The route whose targets are tried when its own have failed or can't be tried.
    pub fallback: Option<RouteId>,
    /// What its operator keeps with it; it means nothing here.
    pub config: Notes,
    /// Whether calls may use it.
    pub is_active: bool,
    /// Its targets, in order.
    pub targets: Vec<Target>,
    /// Whether the configuration file, which owns it, declares it no more. It means nothing of one that others own.
    pub is_withdrawn: bool,
    /// Version, owner, times.
    pub meta: RowMeta,
}

impl Route {
    /// Whether the configuration file declares it: it is the file's to change then, switched off or not.
    #[must_use]
    pub fn is_declared(&self) -> bool {
        self.meta.owner == Owner::File && !self.is_withdrawn
    }
}

/// A provider and models of it inside a route.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its id.
    pub id: TargetId,
    /// The provider.
    pub provider: ProviderId,
    /// The models that it serves there.
    pub models: TargetModels,
    /// Its share among equals; at least 1.
    pub weight: u32,
    /// Lower is tried first.
    pub priority: u32,
    /// How it shares with its equals, where that is not as in the route.
    pub strategy: Option<Strategy>,
    /// Limits on calls through this target.
    pub limits: Limits,
    /// Which calls it takes.
    pub when: When,
    /// How long the steps of calls to it may take, where that is not as in the route.
    pub timeouts: Timeouts,
    /// What its operator keeps with it; it means nothing here.
    pub metadata: Notes,
    /// Whether calls may use it.
    pub is_enabled: bool,
}
