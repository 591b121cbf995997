use super::media_type::{self, MediaFault};
use crate::connection::Connection;
use crate::gateway::{GatewayError, dialects};
use crate::server::ServerConfig;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use actix_web::{FromRequest, HttpRequest};
use bytes::{Bytes, BytesMut};
use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt, StreamExt};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use switchyard_ports::clock::{Clock, Monotonic};
use tokio::time::timeout;

const MIB: usize = 1024 * 1024;

/// Most bodies whose length is not declared are no longer.
const USUAL: usize = 64 * 1024;

/// How large a body may be, and how slow.
#[derive(Clone)]
pub(crate) struct BodyLimits {
    bytes: usize,
    idle: Duration,
    per_mib: Duration,
    clock: Arc<dyn Clock>,
}

impl BodyLimits {
    pub(crate) fn new(config: &ServerConfig, clock: &Arc<dyn Clock>) -> Self {
        let timeouts = &config.timeouts;
        Self {
            bytes: config.limits.body_bytes,
            idle: timeouts.body_idle,
            per_mib: timeouts.body_per_mib,
            clock: Arc::clone(clock),
        }
    }

    /// The same for a body of so many bytes at most, and no more than any may have.
    pub(crate) fn at_most(self, bytes: usize) -> Self {
        Self { bytes: self.bytes.min(bytes), ..self }
    }

    /// The same for a body of up to so many bytes.
    pub(super) fn of_up_to(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    pub(super) fn too_large(&self) -> GatewayError {
        let message = format!("A request's body may have {} bytes at most.", self.bytes);
        GatewayError::closing(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message)
    }

    /// What a body declares of its length, if that is not too much.
    pub(super) fn declared(&self, headers: &HeaderMap) -> Result<usize, GatewayError> {
        // The parser has proved that it is a number; one beyond this machine's range is beyond the limit too.
        let declared = headers.get(CONTENT_LENGTH).map_or(0, |length| {
            length.to_str().ok().and_then(|text| text.trim().parse().ok()).unwrap_or(usize::MAX)
        });
        if declared > self.bytes { Err(self.too_large()) } else { Ok(declared) }
    }
}

/// The pieces of a body as they come, within its limits of size and time.
pub(super) struct Pieces<'a> {
    payload: Payload,
    limits: &'a BodyLimits,
    declared: usize,
    taken: usize,
    began: Monotonic,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(payload: Payload, declared: usize, limits: &'a BodyLimits) -> Self {
        Self { payload, limits, declared, taken: 0, began: limits.clock.monotonic() }
    }

    /// The next piece; `None` at the body's end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, GatewayError> {
        // Most bodies are there with their heads, and need no timer.
        let next = match self.payload.next().now_or_never() {
            Some(next) => next,
            None => {
                let patience = patience(self.limits, self.began, self.declared.max(self.taken));
                timeout(patience, self.payload.next()).await.map_err(|_| too_slow())?
            }
        };
        match next {
            Some(Ok(piece)) if piece.len() > self.limits.bytes - self.taken => Err(self.limits.too_large()),
            Some(Ok(piece)) => {
                self.taken += piece.len();
                Ok(Some(piece))
            }
            Some(Err(_)) => Err(broken()),
            None => Ok(None),
        }
    }
}

/// A JSON body of a gateway call, whole and in one piece. Where it arrived in one piece it was not copied.
#[derive(Clone, Debug)]
pub(crate) struct GatewayBody(pub(crate) Bytes);

impl FromRequest for GatewayBody {
    type Error = GatewayError;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let Some(limits) = request.app_data::<BodyLimits>().cloned() else {
            return std::future::ready(Err(GatewayError::defect())).boxed_local();
        };
        let declared = match admit(request.headers(), &limits) {
            Ok(declared) => declared,
            Err(error) => return std::future::ready(Err(error.at(request))).boxed_local(),
        };
        let connection = request.conn_data::<Rc<Connection>>().cloned();
        let codec = dialects::at(request.path(), request.headers());
        let payload = payload.take();
        async move {
            let body = read(payload, declared, &limits).await.map_err(|error| match codec {
                Some(codec) => error.in_dialect(codec),
                None => error,
            })?;
            if let Some(connection) = connection {
                connection.body_ended();
            }
            Ok(Self(body))
        }
        .boxed_local()
    }
}

/// What can be refused before a byte of the body is read. Answers the declared length.
fn admit(headers: &HeaderMap, limits: &BodyLimits) -> Result<usize, GatewayError> {
    media_type::check(headers).map_err(|fault| unsupported(&fault))?;
    limits.declared(headers)
}

/// A body of a kind that is not read.
pub(super) fn unsupported(fault: &MediaFault) -> GatewayError {
    GatewayError::closing(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", fault.to_string())
}

/// A JSON body within limits, whole.
pub(crate) async fn read_json(
    headers: &HeaderMap,
    payload: Payload,
    limits: &BodyLimits,
) -> Result<Bytes, GatewayError> {
    let declared = admit(headers, limits)?;
    read(payload, declared, limits).await
}

/// The same, where a body may be absent: without one, its media type means nothing.
pub(crate) async fn read_json_or_nothing(
    headers: &HeaderMap,
    payload: Payload,
    limits: &BodyLimits,
) -> Result<Option<Bytes>, GatewayError> {
    if limits.declared(headers)? == 0 && !headers.contains_key(TRANSFER_ENCODING) {
        return Ok(None);
    }
    let body = read_json(headers, payload, limits).await?;
    Ok(Some(body).filter(|body| !body.is_empty()))
}

/// A JSON or YAML body within limits, whole; and whether it is YAML.
pub(crate) async fn read_json_or_yaml(
    headers: &HeaderMap,
    payload: Payload,
    limits: &BodyLimits,
) -> Result<(Bytes, bool), GatewayError> {
    let is_yaml = media_type::is_yaml(headers).map_err(|fault| unsupported(&fault))?;
    let declared = limits.declared(headers)?;
    Ok((read(payload, declared, limits).await?, is_yaml))
}

async fn read(payload: Payload, declared: usize, limits: &BodyLimits) -> Result<Bytes, GatewayError> {
    let mut pieces = Pieces::new(payload, declared, limits);
    let mut body = Gathered::default();
    while let Some(piece) = pieces.next().await? {
        body.add(piece, declared, limits.bytes);
    }
    Ok(body.into_bytes())
}

/// How long to wait for the next piece of a body of this size.
fn patience(limits: &BodyLimits, began: Monotonic, size: usize) -> Duration {
    let mibs = u32::try_from(size / MIB + 1).unwrap_or(u32::MAX);
    let in_all = limits.per_mib.saturating_mul(mibs);
    limits.idle.min(in_all.saturating_sub(limits.clock.monotonic().since(began)))
}

fn too_slow() -> GatewayError {
    GatewayError::closing(
        StatusCode::REQUEST_TIMEOUT,
        "request_timeout",
        "The request's body did not come in time.".to_owned(),
    )
}

fn broken() -> GatewayError {
    GatewayError::closing(
        StatusCode::BAD_REQUEST,
        "invalid_request",
        "The request's body broke off, or is not framed as HTTP has it.".to_owned(),
    )
}

/// The pieces so far.
#[derive(Default)]
enum Gathered {
    #[default]
    Nothing,
    One(Bytes),
    Many(BytesMut),
}

impl Gathered {
    /// Room is made for what was declared as far as that is usual, and past it for the rest, or `most`, at once: that costs addresses alone
    /// until bytes are there, where blocks that double cost what is outgrown besides.
    fn add(&mut self, piece: Bytes, declared: usize, most: usize) {
        *self = match std::mem::take(self) {
            Self::Nothing => Self::One(piece),
            Self::One(first) => {
                let room = declared.min(MIB).max(first.len() + piece.len());
                let mut pieces = BytesMut::with_capacity(room);
                pieces.extend_from_slice(&first);
                pieces.extend_from_slice(&piece);
                Self::Many(pieces)
            }
            Self::Many(mut pieces) => {
                let needed = pieces.len() + piece.len();
                let (usual, whole) = if declared > 0 { (MIB, declared) } else { (USUAL, most) };
                if needed > pieces.capacity() && needed > usual {
                    pieces.reserve(whole.max(needed) - pieces.len());
                }
                pieces.extend_from_slice(&piece);
                Self::Many(pieces)
            }
        };
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::One(piece) => piece,
            Self::Many(pieces) => pieces.freeze(),
        }
    }
}
