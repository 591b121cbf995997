//! What an empty database gets: the simulated provider and a route that shows failover, so that everything can be tried
//! without a key or a network.

use std::time::Duration;
use switchyard_domain::declared::{DeclaredRoute, DeclaredTarget};
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::{Owner, Writer};
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
        unless_raced(providers.add(request, &Writer::SEED).await)?;
    }
    unless_raced(providers.discover(&sim, Duration::from_secs(1), &Writer::SEED).await)?;
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
    unless_raced(routes.add(&demo, &Writer::SEED).await)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use switchyard_orchestrator::admin::AdminPorts;
    use switchyard_ports::repositories::ConfigurationRepository;
    use switchyard_testkit::clock::ManualClock;
    use switchyard_testkit::fakes::provider::ScriptedFactory;
    use switchyard_testkit::fakes::store::{Fate, MemoryStore};
    use switchyard_testkit::fakes::vault::BoundVault;

    fn admins(store: &Arc<MemoryStore>) -> (ProviderAdmin, RouteAdmin) {
        let factory = ScriptedFactory::default();
        factory.list(["flaky", "swift", "steady"]);
        let ports = AdminPorts {
            clock: Arc::new(ManualClock::default()),
            configuration: Arc::clone(store) as _,
            audit: Arc::clone(store) as _,
            keeper: None,
        };
        let providers = ProviderAdmin::new(ports.clone(), Arc::new(factory), Arc::new(BoundVault::default()));
        (providers, RouteAdmin::new(ports))
    }

    async fn is_seeded(store: &MemoryStore) {
        let stored = store.load().await.unwrap();
        let [sim] = stored.providers.as_slice() else { panic!("{:?}", stored.providers) };
        assert_eq!((sim.name.as_str(), sim.models.len(), &sim.meta.owner), ("sim", 3, &Owner::Seed));
        let [demo] = stored.routes.as_slice() else { panic!("{:?}", stored.routes) };
        let targets: Vec<&str> = demo.targets.iter().map(|target| target.model.as_str()).collect();
        assert_eq!(targets, DEMO_TARGETS);
    }

    #[tokio::test]
    async fn an_empty_database_is_seeded_once() {
        let store = Arc::new(MemoryStore::default());
        let (providers, routes) = admins(&store);
        seed_if_empty(&providers, &routes).await.unwrap();
        is_seeded(&store).await;
        let before = store.load().await.unwrap();
        seed_if_empty(&providers, &routes).await.unwrap();
        assert_eq!(store.load().await.unwrap(), before);
        routes.remove(&name(DEMO).unwrap(), &Writer::API).await.unwrap();
        seed_if_empty(&providers, &routes).await.unwrap();
        assert!(store.load().await.unwrap().routes.is_empty(), "what people removed stays removed");
    }

    #[tokio::test]
    async fn a_seeding_that_was_cut_off_is_finished_by_the_next_start() {
        let store = Arc::new(MemoryStore::default());
        let (providers, routes) = admins(&store);
        store.next_writes([Fate::Made, Fate::Refused]);
        assert!(seed_if_empty(&providers, &routes).await.is_err());
        seed_if_empty(&providers, &routes).await.unwrap();
        is_seeded(&store).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn processes_that_start_at_once_seed_once_and_all_start() {
        for _ in 0..20 {
            let store = Arc::new(MemoryStore::default());
            let mut starts = tokio::task::JoinSet::new();
            for _ in 0..4 {
                let (providers, routes) = admins(&store);
                starts.spawn(async move { seed_if_empty(&providers, &routes).await });
            }
            for start in starts.join_all().await {
                start.unwrap();
            }
            is_seeded(&store).await;
        }
    }

    #[tokio::test]
    async fn a_database_with_a_provider_is_left_alone() {
        let store = Arc::new(MemoryStore::default());
        let (providers, routes) = admins(&store);
        let request = ProviderRequest {
            name: name("mine").unwrap(),
            vendor: "acme".to_owned(),
            base_url: None,
            api_key: None,
            models: Vec::new(),
            is_enabled: true,
        };
        providers.add(request, &Writer::API).await.unwrap();
        seed_if_empty(&providers, &routes).await.unwrap();
        assert_eq!(store.load().await.unwrap().providers.len(), 1);
    }
}
