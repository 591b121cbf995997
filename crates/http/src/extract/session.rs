//! Finds the person behind a request of the surfaces for people.

use super::credential::{CredentialFault, presented};
use crate::access::{Access, AccessRule};
use crate::api::ApiError;
use crate::cookies;
use crate::identity::Identity;
use crate::middleware::client_of;
use crate::provenance::{Provenance, changes_something};
use crate::routes::RouteTemplate;
use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use std::borrow::Cow;
use std::sync::Arc;
use switchyard_domain::meta::Writer;
use switchyard_domain::role::Role;
use switchyard_orchestrator::accounts::{Client, Refused, SessionGate, SignedIn};
use tokio::sync::{Mutex, OwnedMutexGuard};

const MISSING: &str = "Sign in first: POST /api/v1/auth/login gives a browser its cookies, POST /api/auth/login a bearer token. \
                       `switchyard admin token` prints an administrator's, for a short time, on the machine that the server runs on.";

/// A person who asks, and from where.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) who: SignedIn,
    pub(crate) client: Client,
}

/// Anybody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Member(pub(crate) Person);

/// An administrator or an auditor.
#[derive(Clone, Debug)]
pub(crate) struct Reader(#[expect(dead_code, reason = "the rule is its use")] pub(crate) Person);

/// An administrator.
#[derive(Clone, Debug)]
pub(crate) struct Administrator(pub(crate) Person);

impl Administrator {
    /// Who writes what they ask for.
    pub(crate) fn writer(&self) -> Writer {
        self.0.client.writer(&self.0.who.entry.user)
    }
}

/// Who presents a token in `authorization` or in a session's cookie. A cookie's request that changes something must show besides that
/// it comes from a page of ours.
/// Whoever presents nothing is told what is `missing`.
pub(super) async fn person(request: &HttpRequest, missing: &str) -> Result<Person, ApiError> {
    let gate = request.app_data::<web::Data<SessionGate>>().ok_or_else(ApiError::defect)?;
    let headers = request.headers();
    let bearer = presented(headers, None).map_err(unusable)?;
    let cookie = cookies::read(headers, cookies::ACCESS)
        .map_err(|_| ApiError::unauthenticated("The request carries two different sessions."))?;
    let client = client_of(request);
    match (bearer, cookie) {
        (None, None) => Err(ApiError::unauthenticated(missing)),
        (Some(bearer), cookie) => {
            if cookie.is_some_and(|cookie| cookie != bearer) {
                return Err(ApiError::unauthenticated("The request carries two different credentials."));
            }
            Ok(Person { who: gate.who(&bearer).await?, client })
        }
        (None, Some(cookie)) => {
            let person = Person { who: gate.who(cookie).await?, client };
            if changes_something(request) {
                let is_csrf_value = |value: &str| gate.is_csrf_value(value, person.who.session);
                let provenance = request.app_data::<Provenance>().ok_or_else(ApiError::defect)?;
                if let Err(error) = provenance.check_page(request, is_csrf_value) {
                    gate.note_refusal(&person.who, &asked(request), Refused::Forged, &person.client).await;
                    return Err(error);
                }
            }
            Ok(person)
        }
    }
}

/// What a request asks for, as the audit log names it.
pub(crate) fn asked(request: &HttpRequest) -> String {
    format!("{} {}", request.method(), RouteTemplate::of(request).0)
}

/// A person of one of these roles. A refused right is written down.
pub(super) async fn person_of(
    request: &HttpRequest,
    roles: &[Role],
    missing: &str,
) -> Result<Person, ApiError> {
    let person = person(request, missing).await?;
    Identity::of_user(person.who.entry.user.id).note(request);
    if roles.contains(&person.who.role()) {
        return Ok(person);
    }
    if let Some(gate) = request.app_data::<web::Data<SessionGate>>() {
        gate.note_refusal(&person.who, &asked(request), Refused::Role, &person.client).await;
    }
    let words: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    Err(ApiError::forbidden(format!("This needs the role {}.", words.join(" or "))))
}

/// Held while a rule judges a request. Extractors are asked side by side, and the first one that fails is the answer: what must not
/// be told to whoever is refused waits for [`Judging::end`].
#[derive(Clone)]
pub(crate) struct Judging(Arc<Mutex<()>>);

impl Judging {
    /// Begins for a request: a rule that asks others begins after them, and holds this for as long as it takes.
    pub(crate) fn begin(request: &HttpRequest) -> Option<OwnedMutexGuard<()>> {
        let judging = Self(Arc::default());
        let held = Arc::clone(&judging.0).try_lock_owned().ok();
        request.extensions_mut().insert(judging);
        held
    }

    /// Of a request, where a rule judges it that takes its time.
    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// Returns once the rule has judged.
    pub(crate) async fn end(self) {
        drop(self.0.lock().await);
    }
}

macro_rules! rule {
    ($name:ident, $access:expr, $roles:expr) => {
        impl FromRequest for $name {
            type Error = ApiError;
            type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let (request, judging) = (request.clone(), Judging::begin(request));
                async move {
                    let judged = person_of(&request, $roles, MISSING).await.map(Self);
                    drop(judging);
                    judged
                }
                .boxed_local()
            }
        }

        impl AccessRule for $name {
            const ACCESS: Access = $access;
        }
    };
}

rule!(Member, Access::SignedIn, &Role::ALL);
rule!(Reader, Access::AuditorOrAdmin, &[Role::Admin, Role::Auditor]);
rule!(Administrator, Access::Admin, &[Role::Admin]);

/// What a request presents in `authorization`, as far as it can be read. Two credentials are refused here as everywhere: whose request
/// it is must not depend on which of them is read.
pub(crate) fn bearer_or_none(headers: &HeaderMap) -> Result<Option<Cow<'_, str>>, ApiError> {
    match presented(headers, None) {
        Ok(bearer) => Ok(bearer),
        Err(fault) if fault.is_ambiguous() => Err(unusable(fault)),
        Err(_) => Ok(None),
    }
}

fn unusable(fault: CredentialFault) -> ApiError {
    ApiError::unauthenticated(format!("The credential can't be used: {fault}."))
}

/// From where somebody asks who need not be signed in.
#[derive(Clone, Debug)]
pub(crate) struct Visitor(pub(crate) Client);

impl FromRequest for Visitor {
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self(client_of(request))))
    }
}
