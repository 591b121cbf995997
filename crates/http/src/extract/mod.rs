//! What handlers ask for, taken from the request or refused in the gateway's words.

mod body;
mod credential;
mod gate;
mod headers;
mod media_type;

pub(crate) use body::{BodyLimits, GatewayBody};
pub(crate) use gate::{Gate, GatewayCaller, KeyCaller};
pub(crate) use headers::CallHeaders;
