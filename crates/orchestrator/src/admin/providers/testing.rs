//! Providers, tried: stored ones, whose result is kept, and such as nobody saved yet; and asked which models they have.

use super::change::TRIES;
use super::{MAX_MODELS, ProviderAdmin, ProviderState, check_models, is_model_id, kept_secret};
use crate::error::AdminError;
use crate::health_checks::finding_of;
use crate::snapshot::credential_binding;
use secrecy::SecretString;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::provider::{CredentialOwner, Provider, ProviderModel};
use switchyard_domain::provider_health::{HealthEvent, HealthFinding};
use switchyard_ports::probe::{ProbeReport, StageReport};
use switchyard_ports::provider::{DiscoveredModel, ProviderConfig};
use switchyard_ports::repositories::{ProviderPatch, RepositoryError};

/// Whose a credential is that a test comes with, and the secret.
type UsedCredential = (CredentialOwner, Arc<SecretString>);

/// What a test showed. That a provider fails is a result, not an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderTest {
    /// How it answered.
    pub finding: HealthFinding,
    /// How far the way to its models could be gone.
    pub stages: [StageReport; 5],
    /// The models that it lists.
    pub models: Vec<String>,
}

impl From<ProbeReport> for ProviderTest {
    fn from(report: ProbeReport) -> Self {
        let finding = finding_of(&report);
        let models = report.models.into_iter().map(|model| model.id).collect();
        Self { finding, stages: report.stages, models }
    }
}

/// A provider that nobody saved.
#[derive(Clone, Debug)]
pub struct UnsavedProvider {
    /// The vendor's key.
    pub vendor: String,
    /// Where it is called; absent means the vendor's own.
    pub base_url: Option<String>,
    /// Its credential.
    pub api_key: Option<SecretString>,
    /// The ids of its models, where it has a list already.
    pub models: Vec<String>,
}

/// What a provider's list of models brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Discovered {
    /// How many models it lists.
    pub listed: usize,
    /// Those that are new, as far as a provider may have so many.
    pub added: Vec<String>,
    /// The provider, with them.
    pub state: ProviderState,
}

impl ProviderAdmin {
    /// Asks a provider for its models with its stored credential, without a billed call, and keeps what that showed.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`] where there is none; when it can't be asked at all.
    pub async fn test_by_id(
        &self,
        id: ProviderId,
        timeout: Duration,
        by: &Writer,
    ) -> Result<ProviderTest, AdminError> {
        let provider = self.by_id(id).await?;
        Ok(self.tested(&provider, timeout, by).await?.into())
    }

    /// The same of a provider that nobody saved. Nothing is stored.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] where it could not be saved as it is.
    pub async fn test_unsaved(
        &self,
        wanted: UnsavedProvider,
        timeout: Duration,
    ) -> Result<ProviderTest, AdminError> {
        let listed = |model: String| DeclaredModel { model, ..DeclaredModel::default() };
        check_models(&wanted.models.into_iter().map(listed).collect::<Vec<_>>())?;
        let secret = wanted.api_key.as_ref().map(kept_secret).transpose()?.flatten();
        let config =
            ProviderConfig { name: "unsaved".to_owned(), vendor: wanted.vendor, base_url: wanted.base_url };
        let client = self.build(&config)?;
        Ok(client.probe(secret.map(Arc::new), timeout).await.into())
    }

    /// Tries a stored provider with its first shared credential, keeps what that showed, and has the backup tell of it.
    pub(super) async fn tested(
        &self,
        provider: &Provider,
        timeout: Duration,
        by: &Writer,
    ) -> Result<ProbeReport, AdminError> {
        let tested = self.tested_and_noted(provider, timeout, by).await;
        self.ports.back_up_test().await;
        tested
    }

    async fn tested_and_noted(
        &self,
        provider: &Provider,
        timeout: Duration,
        by: &Writer,
    ) -> Result<ProbeReport, AdminError> {
        let credential = self.first_credential(provider)?;
        let report = self.asked(provider, credential, timeout, by).await?;
        let event = HealthEvent::Tested(finding_of(&report));
        let seen = Some(provider.meta.version);
        match self.health.note_health(provider.id, seen, event, &self.ports.author(by)).await {
            // What was tested is no more what is stored: the result is the asker's alone.
            Ok(_) | Err(RepositoryError::Stale { .. }) => Ok(report),
            Err(error) => Err(error.into()),
        }
    }

    /// The credential that calls would come with first. Of a provider that is set apart, that may be one that only the settings have.
    fn first_credential(&self, provider: &Provider) -> Result<Option<UsedCredential>, AdminError> {
        if let Some(secret) = self.set_apart_credential(provider) {
            return Ok(Some((CredentialOwner::SHARED, secret)));
        }
        let Some(credential) = provider.credential() else { return Ok(None) };
        let binding = credential_binding(provider.id, &credential.owner.to_word());
        let secret = Arc::new(self.vault.open(&credential.sealed, &binding)?);
        Ok(Some((credential.owner.clone(), secret)))
    }

    /// The credential of a provider that is set apart, as calls have it; `None` where the configuration that they are served by is not
    /// the one that was read.
    fn set_apart_credential(&self, provider: &Provider) -> Option<Arc<SecretString>> {
        let snapshot = self.ports.keeper.as_ref()?.snapshot();
        let entry = snapshot.providers.get(provider.name.as_str())?;
        let is_it = entry.id == provider.id && entry.version == provider.meta.version;
        entry.set_apart_for.as_ref().filter(|_| is_it)?;
        entry.credentials.iter().find_map(|credential| credential.secret.as_ref().ok().cloned())
    }

    /// Asks a provider for its models with this credential, as a test of that. The backup is rewritten as after every test.
    pub(in crate::admin) async fn probe(
        &self,
        provider: &Provider,
        credential: Option<UsedCredential>,
        timeout: Duration,
        by: &Writer,
    ) -> Result<ProbeReport, AdminError> {
        let asked = self.asked(provider, credential, timeout, by).await;
        self.ports.back_up_test().await;
        asked
    }

    /// Asks a provider for its models with this credential. That a stored secret was used is written down before it is: where
    /// that can't be, it is not used.
    async fn asked(
        &self,
        provider: &Provider,
        credential: Option<UsedCredential>,
        timeout: Duration,
        by: &Writer,
    ) -> Result<ProbeReport, AdminError> {
        let config = ProviderConfig {
            name: provider.name.to_string(),
            vendor: provider.vendor.clone(),
            base_url: provider.base_url.clone(),
        };
        let client = self.build(&config)?;
        if let Some((owner, _)) = &credential {
            let details = [
                ("name".to_owned(), provider.name.to_string()),
                ("credential_of".to_owned(), owner.to_word()),
            ];
            let object = format!("provider:{}", provider.id);
            self.ports.note(AuditAction::TestSecret, object, details.into(), by).await?;
        }
        let credential = credential.map(|(_, secret)| secret);
        Ok(client.probe(credential, timeout).await)
    }

    /// Adds the models that a provider lists to its own; those that it has keep their settings. Answers the new ones.
    ///
    /// # Errors
    /// As for [`ProviderAdmin::test`], [`AdminError::Provider`] with what stands in the way of its list, and [`AdminError::FileOwned`] where there are new ones and the file declares the provider.
    pub async fn discover(
        &self,
        name: &Name,
        timeout: Duration,
        by: &Writer,
    ) -> Result<Vec<String>, AdminError> {
        let provider = self.find(name).await?;
        Ok(self.discovered(&provider, timeout, by).await?.added)
    }

    /// The same, by id.
    ///
    /// # Errors
    /// As for [`ProviderAdmin::discover`].
    pub async fn discover_by_id(
        &self,
        id: ProviderId,
        timeout: Duration,
        by: &Writer,
    ) -> Result<Discovered, AdminError> {
        let provider = self.by_id(id).await?;
        self.discovered(&provider, timeout, by).await
    }

    async fn discovered(
        &self,
        provider: &Provider,
        timeout: Duration,
        by: &Writer,
    ) -> Result<Discovered, AdminError> {
        let found = self.tested(provider, timeout, by).await?.listed()?;
        let _turn = self.changes.wait(None).await;
        let mut tries = 0;
        loop {
            tries += 1;
            match self.taken_up(provider.id, &found, by).await {
                Err(AdminError::Repository(RepositoryError::Stale { .. })) if tries < TRIES => {}
                taken_up => return taken_up,
            }
        }
    }

    /// Adds the models that were found to those that the provider lists now: somebody may have changed it while it was asked.
    async fn taken_up(
        &self,
        id: ProviderId,
        found: &[DiscoveredModel],
        by: &Writer,
    ) -> Result<Discovered, AdminError> {
        let provider = self.by_id(id).await?;
        let mut models: Vec<DeclaredModel> = provider.models.iter().map(ProviderModel::declared).collect();
        let mut known: HashSet<String> = models.iter().map(|model| model.model.clone()).collect();
        let is_new = |id: &&String| is_model_id(id) && known.insert((*id).clone());
        let ids = found.iter().map(|model| &model.id).filter(is_new).cloned();
        let added: Vec<String> = ids.take(MAX_MODELS.saturating_sub(models.len())).collect();
        if !added.is_empty() {
            let new = |id: &String| DeclaredModel { model: id.clone(), ..DeclaredModel::default() };
            models.extend(added.iter().map(new));
            let patch = ProviderPatch {
                models: Some(models),
                expected_version: Some(provider.meta.version),
                ..ProviderPatch::default()
            };
            self.update(&provider, patch, None, by).await?;
        }
        Ok(Discovered { listed: found.len(), added, state: self.show(provider.id).await? })
    }
}
