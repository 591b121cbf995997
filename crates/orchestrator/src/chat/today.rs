//! What was used of daily limits before the process began: where nobody else remembers it, the ledger does.

use crate::snapshot::{Snapshot, TargetEntry};
use std::collections::HashMap;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{GroupBy, UsageFilter};
use switchyard_ports::limiter::{Limiter, Scope};
use switchyard_ports::repositories::{RepositoryError, UsageRepository};

/// Tells the limiter how many attempts each model and each target with a daily limit had today, so that a restart gives no day anew. A
/// target has had as many as its models had by whatever name they were called: at most too many.
///
/// # Errors
/// When the ledger can't be read; then the day begins anew.
pub async fn remember_today(
    snapshot: &Snapshot,
    ledger: &dyn UsageRepository,
    limiter: &dyn Limiter,
    now: Timestamp,
) -> Result<(), RepositoryError> {
    let scopes = limited(snapshot);
    if scopes.is_empty() {
        return Ok(());
    }
    let filter =
        UsageFilter { from: Some(now.day().start()), include_simulated: true, ..UsageFilter::default() };
    let rows = ledger.report(filter, GroupBy::Model).await?;
    let attempts: HashMap<&str, u64> =
        rows.iter().map(|row| (row.group.as_str(), row.sums.attempts)).collect();
    for (scope, models) in scopes {
        let today = models.iter().filter_map(|model| attempts.get(model.as_str())).sum();
        if today > 0 {
            limiter.remember(&scope, today);
        }
    }
    Ok(())
}

/// The scopes of models and targets that have a daily limit, with the public names of the models that count in them.
fn limited(snapshot: &Snapshot) -> HashMap<Scope, Vec<String>> {
    let mut scopes = HashMap::new();
    for provider in snapshot.providers.values() {
        for model in provider.models.values().filter(|model| model.limits.rpd.is_some()) {
            scopes.insert(model.scope.clone(), vec![model.public_name.clone()]);
        }
    }
    let targets = snapshot.routes.values().flat_map(|route| &route.targets);
    for target in targets.filter(|target| target.limits.rpd.is_some()) {
        scopes.insert(target.scope.clone(), names(target));
    }
    scopes
}

fn names(target: &TargetEntry) -> Vec<String> {
    target.models.iter().map(|model| model.public_name.clone()).collect()
}
