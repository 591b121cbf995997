//! Virtual keys: made, listed, changed, rotated, revoked, removed. The key itself leaves this place once, when it is made.

mod change;
mod holder;
mod lent;
mod state;

pub use change::KeyChange;
pub use state::KeyState;

use super::quotas::check_budget;
use super::{AdminPorts, QuotaAdmin, check_limits};
use crate::error::AdminError;
use secrecy::SecretString;
use std::sync::Arc;
use switchyard_domain::budget::Budget;
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::{MAX_NAME_CHARS, Name};
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::role::Role;
use switchyard_domain::time::Timestamp;
use switchyard_domain::user::User;
use switchyard_domain::virtual_key::VirtualKey;
use switchyard_ports::repositories::{KeyPatch, NewVirtualKey, RepositoryError, VirtualKeyRepository};
use switchyard_ports::virtual_keys::{KeyMint, MintedKey};

const PAGE: u32 = 500;
const MAX_MODELS: usize = 1000;
/// What all entries of an allow-list may have together, in bytes: every process holds every key.
const MAX_MODELS_BYTES: usize = 64 * 1024;
/// An entry is a name, or a provider's and a model's.
const MAX_ENTRY_CHARS: usize = MAX_NAME_CHARS + 1 + MAX_MODEL_CHARS;
/// The longest name of a model that a call can have.
const MAX_MODEL_CHARS: usize = 256;
/// Keys that people who need not say who they are made, and that nobody used: each is in every process's memory.
pub const MOST_UNUSED_KEYS: u32 = 10_000;
/// Keys of one person who does not administer, where nothing else is set.
pub const MOST_KEYS: u32 = 100;
const MAX_TAGS: usize = 20;
const MAX_TAG_CHARS: usize = 64;
/// What a key has whose maker did not say, as the document of virtual keys has it.
const GENERATED: Limits = Limits { rpm: Some(60), tpm: Some(100_000), rpd: None, concurrency: None };

/// A key that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRequest {
    /// Its unique name.
    pub name: Name,
    /// The routes and models that it may call; absent means all.
    pub models: Option<Vec<String>>,
    /// Its limits.
    pub limits: Limits,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Whose it is.
    pub user: Option<UserId>,
    /// What people sort keys by.
    pub tags: Vec<String>,
    /// How much it may spend.
    pub budget: Option<Budget>,
}

/// A key that was made.
#[derive(Debug)]
pub struct CreatedKey {
    /// Its id.
    pub id: VirtualKeyId,
    /// The key, to be shown once.
    pub key: SecretString,
    /// Its first characters, by which it is known later.
    pub prefix: String,
    /// What it is now. Nothing is read for it once the key is written, so that what goes wrong meanwhile does not keep the key from
    /// whoever made it.
    pub state: KeyState,
}

/// By whose means a key is made.
#[derive(Clone, Copy)]
struct Means {
    /// How many keys its owner may have together with it, or how many of nobody's may lie there unused.
    at_most: Option<u32>,
    /// Whether an administrator gives it to somebody else.
    is_lent: bool,
}

/// Administers virtual keys.
pub struct KeyAdmin {
    ports: AdminPorts,
    keys: Arc<dyn VirtualKeyRepository>,
    mint: Arc<dyn KeyMint>,
    quotas: Arc<QuotaAdmin>,
    most: u32,
}

impl KeyAdmin {
    /// Over the given ports.
    #[must_use]
    pub fn new(
        ports: AdminPorts,
        keys: Arc<dyn VirtualKeyRepository>,
        mint: Arc<dyn KeyMint>,
        quotas: Arc<QuotaAdmin>,
    ) -> Self {
        Self { ports, keys, mint, quotas, most: MOST_KEYS }
    }

    /// The same, where somebody who does not administer may have so many keys.
    #[must_use]
    pub fn with_most_keys(self, most: u32) -> Self {
        Self { most, ..self }
    }

    /// Makes a key.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] for limits or a budget of zero, an expiry in the past, an owner who is not there, unusable tags or
    /// an unusable list of models; [`RepositoryError::Conflict`] when the name is taken.
    pub async fn create(&self, request: KeyRequest, by: &Writer) -> Result<CreatedKey, AdminError> {
        self.check(&request)?;
        let means = Means { at_most: None, is_lent: true };
        self.write(request, means, self.mint.mint(), by).await
    }

    /// Makes a key for a person who asks. Who does not administer makes keys for themselves, which may not have more than they
    /// have.
    ///
    /// # Errors
    /// As [`KeyAdmin::create`], [`AdminError::Invalid`] where it would be another's or have more, and
    /// [`RepositoryError::Conflict`] where they have as many keys as they may have.
    pub async fn create_for(
        &self,
        person: &User,
        mut request: KeyRequest,
        by: &Writer,
    ) -> Result<CreatedKey, AdminError> {
        request.user = holder::owner_of(person, request.user)?;
        self.check_within(person, &request.limits, request.budget.as_ref()).await?;
        self.check(&request)?;
        let administers = person.role == Role::Admin;
        let means = Means {
            at_most: (!administers).then_some(self.most),
            is_lent: administers && request.user != Some(person.id),
        };
        self.write(request, means, self.mint.mint(), by).await
    }

    /// Makes a key of nobody's in particular, for all models: named after itself where nobody names it, and limited where nobody
    /// says how.
    ///
    /// # Errors
    /// As [`KeyAdmin::create`], and [`RepositoryError::Conflict`] where `at_most` such keys of this writer's were never used.
    pub async fn generate(
        &self,
        name: Option<Name>,
        rpm: Option<u32>,
        tpm: Option<u64>,
        at_most: Option<u32>,
        by: &Writer,
    ) -> Result<CreatedKey, AdminError> {
        let minted = self.mint.mint();
        // Of a keyed hash, some bytes tell nothing of the key.
        let own_name = || {
            let bytes = minted.hash.0.iter().take(8).map(|byte| format!("{byte:02x}"));
            Name::new(format!("generated-{}", bytes.collect::<String>()))
        };
        let name = name.map_or_else(own_name, Ok);
        let request = KeyRequest {
            name: name.map_err(|fault| AdminError::invalid("name", fault.to_string()))?,
            models: None,
            limits: Limits { rpm: rpm.or(GENERATED.rpm), tpm: tpm.or(GENERATED.tpm), ..GENERATED },
            expires_at: None,
            user: None,
            tags: Vec::new(),
            budget: None,
        };
        self.check(&request)?;
        self.write(request, Means { at_most, is_lent: true }, minted, by).await
    }

    async fn write(
        &self,
        request: KeyRequest,
        means: Means,
        minted: MintedKey,
        by: &Writer,
    ) -> Result<CreatedKey, AdminError> {
        let KeyRequest { name, models, limits, expires_at, user, tags, budget } = request;
        let (prefix, hash) = (minted.prefix.clone(), minted.hash);
        let Means { at_most, is_lent } = means;
        let (quotas, author) = (self.quotas.of(&above(user)).await?, self.ports.author(by));
        let key = NewVirtualKey {
            name,
            prefix,
            hash,
            models,
            limits,
            expires_at,
            user,
            tags,
            budget,
            at_most,
            is_lent,
        };
        let id = self.keys.create(key.clone(), &author).await?;
        self.ports.read_own_write().await;
        let state = self.state_of_new(id, key, &author, &quotas);
        Ok(CreatedKey { id, key: minted.key, prefix: minted.prefix, state })
    }

    fn check(&self, request: &KeyRequest) -> Result<(), AdminError> {
        check_limits(&request.limits, "limits")?;
        check_budget(request.budget.as_ref())?;
        self.check_expiry(request.expires_at)?;
        check_tags(&request.tags)?;
        self.check_owner(request.user)?;
        check_models(request.models.as_deref())
    }

    fn check_owner(&self, user: Option<UserId>) -> Result<(), AdminError> {
        if let (Some(keeper), Some(user)) = (&self.ports.keeper, user)
            && keeper.users().find(user).is_none()
        {
            return Err(AdminError::invalid("user", "there is no such person"));
        }
        Ok(())
    }

    fn check_expiry(&self, expires_at: Option<Timestamp>) -> Result<(), AdminError> {
        if expires_at.is_some_and(|end| end <= self.ports.clock.now()) {
            return Err(AdminError::invalid("expires_at", "the expiry lies in the past"));
        }
        Ok(())
    }

    /// All keys, by id.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn list(&self) -> Result<Vec<VirtualKey>, AdminError> {
        let mut all: Vec<VirtualKey> = Vec::new();
        loop {
            let page = self.keys.page(all.last().map(|key| key.id), PAGE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// The key of a name. Where several people have one of that name, `name#id` says which is meant.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`] when there is none; [`AdminError::Invalid`] when there are several.
    pub async fn named(&self, name: &Name) -> Result<VirtualKey, AdminError> {
        let mut found = self.keys.by_name(name).await?;
        if let ([], Some((plain, id))) = (found.as_slice(), name.as_str().rsplit_once('#'))
            && let Ok(id) = id.parse().map(VirtualKeyId)
        {
            found = self.keys.by_ids(&[id]).await?;
            found.retain(|key| key.name.as_str() == plain);
        }
        if found.len() > 1 {
            let which: Vec<String> = found.iter().map(|key| format!("{name}#{}", key.id)).collect();
            let said = format!("several keys are named `{name}`: say which, of {}", which.join(", "));
            return Err(AdminError::invalid("name", said));
        }
        let missing = || RepositoryError::NotFound { what: format!("the virtual key `{name}`") };
        Ok(found.pop().ok_or_else(missing)?)
    }

    /// Switches a key off. Calls that run go on; new ones are refused on every replica within a second.
    ///
    /// # Errors
    /// As [`KeyAdmin::named`].
    pub async fn revoke(&self, name: &Name, by: &Writer) -> Result<VirtualKeyId, AdminError> {
        let key = self.named(name).await?;
        let patch = KeyPatch { is_active: Some(false), is_barred: Some(true), ..KeyPatch::default() };
        self.keys.update(key.id, patch, &self.ports.author(by)).await?;
        self.ports.read_own_write().await;
        Ok(key.id)
    }
}

/// The scopes that hold for all keys of an owner.
fn above(user: Option<UserId>) -> Vec<QuotaScope> {
    user.map(QuotaScope::User).into_iter().chain([QuotaScope::Global]).collect()
}

fn check_models(models: Option<&[String]>) -> Result<(), AdminError> {
    let Some(models) = models else { return Ok(()) };
    let is_unusable = |entry: &String| {
        entry.trim().is_empty()
            || entry.chars().any(char::is_control)
            || entry.chars().count() > MAX_ENTRY_CHARS
    };
    let bytes: usize = models.iter().map(String::len).sum();
    if models.is_empty() || models.len() > MAX_MODELS || bytes > MAX_MODELS_BYTES {
        let message = format!(
            "name 1 to {MAX_MODELS} routes or models, of {MAX_MODELS_BYTES} bytes together, or leave the list out for all"
        );
        return Err(AdminError::invalid("models", message));
    }
    if models.iter().any(is_unusable) {
        let message = format!(
            "an entry is the name of a route or a model, `<provider>/<model>` or `<provider>/*`, of {MAX_ENTRY_CHARS} characters \
             at most"
        );
        return Err(AdminError::invalid("models", message));
    }
    Ok(())
}

fn check_tags(tags: &[String]) -> Result<(), AdminError> {
    let is_unusable = |tag: &String| {
        tag.trim() != tag
            || tag.is_empty()
            || tag.chars().count() > MAX_TAG_CHARS
            || tag.chars().any(char::is_control)
    };
    if tags.len() > MAX_TAGS || tags.iter().any(is_unusable) {
        let message = format!("at most {MAX_TAGS} tags of 1 to {MAX_TAG_CHARS} characters");
        return Err(AdminError::invalid("tags", message));
    }
    Ok(())
}
