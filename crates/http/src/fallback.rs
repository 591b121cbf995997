//! What is answered where no handler is.

use crate::middleware::RequestId;
use crate::refusal::{Refusal, Shape};
use crate::routes::Endpoint;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};

/// The methods of a path, as the header `allow` lists them.
#[derive(Clone, Debug)]
pub(crate) struct Allowed(HeaderValue);

/// Of these endpoints.
pub(crate) fn allowed(endpoints: &[Endpoint]) -> Allowed {
    let methods: Vec<&str> = endpoints
        .iter()
        .flat_map(
            |endpoint| if endpoint.method == "GET" { vec!["GET", "HEAD"] } else { vec![endpoint.method] },
        )
        .collect();
    Allowed(HeaderValue::from_str(&methods.join(", ")).unwrap_or(HeaderValue::from_static("")))
}

/// There is no such path. A method that no path has is the greater fault, and may not tell which paths there are.
pub(crate) async fn not_found(request: HttpRequest, id: RequestId) -> HttpResponse {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    if !known.contains(request.method()) {
        return refuse_method(&request, &id);
    }
    let message = "There is nothing at this address. GET /openapi.json lists what there is.";
    Refusal::new(StatusCode::NOT_FOUND, "not_found", message)
        .respond(Shape::at(request.path(), request.headers()), &id)
}

/// The path is there, but not for this method.
pub(crate) async fn method_not_allowed(request: HttpRequest, id: RequestId) -> HttpResponse {
    refuse_method(&request, &id)
}

fn refuse_method(request: &HttpRequest, id: &RequestId) -> HttpResponse {
    let message = "This address does not take this method.";
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
    let mut response = refusal.respond(Shape::at(request.path(), request.headers()), id);
    let allowed =
        request.app_data::<Allowed>().map_or(HeaderValue::from_static(""), |allowed| allowed.0.clone());
    response.headers_mut().insert(ALLOW, allowed);
    response
}
