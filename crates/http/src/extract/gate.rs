use super::credential::{CredentialFault, presented};
use crate::access::{Access, AccessRule};
use crate::api::ApiError;
use crate::gateway::{GatewayError, dialects};
use crate::identity::Identity;
use crate::server::{GatewayAuth, ServerConfig};
use crate::services::{DemoSwitch, Services};
use actix_web::dev::Payload;
use actix_web::http::header::{FORWARDED, HeaderName, VIA};
use actix_web::{FromRequest, HttpRequest};
use std::borrow::Cow;
use std::future::{Ready, ready};
use std::sync::Arc;
use switchyard_domain::virtual_key::VirtualKey;
use switchyard_orchestrator::principal::{Authenticator, Principal};

/// Calls simulated models, from this machine.
const DEMO_KEY: &str = "sy-demo";

/// By these a proxy says that it speaks for somebody.
static PROXIED: [HeaderName; 6] = [
    FORWARDED,
    VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
];

const MISSING: &str =
    "This call needs a virtual key: `Authorization: Bearer <key>`. `switchyard keys create` makes one.";
const OPENING: &str = " An operator may set SWITCHYARD_GATEWAY_AUTH: `optional` admits calls without a key, `off` ignores the header.";
const UNKNOWN: &str =
    "This virtual key is not known here, or it has ended. `switchyard keys create` makes a new one.";
const NO_DEMO: &str = "The demo key works on the machine that the server runs on, while that serves nobody else. \
                       `switchyard keys create` makes a key of your own.";

/// Finds the principal behind a request of the virtual-key surfaces.
#[derive(Clone)]
pub(crate) struct Gate {
    authenticator: Arc<Authenticator>,
    auth: GatewayAuth,
    demo: DemoSwitch,
    loopback_only: bool,
}

impl Gate {
    pub(crate) fn new(config: &ServerConfig, services: &Services) -> Self {
        Self {
            authenticator: Arc::clone(&services.authenticator),
            auth: config.gateway_auth,
            demo: services.demo.clone(),
            loopback_only: config.is_loopback_only(),
        }
    }

    /// Who calls `/v1*`, as the operator's setting has it.
    fn caller(&self, request: &HttpRequest) -> Result<Principal, GatewayError> {
        match self.auth {
            GatewayAuth::Optional if credential(request) == Ok(None) => Ok(Principal::Anonymous),
            GatewayAuth::Required | GatewayAuth::Optional => self.key_or_user(request, OPENING),
            GatewayAuth::Off => Ok(self.key_or_user(request, "").unwrap_or(Principal::Anonymous)),
        }
    }

    /// Whose key it is. A refusal for want of one that is known ends with `advice`.
    fn key(&self, request: &HttpRequest, advice: &str) -> Result<Principal, GatewayError> {
        let refused = |why: &str| GatewayError::unauthenticated([why, advice].concat());
        let key = credential(request).map_err(|fault| unusable(&fault))?;
        let key = key.ok_or_else(|| refused(MISSING))?;
        if key == DEMO_KEY {
            return self.demo(request);
        }
        self.authenticator.virtual_key(&key).ok_or_else(|| refused(UNKNOWN))
    }

    /// Whose key, or whose access token it is.
    fn key_or_user(&self, request: &HttpRequest, advice: &str) -> Result<Principal, GatewayError> {
        self.key(request, advice).or_else(|error| {
            let presented = credential(request).ok().flatten();
            presented.and_then(|token| self.authenticator.user(&token)).ok_or(error)
        })
    }

    /// The demo key opens nothing to another machine, nor to one that a proxy on this machine speaks for.
    fn demo(&self, request: &HttpRequest) -> Result<Principal, GatewayError> {
        let local = request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback());
        let is_proxied = PROXIED.iter().any(|name| request.headers().contains_key(name));
        let is_demonstration =
            self.demo.is_on() && self.loopback_only && !self.authenticator.is_administered();
        if is_demonstration && local && !is_proxied {
            Ok(Principal::Demo)
        } else {
            Err(GatewayError::unauthenticated(NO_DEMO.to_owned()))
        }
    }
}

/// What a request presents. Google's clients may put it into the query, which goes nowhere else: neither to a provider nor to a log.
fn credential(request: &HttpRequest) -> Result<Option<Cow<'_, str>>, CredentialFault> {
    let query = dialects::is_google(request.path()).then(|| request.query_string());
    presented(request.headers(), query)
}

fn unusable(fault: &CredentialFault) -> GatewayError {
    GatewayError::unauthenticated(format!("The credential can't be used: {fault}."))
}

/// Who calls `/v1*`.
#[derive(Clone, Debug)]
pub(crate) struct GatewayCaller(pub(crate) Principal);

/// Whose virtual key calls, whatever the operator opened.
#[derive(Clone, Debug)]
pub(crate) struct KeyCaller(pub(crate) Principal);

impl FromRequest for GatewayCaller {
    type Error = GatewayError;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(found(request, Gate::caller).map(Self))
    }
}

impl FromRequest for KeyCaller {
    type Error = GatewayError;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(found(request, |gate, request| gate.key(request, "")).map(Self))
    }
}

/// Whose virtual key asks about itself, on a surface for people.
#[derive(Clone, Debug)]
pub(crate) struct KeyHolder(pub(crate) Arc<VirtualKey>);

impl FromRequest for KeyHolder {
    type Error = ApiError;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let principal = found(request, |gate, request| gate.key(request, ""));
        ready(match principal {
            Ok(Principal::Key(key)) => Ok(Self(key)),
            Ok(_) => Err(ApiError::unauthenticated(MISSING)),
            Err(error) => Err(ApiError::unauthenticated(error.message())),
        })
    }
}

impl AccessRule for KeyHolder {
    const ACCESS: Access = Access::VirtualKey;
}

/// Finds the principal, and notes who it is.
fn found(
    request: &HttpRequest,
    look: impl Fn(&Gate, &HttpRequest) -> Result<Principal, GatewayError>,
) -> Result<Principal, GatewayError> {
    let gate = request.app_data::<Gate>().ok_or_else(GatewayError::defect);
    let principal = gate.and_then(|gate| look(gate, request)).map_err(|error| error.at(request))?;
    Identity::of(&principal).note(request);
    Ok(principal)
}

impl AccessRule for GatewayCaller {
    const ACCESS: Access = Access::Gateway;
}

impl AccessRule for KeyCaller {
    const ACCESS: Access = Access::VirtualKey;
}
