//! Changes to providers by their ids, of one who may have read them before: what somebody else changed meanwhile is not overwritten.

use super::state::no_such_model;
use super::{ModelState, ProviderAdmin, ProviderState, kept_secret, label};
use crate::admin::refuse_declared;
use crate::error::AdminError;
use secrecy::SecretString;
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::provider::{Provider, ProviderModel, SharedPlace};
use switchyard_domain::provider_health::HealthEvent;
use switchyard_ports::repositories::{ProviderPatch, ProviderRemoval, RepositoryError};

/// How often a change is tried over what others change meanwhile.
pub(super) const TRIES: usize = 5;

/// Changes to a provider; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct ProviderChange {
    /// Its unique name. Lists of models and calls that name `<provider>/<model>` mean the new name from then on.
    pub name: Option<Name>,
    /// The vendor's key.
    pub vendor: Option<String>,
    /// Where it is called: `Some(None)` means the vendor's own.
    pub base_url: Option<Option<String>>,
    /// Its first credential: `Some(None)` forgets the stored one, an empty one keeps it.
    pub api_key: Option<Option<SecretString>>,
    /// Its models, replaced whole.
    pub models: Option<Vec<DeclaredModel>>,
    /// The ids of its models, where `models` says nothing: those that it has keep their settings.
    pub model_ids: Option<Vec<String>>,
    /// Whether calls may go to it.
    pub is_enabled: Option<bool>,
    /// Whether its shared credentials go along to another host. Whoever lent their own for the host before did not lend it for the
    /// next, so those are forgotten in any case.
    pub keeps_credential: bool,
    /// The version that is to be changed.
    pub expected_version: Option<i64>,
}

/// How a provider or a model is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// Whether it goes though routes lead to it.
    pub forced: bool,
    /// The version of the provider that is to be changed.
    pub expected_version: Option<i64>,
}

impl ProviderAdmin {
    /// Changes a provider, and answers what it is then.
    ///
    /// # Errors
    /// As for [`ProviderAdmin::update`]; [`RepositoryError::NotFound`] where there is none, [`RepositoryError::Stale`] where it is at
    /// another version than the expected one, or others changed it again and again.
    pub async fn change(
        &self,
        id: ProviderId,
        change: ProviderChange,
        by: &Writer,
    ) -> Result<ProviderState, AdminError> {
        let expected_version = change.expected_version;
        let _turn = self.changes.wait(expected_version).await;
        let mut tries = 0;
        loop {
            let current = self.by_id(id).await?;
            // What is only said again is no change, nor is what is said of an older version.
            stale(&current, expected_version)?;
            let (patch, secret) = self.wanted(&current, change.clone())?;
            if patch.is_empty() && secret.is_none() {
                return Ok(self.state(current));
            }
            tries += 1;
            match self.update(&current, patch, secret.as_ref(), by).await {
                Err(AdminError::Repository(RepositoryError::Stale { .. }))
                    if expected_version.is_none() && tries < TRIES => {}
                Err(error) => return Err(error),
                Ok(()) => return self.show(id).await,
            }
        }
    }

    /// What is to be written, and the secret that comes with it.
    fn wanted(
        &self,
        current: &Provider,
        change: ProviderChange,
    ) -> Result<(ProviderPatch, Option<SecretString>), AdminError> {
        let ProviderChange { name, vendor, base_url, api_key, models, model_ids, is_enabled, .. } = change;
        let given = api_key.as_ref().and_then(Option::as_ref).map(kept_secret).transpose()?.flatten();
        let first = current.credential_at(SharedPlace::FIRST);
        let declared_now: Vec<DeclaredModel> = current.models.iter().map(ProviderModel::declared).collect();
        let with_id = |id: String| {
            let known = declared_now.iter().find(|known| known.model == id).cloned();
            known.unwrap_or(DeclaredModel { model: id, ..DeclaredModel::default() })
        };
        let models = models.or_else(|| Some(model_ids?.into_iter().map(with_id).collect()));
        let patch = ProviderPatch {
            name: name.filter(|name| *name != current.name),
            vendor: vendor.filter(|vendor| *vendor != current.vendor),
            base_url: base_url.filter(|base_url| *base_url != current.base_url),
            models: models.filter(|models| *models != declared_now),
            is_enabled: is_enabled.filter(|enabled| *enabled != current.is_enabled),
            credential: (matches!(api_key, Some(None)) && first.is_some()).then_some(None),
            keeps_shared: change.keeps_credential,
            expected_version: change.expected_version,
            ..ProviderPatch::default()
        };
        Ok((patch, given))
    }

    /// Removes a provider with its models and credentials; forced, the targets that lead to it go too. Answers the names of the routes
    /// that lost some.
    ///
    /// # Errors
    /// [`RepositoryError::Conflict`], naming the routes, while a route uses it, forced while one of the file does;
    /// [`AdminError::FileOwned`] while the file declares it, switched off or not.
    pub async fn remove_by_id(
        &self,
        id: ProviderId,
        removal: Removal,
        by: &Writer,
    ) -> Result<Vec<String>, AdminError> {
        let provider = self.by_id(id).await?;
        let Removal { forced, expected_version } = removal;
        self.remove_found(&provider, ProviderRemoval { takes_targets: forced, expected_version }, by).await
    }

    pub(super) async fn remove_found(
        &self,
        provider: &Provider,
        removal: ProviderRemoval,
        by: &Writer,
    ) -> Result<Vec<String>, AdminError> {
        refuse_declared(provider.is_declared(), || label(provider), by)?;
        let author = self.ports.author(by);
        let changed = self.ports.configuration.delete_provider(provider.id, removal, &author).await?;
        self.ports.read_own_write().await;
        Ok(changed)
    }

    /// Writes a model of a provider, in the place of the one of its name if it lists it. Answers it with the provider's version, and
    /// whether it is new.
    ///
    /// # Errors
    /// As for [`ProviderAdmin::change`].
    pub async fn put_model(
        &self,
        id: ProviderId,
        model: DeclaredModel,
        expected_version: Option<i64>,
        by: &Writer,
    ) -> Result<(ModelState, i64, bool), AdminError> {
        let name = model.model.clone();
        let mut is_new = false;
        let unforced = Removal { forced: false, expected_version };
        self.change_models(id, unforced, by, |models| {
            let place = models.iter_mut().find(|known| known.model == name);
            is_new = place.is_none();
            match place {
                Some(known) => *known = model.clone(),
                None => models.push(model.clone()),
            }
        })
        .await?;
        let (state, version) = self.show_model(id, &name).await?;
        Ok((state, version, is_new))
    }

    /// Removes a model from a provider's list. Targets that name it lose it, and go where they name no other.
    ///
    /// # Errors
    /// As for [`ProviderAdmin::change`]; [`RepositoryError::NotFound`] where the provider does not list it, and
    /// [`RepositoryError::Conflict`], naming the routes, while a target names it, unless it is forced and none of them is the file's.
    pub async fn remove_model(
        &self,
        id: ProviderId,
        model: &str,
        removal: Removal,
        by: &Writer,
    ) -> Result<(), AdminError> {
        let provider = self.by_id(id).await?;
        if provider.models.iter().all(|listed| listed.model != model) {
            return Err(no_such_model(&provider, model).into());
        }
        self.change_models(id, removal, by, |models| {
            models.retain(|listed| listed.model != model);
        })
        .await
    }

    /// Changes the list of models as it is now, whoever else changes the provider meanwhile, unless a version is expected. Forced, those
    /// go too that routes name.
    async fn change_models(
        &self,
        id: ProviderId,
        removal: Removal,
        by: &Writer,
        mut change: impl FnMut(&mut Vec<DeclaredModel>),
    ) -> Result<(), AdminError> {
        let Removal { forced, expected_version } = removal;
        let _turn = self.changes.wait(expected_version).await;
        let mut tries = 0;
        loop {
            let current = self.by_id(id).await?;
            stale(&current, expected_version)?;
            let before: Vec<DeclaredModel> = current.models.iter().map(ProviderModel::declared).collect();
            let mut models = before.clone();
            change(&mut models);
            if models == before {
                return Ok(());
            }
            let patch = ProviderPatch {
                models: Some(models),
                drops_used_models: forced,
                expected_version: Some(current.meta.version),
                ..ProviderPatch::default()
            };
            tries += 1;
            match self.update(&current, patch, None, by).await {
                Err(AdminError::Repository(RepositoryError::Stale { .. }))
                    if expected_version.is_none() && tries < TRIES => {}
                done => return done,
            }
        }
    }

    /// States whether a provider is healthy; it holds until a check finds otherwise.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`] where there is none.
    pub async fn state_health(
        &self,
        id: ProviderId,
        is_healthy: bool,
        by: &Writer,
    ) -> Result<ProviderState, AdminError> {
        self.health.note_health(id, None, HealthEvent::Stated(is_healthy), &self.ports.author(by)).await?;
        self.ports.read_own_write().await;
        // What was known before is no change of configuration, and in the backup all the same.
        self.ports.back_up_test().await;
        self.show(id).await
    }
}

/// Refuses a change of another version than the one that is expected.
fn stale(current: &Provider, expected_version: Option<i64>) -> Result<(), RepositoryError> {
    match expected_version {
        Some(version) if version != current.meta.version => {
            Err(RepositoryError::Stale { current: current.meta.version })
        }
        _ => Ok(()),
    }
}
