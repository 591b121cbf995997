//! Providers as people see them: with what holds for their models, and never with a credential.

use super::ProviderAdmin;
use crate::admin::shown;
use crate::error::AdminError;
use crate::snapshot::{credential_binding, known_facts};
use secrecy::{ExposeSecret, SecretString};
use switchyard_domain::ids::ProviderId;
use switchyard_domain::price::{PriceSource, Rates};
use switchyard_domain::provider::{Capabilities, Provider, ProviderModel};
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::RepositoryError;

/// The most providers on a page.
const MOST: u32 = 100;

/// A provider with what is about it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderState {
    /// The provider, as stored.
    pub provider: Provider,
    /// Its models, in their order.
    pub models: Vec<ModelState>,
    /// What may be seen of its shared credential, where it has one.
    pub credential: Option<CredentialSight>,
    /// Why it can't be called as it is set up, where calls are served here.
    pub problem: Option<String>,
}

/// What a person may see of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialSight {
    /// Its last characters, or [`super::super::UNREADABLE`] where it was sealed under a key that is not at hand.
    pub hint: String,
    /// When it was stored.
    pub set_at: Timestamp,
}

/// A model with what holds for it.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelState {
    /// The model, as stored.
    pub model: ProviderModel,
    /// The most tokens of a prompt and its answer.
    pub context_window: Option<u64>,
    /// The most output tokens.
    pub max_output_tokens: Option<u64>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// What it costs now; absent is unknown.
    pub rates: Option<Rates>,
    /// Who says so.
    pub source: FactSource,
}

/// Who says what a model costs and is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactSource {
    /// The operator.
    Operator,
    /// The built-in catalogue.
    Catalogue,
    /// Nobody.
    Unknown,
}

impl FactSource {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Catalogue => "catalogue",
            Self::Unknown => "unknown",
        }
    }
}

impl ProviderAdmin {
    /// At most `limit` providers (100 at most) with ids above `after`, and the id to go on from, where there are more.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn page(
        &self,
        after: Option<ProviderId>,
        limit: u32,
    ) -> Result<(Vec<ProviderState>, Option<ProviderId>), AdminError> {
        let most = limit.clamp(1, MOST) as usize;
        let is_after = |provider: &Provider| after.is_none_or(|after| provider.id > after);
        let mut later: Vec<Provider> = self.list().await?.into_iter().filter(is_after).collect();
        let is_more = later.len() > most;
        later.truncate(most);
        let next = later.last().map(|provider| provider.id).filter(|_| is_more);
        Ok((later.into_iter().map(|provider| self.state(provider)).collect(), next))
    }

    /// All providers, by id.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn states(&self) -> Result<Vec<ProviderState>, AdminError> {
        Ok(self.list().await?.into_iter().map(|provider| self.state(provider)).collect())
    }

    /// A provider.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`] when there is none of this id.
    pub async fn show(&self, id: ProviderId) -> Result<ProviderState, AdminError> {
        Ok(self.state(self.by_id(id).await?))
    }

    /// A model of a provider, and the provider's version.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`] when there is no such provider, or it does not list the model.
    pub async fn show_model(&self, id: ProviderId, model: &str) -> Result<(ModelState, i64), AdminError> {
        let provider = self.by_id(id).await?;
        let found = provider.models.iter().find(|listed| listed.model == model);
        let found = found.ok_or_else(|| no_such_model(&provider, model))?;
        Ok((self.model_state(&provider, found, self.is_simulated(&provider)), provider.meta.version))
    }

    /// What stands for a provider's credential on lists whose document shows its ends: at most six characters and at most four around
    /// asterisks, fewer of a short one, none of a very short one.
    #[must_use]
    pub fn mask(&self, provider: &Provider) -> String {
        let Some(credential) = provider.credential() else { return String::new() };
        let binding = credential_binding(provider.id, &credential.owner.to_word());
        self.vault
            .open(&credential.sealed, &binding)
            .map_or_else(|_| super::super::UNREADABLE.to_owned(), |secret| masked(&secret))
    }

    pub(crate) async fn by_id(&self, id: ProviderId) -> Result<Provider, AdminError> {
        let found = self.list().await?.into_iter().find(|provider| provider.id == id);
        Ok(found.ok_or_else(|| RepositoryError::NotFound { what: format!("provider {id}") })?)
    }

    pub(super) fn state(&self, provider: Provider) -> ProviderState {
        let hint = self.shown_hint(&provider);
        let set_at = provider.credential().map(|credential| credential.meta.updated_at);
        let simulated = self.is_simulated(&provider);
        let model = |model| self.model_state(&provider, model, simulated);
        ProviderState {
            models: provider.models.iter().map(model).collect(),
            credential: hint.zip(set_at).map(|(hint, set_at)| CredentialSight { hint, set_at }),
            problem: self.problem(&provider),
            provider,
        }
    }

    fn is_simulated(&self, provider: &Provider) -> bool {
        self.factory.vendors().iter().any(|vendor| vendor.key == provider.vendor && vendor.is_simulated)
    }

    fn model_state(&self, provider: &Provider, model: &ProviderModel, simulated: bool) -> ModelState {
        let facts = known_facts(self.prices.as_ref(), provider, model, simulated);
        let is_stated = model.context_window.is_some()
            || model.max_output_tokens.is_some()
            || model.capabilities != Capabilities::UNKNOWN;
        let is_known = self.prices.facts(&provider.vendor, &model.model).is_some();
        let source = match facts.price.as_ref().map(|price| price.source) {
            Some(PriceSource::Override) => FactSource::Operator,
            Some(PriceSource::Catalogue | PriceSource::Simulated) => FactSource::Catalogue,
            None if is_stated => FactSource::Operator,
            None if is_known => FactSource::Catalogue,
            None => FactSource::Unknown,
        };
        let now = self.ports.clock.now();
        ModelState {
            model: model.clone(),
            context_window: facts.context_window,
            max_output_tokens: facts.max_output_tokens,
            capabilities: facts.capabilities,
            rates: facts.price.and_then(|price| price.at(now).map(|dated| dated.rates)),
            source,
        }
    }

    /// Why calls can't go to a provider, as whoever serves them found.
    fn problem(&self, provider: &Provider) -> Option<String> {
        let snapshot = self.ports.keeper.as_ref()?.snapshot();
        let entry = snapshot.providers.get(provider.name.as_str()).filter(|entry| entry.id == provider.id)?;
        entry.client.as_ref().err().cloned().or_else(|| entry.credentials.unreadable().map(str::to_owned))
    }
}

pub(super) fn no_such_model(provider: &Provider, model: &str) -> RepositoryError {
    let model = shown(model);
    RepositoryError::NotFound { what: format!("the model `{model}` of the provider `{}`", provider.name) }
}

fn masked(secret: &SecretString) -> String {
    let text: Vec<char> = secret.expose_secret().chars().collect();
    let (first, last) = match text.len() {
        0..=8 => return "***".to_owned(),
        9..=19 => (2, 2),
        _ => (6, 4),
    };
    let ends = |part: Option<&[char]>| part.unwrap_or_default().iter().collect::<String>();
    let (head, tail) = (ends(text.get(..first)), ends(text.get(text.len() - last..)));
    format!("{head}***...***{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_shows_the_ends_of_long_keys_little_of_short_ones_and_nothing_of_very_short_ones() {
        for (key, mask) in [
            ("sk-12345", "***"),
            ("sk-123456", "sk***...***56"),
            ("sk-0123456789abcdef", "sk***...***ef"),
            ("sk-test-0123456789abcdef", "sk-tes***...***cdef"),
            ("{\"type\":\"service_account\"}", "{\"type***...***nt\"}"),
        ] {
            assert_eq!(masked(&SecretString::from(key)), mask, "{key}");
        }
    }
}
