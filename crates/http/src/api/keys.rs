//! One's own keys at providers: stored, listed by name, forgotten. No answer holds one.

use super::shapes::{EnvelopeAnswer, Said};
use super::{ApiBody, ApiError, ApiJson, Secret};
use crate::access::Public;
use crate::extract::Member;
use actix_web::{HttpResponse, web};
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;
use switchyard_domain::name::Name;
use switchyard_domain::provider::CredentialOwner;
use switchyard_orchestrator::accounts::{SignedIn, Throttles};
use switchyard_orchestrator::admin::{CredentialAdmin, EmptySecret};
use switchyard_orchestrator::misread::shortened;
use utoipa::ToSchema;
use validator::{Validate, ValidationErrors};

/// The providers that every answer of [`system_keys`] names.
const DOCUMENTED: [&str; 4] = ["openai", "anthropic", "gemini", "mistral"];
/// Stands behind a provider's name where a client says that its key goes before the shared one, as it always does.
const OVERRIDE: &str = "_override";

/// Keys by the name of their provider. What is absent or empty stays as it is. Any provider of this server may be named, not only
/// those shown.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described: `KeysBody` is what is read")]
pub(crate) struct ProviderKeys {
    openai: Option<String>,
    anthropic: Option<String>,
    gemini: Option<String>,
    mistral: Option<String>,
    /// Taken for every provider, and without effect: one's own key always goes before a shared one.
    openai_override: Option<bool>,
    anthropic_override: Option<bool>,
    gemini_override: Option<bool>,
    mistral_override: Option<bool>,
}

/// The members of a body, whatever their names.
#[derive(Debug)]
pub(crate) struct KeysBody(BTreeMap<String, Given>);

/// A member.
#[derive(Debug)]
enum Given {
    Key(Secret),
    Flag,
    Other,
}

impl Validate for KeysBody {
    /// Which names and values are taken depends on the providers that there are.
    fn validate(&self) -> Result<(), ValidationErrors> {
        Ok(())
    }
}

impl ApiBody for KeysBody {
    const MOST_BYTES: usize = 256 * 1024;

    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        Vec::new()
    }
}

impl<'de> Deserialize<'de> for KeysBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = KeysBody;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, given)) = map.next_entry::<String, Given>()? {
            if members.insert(name.clone(), given).is_some() {
                return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
            }
        }
        Ok(KeysBody(members))
    }
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Value)
    }
}

struct Value;

impl<'de> Visitor<'de> for Value {
    type Value = Given;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Given, E> {
        Ok(Given::Key(Secret::from(text)))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Given, E> {
        Ok(Given::Flag)
    }

    fn visit_unit<E: Error>(self) -> Result<Given, E> {
        Ok(Given::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Given, E> {
        Ok(Given::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Given, E> {
        Ok(Given::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Given, E> {
        Ok(Given::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Given, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Given::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Given, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Given::Other)
    }
}

/// A key of one's own.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnKey {
    /// The provider's name.
    provider: String,
    /// Always true: one's own key goes before a shared one.
    override_system_key: bool,
}

/// One's own keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnKeys {
    keys: Vec<OwnKey>,
}

/// Which providers have a key that everybody's calls may use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SystemKeys {
    system_keys: BTreeMap<&'static str, bool>,
}

fn owner(who: &SignedIn) -> CredentialOwner {
    CredentialOwner::User(who.entry.user.id.0)
}

/// Stores keys of one's own.
#[utoipa::path(
    post,
    path = "/api/v1/keys",
    tag = "keys",
    security(("bearer_token" = []), ("session_cookie" = [])),
    request_body = ProviderKeys,
    responses(
        (status = 200, body = Said),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, description = "The request does not show that it comes from a page of ours", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, description = "There is no such provider, or a value is no key; nothing was stored", body = EnvelopeAnswer),
        (status = 429, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn store_keys(
    member: Member,
    body: ApiJson<KeysBody>,
    credentials: web::Data<CredentialAdmin>,
    throttles: web::Data<Throttles>,
) -> Result<web::Json<Said>, ApiError> {
    let person = member.0;
    throttles.change(&person.who.entry.user).await?;
    let mut given = Vec::new();
    for (name, value) in body.0.0 {
        given.push(match (value, name.strip_suffix(OVERRIDE)) {
            (Given::Key(key), _) => (name, Some(key)),
            (Given::Flag, Some(provider)) => (provider.to_owned(), None),
            (Given::Flag | Given::Other, _) => {
                return Err(ApiError::invalid_field(
                    &shortened(&name),
                    "there is no such field, or this is of the wrong type",
                ));
            }
        });
    }
    let by = person.client.writer(&person.who.entry.user);
    credentials.set_all(&owner(&person.who), given, EmptySecret::LeavesAlone, &by).await?;
    Ok(web::Json(Said { message: "API keys updated successfully" }))
}

/// For which providers one has keys.
#[utoipa::path(
    get,
    path = "/api/v1/keys",
    tag = "keys",
    security(("bearer_token" = []), ("session_cookie" = [])),
    responses(
        (status = 200, body = OwnKeys),
        (status = 401, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn own_keys(
    member: Member,
    credentials: web::Data<CredentialAdmin>,
) -> Result<web::Json<OwnKeys>, ApiError> {
    let entries = credentials.list(&owner(&member.0.who)).await?;
    let shown = |name: Name| OwnKey { provider: name.to_string(), override_system_key: true };
    Ok(web::Json(OwnKeys { keys: entries.into_iter().map(|entry| shown(entry.name)).collect() }))
}

/// Which of the documented providers have a key that everybody's calls may use.
#[utoipa::path(
    get,
    path = "/api/v1/keys/system-keys",
    tag = "keys",
    responses((status = 200, body = SystemKeys))
)]
pub(crate) async fn system_keys(
    _: Public,
    credentials: web::Data<CredentialAdmin>,
) -> Result<web::Json<SystemKeys>, ApiError> {
    let shared: BTreeSet<String> = credentials.shared().await?.into_iter().collect();
    let system_keys = DOCUMENTED.into_iter().map(|name| (name, shared.contains(name))).collect();
    Ok(web::Json(SystemKeys { system_keys }))
}

/// Forgets a key of one's own.
#[utoipa::path(
    delete,
    path = "/api/v1/keys/{provider}",
    tag = "keys",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("provider" = String, Path, description = "The provider's name")),
    responses(
        (status = 204, description = "It is forgotten"),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, description = "The request does not show that it comes from a page of ours", body = EnvelopeAnswer),
        (status = 404, description = "There is no such provider, or one has no key there", body = EnvelopeAnswer),
        (status = 429, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn forget_key(
    member: Member,
    provider: web::Path<String>,
    credentials: web::Data<CredentialAdmin>,
    throttles: web::Data<Throttles>,
) -> Result<HttpResponse, ApiError> {
    let person = member.0;
    throttles.change(&person.who.entry.user).await?;
    let name =
        Name::new(provider.into_inner()).map_err(|_| ApiError::not_found("There is no such provider."))?;
    let by = person.client.writer(&person.who.entry.user);
    credentials.forget(&owner(&person.who), &name, &by).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How long a provider may take to answer a test.
const PATIENCE: Duration = Duration::from_secs(10);

/// A key that works.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestedKey {
    /// The provider's name.
    provider: String,
    /// How long it took to answer, in milliseconds.
    latency_ms: u64,
    /// How many models it lists for the key.
    models: usize,
}

/// Tries a key of one's own: asks the provider for its models, which costs nothing. That it was used is written down.
#[utoipa::path(
    post,
    path = "/api/v1/keys/{provider}/test",
    tag = "keys",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("provider" = String, Path, description = "The provider's name")),
    responses(
        (status = 200, description = "The provider takes it", body = TestedKey),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, description = "The request does not show that it comes from a page of ours", body = EnvelopeAnswer),
        (status = 404, description = "There is no such provider, or one has no key there", body = EnvelopeAnswer),
        (status = 409, description = "The `Idempotency-Key` belongs to another request", body = EnvelopeAnswer),
        (status = 422, description = "The provider can't be called as it is set up", body = EnvelopeAnswer),
        (status = 429, body = EnvelopeAnswer),
        (status = 500, body = EnvelopeAnswer),
        (status = 502, description = "The provider can't be reached, or does not take it", body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
        (status = 504, description = "The provider does not answer in time", body = EnvelopeAnswer),
    )
)]
pub(crate) async fn test_key(
    member: Member,
    provider: web::Path<String>,
    credentials: web::Data<CredentialAdmin>,
    throttles: web::Data<Throttles>,
) -> Result<web::Json<TestedKey>, ApiError> {
    let person = member.0;
    throttles.change(&person.who.entry.user).await?;
    let name =
        Name::new(provider.into_inner()).map_err(|_| ApiError::not_found("There is no such provider."))?;
    let by = person.client.writer(&person.who.entry.user);
    let probe = credentials.test(&owner(&person.who), &name, PATIENCE, &by).await?;
    Ok(web::Json(TestedKey {
        provider: name.to_string(),
        latency_ms: u64::try_from(probe.took().as_millis()).unwrap_or(u64::MAX),
        models: probe.models.len(),
    }))
}
