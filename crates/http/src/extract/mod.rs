//! What handlers ask for, taken from the request or refused in the gateway's words.

mod body;
mod credential;
mod form;
mod gate;
mod headers;
mod media_type;
mod minter;
mod session;
mod upload;

pub(crate) use body::{BodyLimits, GatewayBody, read_json, read_json_or_nothing, read_json_or_yaml};
pub(crate) use form::GatewayForm;
pub(crate) use gate::{Gate, GatewayCaller, KeyCaller, KeyHolder};
pub(crate) use headers::CallHeaders;
pub(crate) use minter::{Minter, OpenMinting};
pub(crate) use session::{Administrator, Judging, Member, Person, Reader, Visitor, asked, bearer_or_none};
pub(crate) use upload::Uploads;
