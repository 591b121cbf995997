//! Requests of a UTC day, as limits of a day count them.

use crate::ids::VirtualKeyId;

/// Whose requests of a day are asked for.
///
/// Of targets, models and providers these are the attempts that [count](super::Outcome::counts_for_the_day); of whoever calls, all calls
/// that came to an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestsOf {
    /// Targets of routes: `target:<id>`.
    Targets,
    /// Models of providers: `model:<provider id>/<model>`.
    Models,
    /// Providers: `provider:<id>`.
    Providers,
    /// These virtual keys: `key:<id>`.
    Keys(Vec<VirtualKeyId>),
    /// People: `user:<id>`.
    Users,
    /// All calls together: `global`.
    Everybody,
}
