//! What an empty database gets: the simulated provider and a route that shows failover, so that everything can be tried
//! without a key or a network.

use std::time::Duration;
use switchyard_domain::declared::{DeclaredRoute, DeclaredTarget};
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Owner;
use switchyard_domain::name::{InvalidName, Name};
use switchyard_domain::route::{RouteMode, Strategy};
use switchyard_orchestrator::admin::{ProviderAdmin, ProviderRequest, RouteAdmin};
use switchyard_orchestrator::error::AdminError;
use switchyard_ports::repositories::RepositoryError;

/// The vendor key and the name of the simulated provider.
const SIM: &str = "sim";
/// The route that fails over from a flaky model to a swift one.
const DEMO: &str = "demo";
const DEMO_TARGETS: [&str; 2] = ["flaky", "swift"];

/// Writes the rows unless the database has any provider. Another process that starts on the same database may be doing the
/// same: what it wrote first stands.
pub(crate) async fn seed_if_empty(providers: &ProviderAdmin, routes: &RouteAdmin) -> Result<(), AdminError> {
    let stored = providers.list().await?;
    // A start that was killed half-way left the provider without models.
    let is_unfinished =
        matches!(stored.as_slice(), [only] if only.meta.owner == Owner::Seed && only.models.is_empty());
    if !stored.is_empty() && !is_unfinished {
        return Ok(());
    }
    let sim = name(SIM)?;
    if !is_unfinished {
        let request = ProviderRequest {
            name: sim.clone(),
            vendor: SIM.to_owned(),
            base_url: None,
            api_key: None,
            models: Vec::new(),
            is_enabled: true,
        };
        unless_raced(providers.add(request, &Owner::Seed).await)?;
    }
    unless_raced(providers.discover(&sim, Duration::from_secs(1), &Owner::Seed).await)?;
    let target = |model: &str, priority| DeclaredTarget {
        provider: sim.clone(),
        model: model.to_owned(),
        weight: 1,
        priority,
        limits: Limits::NONE,
    };
    let demo = DeclaredRoute {
        name: name(DEMO)?,
        mode: RouteMode::Multi,
        strategy: Strategy::Failover,
        failover_on: FailoverOn::Availability,
        strict: false,
        targets: DEMO_TARGETS.iter().zip(0..).map(|(model, priority)| target(model, priority)).collect(),
        enabled: true,
    };
    unless_raced(routes.add(&demo, &Owner::Seed).await)
}

fn unless_raced<T>(written: Result<T, AdminError>) -> Result<(), AdminError> {
    match written {
        Ok(_) => Ok(()),
        Err(AdminError::Repository(RepositoryError::Conflict { .. } | RepositoryError::Stale { .. })) => {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn name(text: &str) -> Result<Name, AdminError> {
    Name::new(text).map_err(|error: InvalidName| AdminError::invalid("name", error.to_string()))
}
