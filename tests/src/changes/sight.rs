//! Which version of the configuration a call saw, by what the provider was sent and by what the ledger has.

use super::Kind;
use super::administrator::{KEYED_MODELS, key_of, pair_of, path_of};
use std::time::Instant;
use switchyard_domain::usage::UsageEvent;
use switchyard_harness::testkit::simulator::RecordedCall;

/// What a call saw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    pub(super) kind: Kind,
    /// Which process answered it.
    pub(super) process: usize,
    pub(super) version: usize,
    /// When its client began.
    pub(super) began: Instant,
    /// When its first attempt came to the provider.
    pub(super) arrived: Instant,
}

/// The one version of a call's attempts; or what else there was, where there are several or none.
pub(super) fn version_of(
    kind: Kind,
    calls: &[&RecordedCall],
    events: &[UsageEvent],
) -> Result<usize, String> {
    let seen =
        || calls.iter().map(|call| format!("{} at {}", call.model, call.path)).collect::<Vec<_>>().join(", ");
    match kind {
        Kind::Route | Kind::File => {
            let version = calls.first().and_then(|call| number_at_end(&call.model)).ok_or_else(seen)?;
            let models: Vec<&str> = calls.iter().map(|call| call.model.as_str()).collect();
            if models == pair_of(kind, version) { Ok(version) } else { Err(seen()) }
        }
        Kind::Provider => {
            let first = calls.first().ok_or_else(seen)?;
            let version = first.path.split('/').nth(1).and_then(number_at_end).ok_or_else(seen)?;
            let (path, key) = (path_of(version), format!("Bearer {}", key_of(version)));
            let is_of_it = |call: &&&RecordedCall| {
                call.path.starts_with(&format!("{path}/")) && call.header("authorization") == Some(&key)
            };
            let models: Vec<&str> = calls.iter().map(|call| call.model.as_str()).collect();
            let all = calls.iter().filter(is_of_it).count() == calls.len() && models == KEYED_MODELS;
            if all { Ok(version) } else { Err(seen()) }
        }
        Kind::Price => {
            let [event] = events else { return Err(format!("{} attempts are recorded", events.len())) };
            let tokens = event.usage.input + 2 * event.usage.output;
            let cost = event.cost.and_then(|cost| u64::try_from(cost.0).ok()).unwrap_or_default();
            let each = cost.checked_div(tokens).unwrap_or_default();
            let version = usize::try_from(each).ok().and_then(|each| each.checked_sub(1));
            version.filter(|_| each * tokens == cost).ok_or_else(|| format!("{cost} for {tokens}"))
        }
    }
}

fn number_at_end(text: &str) -> Option<usize> {
    text.rsplit('-').next()?.parse().ok()
}
