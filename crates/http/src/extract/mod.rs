//! What handlers ask for, taken from the request or refused in the gateway's words.

mod body;
mod credential;
mod form;
mod gate;
mod headers;
mod media_type;
mod upload;

pub(crate) use body::{BodyLimits, GatewayBody};
pub(crate) use form::GatewayForm;
pub(crate) use gate::{Gate, GatewayCaller, KeyCaller};
pub(crate) use headers::CallHeaders;
pub(crate) use upload::Uploads;
