//! Providers as configured: an account at a vendor, its models, its sealed credential.

use crate::ids::{CredentialId, ProviderId, ProviderModelId};
use crate::limits::Limits;
use crate::meta::RowMeta;
use crate::name::Name;
use crate::price::Rates;
use crate::provider_health::ProviderHealth;
use serde::{Deserialize, Serialize};

/// A configured account at a vendor.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// Its id.
    pub id: ProviderId,
    /// Its unique name, the first half of `provider/model`.
    pub name: Name,
    /// The vendor's key, such as `openai`.
    pub vendor: String,
    /// Where it is called; absent means the vendor's own.
    pub base_url: Option<String>,
    /// Whether calls may go to it.
    pub is_enabled: bool,
    /// Its models.
    pub models: Vec<ProviderModel>,
    /// The shared credential, sealed.
    pub credential: Option<Credential>,
    /// Whether it answers; kept apart from its version.
    pub health: ProviderHealth,
    /// Version, owner, times.
    pub meta: RowMeta,
}

/// A model that a provider serves.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderModel {
    /// Its id.
    pub id: ProviderModelId,
    /// The upstream id, sent to the provider as is.
    pub model: String,
    /// The operator's own prices, which beat the catalogue whole.
    pub rates: Option<Rates>,
    /// Limits on calls to this model.
    pub limits: Limits,
    /// The most tokens of a prompt and its answer, where the operator says so.
    pub context_window: Option<u64>,
    /// The most output tokens, where the operator says so.
    pub max_output_tokens: Option<u64>,
    /// What it can do, as far as the operator says so.
    pub capabilities: Capabilities,
    /// Whether calls may go to it.
    pub is_enabled: bool,
}

/// A sealed vendor secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// Whose it is.
    pub owner: CredentialOwner,
    /// The sealed text (`v1.<key id>.<nonce>.<ciphertext>`).
    pub sealed: String,
    /// What a person may see of it: the last four characters.
    pub hint: String,
    /// Version, owner, times.
    pub meta: RowMeta,
}

/// Whose a credential is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CredentialOwner {
    /// Everybody's who may call the provider.
    Shared,
    /// A user's.
    User(i64),
    /// A virtual key's.
    VirtualKey(i64),
}

impl CredentialOwner {
    /// The stored word, also part of what the ciphertext is bound to.
    #[must_use]
    pub fn to_word(&self) -> String {
        match self {
            Self::Shared => "shared".to_owned(),
            Self::User(id) => format!("user:{id}"),
            Self::VirtualKey(id) => format!("key:{id}"),
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        if word == "shared" {
            return Some(Self::Shared);
        }
        let (kind, id) = word.split_once(':')?;
        let id = id.parse().ok()?;
        match kind {
            "user" => Some(Self::User(id)),
            "key" => Some(Self::VirtualKey(id)),
            _ => None,
        }
    }
}

/// Whose credential a call used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialSource {
    /// The virtual key's own.
    Key,
    /// That of the user whose the call is.
    User,
    /// The shared one.
    Shared,
}

impl CredentialSource {
    const ALL: [Self; 3] = [Self::Key, Self::User, Self::Shared];

    /// Whose a credential of this owner is.
    #[must_use]
    pub fn of(owner: &CredentialOwner) -> Self {
        match owner {
            CredentialOwner::Shared => Self::Shared,
            CredentialOwner::User(_) => Self::User,
            CredentialOwner::VirtualKey(_) => Self::Key,
        }
    }

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::User => "user",
            Self::Shared => "shared",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == word)
    }
}

/// What a model can do, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Capabilities {
    /// Takes pictures.
    pub vision: Option<bool>,
    /// Calls tools.
    pub tools: Option<bool>,
    /// Keeps to a JSON schema.
    pub json_schema: Option<bool>,
    /// Reasons before it answers.
    pub reasoning: Option<bool>,
    /// Takes sound.
    pub audio_input: Option<bool>,
}

impl Capabilities {
    /// Nothing is said.
    pub const UNKNOWN: Self =
        Self { vision: None, tools: None, json_schema: None, reasoning: None, audio_input: None };

    /// These, and where they say nothing, the others.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            vision: self.vision.or(others.vision),
            tools: self.tools.or(others.tools),
            json_schema: self.json_schema.or(others.json_schema),
            reasoning: self.reasoning.or(others.reasoning),
            audio_input: self.audio_input.or(others.audio_input),
        }
    }
}
