//! Errors in the words of the surface that they happen at. Where they are made, neither the path nor the request's id is known.

use crate::api::ApiError;
use crate::envelope::Envelope;
use crate::gateway::GatewayError;
use crate::middleware::RequestId;
use actix_http::body::BoxBody;
use actix_web::HttpResponse;

/// An answer in the words of the surface at `path`. What is no error stays as it is; twice is as once.
pub(crate) fn of_surface(
    response: HttpResponse<BoxBody>,
    path: &str,
    id: &RequestId,
) -> HttpResponse<BoxBody> {
    let Some(error) = response.error() else { return response };
    let id = Some(id.as_str());
    if let Some(error) = error.as_error::<GatewayError>() {
        let body = error.body(id);
        return response.set_body(BoxBody::new(body));
    }
    let Some(error) = error.as_error::<ApiError>() else { return response };
    let envelope = Envelope::at(path);
    let (status, body) = (error.status_at(envelope), error.body_at(envelope, id));
    let mut response = response.set_body(BoxBody::new(body));
    *response.status_mut() = status;
    response
}
