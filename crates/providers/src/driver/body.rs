//! The exact body of a request: the client's own bytes with what the vendor needs otherwise, or a new one from the
//! canonical form.

use crate::vendors::HttpFacts;
use switchyard_dialects::codec::{Framing, ProviderCodec, Unsupported};
use switchyard_domain::chat::LossReport;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::provider::Carriage;
use switchyard_ports::request_body::RequestBody;

/// A body, ready to be sent.
pub(super) struct Body {
    pub(super) codec: &'static dyn ProviderCodec,
    pub(super) bytes: RequestBody,
    pub(super) carriage: Carriage,
    pub(super) losses: LossReport,
}

/// Makes the body of a call for `model`.
pub(super) fn make(facts: &HttpFacts, call: &dyn ClientCall, model: &str) -> Result<Body, ProviderFault> {
    let mut losses = LossReport::default();
    let Some((codec, is_own)) = facts.spoken(call.facts().dialect) else {
        return Err(ProviderFault::new(FaultKind::Internal, "the vendor speaks no dialect"));
    };
    // Other framings are nothing that a client can read.
    let own = call.wire().filter(|_| is_own && codec.framing() == Framing::Sse);
    let (bytes, carriage) = match own {
        Some(wire) => {
            let adapted = codec.adapt(&wire.bytes, &wire.members, model, call.facts(), &mut losses);
            let carriage = if call.facts().decodes_answer { Carriage::Canonical } else { Carriage::Verbatim };
            (adapted.map_err(refused)?.into(), carriage)
        }
        None => {
            let request = call.canonical().map_err(|invalid| ProviderFault {
                param: invalid.param.clone(),
                ..ProviderFault::new(FaultKind::Rejected, invalid.message)
            })?;
            let encoded = codec.encode(&request, model, call.facts().dialect, &mut losses);
            (encoded.map_err(unsupported)?.into(), Carriage::Canonical)
        }
    };
    Ok(Body { codec, bytes, carriage, losses })
}

/// A client's own body that is not what it should be.
fn refused(unsupported: Unsupported) -> ProviderFault {
    let kind = if unsupported.param.is_some() { FaultKind::Rejected } else { FaultKind::Internal };
    ProviderFault { param: unsupported.param, ..ProviderFault::new(kind, unsupported.message) }
}

/// A request that the provider's dialect can't carry.
fn unsupported(unsupported: Unsupported) -> ProviderFault {
    let kind = if unsupported.param.is_some() { FaultKind::Unsupported } else { FaultKind::Internal };
    ProviderFault { param: unsupported.param, ..ProviderFault::new(kind, unsupported.message) }
}
