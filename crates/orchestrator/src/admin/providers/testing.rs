//! Providers, tried: stored ones, whose result is kept, and such as nobody saved yet; and asked which models they have.

use super::{ProviderAdmin, ProviderProbe, ProviderState, declared, is_model_id, kept_secret};
use crate::error::AdminError;
use secrecy::SecretString;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::provider::{CredentialOwner, Provider};
use switchyard_domain::provider_health::{HealthEvent, HealthFinding};
use switchyard_ports::provider::ProviderConfig;
use switchyard_ports::repositories::ProviderPatch;

/// What a test showed. That a provider fails is a result, not an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderTest {
    /// How it answered.
    pub finding: HealthFinding,
    /// The models that it lists.
    pub models: Vec<String>,
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
}

/// What a provider's list of models brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Discovered {
    /// How many models it lists.
    pub listed: usize,
    /// Those that are new.
    pub added: Vec<String>,
    /// The provider, with them.
    pub state: ProviderState,
}

impl ProviderAdmin {
    /// Asks a provider for its models with its stored credential, without a billed call, and keeps what that showed.
    ///
    /// # Errors
    /// [`switchyard_ports::repositories::RepositoryError::NotFound`] where there is none; when it can't be asked at all.
    pub async fn test_by_id(
        &self,
        id: ProviderId,
        timeout: Duration,
        by: &Writer,
    ) -> Result<ProviderTest, AdminError> {
        let provider = self.by_id(id).await?;
        let (probed, finding) = self.tested(&provider, timeout, by).await?;
        Ok(ProviderTest { finding, models: probed.map(|probe| probe.models).unwrap_or_default() })
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
        let secret = wanted.api_key.as_ref().map(kept_secret).transpose()?.flatten();
        let config =
            ProviderConfig { name: "unsaved".to_owned(), vendor: wanted.vendor, base_url: wanted.base_url };
        let client = self.build(&config)?;
        let began = self.ports.clock.monotonic();
        let listed = client.list_models(secret.map(Arc::new), timeout).await;
        let latency = millis(self.ports.clock.monotonic().since(began));
        Ok(match listed {
            Ok(models) => ProviderTest {
                finding: HealthFinding::online(latency),
                models: models.into_iter().map(|model| model.id).collect(),
            },
            Err(fault) => {
                ProviderTest { finding: HealthFinding::failed(&fault, latency), models: Vec::new() }
            }
        })
    }

    /// Tries a stored provider with its shared credential, and keeps what that showed. Answers what came of it both ways: as an error
    /// where it failed, and as what was kept.
    pub(super) async fn tested(
        &self,
        provider: &Provider,
        timeout: Duration,
        by: &Writer,
    ) -> Result<(Result<ProviderProbe, AdminError>, HealthFinding), AdminError> {
        let secret = self.shared_secret(provider)?;
        let credential = secret.map(|secret| (&CredentialOwner::Shared, secret));
        let began = self.ports.clock.monotonic();
        let probed = self.probe(provider, credential, timeout, by).await;
        let latency = millis(self.ports.clock.monotonic().since(began));
        let finding = match &probed {
            Ok(probe) => HealthFinding::online(millis(probe.latency)),
            Err(AdminError::Provider(fault)) => HealthFinding::failed(fault, latency),
            Err(other) => return Err(other.clone()),
        };
        let event = HealthEvent::Tested(finding.clone());
        self.health.note_health(provider.id, event, &self.ports.author(by)).await?;
        Ok((probed, finding))
    }

    /// Adds the models that a provider lists to its own; those that it has keep their settings. Answers the new ones.
    ///
    /// # Errors
    /// As for [`ProviderAdmin::test`], and [`AdminError::FileOwned`] where there are new ones and the file declares the provider.
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
        let found = self.tested(provider, timeout, by).await?.0?.models;
        let listed = found.len();
        // Somebody may have changed it while it was asked.
        let provider = self.by_id(provider.id).await?;
        let mut models: Vec<DeclaredModel> = provider.models.iter().map(declared).collect();
        let mut known: HashSet<String> = models.iter().map(|model| model.model.clone()).collect();
        let is_new = |id: &String| is_model_id(id) && known.insert(id.clone());
        let added: Vec<String> = found.into_iter().filter(is_new).collect();
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
        Ok(Discovered { listed, added, state: self.show(provider.id).await? })
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
