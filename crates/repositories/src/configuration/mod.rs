//! Providers and routes.

mod credentials;
mod load;
mod providers;
pub(crate) mod revision;
mod routes;

use crate::database::Database;
use async_trait::async_trait;
use revision::Written;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::provider::CredentialOwner;
use switchyard_ports::repositories::{
    Author, Change, ChangeKind, ConfigurationRepository, NewProvider, NewRoute, ProviderPatch,
    RepositoryError, Revision, SealedSecret, StoredConfiguration,
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

    async fn create_provider(
        &self,
        provider: NewProvider,
        author: &Author,
    ) -> Result<ProviderId, RepositoryError> {
        let author = author.clone();
        self.change(ChangeKind::Provider, move |connection| {
            let id = providers::create(connection, &provider, &author)?;
            Ok(Written::Changed { id, value: ProviderId(id) })
        })
        .await
    }

    async fn update_provider(
        &self,
        id: ProviderId,
        patch: ProviderPatch,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let author = author.clone();
        self.change(ChangeKind::Provider, move |connection| {
            providers::update(connection, id, &patch, &author)
        })
        .await
    }

    async fn delete_provider(&self, id: ProviderId, _author: &Author) -> Result<(), RepositoryError> {
        self.change(ChangeKind::Provider, move |connection| {
            providers::delete(connection, id)?;
            Ok(Written::changed(id.0))
        })
        .await
    }

    async fn put_credential(
        &self,
        provider: ProviderId,
        owner: &CredentialOwner,
        secret: Option<SealedSecret>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let (owner, author) = (owner.to_word(), author.clone());
        self.change(ChangeKind::Provider, move |connection| match &secret {
            Some(secret) => credentials::put(connection, provider, &owner, secret, &author),
            None => credentials::forget(connection, provider, &owner, &author),
        })
        .await
    }

    async fn create_route(&self, route: NewRoute, author: &Author) -> Result<RouteId, RepositoryError> {
        let author = author.clone();
        self.change(ChangeKind::Route, move |connection| {
            let id = routes::create(connection, &route, &author)?;
            Ok(Written::Changed { id, value: RouteId(id) })
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
        let author = author.clone();
        self.change(ChangeKind::Route, move |connection| {
            routes::replace(connection, id, &route, expected_version, &author)?;
            Ok(Written::changed(id.0))
        })
        .await
    }

    async fn delete_route(&self, id: RouteId, _author: &Author) -> Result<(), RepositoryError> {
        self.change(ChangeKind::Route, move |connection| {
            routes::delete(connection, id)?;
            Ok(Written::changed(id.0))
        })
        .await
    }
}
