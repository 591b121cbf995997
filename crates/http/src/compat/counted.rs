//! Who counts in the minute of the Multi-LLM API's document.

use crate::api::ApiError;
use crate::extract::Judging;
use crate::middleware::client_of;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use switchyard_orchestrator::accounts::{Client, Throttles};

/// From where somebody asks who need not be signed in, and whose request was counted: one that says nothing sensible is a request too.
/// Stands before the body, which is not judged for whoever is sent away.
#[derive(Clone, Debug)]
pub(crate) struct Counted(pub(crate) Client);

impl FromRequest for Counted {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (request, judging) = (request.clone(), Judging::begin(request));
        async move {
            let _judging = judging;
            let throttles = request.app_data::<web::Data<Throttles>>().ok_or_else(ApiError::defect)?;
            let client = client_of(&request);
            throttles.documented(&client).await?;
            Ok(Self(client))
        }
        .boxed_local()
    }
}
