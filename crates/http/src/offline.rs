//! Calls that come by no connection: for a dry run of a body that somebody has in a file.

use crate::extract::CallHeaders;
use crate::gateway::{DialectCall, GatewayError, Place, dialects};
use bytes::Bytes;
use std::sync::Arc;
use switchyard_ports::client_call::ClientCall;

/// What a call says besides its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfflineCall {
    /// The name of the client's dialect.
    pub dialect: String,
    /// The model, in dialects that name it in the address.
    pub model: Option<String>,
    /// Whether a stream is asked for, in dialects that say so in the address.
    pub stream: Option<bool>,
    /// Whether the caller wants a refusal rather than a loss.
    pub strict: bool,
    /// The headers of the client; those that its dialect does not let pass mean nothing.
    pub headers: Vec<(String, String)>,
}

impl OfflineCall {
    /// The call, judged as if it had come to the gateway.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn read(self, body: impl Into<Bytes>) -> Result<Arc<dyn ClientCall>, String> {
        let Some(codec) = dialects::named(&self.dialect) else {
            let known = dialects::names().join(", ");
            return Err(format!("no client dialect is called `{}`; there are {known}", self.dialect));
        };
        let place = Place { model: self.model, stream: self.stream, reframes: false };
        let told = |error: GatewayError| error.message().to_owned();
        let mut asked = CallHeaders { strict: self.strict, ..CallHeaders::default() };
        self.headers.iter().try_for_each(|(name, value)| asked.pass(name, value)).map_err(told)?;
        let call = DialectCall::read(codec, place, body.into(), asked);
        call.map(|call| Arc::new(call) as Arc<dyn ClientCall>).map_err(told)
    }
}
