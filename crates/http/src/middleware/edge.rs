use super::access_log::AccessRecord;
use super::cors::{Origins, Readers};
use super::request_id::RequestId;
use super::tracked_body::{Ending, TrackedBody};
use super::{client, head_limits, response_headers};
use crate::connection::{Connection, OpenBody, Place, Sources};
use crate::identity::Identity;
use crate::metrics::Metrics;
use crate::refusal::{Refusal, Shape};
use crate::routes::RouteTemplate;
use crate::server::Limits;
use crate::words;
use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::{ConnectionType, Version};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use ipnet::IpNet;
use std::fmt;
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use switchyard_ports::clock::Clock;
use switchyard_ports::entropy::Entropy;

/// The layer around everything.
#[derive(Clone)]
pub(crate) struct Edge {
    pub(crate) limits: Limits,
    /// The proxies that say whom they speak for.
    pub(crate) trusted_proxies: Arc<[IpNet]>,
    /// What each source holds.
    pub(crate) sources: Arc<Sources>,
    /// Whose pages may read answers.
    pub(crate) origins: Origins,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) metrics: Arc<Metrics>,
}

impl<S, B> Transform<S, ServiceRequest> for Edge
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<TrackedBody>;
    type Error = Error;
    type Transform = EdgeService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(EdgeService { inner, edge: Rc::new(self.clone()) }))
    }
}

pub(crate) struct EdgeService<S> {
    inner: S,
    edge: Rc<Edge>,
}

/// A request on its way.
struct Arrival {
    record: AccessRecord,
    readers: Readers,
    ending: Ending,
}

impl<S, B> Service<ServiceRequest> for EdgeService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<TrackedBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (arrival, has_place) = Arrival::of(&self.edge, &request);
        let shape = Shape::at(request.path(), request.headers());
        let head = head_limits::check(request.head(), &self.edge.limits);
        if let Err(refusal) = head.and_then(|()| if has_place { Ok(()) } else { Err(Refusal::crowded()) }) {
            let response = request.into_response(refusal.respond(shape, &arrival.record.id));
            return ready(Ok(arrival.complete(response))).boxed_local();
        }
        if let Some(response) = arrival.readers.preflight(request.head()) {
            return ready(Ok(arrival.complete(request.into_response(response)))).boxed_local();
        }
        request.extensions_mut().insert(arrival.record.id.clone());
        if let Some(address) = arrival.record.client() {
            request.extensions_mut().insert(client::Address(address));
        }
        if let Some(asked) = client::AskedFor::told(&request, &self.edge.trusted_proxies) {
            request.extensions_mut().insert(asked);
        }
        let answer = self.inner.call(request);
        async move {
            match AssertUnwindSafe(answer).catch_unwind().await {
                Ok(Ok(response)) => Ok(arrival.complete(response.map_into_boxed_body())),
                Ok(Err(error)) => Err(error),
                Err(_) => Err(arrival.defect(shape).into()),
            }
        }
        .boxed_local()
    }
}

impl Edge {
    /// A request's place. A connection has had one since it was accepted; a trusted proxy's carries the requests of many.
    fn place(&self, request: &ServiceRequest, client: Option<IpAddr>) -> Option<Place> {
        let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
        match client.filter(|_| client != peer) {
            Some(client) => self.sources.enter(client),
            None => Some(Place::default()),
        }
    }
}

impl Arrival {
    /// A request, and whether its source has a place for it.
    fn of(edge: &Edge, request: &ServiceRequest) -> (Self, bool) {
        let connection = request.conn_data::<Rc<Connection>>().cloned();
        if let Some(connection) = &connection {
            connection.request_began(open_body(request.headers()));
        }
        let id = RequestId::of(request.headers(), edge.entropy.as_ref());
        let client = client::address(request, &edge.trusted_proxies);
        let record = AccessRecord::begin(request, client, id, &edge.clock, &edge.metrics);
        let readers = edge.origins.readers(request.headers());
        let place = edge.place(request, client);
        let has_place = place.is_some();
        let ending = Ending { connection, _place: place.unwrap_or_default() };
        (Self { record, readers, ending }, has_place)
    }

    /// Gives the answer what every answer has, and follows it to its end.
    fn complete(mut self, mut response: ServiceResponse<BoxBody>) -> ServiceResponse<TrackedBody> {
        self.record.route = RouteTemplate::of(response.request());
        self.record.caller = Identity::of_request(response.request());
        let (request, answer) = response.into_parts();
        let answer = words::of_surface(answer, request.path(), &self.record.id);
        self.record.status = Some(answer.status());
        response = ServiceResponse::new(request, answer);
        response_headers::complete(response.headers_mut(), &self.record.id, self.record.elapsed());
        self.readers.complete(response.headers_mut());
        // An offer to upgrade is passed over. The framework would answer it with one of its own, and can't keep the
        // connection.
        if response.request().head().upgrade() {
            response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        }
        // HTTP/1.0 knows no chunks: a body of unknown length ends with the connection (RFC 9112, 6.1).
        let is_old = response.request().version() < Version::HTTP_11;
        if is_old && response.response().body().size() == BodySize::Stream {
            let head = response.response_mut().head_mut();
            head.no_chunking(true);
            head.set_connection_type(ConnectionType::Close);
        }
        response.map_body(|_, body| TrackedBody::new(body, self.record, self.ending))
    }

    /// A handler panicked, and the request went down with it: the answer is made of what was known before.
    fn defect(mut self, shape: Shape) -> Panicked {
        self.record.status = Some(StatusCode::INTERNAL_SERVER_ERROR);
        tracing::error!(request_id = self.record.id.as_str(), "a handler panicked");
        let elapsed = self.record.elapsed();
        Panicked { shape, id: self.record.id.clone(), readers: self.readers, elapsed }
    }
}

/// What is still to come of the body; an empty one that was declared is as none.
fn open_body(headers: &HeaderMap) -> OpenBody {
    if headers.contains_key(TRANSFER_ENCODING) {
        return OpenBody::Chunked;
    }
    let declared = headers.get(CONTENT_LENGTH).is_some_and(|length| length.as_bytes().trim_ascii() != b"0");
    if declared { OpenBody::Sized } else { OpenBody::No }
}

/// A handler panicked.
#[derive(Debug)]
struct Panicked {
    shape: Shape,
    id: RequestId,
    readers: Readers,
    elapsed: Duration,
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a handler panicked")
    }
}

impl ResponseError for Panicked {
    fn status_code(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = Refusal::defect().respond(self.shape, &self.id);
        response_headers::complete(response.headers_mut(), &self.id, self.elapsed);
        self.readers.complete(response.headers_mut());
        response
    }
}
