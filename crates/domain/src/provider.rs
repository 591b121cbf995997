//! Providers as configured: an account at a vendor, its models, its sealed credential.

use crate::declaration::Declaration;
use crate::ids::{CredentialId, ProviderId, ProviderModelId};
use crate::limits::Limits;
use crate::meta::{Owner, RowMeta};
use crate::name::Name;
use crate::price::Rates;
use crate::provider_health::ProviderHealth;
use serde::{Deserialize, Serialize};
use std::fmt;

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
    /// The shared credentials, sealed, by their places.
    pub credentials: Vec<Credential>,
    /// Whether it answers; kept apart from its version.
    pub health: ProviderHealth,
    /// What the configuration file says of it, where the file owns it.
    pub declaration: Declaration,
    /// Version, owner, times.
    pub meta: RowMeta,
}

impl Provider {
    /// The first of the shared credentials.
    #[must_use]
    pub fn credential(&self) -> Option<&Credential> {
        self.credentials.first()
    }

    /// The shared credential at a place.
    #[must_use]
    pub fn credential_at(&self, place: SharedPlace) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.owner == CredentialOwner::Shared(place))
    }

    /// Whether the configuration file declares it: it is the file's to change then, switched off or not.
    #[must_use]
    pub fn is_declared(&self) -> bool {
        self.meta.owner == Owner::File && !self.declaration.is_withdrawn
    }

    /// Whether the key at a place is the configuration file's to change.
    #[must_use]
    pub fn is_given(&self, place: SharedPlace) -> bool {
        self.is_declared() && self.declaration.given_keys.covers(place)
    }
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

impl Credential {
    /// Its place, where it is shared.
    #[must_use]
    pub fn shared_place(&self) -> Option<SharedPlace> {
        match self.owner {
            CredentialOwner::Shared(place) => Some(place),
            CredentialOwner::User(_) | CredentialOwner::VirtualKey(_) => None,
        }
    }
}

/// The place of a shared credential among those of its provider: from 1 to [`SharedPlace::MOST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SharedPlace(u8);

impl SharedPlace {
    /// The first place: that of the only one, where there is one.
    pub const FIRST: Self = Self(1);
    /// The most shared credentials of a provider.
    pub const MOST: u8 = 16;

    /// The place of this number; `None` for one that no provider has.
    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        (1..=Self::MOST).contains(&number).then_some(Self(number))
    }

    /// All places, in their order.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=Self::MOST).map(Self)
    }

    /// Its number, from 1.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for SharedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whose a credential is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CredentialOwner {
    /// Everybody's who may call the provider: one of several, by its place.
    Shared(SharedPlace),
    /// A user's.
    User(i64),
    /// A virtual key's.
    VirtualKey(i64),
}

impl CredentialOwner {
    /// The owner of a provider's first shared credential.
    pub const SHARED: Self = Self::Shared(SharedPlace::FIRST);

    /// Whether it is one of a provider's shared credentials.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Shared(_))
    }

    /// The stored word, also part of what the ciphertext is bound to.
    #[must_use]
    pub fn to_word(&self) -> String {
        match self {
            Self::Shared(SharedPlace::FIRST) => "shared".to_owned(),
            Self::Shared(place) => format!("shared:{place}"),
            Self::User(id) => format!("user:{id}"),
            Self::VirtualKey(id) => format!("key:{id}"),
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        if word == "shared" {
            return Some(Self::SHARED);
        }
        let (kind, id) = word.split_once(':')?;
        if kind == "shared" {
            let place = id.parse().ok().and_then(SharedPlace::new)?;
            // One word for each place: what is bound to another spelling would not open.
            return Some(Self::Shared(place)).filter(|owner| owner.to_word() == word);
        }
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
            CredentialOwner::Shared(_) => Self::Shared,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vision: Option<bool>,
    /// Calls tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<bool>,
    /// Keeps to a JSON schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json_schema: Option<bool>,
    /// Reasons before it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<bool>,
    /// Takes sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_input: Option<bool>,
}

impl Capabilities {
    /// Nothing is said.
    pub const UNKNOWN: Self =
        Self { vision: None, tools: None, json_schema: None, reasoning: None, audio_input: None };

    /// Whether nothing is said.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::UNKNOWN
    }

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

/// An address as it is kept: without white space around it and without a slash at its end; a blank one is none.
#[must_use]
pub fn kept_address(text: &str) -> Option<String> {
    Some(text.trim().trim_end_matches('/').to_owned()).filter(|text| !text.is_empty())
}

/// The scheme, host and port of an address, in one form for all ways to write them: who is sent what is sent there.
#[must_use]
pub fn place_of(address: &str) -> String {
    let address = address.trim().to_ascii_lowercase();
    let (scheme, rest) = address.split_once("://").unwrap_or(("", &address));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    let host = host.strip_suffix(port).unwrap_or(host);
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => (host, format!(":{port}")),
        _ => (host, String::new()),
    };
    format!("{scheme}://{}{port}", host.strip_suffix('.').unwrap_or(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_one_place_however_it_is_written() {
        for (one, other) in [
            ("https://h.example/v1", " https://H.example/v1/ "),
            ("https://h.example/v1", "https://h.example:443/v2?x=1"),
            ("http://h.example", "HTTP://h.example.:80/"),
            ("https://h.example:8443/v1", "https://h.example.:8443"),
            ("http://[::1]:80/v1", "http://[::1]/v1"),
        ] {
            assert_eq!(place_of(one), place_of(other), "{one} {other}");
        }
        for (one, other) in [
            ("https://h.example", "http://h.example"),
            ("https://h.example", "https://h.example:80"),
            ("https://h.example:443", "https://h.example:8443"),
            ("http://[::1]:81", "http://[::1]"),
            ("https://h.example", "https://x@h.example"),
        ] {
            assert_ne!(place_of(one), place_of(other), "{one} {other}");
        }
        assert_eq!(kept_address(" https://h/v1// "), Some("https://h/v1".to_owned()));
        assert_eq!(kept_address(" / "), None);
    }

    #[test]
    fn each_shared_place_has_one_word_and_the_first_has_the_one_that_was_always_stored() {
        assert_eq!(CredentialOwner::SHARED.to_word(), "shared");
        let words: Vec<String> =
            SharedPlace::all().map(|place| CredentialOwner::Shared(place).to_word()).collect();
        assert_eq!((words.len(), words[1].as_str(), words[15].as_str()), (16, "shared:2", "shared:16"));
        for (place, word) in SharedPlace::all().zip(&words) {
            assert_eq!(CredentialOwner::parse(word), Some(CredentialOwner::Shared(place)), "{word}");
        }
        for wrong in
            ["shared:", "shared:0", "shared:1", "shared:02", "shared:+2", "shared:17", "shared:x", "Shared"]
        {
            assert_eq!(CredentialOwner::parse(wrong), None, "{wrong}");
        }
    }
}
