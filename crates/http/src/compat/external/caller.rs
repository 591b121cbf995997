//! Who calls other addresses, and their place among those who do.

use crate::access::{Access, AccessRule};
use crate::api::ApiError;
use crate::extract::{Judging, Member};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use switchyard_orchestrator::accounts::Throttles;
use switchyard_orchestrator::external::ExternalCalls;
use switchyard_orchestrator::places::Place;

/// Anybody who is signed in and has a place left. Whoever has none is refused before their body is read, and what comes slowly takes
/// nobody else's.
pub(crate) struct ExternalCaller(pub(super) Place);

impl FromRequest for ExternalCaller {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (member, judging) = (Member::from_request(request, payload), Judging::begin(request));
        let request = request.clone();
        async move {
            let _judging = judging;
            let person = member.await?.0;
            let throttles = request.app_data::<web::Data<Throttles>>().ok_or_else(ApiError::defect)?;
            throttles.documented_of(person.who.entry.user.id).await?;
            let calls = request.app_data::<web::Data<ExternalCalls>>().ok_or_else(ApiError::defect)?;
            let place = calls.place(person.who.entry.user.id);
            place.map(Self).map_err(|error| super::refused(&error))
        }
        .boxed_local()
    }
}

impl AccessRule for ExternalCaller {
    const ACCESS: Access = Access::SignedIn;
}
