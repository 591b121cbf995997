//! What an empty database gets: `seeds.yaml`, and the models behind `/llm/chat` as the settings have them.

use crate::error::OpenError;
use crate::shared_models::SharedModels;
use std::sync::Arc;
use switchyard_domain::declared::Declared;
use switchyard_orchestrator::admin::{
    AdminPorts, DocumentFormat, Followers, ProviderAdmin, RouteAdmin, Seeding,
};

/// To be raised with each change of the file.
const EDITION: i64 = 2;

/// The use case that gives a database what comes with this version.
pub(crate) fn seeding(
    ports: AdminPorts,
    providers: Arc<ProviderAdmin>,
    routes: Arc<RouteAdmin>,
    shared: &SharedModels,
) -> Result<Seeding, OpenError> {
    let new_in = SharedModels::of_second_edition()?.into_iter().map(|name| (2, name)).collect();
    Ok(Seeding::new(ports, providers, routes, seeds(shared)?, EDITION, new_in))
}

/// The use case that keeps what follows the settings of the models behind `/llm/chat`.
pub(crate) fn followers(
    ports: AdminPorts,
    providers: Arc<ProviderAdmin>,
    routes: Arc<RouteAdmin>,
    shared: &SharedModels,
) -> Result<Followers, OpenError> {
    let followers = Followers::new(ports, providers, routes, shared.declared()?, shared.asked_for()?);
    Ok(followers.with_model_settings(SharedModels::model_settings()?))
}

fn seeds(shared: &SharedModels) -> Result<Declared, OpenError> {
    let mut seeds = DocumentFormat::Yaml
        .read(include_str!("../seeds.yaml"))
        .map_err(|error| OpenError::Seeds(error.to_string()))?;
    let Declared { providers, routes, .. } = shared.declared()?;
    seeds.providers.extend(providers);
    seeds.routes.extend(routes);
    Ok(seeds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::factory_settings;
    use crate::builder::Builder;
    use switchyard_domain::meta::{Owner, Writer};
    use switchyard_domain::name::Name;
    use switchyard_orchestrator::admin::{ProviderPorts, ProviderRequest};
    use switchyard_ports::repositories::ConfigurationRepository;
    use switchyard_providers::VendorFactory;
    use switchyard_providers::transport::egress::AllowList;
    use switchyard_testkit::clock::ManualClock;
    use switchyard_testkit::fakes::prices::PriceList;
    use switchyard_testkit::fakes::store::{Fate, MemoryStore};
    use switchyard_testkit::fakes::vault::BoundVault;

    struct Start {
        providers: Arc<ProviderAdmin>,
        routes: Arc<RouteAdmin>,
        seeding: Seeding,
    }

    fn start(store: &Arc<MemoryStore>) -> Start {
        let ports = AdminPorts {
            clock: Arc::new(ManualClock::default()),
            configuration: Arc::clone(store) as _,
            audit: Arc::clone(store) as _,
            keeper: None,
            backup: None,
        };
        let settings = factory_settings(
            &Builder::in_memory(),
            &AllowList::parse("").unwrap(),
            Arc::new(ManualClock::default()),
        )
        .unwrap();
        let factory = Arc::new(VendorFactory::new(settings));
        let vault = Arc::new(BoundVault::default());
        let prices = Arc::new(PriceList::default());
        let health = Arc::clone(store) as _;
        let providers =
            Arc::new(ProviderAdmin::new(ports.clone(), ProviderPorts { factory, vault, prices, health }));
        let routes = Arc::new(RouteAdmin::new(ports.clone()));
        let seeding =
            seeding(ports, Arc::clone(&providers), Arc::clone(&routes), &SharedModels::default()).unwrap();
        Start { providers, routes, seeding }
    }

    fn request(name: &str) -> ProviderRequest {
        ProviderRequest {
            name: Name::new(name).unwrap(),
            vendor: "openai".to_owned(),
            base_url: None,
            api_key: None,
            models: Vec::new(),
            is_enabled: true,
        }
    }

    async fn is_seeded(store: &MemoryStore) {
        let (stored, seeds) = (store.load().await.unwrap(), seeds(&SharedModels::default()).unwrap());
        assert_eq!(stored.providers.len(), seeds.providers.len());
        assert_eq!(stored.routes.len(), seeds.routes.len());
        for (provider, wanted) in stored.providers.iter().zip(&seeds.providers) {
            assert_eq!((&provider.name, provider.models.len()), (&wanted.name, wanted.models.len()));
            assert!(provider.meta.owner == Owner::Seed && provider.id.0 >= 1_000_000, "{}", provider.name);
        }
        for (route, wanted) in stored.routes.iter().zip(&seeds.routes) {
            assert_eq!((&route.name, route.targets.len()), (&wanted.name, wanted.targets.len()));
            assert!(route.meta.owner == Owner::Seed && route.id.0 >= 1_000_000, "{}", route.name);
        }
    }

    #[tokio::test]
    async fn an_empty_database_is_seeded_once() {
        let store = Arc::new(MemoryStore::default());
        let Start { routes, seeding, .. } = start(&store);
        seeding.at_start().await.unwrap();
        is_seeded(&store).await;
        routes.remove(&Name::new("demo").unwrap(), &Writer::API).await.unwrap();
        seeding.at_start().await.unwrap();
        let stored = store.load().await.unwrap();
        assert!(
            stored.routes.iter().all(|route| route.name.as_str() != "demo"),
            "what people removed stays removed"
        );
        assert_eq!(seeding.add_missing().await.unwrap(), ["route demo"], "until they ask for it");
        assert_eq!(seeding.add_missing().await.unwrap(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_seeding_that_was_cut_off_is_finished_by_the_next_start() {
        for made in 1..8 {
            let store = Arc::new(MemoryStore::default());
            let Start { seeding, .. } = start(&store);
            let fates = std::iter::repeat_n(Fate::Made, made).chain([Fate::Refused]).collect::<Vec<_>>();
            store.next_writes(fates);
            assert!(seeding.at_start().await.is_err());
            seeding.at_start().await.unwrap();
            is_seeded(&store).await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn processes_that_start_at_once_seed_once_and_all_start() {
        for _ in 0..20 {
            let store = Arc::new(MemoryStore::default());
            let mut starts = tokio::task::JoinSet::new();
            for _ in 0..4 {
                let Start { seeding, .. } = start(&store);
                starts.spawn(async move { seeding.at_start().await });
            }
            for start in starts.join_all().await {
                start.unwrap();
            }
            let stored = store.load().await.unwrap();
            let seeds = seeds(&SharedModels::default()).unwrap();
            assert_eq!(
                (stored.providers.len(), stored.routes.len()),
                (seeds.providers.len(), seeds.routes.len())
            );
        }
    }

    #[tokio::test]
    async fn a_database_that_somebody_uses_is_left_alone() {
        let store = Arc::new(MemoryStore::default());
        let Start { providers, seeding, .. } = start(&store);
        providers.add(request("mine"), &Writer::API).await.unwrap();
        seeding.at_start().await.unwrap();
        assert_eq!(store.load().await.unwrap().providers.len(), 1);
    }

    #[tokio::test]
    async fn what_somebody_writes_takes_the_place_of_what_came_with_the_product() {
        let store = Arc::new(MemoryStore::default());
        let Start { providers, seeding, .. } = start(&store);
        seeding.at_start().await.unwrap();
        providers.add(request("openai"), &Writer::API).await.unwrap();
        assert_eq!(seeding.add_missing().await.unwrap(), Vec::<String>::new());
        let openai = providers.find(&Name::new("openai").unwrap()).await.unwrap();
        assert_eq!((openai.meta.owner, openai.models.len()), (Owner::Api, 0));
    }
}
