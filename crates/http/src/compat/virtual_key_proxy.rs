//! Virtual keys as the document of the virtual-key proxy has them: made, given keys of their own at providers, and the configuration
//! read again. Errors are a bare text.

use super::multi_llm::TextError;
use crate::access::Public;
use crate::api::{ApiBody, ApiError, ApiJson, ApiJsonOrNothing, Secret};
use crate::extract::{Administrator, Minter, Visitor, bearer_or_none};
use crate::idempotency::ShownOnce;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::name::Name;
use switchyard_domain::provider::CredentialOwner;
use switchyard_orchestrator::accounts::Throttles;
use switchyard_orchestrator::admin::{CredentialAdmin, EmptySecret, KeyAdmin, MOST_UNUSED_KEYS, Reloading};
use switchyard_orchestrator::error::AdminError;
use switchyard_orchestrator::principal::{Authenticator, Principal};
use utoipa::ToSchema;
use validator::Validate;

/// What may be said of a key that is made. All of it may be left out, and so may the body.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = GeneratedKeyWish)]
pub(crate) struct GenerateBody {
    /// Its unique name; one is made of the key if absent.
    #[serde(default)]
    name: Option<String>,
    /// 60 if absent.
    #[serde(default)]
    requests_per_minute: Option<u32>,
    /// 100000 if absent.
    #[serde(default)]
    #[validate(range(max = MOST_TOKENS, message = "this is more than any number of tokens"))]
    tokens_per_minute: Option<u64>,
}

/// More than can be counted.
const MOST_TOKENS: u64 = i64::MAX.unsigned_abs();

impl ApiBody for GenerateBody {
    const MOST_BYTES: usize = 64 * 1024;

    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        Vec::new()
    }
}

/// A key, which is not shown again.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GeneratedKey {
    virtual_key: String,
}

/// Makes a virtual key with 60 requests and 100000 tokens a minute.
///
/// For administrators, unless the operator lets everybody make keys: then each address may make some in a minute.
#[utoipa::path(
    post,
    path = "/api/generate-virtual-key",
    tag = "virtual keys",
    security(("bearer_token" = []), ("session_cookie" = [])),
    request_body = Option<GenerateBody>,
    responses(
        (status = 201, body = GeneratedKey),
        (status = 400, body = TextError),
        (status = 401, description = "Nobody is signed in", body = TextError),
        (status = 403, description = "Somebody is signed in who does not administer, or a page of another site asks", body = TextError),
        (status = 409, description = "There is a key of this name, many keys that everybody may make were never used, or the `Idempotency-Key` belongs to another request", body = TextError),
        (status = 413, body = TextError),
        (status = 415, body = TextError),
        (status = 429, description = "The address made many keys", body = TextError),
        (status = 503, body = TextError),
    )
)]
pub(crate) async fn generate_key(
    minter: Minter,
    body: ApiJsonOrNothing<GenerateBody>,
    keys: web::Data<KeyAdmin>,
    throttles: web::Data<Throttles>,
) -> Result<HttpResponse, ApiError> {
    let mut at_most = None;
    if let Minter::Anybody(client) = &minter {
        throttles.minting(client).await?;
        at_most = Some(MOST_UNUSED_KEYS);
    }
    let GenerateBody { name, requests_per_minute, tokens_per_minute } = body.0;
    let name = name.map(Name::new).transpose();
    let name = name.map_err(|fault| ApiError::invalid_field("name", fault.to_string()))?;
    let created =
        keys.generate(name, requests_per_minute, tokens_per_minute, at_most, &minter.writer()).await?;
    let virtual_key = created.key.expose_secret().to_owned();
    let mut answer = HttpResponse::Created();
    ShownOnce::mark(&mut answer);
    Ok(answer.json(GeneratedKey { virtual_key }))
}

/// Keys at providers that a virtual key's calls use. What is absent stays as it is, and `""` forgets.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = KeysOfVirtualKey)]
pub(crate) struct SaveKeysBody {
    /// The virtual key; may be given as the bearer token instead.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    virtual_key: Option<Secret>,
    #[serde(default, deserialize_with = "text")]
    #[schema(value_type = Option<String>, format = Password)]
    openai_key: Option<Secret>,
    #[serde(default, deserialize_with = "text")]
    #[schema(value_type = Option<String>, format = Password)]
    mistral_key: Option<Secret>,
}

impl ApiBody for SaveKeysBody {
    const MOST_BYTES: usize = 64 * 1024;

    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        self.virtual_key.iter().map(|key| ("virtualKey", key)).collect()
    }
}

/// `null` is no text: what is to stay is left out.
fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Secret::deserialize(deserializer).map(Some)
}

/// It is done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProxyNote)]
pub(crate) struct Note {
    message: &'static str,
}

/// Stores keys at providers that calls of one virtual key use, before any other. Nobody is asked whether they work.
#[utoipa::path(
    post,
    path = "/api/save-keys",
    tag = "virtual keys",
    request_body = SaveKeysBody,
    responses(
        (status = 200, body = Note),
        (status = 400, body = TextError),
        (status = 401, description = "The body names another key than the bearer token", body = TextError),
        (status = 404, description = "There is no such virtual key, or it has ended", body = TextError),
        (status = 413, body = TextError),
        (status = 415, body = TextError),
        (status = 429, description = "The address named many keys that there are not", body = TextError),
        (status = 503, body = TextError),
    )
)]
pub(crate) async fn save_keys(
    _: Public,
    visitor: Visitor,
    request: HttpRequest,
    body: ApiJson<SaveKeysBody>,
    (authenticator, credentials): (web::Data<Authenticator>, web::Data<CredentialAdmin>),
    throttles: web::Data<Throttles>,
) -> Result<web::Json<Note>, ApiError> {
    let SaveKeysBody { virtual_key, openai_key, mistral_key } = body.0;
    let presented = presented(&request, virtual_key.as_ref())?;
    let Some(Principal::Key(key)) = authenticator.virtual_key(&presented) else {
        throttles.unknown_key(&visitor.0).await?;
        return Err(ApiError::not_found(UNKNOWN));
    };
    throttles.change_of_key(key.id).await?;
    let given = [("openai", openai_key), ("mistral", mistral_key)];
    let given = given.into_iter().filter_map(|(provider, key)| Some((provider.to_owned(), Some(key?))));
    store(&credentials, key.id, given.collect(), &visitor).await?;
    Ok(web::Json(Note { message: "API keys saved successfully." }))
}

const UNKNOWN: &str = "This virtual key is not known here, or it has ended. POST /api/generate-virtual-key or `switchyard keys create` \
                       makes a new one.";

/// The key that the body names, or else the bearer token.
fn presented(request: &HttpRequest, named: Option<&Secret>) -> Result<String, ApiError> {
    let bearer = bearer_or_none(request.headers())?;
    match (named, bearer) {
        (Some(named), Some(bearer)) if named.expose_secret() != bearer.as_ref() => {
            Err(ApiError::unauthenticated("The request carries two different credentials."))
        }
        (Some(named), _) => Ok(named.expose_secret().to_owned()),
        (None, Some(bearer)) => Ok(bearer.into_owned()),
        (None, None) => Err(ApiError::invalid_field("virtualKey", "this is needed")),
    }
}

/// Stores them all, or none where one is wrong. What is wrong is told by the member's name, not by the provider's.
async fn store(
    credentials: &CredentialAdmin,
    key: VirtualKeyId,
    given: Vec<(String, Option<Secret>)>,
    visitor: &Visitor,
) -> Result<(), ApiError> {
    let owner = CredentialOwner::VirtualKey(key.0);
    let by = visitor.0.holder(key);
    credentials.set_all(&owner, given, EmptySecret::Clears, &by).await.map_err(|error| match error {
        AdminError::Invalid { message, param: Some(provider) } => {
            ApiError::invalid_field(&format!("{provider}Key"), message)
        }
        other => other.into(),
    })
}

/// The configuration was read again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reloaded {
    message: &'static str,
    /// What of the file is not in effect, and why: what somebody else wrote, or a setting that takes effect with the next start.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// Reads the configuration file again, if there is one, applies it, and reads providers, models, prices and routes from the database.
/// What is changed over these surfaces is seen without it. A file with anything wrong in it changes nothing.
#[utoipa::path(
    post,
    path = "/reload-config",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    responses(
        (status = 200, body = Reloaded),
        (status = 401, body = TextError),
        (status = 403, body = TextError),
        (status = 409, description = "The `Idempotency-Key` belongs to another request", body = TextError),
        (status = 500, description = "The file can't be used, with line and reason, and nothing of it was applied; or what stands in the database can't be. The last good configuration serves", body = TextError),
        (status = 503, description = "The database does not answer; the last good configuration serves", body = TextError),
    )
)]
pub(crate) async fn reload_config(
    administrator: Administrator,
    reloading: web::Data<Reloading>,
) -> Result<web::Json<Reloaded>, ApiError> {
    let person = administrator.0;
    let reloaded = reloading.reload(&person.client.writer(&person.who.entry.user)).await;
    let notes = reloaded.map_err(|error| match error {
        // Whoever asks for it wrote no word of the file.
        AdminError::Invalid { message, param } => {
            let said = param.map_or_else(|| message.clone(), |param| format!("{param}: {message}"));
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", said)
        }
        error => error.into(),
    })?;
    Ok(web::Json(Reloaded { message: "Configuration reloaded.", notes }))
}
