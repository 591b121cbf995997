//! Providers and routes.

mod counters;
mod created;
mod credentials;
mod health;
mod leading;
mod load;
mod losing;
mod providers;
pub(crate) mod revision;
mod routes;
mod sets;
mod targets;
mod versions;

use crate::database::Database;
use crate::error::Fault;
use async_trait::async_trait;
pub(crate) use credentials::sealing_key;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::provider::CredentialOwner;
use switchyard_ports::repositories::{
    Author, Change, ChangeKind, ConfigurationRepository, ConfigurationSet, NewProvider, NewRoute,
    ProviderPatch, ProviderRemoval, RepositoryError, Revision, RouteVersion, SealedSecret,
    StoredConfiguration,
};

#[async_trait]
impl ConfigurationRepository for Database {
    async fn load(&self) -> Result<StoredConfiguration, RepositoryError> {
        self.snapshot(load::load).await
    }

    async fn revision(&self) -> Result<Revision, RepositoryError> {
        self.read(revision::current).await
    }

    async fn changes_since(&self, revision: Revision) -> Result<Option<Vec<Change>>, RepositoryError> {
        self.read(move |connection| revision::changes_since(connection, revision)).await
    }

    async fn seeds(&self) -> Result<i64, RepositoryError> {
        self.read(|connection| counters::value(connection, counters::SEEDS)).await
    }

    async fn note_seeds(&self, edition: i64) -> Result<(), RepositoryError> {
        self.write(move |connection| counters::set(connection, counters::SEEDS, edition)).await
    }

    async fn create_provider(
        &self,
        provider: NewProvider,
        author: &Author,
    ) -> Result<ProviderId, RepositoryError> {
        let by = author.clone();
        self.change(ChangeKind::Provider, AuditAction::Create, author, move |connection| {
            leading::refuse_in_place(connection, &provider, &by)?;
            let created = providers::create(connection, &provider, &[], &by)?;
            let id = ProviderId(created.id);
            let written = created.written(id, provider.name.as_str());
            let Some(seal) = &provider.credential else { return Ok(written) };
            let secret = seal(id).map_err(Fault::Decided)?;
            credentials::store(connection, id, &CredentialOwner::SHARED, &secret, &by)?;
            Ok(written.with("credentials_stored", CredentialOwner::SHARED.to_word()))
        })
        .await
    }

    async fn update_provider(
        &self,
        id: ProviderId,
        patch: ProviderPatch,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let by = author.clone();
        self.change(ChangeKind::Provider, AuditAction::Update, author, move |connection| {
            leading::refuse_change(connection, id, &patch, &by)?;
            providers::update(connection, id, &patch, &[], &by)
        })
        .await
    }

    async fn delete_provider(
        &self,
        id: ProviderId,
        removal: ProviderRemoval,
        author: &Author,
    ) -> Result<Vec<String>, RepositoryError> {
        let by = author.clone();
        self.change(ChangeKind::Provider, AuditAction::Delete, author, move |connection| {
            leading::refuse_removal(connection, id, removal, &by)?;
            providers::delete(connection, id, removal, &by)
        })
        .await
    }

    async fn put_credential(
        &self,
        provider: ProviderId,
        owner: &CredentialOwner,
        secret: Option<SealedSecret>,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let (owner, by) = (owner.clone(), author.clone());
        self.change(ChangeKind::of_credential(&owner), AuditAction::Update, author, move |connection| {
            providers::at_version(connection, provider, expected_version)?;
            match &secret {
                Some(secret) => credentials::put(connection, provider, &owner, secret, &by),
                None => credentials::forget(connection, provider, &owner, &by),
            }
        })
        .await
    }

    async fn add_credential(
        &self,
        provider: ProviderId,
        owner: &CredentialOwner,
        secret: SealedSecret,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let (owner, by) = (owner.clone(), author.clone());
        self.change(ChangeKind::of_credential(&owner), AuditAction::Update, author, move |connection| {
            providers::at_version(connection, provider, expected_version)?;
            credentials::add(connection, provider, &owner, &secret, &by)
        })
        .await
    }

    async fn create_route(&self, route: NewRoute, author: &Author) -> Result<RouteId, RepositoryError> {
        let by = author.clone();
        self.change(ChangeKind::Route, AuditAction::Create, author, move |connection| {
            let created = routes::create(connection, &route, &by)?;
            let id = RouteId(created.id);
            Ok(created.written(id, route.name.as_str()))
        })
        .await
    }

    async fn replace_route(
        &self,
        id: RouteId,
        route: NewRoute,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let by = author.clone();
        self.change(ChangeKind::Route, AuditAction::Update, author, move |connection| {
            leading::refuse_rename(connection, id, &route, &by)?;
            routes::replace(connection, id, &route, expected_version, &by)
        })
        .await
    }

    async fn delete_route(
        &self,
        id: RouteId,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        self.change(ChangeKind::Route, AuditAction::Delete, author, move |connection| {
            routes::delete(connection, id, expected_version)
        })
        .await
    }

    async fn write_all(&self, set: ConfigurationSet, author: &Author) -> Result<(), RepositoryError> {
        let by = author.clone();
        self.change_all(move |connection| sets::write(connection, &set, &by)).await
    }

    async fn route_versions(
        &self,
        id: RouteId,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<RouteVersion>, RepositoryError> {
        self.read(move |connection| versions::page(connection, id, before, most)).await
    }
}
