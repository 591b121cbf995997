//! Who makes virtual keys at the address that their document gives it.

use super::session::{Judging, Person, person, person_of};
use crate::access::{Access, AccessRule};
use crate::api::ApiError;
use crate::identity::Identity;
use crate::middleware::client_of;
use crate::provenance::Provenance;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use switchyard_domain::meta::Writer;
use switchyard_domain::role::Role;
use switchyard_orchestrator::accounts::Client;

const MISSING: &str = "Making a virtual key needs an administrator: `switchyard keys create` on the machine that the server runs on, or \
                       the bearer token of an administrator (`switchyard admin token` prints one, and POST /api/auth/login). An operator may \
                       set SWITCHYARD_OPEN_VIRTUAL_KEYS=true to let everybody make keys here.";

/// Whether the operator lets everybody make keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenMinting(pub(crate) bool);

/// An administrator, or anybody where the operator lets everybody make keys.
#[derive(Clone, Debug)]
pub(crate) enum Minter {
    /// An administrator.
    Administrator(Person),
    /// Anybody.
    Anybody(Client),
}

impl Minter {
    /// Who the key is written down to be made by.
    pub(crate) fn writer(&self) -> Writer {
        match self {
            Self::Administrator(person) => person.client.writer(&person.who.entry.user),
            Self::Anybody(client) => client.anonymous(),
        }
    }
}

impl FromRequest for Minter {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (request, judging) = (request.clone(), Judging::begin(request));
        async move {
            let judged = judge(&request).await;
            drop(judging);
            judged
        }
        .boxed_local()
    }
}

async fn judge(request: &HttpRequest) -> Result<Minter, ApiError> {
    let open = request.app_data::<web::Data<OpenMinting>>().ok_or_else(ApiError::defect)?;
    if !open.0 {
        return person_of(request, &[Role::Admin], MISSING).await.map(Minter::Administrator);
    }
    // Who administers is known by name here too; what anybody else presents means nothing.
    match person(request, MISSING).await {
        Ok(person) if person.who.role() == Role::Admin => {
            Identity::of_user(person.who.entry.user.id).note(request);
            Ok(Minter::Administrator(person))
        }
        Ok(_) | Err(_) => {
            // Whoever reads another site's page would make keys without knowing, also where strangers are kept out.
            let provenance = request.app_data::<Provenance>().ok_or_else(ApiError::defect)?;
            provenance.check(request)?;
            Ok(Minter::Anybody(client_of(request)))
        }
    }
}

impl AccessRule for Minter {
    const ACCESS: Access = Access::Admin;
}
