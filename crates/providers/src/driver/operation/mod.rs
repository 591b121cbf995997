//! Calls of other operations than chats: the client's own request for the vendor, and its answer passed on.

mod answer;
mod passing;

pub(super) use answer::receive;

use super::{Driver, body, request};
use bytes::Bytes;
use switchyard_dialects::codec::{OperationCodec, Passage};
use switchyard_domain::chat::{LossReport, Units};
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_ports::client_call::{Canonical, ClientCall, WireForm};
use switchyard_ports::provider::{Carriage, Prepared};
use switchyard_ports::request_body::{EditedUpload, RequestBody};

/// The body of a request, and what goes with it.
struct Made {
    content_type: String,
    body: RequestBody,
    carriage: Carriage,
    units: Units,
}

/// Makes the exact request of a call for `model`.
pub(super) fn prepare(
    driver: &Driver,
    call: &dyn ClientCall,
    model: &str,
) -> Result<Prepared, ProviderFault> {
    let facts = call.facts();
    let Some((codec, is_own)) = driver.facts.offered(facts.dialect) else {
        let message =
            format!("`{model}` can't be called for {} at this provider.", facts.dialect.operation());
        return Err(ProviderFault::new(FaultKind::Unsupported, message));
    };
    let mut losses = LossReport::default();
    let made = match (call.form(), call.wire()) {
        (Some(form), _) if is_own => of_form(form, model)?,
        (_, Some(wire)) if is_own => {
            let adapted = codec.adapt(&wire.bytes, &wire.members, model, facts, &mut losses);
            Made {
                units: codec.units(&wire.bytes, &wire.members),
                ..Made::json(adapted.map_err(body::refused)?, Carriage::Verbatim)
            }
        }
        _ => Made::json(encoded(codec, call, model, &mut losses)?, Carriage::Canonical),
    };
    Ok(Prepared {
        url: driver.address(codec.dialect(), &codec.endpoint(model), model),
        headers: request::shown_headers(
            &made.content_type,
            accepted(codec, facts.stream),
            driver.facts.headers,
        ),
        body: made.body,
        carriage: made.carriage,
        dialect: codec.dialect(),
        stream: facts.stream,
        hide_usage_chunk: facts.stream && !facts.wants_stream_usage,
        model: model.to_owned(),
        losses,
        units: made.units,
        pieces: pieces(call, made.carriage),
    })
}

/// How many things are asked for. What goes as it came is not decoded to be counted.
fn pieces(call: &dyn ClientCall, carriage: Carriage) -> u32 {
    let canonical = if carriage == Carriage::Canonical { call.canonical().ok() } else { None };
    match canonical {
        Some(Canonical::Embedding(request)) => u32::try_from(request.inputs.len()).unwrap_or(u32::MAX),
        _ => call.facts().choices,
    }
}

impl Made {
    fn json(bytes: Bytes, carriage: Carriage) -> Self {
        let content_type = request::JSON.to_owned();
        Self { content_type, body: bytes.into(), carriage, units: Units::default() }
    }
}

fn of_form(form: &WireForm, model: &str) -> Result<Made, ProviderFault> {
    // Ids come from the configuration; one that ends its part would make another form of it.
    if model.contains(&form.boundary) || model.contains(['\r', '\n']) {
        let message = "the model's id can't stand in the client's form";
        return Err(ProviderFault::new(FaultKind::Internal, message));
    }
    let edited = EditedUpload {
        upload: form.upload.clone(),
        place: form.model.clone(),
        with: Bytes::copy_from_slice(model.as_bytes()),
    };
    Ok(Made {
        content_type: format!("multipart/form-data; boundary=\"{}\"", form.boundary),
        body: RequestBody::Upload(edited),
        carriage: Carriage::Verbatim,
        units: Units::default(),
    })
}

fn encoded(
    codec: &'static dyn OperationCodec,
    call: &dyn ClientCall,
    model: &str,
    losses: &mut LossReport,
) -> Result<Bytes, ProviderFault> {
    match (codec.as_embedding(), call.canonical().map_err(body::invalid)?) {
        (Some(codec), Canonical::Embedding(request)) => {
            codec.encode(&request, model, call.facts().dialect, losses).map_err(body::unsupported)
        }
        _ => Err(ProviderFault::new(FaultKind::Internal, "the call has no form that the provider knows")),
    }
}

fn accepted(codec: &dyn OperationCodec, stream: bool) -> &'static str {
    match (stream, codec.passage()) {
        (true, _) => "text/event-stream",
        (false, Passage::Raw) => "*/*",
        (false, Passage::Whole | Passage::Skimmed(_)) if codec.media_types().is_empty() => request::JSON,
        (false, Passage::Whole | Passage::Skimmed(_)) => "application/json, text/plain, */*",
    }
}
