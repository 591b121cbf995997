use super::ports::hash_of;
use super::{KEY, LIMITED_KEY, NARROW_KEY, provider};
use async_trait::async_trait;
use std::collections::HashMap;
use switchyard_domain::budget::Span;
use switchyard_domain::declaration::Declaration;
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::ids::{
    AttemptId, ProviderId, ProviderModelId, RouteId, TargetId, UserId, VirtualKeyId,
};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::{Owner, RowMeta};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::name::Name;
use switchyard_domain::notes::Notes;
use switchyard_domain::provider::{Capabilities, CredentialOwner, Provider, ProviderModel};
use switchyard_domain::provider_health::ProviderHealth;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::route::{OnDisconnect, Route, RouteMode, Strategy, Target, Timeouts, When};
use switchyard_domain::time::{Day, Timestamp};
use switchyard_domain::usage::{
    CallCursor, CallFilter, CallRecord, GroupBy, LedgerCheck, RefusedCall, RequestsOf, UsageEvent,
    UsageFilter, UsageRow,
};
use switchyard_domain::virtual_key::VirtualKey;
use switchyard_ports::repositories::{
    Author, Change, ConfigurationRepository, ConfigurationSet, KeyPatch, NewProvider, NewRoute,
    NewVirtualKey, ProviderPatch, ProviderRemoval, Recorded, RepositoryError, Revision, RouteVersion,
    SealedSecret, StoredConfiguration, UsageRepository, VirtualKeyRepository,
};

fn meta() -> RowMeta {
    let at = Timestamp(0);
    RowMeta { version: 1, owner: Owner::Api, created_at: at, updated_at: at, updated_by: "ana".into() }
}

fn read_only<T>() -> Result<T, RepositoryError> {
    Err(RepositoryError::Unavailable("read-only".into()))
}

/// Providers `acme` and `sim`, and the route `team`.
pub(crate) struct FixedConfiguration;

fn named(id: i64, name: &str, vendor: &str, models: &[&str]) -> Provider {
    let model = |(at, model): (usize, &&str)| ProviderModel {
        id: ProviderModelId(id * 100 + at as i64),
        model: (*model).to_owned(),
        rates: None,
        limits: Limits::NONE,
        context_window: None,
        max_output_tokens: None,
        capabilities: Capabilities::UNKNOWN,
        is_enabled: true,
    };
    Provider {
        id: ProviderId(id),
        name: Name::new(name).unwrap(),
        vendor: vendor.to_owned(),
        base_url: None,
        is_enabled: true,
        models: models.iter().enumerate().map(model).collect(),
        credentials: Vec::new(),
        health: ProviderHealth::default(),
        declaration: Declaration::default(),
        meta: meta(),
    }
}

fn team() -> Route {
    let target = Target {
        id: TargetId(1),
        provider: ProviderId(1),
        models: "say".into(),
        weight: 1,
        priority: 0,
        strategy: None,
        limits: Limits::NONE,
        when: When::default(),
        timeouts: Timeouts::DEFAULT,
        metadata: Notes::default(),
        is_enabled: true,
    };
    Route {
        id: RouteId(1),
        name: Name::new("team").unwrap(),
        mode: RouteMode::Multi,
        strategy: Strategy::Failover,
        failover_on: FailoverOn::default(),
        strict: false,
        timeouts: Timeouts::DEFAULT,
        on_disconnect: OnDisconnect::default(),
        fallback: None,
        config: Notes::default(),
        is_active: true,
        targets: vec![target],
        is_withdrawn: false,
        meta: meta(),
    }
}

#[async_trait]
impl ConfigurationRepository for FixedConfiguration {
    async fn load(&self) -> Result<StoredConfiguration, RepositoryError> {
        Ok(StoredConfiguration {
            revision: Revision(7),
            providers: vec![
                named(1, "acme", "acme", provider::MODELS),
                named(2, "sim", "sim", &["echo", "say"]),
                named(3, "hub", "acme", &["meta/llama"]),
            ],
            routes: vec![team()],
            quotas: Vec::new(),
        })
    }

    async fn revision(&self) -> Result<Revision, RepositoryError> {
        Ok(Revision(7))
    }

    async fn changes_since(&self, _: Revision) -> Result<Option<Vec<Change>>, RepositoryError> {
        Ok(Some(Vec::new()))
    }

    async fn seeds(&self) -> Result<i64, RepositoryError> {
        Ok(0)
    }

    async fn note_seeds(&self, _: i64) -> Result<(), RepositoryError> {
        read_only()
    }

    async fn create_provider(&self, _: NewProvider, _: &Author) -> Result<ProviderId, RepositoryError> {
        read_only()
    }

    async fn update_provider(
        &self,
        _: ProviderId,
        _: ProviderPatch,
        _: &Author,
    ) -> Result<(), RepositoryError> {
        read_only()
    }

    async fn delete_provider(
        &self,
        _: ProviderId,
        _: ProviderRemoval,
        _: &Author,
    ) -> Result<Vec<String>, RepositoryError> {
        read_only()
    }

    async fn put_credential(
        &self,
        _: ProviderId,
        _: &CredentialOwner,
        _: Option<SealedSecret>,
        _: Option<i64>,
        _: &Author,
    ) -> Result<(), RepositoryError> {
        read_only()
    }

    async fn add_credential(
        &self,
        _: ProviderId,
        _: &CredentialOwner,
        _: SealedSecret,
        _: Option<i64>,
        _: &Author,
    ) -> Result<(), RepositoryError> {
        read_only()
    }

    async fn create_route(&self, _: NewRoute, _: &Author) -> Result<RouteId, RepositoryError> {
        read_only()
    }

    async fn replace_route(
        &self,
        _: RouteId,
        _: NewRoute,
        _: Option<i64>,
        _: &Author,
    ) -> Result<(), RepositoryError> {
        read_only()
    }

    async fn delete_route(&self, _: RouteId, _: Option<i64>, _: &Author) -> Result<(), RepositoryError> {
        read_only()
    }

    async fn write_all(&self, _: ConfigurationSet, _: &Author) -> Result<(), RepositoryError> {
        read_only()
    }

    async fn route_versions(
        &self,
        _: RouteId,
        _: Option<i64>,
        _: u32,
    ) -> Result<Vec<RouteVersion>, RepositoryError> {
        read_only()
    }
}

/// The three keys.
pub(crate) struct FixedKeys;

fn keys() -> Vec<VirtualKey> {
    let key = |id, text: &str, models: Option<&[&str]>, limits| VirtualKey {
        id: VirtualKeyId(id),
        name: Name::new(text).unwrap(),
        prefix: text.to_owned(),
        hash: hash_of(text),
        previous: None,
        user: None,
        tags: Vec::new(),
        is_active: true,
        models: models.map(|list| list.iter().map(|&name| name.to_owned()).collect()),
        limits,
        expires_at: None,
        last_used_at: None,
        grant: switchyard_domain::virtual_key::KeyGrant::default(),
        meta: meta(),
    };
    vec![
        key(1, KEY, None, Limits::NONE),
        key(2, NARROW_KEY, Some(&["team"]), Limits::NONE),
        key(3, LIMITED_KEY, None, Limits { rpm: Some(1), ..Limits::NONE }),
    ]
}

#[async_trait]
impl VirtualKeyRepository for FixedKeys {
    async fn create(&self, _: NewVirtualKey, _: &Author) -> Result<VirtualKeyId, RepositoryError> {
        read_only()
    }

    async fn update(&self, _: VirtualKeyId, _: KeyPatch, _: &Author) -> Result<(), RepositoryError> {
        read_only()
    }

    async fn delete(&self, _: VirtualKeyId, _: Option<i64>, _: &Author) -> Result<(), RepositoryError> {
        read_only()
    }

    async fn page(
        &self,
        after: Option<VirtualKeyId>,
        limit: u32,
    ) -> Result<Vec<VirtualKey>, RepositoryError> {
        let is_after = |key: &VirtualKey| after.is_none_or(|after| key.id > after);
        Ok(keys().into_iter().filter(is_after).take(limit as usize).collect())
    }

    async fn page_of(
        &self,
        _: UserId,
        _: Option<VirtualKeyId>,
        _: u32,
    ) -> Result<Vec<VirtualKey>, RepositoryError> {
        Ok(Vec::new())
    }

    async fn by_ids(&self, ids: &[VirtualKeyId]) -> Result<Vec<VirtualKey>, RepositoryError> {
        Ok(keys().into_iter().filter(|key| ids.contains(&key.id)).collect())
    }

    async fn by_name(&self, name: &Name) -> Result<Vec<VirtualKey>, RepositoryError> {
        Ok(keys().into_iter().filter(|key| key.name == *name).collect())
    }

    async fn touch(&self, _: &[(VirtualKeyId, Timestamp)]) -> Result<(), RepositoryError> {
        Ok(())
    }
}

/// A ledger that nobody writes.
pub(crate) struct NoUsage;

#[async_trait]
impl UsageRepository for NoUsage {
    async fn record(&self, _: &[UsageEvent]) -> Result<Recorded, RepositoryError> {
        read_only()
    }

    async fn report(&self, _: UsageFilter, _: GroupBy) -> Result<Vec<UsageRow>, RepositoryError> {
        read_only()
    }

    async fn verify(&self) -> Result<LedgerCheck, RepositoryError> {
        read_only()
    }

    async fn spent(&self, _: QuotaScope, _: Span) -> Result<NanoUsd, RepositoryError> {
        Ok(NanoUsd::ZERO)
    }

    async fn spent_by_keys(
        &self,
        _: &[VirtualKeyId],
        _: Span,
    ) -> Result<HashMap<VirtualKeyId, NanoUsd>, RepositoryError> {
        Ok(HashMap::new())
    }

    async fn requests_of_day(&self, _: Day, _: &RequestsOf) -> Result<Vec<(String, u64)>, RepositoryError> {
        Ok(Vec::new())
    }

    async fn events_of(&self, _: &str) -> Result<Vec<UsageEvent>, RepositoryError> {
        read_only()
    }

    async fn calls(
        &self,
        _: &CallFilter,
        _: Option<CallCursor>,
        _: u32,
    ) -> Result<Vec<CallRecord>, RepositoryError> {
        read_only()
    }

    async fn call(&self, _: AttemptId) -> Result<Option<CallRecord>, RepositoryError> {
        read_only()
    }

    async fn record_refused(&self, _: &[RefusedCall], _: u32) -> Result<(), RepositoryError> {
        read_only()
    }

    async fn refused(&self, _: Option<Timestamp>, _: u32) -> Result<Vec<RefusedCall>, RepositoryError> {
        read_only()
    }
}
