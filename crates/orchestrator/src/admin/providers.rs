//! Providers: added, listed, tested, asked for their models, removed.

use super::{AdminPorts, check_limits, refuse_declared};
use crate::error::AdminError;
use crate::snapshot::credential_binding;
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::credential::kept_form;
use switchyard_domain::declared::{DeclaredModel, DeclaredProvider};
use switchyard_domain::ids::ProviderId;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::provider::{CredentialOwner, Provider, ProviderModel};
use switchyard_ports::provider::{
    Provider as ProviderClient, ProviderConfig, ProviderFactory, VendorSummary,
};
use switchyard_ports::repositories::{
    CredentialWrite, NewProvider, ProviderPatch, RepositoryError, SealedSecret,
};
use switchyard_ports::vault::Vault;

const MAX_MODELS: usize = 10_000;
const MAX_MODEL_ID_CHARS: usize = 256;

/// A provider that is wanted.
#[derive(Clone, Debug)]
pub struct ProviderRequest {
    /// Its unique name.
    pub name: Name,
    /// The vendor's key.
    pub vendor: String,
    /// Where it is called; absent means the vendor's own.
    pub base_url: Option<String>,
    /// Its credential.
    pub api_key: Option<SecretString>,
    /// Its models.
    pub models: Vec<DeclaredModel>,
    /// Whether calls may go to it.
    pub is_enabled: bool,
}

/// What a test of a provider found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderProbe {
    /// How long it took.
    pub latency: Duration,
    /// The models that it lists.
    pub models: Vec<String>,
}

/// Administers providers.
pub struct ProviderAdmin {
    ports: AdminPorts,
    factory: Arc<dyn ProviderFactory>,
    vault: Arc<dyn Vault>,
}

impl ProviderAdmin {
    /// Over the given ports.
    #[must_use]
    pub fn new(ports: AdminPorts, factory: Arc<dyn ProviderFactory>, vault: Arc<dyn Vault>) -> Self {
        Self { ports, factory, vault }
    }

    /// The vendors to choose from.
    #[must_use]
    pub fn vendors(&self) -> Vec<VendorSummary> {
        self.factory.vendors()
    }

    /// Writes a new provider. Nothing is called: saving never depends on the vendor's being reachable.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] for an unknown vendor, a refused base URL, a malformed secret or model list;
    /// [`RepositoryError::Conflict`] when the name is taken.
    pub async fn add(&self, request: ProviderRequest, by: &Writer) -> Result<ProviderId, AdminError> {
        self.check_address(&request.name, &request.vendor, request.base_url.as_deref())?;
        check_models(&request.models)?;
        let secret = request.api_key.as_ref().map(kept_secret).transpose()?.flatten();
        let author = self.ports.author(by);
        let provider = NewProvider {
            name: request.name,
            vendor: request.vendor,
            base_url: request.base_url,
            is_enabled: request.is_enabled,
            models: request.models,
        };
        let id = self.ports.configuration.create_provider(provider, &author).await?;
        if let Some(secret) = secret
            && let Err(error) = self.store_credential(id, &secret, by).await
        {
            // Half of what was asked for would only stand in the way of asking again.
            if let Err(rest) = self.ports.configuration.delete_provider(id, &author).await {
                tracing::warn!(provider.id = id.0, error = %rest, "a provider was written without its credential");
            }
            return Err(error);
        }
        self.ports.read_own_write().await;
        Ok(id)
    }

    /// Changes a provider; the secret replaces the stored one. One that moves to another host forgets every credential but the one that
    /// comes with the change, people's own ones too: nobody lent theirs for that host.
    ///
    /// # Errors
    /// As for [`ProviderAdmin::add`], and [`AdminError::FileOwned`] for anybody but the file where the file declares it.
    pub async fn update(
        &self,
        current: &Provider,
        mut patch: ProviderPatch,
        api_key: Option<&SecretString>,
        by: &Writer,
    ) -> Result<(), AdminError> {
        refuse_declared(&current.meta.owner, || format!("the provider `{}`", current.name), by)?;
        // What stays as it is was checked when it was written; a provider that is broken by now must still be switched off.
        if let Some(base_url) = &patch.base_url {
            self.check_address(&current.name, &current.vendor, base_url.as_deref())?;
        }
        check_models(patch.models.as_deref().unwrap_or_default())?;
        let secret = api_key.map(kept_secret).transpose()?.flatten();
        patch.forgets_credentials = is_moved(current, &patch);
        if patch != ProviderPatch::default() {
            self.ports.configuration.update_provider(current.id, patch, &self.ports.author(by)).await?;
        }
        if let Some(secret) = secret {
            self.store_credential(current.id, &secret, by).await?;
        }
        self.ports.read_own_write().await;
        Ok(())
    }

    /// Whether a provider can be written as a file declares it; `current` is what it takes the place of.
    pub(super) fn check_declared(
        &self,
        wanted: &DeclaredProvider,
        current: Option<&Provider>,
    ) -> Result<(), AdminError> {
        // As in `update`: what stays as it is was checked when it was written.
        let is_known =
            |current: &Provider| (&current.vendor, &current.base_url) == (&wanted.vendor, &wanted.base_url);
        if !current.is_some_and(is_known) {
            self.check_address(&wanted.name, &wanted.vendor, wanted.base_url.as_deref())?;
        }
        check_models(&wanted.models)?;
        wanted.api_key.as_ref().map(kept_secret).transpose()?;
        Ok(())
    }

    /// Builds what a call would use, and throws it away.
    fn check_address(&self, name: &Name, vendor: &str, base_url: Option<&str>) -> Result<(), AdminError> {
        let config = ProviderConfig {
            name: name.to_string(),
            vendor: vendor.to_owned(),
            base_url: base_url.map(str::to_owned),
        };
        self.build(&config).map(|_| ())
    }

    fn build(&self, config: &ProviderConfig) -> Result<Arc<dyn ProviderClient>, AdminError> {
        let is_known = self.factory.vendors().iter().any(|vendor| vendor.key == config.vendor);
        let param = if is_known { "base_url" } else { "vendor" };
        self.factory.build(config).map_err(|invalid| AdminError::invalid(param, invalid.to_string()))
    }

    async fn store_credential(
        &self,
        provider: ProviderId,
        secret: &SecretString,
        by: &Writer,
    ) -> Result<(), AdminError> {
        let shared = CredentialOwner::Shared;
        let sealed = SealedSecret {
            sealed: self.vault.seal(secret, &credential_binding(provider, &shared.to_word()))?,
            hint: hint_of(secret),
        };
        let author = self.ports.author(by);
        Ok(self.ports.configuration.put_credential(provider, &shared, Some(sealed), &author).await?)
    }

    /// A credential that is written with its provider, sealed for the row that this gets.
    pub(super) fn sealing(&self, owner: CredentialOwner, secret: SecretString) -> CredentialWrite {
        let (vault, word) = (Arc::clone(&self.vault), owner.to_word());
        let seal = move |id: ProviderId| {
            let sealed = vault.seal(&secret, &credential_binding(id, &word));
            let sealed = sealed.map_err(|error| {
                RepositoryError::Unavailable(format!("a secret can't be sealed: {error}"))
            })?;
            Ok(SealedSecret { sealed, hint: hint_of(&secret) })
        };
        CredentialWrite { owner, secret: Some(Arc::new(seal)) }
    }

    /// Whether writing this secret would change nothing: it is the stored one, or empty. So a file that is applied again is no
    /// change.
    #[must_use]
    pub fn holds_secret(&self, provider: &Provider, secret: &SecretString) -> bool {
        let Ok(secret) = kept_form(secret.expose_secret()) else { return false };
        if secret.expose_secret().is_empty() {
            return true;
        }
        let Some(credential) = &provider.credential else { return false };
        let binding = credential_binding(provider.id, &credential.owner.to_word());
        self.vault
            .open(&credential.sealed, &binding)
            .is_ok_and(|stored| stored.expose_secret() == secret.expose_secret())
    }

    /// What a person may see of a provider's shared credential: its last characters, or [`super::UNREADABLE`] where it was sealed
    /// under a key that is not at hand. `None` where there is none.
    #[must_use]
    pub fn shown_hint(&self, provider: &Provider) -> Option<String> {
        let credential = provider.credential.as_ref()?;
        let binding = credential_binding(provider.id, &credential.owner.to_word());
        let opens = self.vault.open(&credential.sealed, &binding).is_ok();
        Some(if opens { credential.hint.clone() } else { super::UNREADABLE.to_owned() })
    }

    /// All providers, by id.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn list(&self) -> Result<Vec<Provider>, AdminError> {
        Ok(self.ports.configuration.load().await?.providers)
    }

    /// The provider of this name.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`] when there is none.
    pub async fn find(&self, name: &Name) -> Result<Provider, AdminError> {
        let found = self.list().await?.into_iter().find(|provider| provider.name == *name);
        Ok(found.ok_or_else(|| RepositoryError::NotFound { what: format!("the provider `{name}`") })?)
    }

    /// Asks a provider for its models with its stored credential: shows that address, TLS and credential work, without a
    /// billed call.
    ///
    /// # Errors
    /// [`AdminError::Provider`] with what went wrong.
    pub async fn test(
        &self,
        name: &Name,
        timeout: Duration,
        by: &Writer,
    ) -> Result<ProviderProbe, AdminError> {
        let provider = self.find(name).await?;
        let shared = CredentialOwner::Shared;
        let credential = match &provider.credential {
            Some(credential) => {
                let binding = credential_binding(provider.id, &credential.owner.to_word());
                Some((&shared, Arc::new(self.vault.open(&credential.sealed, &binding)?)))
            }
            None => None,
        };
        let tested = self.probe(&provider, credential, timeout, by).await;
        self.ports.back_up_test().await;
        tested
    }

    /// Asks a provider for its models with this credential. That a stored secret was used is written down before it is: where
    /// that can't be, it is not used.
    pub(super) async fn probe(
        &self,
        provider: &Provider,
        credential: Option<(&CredentialOwner, Arc<SecretString>)>,
        timeout: Duration,
        by: &Writer,
    ) -> Result<ProviderProbe, AdminError> {
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
        let began = self.ports.clock.monotonic();
        let models = client.list_models(credential, timeout).await?;
        let latency = self.ports.clock.monotonic().since(began);
        Ok(ProviderProbe { latency, models: models.into_iter().map(|model| model.id).collect() })
    }

    /// Adds the models that a provider lists to its own; those that it has keep their settings. Answers the new ones.
    ///
    /// # Errors
    /// As for [`ProviderAdmin::test`].
    pub async fn discover(
        &self,
        name: &Name,
        timeout: Duration,
        by: &Writer,
    ) -> Result<Vec<String>, AdminError> {
        let found = self.test(name, timeout, by).await?.models;
        let provider = self.find(name).await?;
        let mut models: Vec<DeclaredModel> = provider.models.iter().map(ProviderModel::declared).collect();
        let mut known: HashSet<String> = models.iter().map(|model| model.model.clone()).collect();
        let is_new = |id: &String| is_model_id(id) && known.insert(id.clone());
        let fresh: Vec<String> = found.into_iter().filter(is_new).collect();
        if fresh.is_empty() {
            return Ok(fresh);
        }
        models.extend(fresh.iter().map(|id| DeclaredModel { model: id.clone(), ..DeclaredModel::default() }));
        let patch = ProviderPatch {
            models: Some(models),
            expected_version: Some(provider.meta.version),
            ..ProviderPatch::default()
        };
        self.update(&provider, patch, None, by).await?;
        Ok(fresh)
    }

    /// Removes a provider with its models and credentials.
    ///
    /// # Errors
    /// [`RepositoryError::Conflict`], naming the routes, while a route uses it; [`AdminError::FileOwned`] while the file declares it:
    /// what it left out was switched off, and can be removed.
    pub async fn remove(&self, name: &Name, by: &Writer) -> Result<(), AdminError> {
        let provider = self.find(name).await?;
        if provider.is_enabled {
            refuse_declared(&provider.meta.owner, || format!("the provider `{name}`"), by)?;
        }
        self.ports.configuration.delete_provider(provider.id, &self.ports.author(by)).await?;
        self.ports.read_own_write().await;
        Ok(())
    }
}

fn is_model_id(id: &str) -> bool {
    let length = id.chars().count();
    id.trim() == id && (1..=MAX_MODEL_ID_CHARS).contains(&length) && !id.chars().any(char::is_control)
}

/// Whether a change sends what is sent to a provider to another place.
pub(super) fn is_moved(current: &Provider, patch: &ProviderPatch) -> bool {
    let Some(base_url) = &patch.base_url else { return false };
    origin(base_url.as_deref()) != origin(current.base_url.as_deref())
}

/// The scheme, host and port of an address; `None` for the vendor's own.
fn origin(base_url: Option<&str>) -> Option<String> {
    let base_url = base_url?;
    let (scheme, rest) = base_url.split_once("://").unwrap_or(("", base_url));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    Some(format!("{scheme}://{host}").to_ascii_lowercase())
}

fn check_models(models: &[DeclaredModel]) -> Result<(), AdminError> {
    let invalid = |message: String| Err(AdminError::invalid("models", message));
    if models.len() > MAX_MODELS {
        return invalid(format!("a provider has at most {MAX_MODELS} models"));
    }
    let mut seen = HashSet::new();
    for model in models {
        let id = model.model.as_str();
        if !is_model_id(id) {
            return invalid(format!(
                "a model id has 1 to {MAX_MODEL_ID_CHARS} characters, none of them control characters, and no white \
                 space at its ends"
            ));
        }
        if !seen.insert(id) {
            return invalid(format!("the model `{id}` stands twice in the list"));
        }
        if model.rates.is_some_and(|rates| rates.has_negative()) {
            return invalid(format!("a price of the model `{id}` is negative"));
        }
        if [model.context_window, model.max_output_tokens].contains(&Some(0)) {
            return invalid(format!(
                "a size of the model `{id}` is zero; leave it out where it is not known"
            ));
        }
        check_limits(&model.limits, &format!("models[{id}].limits"))?;
    }
    Ok(())
}

/// The secret in the form that is kept; `None` when nothing is in it.
pub(super) fn kept_secret(secret: &SecretString) -> Result<Option<SecretString>, AdminError> {
    let kept = kept_form(secret.expose_secret());
    let kept = kept.map_err(|unfit| AdminError::invalid("api_key", unfit.to_string()))?;
    Ok(Some(kept).filter(|kept| !kept.expose_secret().is_empty()))
}

/// What a person may see of a secret: its last four characters, if it is long enough to keep the rest.
pub(super) fn hint_of(secret: &SecretString) -> String {
    let text = secret.expose_secret();
    let shown = text.len().checked_sub(4).filter(|&rest| rest >= 8).and_then(|rest| text.get(rest..));
    format!("…{}", shown.unwrap_or_default())
}
