//! JSON bodies of the surfaces for people: bounded, strict about members, judged by `validator` before anything is done with them.

use super::{ApiError, Secret};
use crate::connection::Connection;
use crate::extract::{BodyLimits, Judging, read_json, read_json_or_nothing, read_json_or_yaml};
use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpRequest};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use secrecy::ExposeSecret;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use std::rc::Rc;
use switchyard_dialects::scan::{Document, ScanLimits};
use switchyard_orchestrator::misread::{self, Misread};
use validator::{Validate, ValidationErrors};

/// A document of more bytes is read beside the calls that are served.
const READ_AT_ONCE: usize = 64 * 1024;

/// What is proved of a body before it is believed: that no object in it, however deep, has two members of one name, of which somebody
/// else might read the other; and how deep it is, also where a part is passed on as it stands.
const STRICTNESS: ScanLimits = ScanLimits { max_depth: 128, max_members: 100_000, max_values: 2_000_000 };

/// Longest password or token that is looked at at all; rules of their own are far below.
const LONGEST_SECRET: usize = 4096;

/// A body of the surfaces for people. Derive with `#[serde(deny_unknown_fields)]`: a member that is not known is refused.
pub(crate) trait ApiBody: DeserializeOwned + Validate + 'static {
    /// The most bytes of it.
    const MOST_BYTES: usize = 2 * 1024 * 1024;
    /// The secrets that it must have, by their names. `validator` would put what is wrong beside its reason.
    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        Vec::new()
    }
}

/// A member of which `null` says something else than nothing does.
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// A body, read and judged.
#[derive(Clone, Debug)]
pub(crate) struct ApiJson<T>(pub(crate) T);

impl<T: ApiBody> FromRequest for ApiJson<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let coming = Coming::of(request, payload);
        async move {
            let bytes = coming.json(T::MOST_BYTES).await?;
            let body = read(&bytes)?;
            proved(bytes).await.map(|()| Self(body))
        }
        .boxed_local()
    }
}

/// A body that may be left out, and then says nothing.
#[derive(Clone, Debug)]
pub(crate) struct ApiJsonOrNothing<T>(pub(crate) T);

impl<T: ApiBody + Default> FromRequest for ApiJsonOrNothing<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let coming = Coming::of(request, payload);
        async move {
            let Some(bytes) = coming.json_or_nothing(T::MOST_BYTES).await? else {
                return Ok(Self(T::default()));
            };
            let body = read(&bytes)?;
            proved(bytes).await.map(|()| Self(body))
        }
        .boxed_local()
    }
}

/// The same of a body that may be YAML too.
#[derive(Clone, Debug)]
pub(crate) struct ApiDocument<T>(pub(crate) T);

/// A body that YAML says too.
pub(crate) trait YamlBody: ApiBody + Send {
    /// What a YAML text says.
    fn of_yaml(text: &str) -> Result<Self, ApiError>;
}

impl<T: YamlBody> FromRequest for ApiDocument<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let coming = Coming::of(request, payload);
        async move {
            let (headers, payload, limits, connection) = coming.admitted(T::MOST_BYTES).await?;
            let (bytes, is_yaml) = read_json_or_yaml(&headers, payload, &limits).await?;
            ended(connection);
            if !is_yaml && bytes.len() > READ_AT_ONCE {
                let whole = bytes.clone();
                let body = web::block(move || read(&whole)).await.map_err(|_| ApiError::defect())??;
                return proved(bytes).await.map(|()| Self(body));
            }
            if !is_yaml {
                let body = read(&bytes)?;
                return proved(bytes).await.map(|()| Self(body));
            }
            let text = String::from_utf8(bytes.into())
                .map_err(|_| ApiError::bad_request("The request's body is not in UTF-8.".to_owned()))?;
            // A long text takes a while, and a worker has others to serve.
            let read = web::block(move || T::of_yaml(&text)).await.map_err(|_| ApiError::defect())??;
            judge(read).map(Self)
        }
        .boxed_local()
    }
}

/// A body on its way.
struct Coming {
    headers: HeaderMap,
    payload: Payload,
    limits: Option<BodyLimits>,
    connection: Option<Rc<Connection>>,
    judging: Option<Judging>,
}

type Admitted = (HeaderMap, Payload, BodyLimits, Option<Rc<Connection>>);

impl Coming {
    fn of(request: &HttpRequest, payload: &mut Payload) -> Self {
        Self {
            headers: request.headers().clone(),
            payload: payload.take(),
            limits: request.app_data::<BodyLimits>().cloned(),
            connection: request.conn_data::<Rc<Connection>>().cloned(),
            judging: Judging::of(request),
        }
    }

    /// A body of at most so many bytes. What is the same for all types of bodies is built once, behind a box.
    fn json(self, most: usize) -> LocalBoxFuture<'static, Result<Bytes, ApiError>> {
        async move {
            let (headers, payload, limits, connection) = self.admitted(most).await?;
            let bytes = read_json(&headers, payload, &limits).await?;
            ended(connection);
            Ok(bytes)
        }
        .boxed_local()
    }

    /// The same of one that may be left out.
    fn json_or_nothing(self, most: usize) -> LocalBoxFuture<'static, Result<Option<Bytes>, ApiError>> {
        async move {
            let (headers, payload, limits, connection) = self.admitted(most).await?;
            let bytes = read_json_or_nothing(&headers, payload, &limits).await?;
            ended(connection);
            Ok(bytes)
        }
        .boxed_local()
    }

    /// Waits for the access rule, so that whoever is refused learns nothing of their body.
    async fn admitted(self, most: usize) -> Result<Admitted, ApiError> {
        if let Some(judging) = self.judging {
            judging.end().await;
        }
        let limits = self.limits.ok_or_else(ApiError::defect)?.at_most(most);
        Ok((self.headers, self.payload, limits, self.connection))
    }
}

fn ended(connection: Option<Rc<Connection>>) {
    if let Some(connection) = connection {
        connection.body_ended();
    }
}

/// Proves what is asked of every body, of a long one on a thread that nobody else waits for.
fn proved(bytes: Bytes) -> LocalBoxFuture<'static, Result<(), ApiError>> {
    let prove = |bytes| Document::scan(bytes, STRICTNESS).map(drop);
    async move {
        let proved = if bytes.len() <= READ_AT_ONCE {
            prove(bytes)
        } else {
            web::block(move || prove(bytes)).await.map_err(|_| ApiError::defect())?
        };
        proved.map_err(|error| ApiError::invalid_field("body", error.to_string()))
    }
    .boxed_local()
}

/// Else a list would be taken for the members in their order, and an empty one for a body that says nothing.
fn begins_as_object(bytes: &[u8]) -> Result<(), ApiError> {
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        return Ok(());
    }
    misread::json::<IgnoredAny>(bytes).map_err(|error| unreadable(&error))?;
    Err(ApiError::invalid_field("body", "this is no JSON object"))
}

/// Reads and judges a whole body.
fn read<T: ApiBody>(bytes: &[u8]) -> Result<T, ApiError> {
    begins_as_object(bytes)?;
    judge(misread::json(bytes).map_err(|error| unreadable(&error))?)
}

fn judge<T: ApiBody>(body: T) -> Result<T, ApiError> {
    body.validate().map_err(|errors| judged(&errors))?;
    body.secrets().into_iter().try_for_each(|(field, secret)| sized(field, secret))?;
    Ok(body)
}

/// Refuses a secret that is not worth hashing.
fn sized(field: &str, secret: &Secret) -> Result<(), ApiError> {
    match secret.expose_secret().len() {
        0 => Err(ApiError::invalid_field(field, "this is needed")),
        1..=LONGEST_SECRET => Ok(()),
        _ => Err(ApiError::invalid_field(field, "this is too long")),
    }
}

/// What is wrong with a body, without a word of what stands in it.
fn unreadable(misread: &Misread) -> ApiError {
    let Misread { is_malformed, member, reason, .. } = misread;
    if *is_malformed {
        return ApiError::bad_request(format!("The request's body is no JSON object: {misread}."));
    }
    // A member of the body itself is found without a line.
    if !member.is_empty() && !member.contains(['.', '[']) {
        return ApiError::invalid_field(member, reason.clone());
    }
    let field = if member.is_empty() { "body" } else { member };
    ApiError::invalid_field(field, Misread { member: String::new(), ..misread.clone() }.to_string())
}

fn judged(errors: &ValidationErrors) -> ApiError {
    let mut fields = Map::new();
    for (field, errors) in errors.field_errors() {
        let said = |error: &validator::ValidationError| {
            error.message.as_deref().unwrap_or("this is not of the size that is taken").to_owned()
        };
        let messages: Vec<Value> = errors.iter().map(|error| json!(said(error))).collect();
        fields.insert(field.to_string(), Value::Array(messages));
    }
    ApiError::invalid(fields)
}
