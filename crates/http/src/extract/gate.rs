use super::credential::{CredentialFault, presented};
use crate::access::{Access, AccessRule};
use crate::gateway::GatewayError;
use crate::server::{GatewayAuth, ServerConfig};
use crate::services::{DemoSwitch, Services};
use actix_web::dev::Payload;
use actix_web::http::header::{FORWARDED, HeaderName};
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};
use std::sync::Arc;
use switchyard_orchestrator::principal::{Authenticator, Principal};

/// Calls simulated models, from this machine.
const DEMO_KEY: &str = "sy-demo";

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

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
            GatewayAuth::Required => self.key(request, &[MISSING, OPENING]),
            GatewayAuth::Optional if presented(request.headers()) == Ok(None) => Ok(Principal::Anonymous),
            GatewayAuth::Optional => self.key(request, &[MISSING]),
            GatewayAuth::Off => Ok(self.key(request, &[MISSING]).unwrap_or(Principal::Anonymous)),
        }
    }

    fn key(&self, request: &HttpRequest, missing: &[&str]) -> Result<Principal, GatewayError> {
        let key = presented(request.headers()).map_err(|fault| unusable(&fault))?;
        let key = key.ok_or_else(|| GatewayError::unauthenticated(missing.concat()))?;
        if key == DEMO_KEY {
            return self.demo(request);
        }
        let principal = self.authenticator.virtual_key(key);
        principal.ok_or_else(|| GatewayError::unauthenticated(UNKNOWN.to_owned()))
    }

    /// The demo key opens nothing to another machine, nor to one that a proxy on this machine speaks for.
    fn demo(&self, request: &HttpRequest) -> Result<Principal, GatewayError> {
        let local = request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback());
        let headers = request.headers();
        let forwarded = headers.contains_key(&X_FORWARDED_FOR) || headers.contains_key(FORWARDED);
        if self.demo.is_on() && self.loopback_only && local && !forwarded {
            Ok(Principal::Demo)
        } else {
            Err(GatewayError::unauthenticated(NO_DEMO.to_owned()))
        }
    }
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
        ready(gate(request).and_then(|gate| gate.caller(request)).map(Self))
    }
}

impl FromRequest for KeyCaller {
    type Error = GatewayError;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(gate(request).and_then(|gate| gate.key(request, &[MISSING])).map(Self))
    }
}

fn gate(request: &HttpRequest) -> Result<&Gate, GatewayError> {
    request.app_data::<Gate>().ok_or_else(GatewayError::defect)
}

impl AccessRule for GatewayCaller {
    const ACCESS: Access = Access::Gateway;
}

impl AccessRule for KeyCaller {
    const ACCESS: Access = Access::VirtualKey;
}
