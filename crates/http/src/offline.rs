//! Calls that come by no connection: for a dry run of a body that somebody has in a file.

use crate::extract::CallHeaders;
use crate::gateway::{DialectCall, FormOperation, GatewayError, JsonOperation, Place, dialects};
use crate::offline_form::form_of;
use bytes::Bytes;
use futures_util::future::ready;
use futures_util::{FutureExt, StreamExt};
use std::sync::Arc;
use switchyard_domain::chat::Dialect;
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::provider::Prepared;
use switchyard_ports::request_body::RequestBody;

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
    /// The call, judged as if it had come to the gateway. A form is given as the JSON object of its fields; the file in it, which
    /// is not needed, is stood for.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn read(self, body: impl Into<Bytes>) -> Result<Arc<dyn ClientCall>, String> {
        let told = |error: GatewayError| error.message().to_owned();
        let mut asked = CallHeaders { strict: self.strict, ..CallHeaders::default() };
        self.headers.iter().try_for_each(|(name, value)| asked.pass(name, value)).map_err(told)?;
        let call = if let Some(codec) = dialects::named(&self.dialect) {
            let place = Place { model: self.model, stream: self.stream, ..Place::default() };
            DialectCall::read(codec, place, body.into(), asked).map(shared)
        } else if let Some(codec) = dialects::operation_named(&self.dialect) {
            JsonOperation::read(codec, self.model, body.into(), asked).map(shared)
        } else if self.dialect == Dialect::OPENAI_TRANSCRIPTIONS.0 {
            return form_of(body.into()).map(|form| shared(FormOperation::new(form, asked)));
        } else {
            let known = dialects::names().join(", ");
            return Err(format!("no client dialect is called `{}`; there are {known}", self.dialect));
        };
        call.map_err(told)
    }
}

/// The body that a target would be sent, as far as it is in memory: that of a call that was read here is.
#[must_use]
pub fn body_of(prepared: &Prepared) -> Bytes {
    match &prepared.body {
        RequestBody::Held(pieces) => pieces.to_bytes(),
        RequestBody::Upload(upload) => {
            let pieces = upload.read().filter_map(|piece| ready(piece.ok())).collect::<Vec<_>>();
            pieces.now_or_never().unwrap_or_default().concat().into()
        }
    }
}

fn shared(call: impl ClientCall + 'static) -> Arc<dyn ClientCall> {
    Arc::new(call)
}
