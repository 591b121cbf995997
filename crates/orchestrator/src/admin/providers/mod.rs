//! Providers: added, listed, tested, asked for their models, removed.

mod change;
mod state;
mod testing;

pub use change::{ProviderChange, Removal};
pub use state::{CredentialSight, FactSource, ModelState, ProviderState};
pub use testing::{Discovered, ProviderTest, UnsavedProvider};

use super::in_turn::InTurn;
use super::shared_credentials::check_list;
use super::{AdminPorts, check_limits, refuse_declared, shown};
use crate::error::AdminError;
use crate::snapshot::credential_binding;
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::credential::kept_form;
use switchyard_domain::declared::{DeclaredModel, DeclaredProvider};
use switchyard_domain::ids::ProviderId;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::provider::{CredentialOwner, Provider, SharedPlace, kept_address, place_of};
use switchyard_ports::prices::PriceBook;
use switchyard_ports::probe::ProbeReport;
use switchyard_ports::provider::{
    Provider as ProviderClient, ProviderConfig, ProviderFactory, VendorSummary,
};
use switchyard_ports::repositories::{
    CredentialWrite, NewProvider, ProviderHealthRepository, ProviderPatch, ProviderRemoval, RepositoryError,
    SealForRow, SealedSecret,
};
use switchyard_ports::vault::Vault;

pub(super) const MAX_MODELS: usize = 10_000;
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

/// What the administration of providers needs besides.
#[derive(Clone)]
pub struct ProviderPorts {
    /// Builds what calls would use.
    pub factory: Arc<dyn ProviderFactory>,
    /// Seals credentials.
    pub vault: Arc<dyn Vault>,
    /// What is known of models.
    pub prices: Arc<dyn PriceBook>,
    /// What tests found.
    pub health: Arc<dyn ProviderHealthRepository>,
}

/// Administers providers.
pub struct ProviderAdmin {
    ports: AdminPorts,
    factory: Arc<dyn ProviderFactory>,
    vault: Arc<dyn Vault>,
    prices: Arc<dyn PriceBook>,
    health: Arc<dyn ProviderHealthRepository>,
    pub(super) changes: InTurn,
}

impl ProviderAdmin {
    /// Over the given ports.
    #[must_use]
    pub fn new(ports: AdminPorts, besides: ProviderPorts) -> Self {
        let ProviderPorts { factory, vault, prices, health } = besides;
        Self { ports, factory, vault, prices, health, changes: InTurn::default() }
    }

    /// The vendors to choose from.
    #[must_use]
    pub fn vendors(&self) -> Vec<VendorSummary> {
        self.factory.vendors()
    }

    /// Writes a new provider with its credential. Nothing is called: saving never depends on the vendor's being reachable.
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
            called_at: self.called_at(&request.vendor),
            vendor: request.vendor,
            base_url: request.base_url,
            is_enabled: request.is_enabled,
            models: request.models,
            credential: secret.map(|secret| self.seal_for_row(SharedPlace::FIRST, secret)),
        };
        let id = self.ports.configuration.create_provider(provider, &author).await?;
        self.ports.read_own_write().await;
        Ok(id)
    }

    /// Changes a provider as it was read; the secret replaces the stored one. One that moves to another host forgets every credential but the one that
    /// comes with the change, people's own ones too: nobody lent theirs for that host.
    ///
    /// # Errors
    /// As for [`ProviderAdmin::add`], [`RepositoryError::Stale`] where somebody else changed it since, [`RepositoryError::Conflict`],
    /// naming them, where routes stand in the way, and [`AdminError::FileOwned`] for anybody but the file where the file declares it.
    pub async fn update(
        &self,
        current: &Provider,
        mut patch: ProviderPatch,
        api_key: Option<&SecretString>,
        by: &Writer,
    ) -> Result<(), AdminError> {
        refuse_declared(current.is_declared(), || label(current), by)?;
        // What stays as it is was checked when it was written; a provider that is broken by now must still be switched off.
        if patch.base_url.is_some() || patch.vendor.is_some() {
            let name = patch.name.as_ref().unwrap_or(&current.name);
            let vendor = patch.vendor.as_ref().unwrap_or(&current.vendor);
            let base_url = patch.base_url.as_ref().unwrap_or(&current.base_url);
            self.check_address(name, vendor, base_url.as_deref())?;
        }
        check_models(patch.models.as_deref().unwrap_or_default())?;
        let secret = api_key.map(kept_secret).transpose()?.flatten();
        // All of this was decided by what was read: it holds for nothing newer.
        patch.expected_version = patch.expected_version.or(Some(current.meta.version));
        patch.forgets_credentials = self.is_moved(current, &patch);
        if let Some(secret) = secret {
            patch.credential = Some(Some(self.sealed(current.id, &secret)?));
        }
        if !patch.is_empty() {
            self.ports.configuration.update_provider(current.id, patch, &self.ports.author(by)).await?;
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
        if wanted.api_key.is_some() && !wanted.api_keys.is_empty() {
            return Err(AdminError::invalid(
                "api_keys",
                "stands beside `api_key`: only one of them can be meant",
            ));
        }
        check_list(&wanted.api_keys).map(drop)
    }

    /// Whether there is such a vendor.
    pub(super) fn check_vendor(&self, wanted: &DeclaredProvider) -> Result<(), AdminError> {
        if self.factory.vendors().iter().any(|known| known.key == wanted.vendor) {
            return Ok(());
        }
        self.check_address(&wanted.name, &wanted.vendor, wanted.base_url.as_deref())
    }

    /// Whether a change sends what is sent to a provider to another place.
    pub(super) fn is_moved(&self, current: &Provider, patch: &ProviderPatch) -> bool {
        let vendor = patch.vendor.as_ref().unwrap_or(&current.vendor);
        let base_url = patch.base_url.as_ref().unwrap_or(&current.base_url);
        self.place(vendor, base_url.as_deref()) != self.place(&current.vendor, current.base_url.as_deref())
    }

    /// Where what is sent to a provider goes: the place of the address that it names, or of the one that stands for none.
    fn place(&self, vendor: &str, base_url: Option<&str>) -> String {
        let address = base_url.and_then(kept_address).or_else(|| self.called_at(vendor));
        address.map_or_else(|| vendor.to_owned(), |address| place_of(&address))
    }

    /// Where a provider is called: the address that it names, or what the settings or its vendor say.
    #[must_use]
    pub fn address(&self, provider: &Provider) -> Option<String> {
        provider.base_url.clone().or_else(|| self.called_at(&provider.vendor))
    }

    /// Where providers of a vendor are called that name no address.
    pub(super) fn called_at(&self, vendor: &str) -> Option<String> {
        self.factory.vendors().into_iter().find(|known| known.key == vendor)?.called_at
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

    /// A secret, sealed as a provider's first shared one.
    fn sealed(&self, provider: ProviderId, secret: &SecretString) -> Result<SealedSecret, AdminError> {
        let binding = credential_binding(provider, &CredentialOwner::SHARED.to_word());
        Ok(SealedSecret { sealed: self.vault.seal(secret, &binding)?, hint: hint_of(secret) })
    }

    /// A credential that is written with its provider, sealed for the row that this gets.
    pub(super) fn sealing(&self, place: SharedPlace, secret: SecretString) -> CredentialWrite {
        let owner = CredentialOwner::Shared(place);
        CredentialWrite { owner, secret: Some(self.seal_for_row(place, secret)) }
    }

    /// What seals a secret for the provider's row once its id is known.
    fn seal_for_row(&self, place: SharedPlace, secret: SecretString) -> SealForRow {
        let (vault, word) = (Arc::clone(&self.vault), CredentialOwner::Shared(place).to_word());
        Arc::new(move |id: ProviderId| {
            let sealed = vault.seal(&secret, &credential_binding(id, &word));
            let sealed = sealed.map_err(|error| {
                RepositoryError::Unavailable(format!("a secret can't be sealed: {error}"))
            })?;
            Ok(SealedSecret { sealed, hint: hint_of(&secret) })
        })
    }

    /// Whether this secret, in the form that is kept, is the one that stands at a place.
    pub(super) fn holds(&self, provider: &Provider, place: SharedPlace, secret: &SecretString) -> bool {
        self.opened(provider, place).is_some_and(|stored| stored.expose_secret() == secret.expose_secret())
    }

    /// The secret that stands at a place; `None` where there is none that opens.
    pub(super) fn opened(&self, provider: &Provider, place: SharedPlace) -> Option<SecretString> {
        let credential = provider.credential_at(place)?;
        let binding = credential_binding(provider.id, &credential.owner.to_word());
        self.vault.open(&credential.sealed, &binding).ok()
    }

    /// What a person may see of a provider's first shared credential: its last characters, or [`super::UNREADABLE`] where it was sealed
    /// under a key that is not at hand. `None` where there is none.
    #[must_use]
    pub fn shown_hint(&self, provider: &Provider) -> Option<String> {
        let credential = provider.credential()?;
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

    /// Asks a provider for its models with its first stored credential: shows whether address, TLS and credential work, step by
    /// step and without a billed call. What the provider does wrong stands in the report.
    ///
    /// # Errors
    /// Where there is no such provider, it can't be built, or its credential can't be opened.
    pub async fn test(&self, name: &Name, timeout: Duration, by: &Writer) -> Result<ProbeReport, AdminError> {
        let provider = self.find(name).await?;
        self.tested(&provider, timeout, by).await
    }

    /// Removes a provider with its models and credentials.
    ///
    /// # Errors
    /// [`RepositoryError::Conflict`], naming the routes, while a route uses it; [`AdminError::FileOwned`] as for an update.
    pub async fn remove(&self, name: &Name, by: &Writer) -> Result<(), AdminError> {
        let provider = self.find(name).await?;
        self.remove_found(&provider, ProviderRemoval::default(), by).await.map(drop)
    }
}

pub(super) fn is_model_id(id: &str) -> bool {
    let length = id.chars().count();
    id.trim() == id && (1..=MAX_MODEL_ID_CHARS).contains(&length) && !id.chars().any(char::is_control)
}

/// A provider, as errors call it.
fn label(provider: &Provider) -> String {
    format!("the provider `{}`", provider.name)
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
            return invalid(format!("the model `{}` stands twice in the list", shown(id)));
        }
        if model.rates.is_some_and(|rates| rates.has_negative()) {
            return invalid(format!("a price of the model `{}` is negative", shown(id)));
        }
        if [model.context_window, model.max_output_tokens].contains(&Some(0)) {
            return invalid(format!(
                "a size of the model `{}` is zero; leave it out where it is not known",
                shown(id)
            ));
        }
        let is_too_large = |size: Option<u64>| size.is_some_and(|size| i64::try_from(size).is_err());
        if [model.context_window, model.max_output_tokens].into_iter().any(is_too_large) {
            return invalid(format!("a size of the model `{}` is over {}", shown(id), i64::MAX));
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
