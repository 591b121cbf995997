//! What happens to every request, whatever it asks for: an id, limits on its head, headers on its answer (whose pages may read
//! it among them), a line in the access log, a count in the metrics, and a defence against our own panics. One layer, because each
//! costs little and a layer more costs every call.

mod access_log;
mod client;
mod cors;
mod edge;
mod head_limits;
mod request_id;
mod response_headers;
mod tracked_body;

pub(crate) use client::{AskedFor, client_of};
pub(crate) use cors::Origins;
pub(crate) use edge::Edge;
pub(crate) use request_id::RequestId;
