use super::cost::{Usages, with_cost};
use super::error::GatewayError;
use super::stream::EventStream;
use crate::idempotency::StreamFate;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use std::sync::Arc;
use switchyard_dialects::codec::{AnswerForm, ClientCodec, StreamFraming};
use switchyard_domain::chat::ChatRequest;
use switchyard_orchestrator::chat::{Reply, ReplyBody, ReplyHead};
use switchyard_ports::provider::Payload;

const X_SWITCHYARD_TARGET: HeaderName = HeaderName::from_static("x-switchyard-target");
const X_SWITCHYARD_ATTEMPTS: HeaderName = HeaderName::from_static("x-switchyard-attempts");
const X_SWITCHYARD_REASON: HeaderName = HeaderName::from_static("x-switchyard-reason");
const X_SWITCHYARD_DROPPED: HeaderName = HeaderName::from_static("x-switchyard-dropped");
const X_SWITCHYARD_COST: HeaderName = HeaderName::from_static("x-switchyard-cost");
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Longest list of losses in a header.
const LONGEST_LOSSES: usize = 1024;

/// What an answer is called where the provider said nothing, and the form that the client asked for.
#[derive(Clone, Debug)]
pub(super) struct AnswerNames {
    pub(super) codec: &'static dyn ClientCodec,
    pub(super) id: String,
    pub(super) model: String,
    pub(super) created: i64,
    pub(super) request: Option<Arc<ChatRequest>>,
    pub(super) include_usage: bool,
    pub(super) framing: StreamFraming,
    /// Whether the answer says what it cost.
    pub(super) tells_cost: bool,
}

impl AnswerNames {
    pub(super) fn form(&self) -> AnswerForm<'_> {
        AnswerForm {
            fallback_id: &self.id,
            fallback_model: &self.model,
            fallback_created: self.created,
            request: self.request.as_deref(),
            include_usage: self.include_usage,
            framing: self.framing,
        }
    }
}

/// The response of a call that is being answered.
pub(super) fn respond(reply: Reply, names: AnswerNames) -> Result<HttpResponse, GatewayError> {
    let mut response = HttpResponse::Ok();
    write_head(&mut response, &reply.head);
    match reply.body {
        ReplyBody::Buffered(payload) => {
            response.insert_header((CONTENT_TYPE, "application/json"));
            let body = match payload {
                Payload::Verbatim(bytes) => bytes,
                Payload::Canonical(answer) => names.codec.encode(&answer, &names.form()),
                Payload::Embeddings(_) => return Err(GatewayError::defect()),
            };
            let bill = reply.head.bill.filter(|_| names.tells_cost);
            Ok(response.body(bill.map_or_else(|| body.clone(), |bill| with_cost(&body, &bill, Usages::Told))))
        }
        ReplyBody::Stream(frames) => {
            write_pieces_head(&mut response, content_type(names.framing));
            let fate = StreamFate::of(&mut response);
            Ok(response.body(EventStream::new(frames, names, fate)))
        }
    }
}

/// The head of an answer that comes in pieces.
pub(super) fn write_pieces_head(response: &mut HttpResponseBuilder, content_type: &str) {
    response.insert_header((CONTENT_TYPE, content_type));
    response.insert_header((CACHE_CONTROL, "no-cache"));
    // Else nginx holds pieces back until its buffer is full.
    response.insert_header((X_ACCEL_BUFFERING, "no"));
}

fn content_type(framing: StreamFraming) -> &'static str {
    match framing {
        StreamFraming::Sse => "text/event-stream",
        StreamFraming::JsonArray => "application/json",
    }
}

/// What every answer's head says.
pub(super) fn write_head(response: &mut HttpResponseBuilder, head: &ReplyHead) {
    // The provider's first: none of them can take the place of ours.
    for (name, value) in &head.headers {
        let pair = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value));
        if let (Ok(name), Ok(value)) = pair {
            response.insert_header((name, value));
        }
    }
    response.insert_header((X_SWITCHYARD_TARGET, plain(&head.target)));
    response.insert_header((X_SWITCHYARD_ATTEMPTS, head.attempts));
    response.insert_header((X_SWITCHYARD_REASON, plain(&head.reason)));
    if !head.losses.is_empty() {
        let mut losses = head.losses.to_string();
        losses.truncate(LONGEST_LOSSES);
        response.insert_header((X_SWITCHYARD_DROPPED, losses));
    }
    if let Some(cost) = head.cost() {
        response.insert_header((X_SWITCHYARD_COST, cost.0));
    }
}

/// Names are people's; a header has room for visible ASCII. Percent-encoded as in an address.
fn plain(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_graphic() && byte != b'%' {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_script_fit_into_a_header() {
        assert_eq!(plain("openai/gpt-4o"), "openai/gpt-4o");
        assert_eq!(plain("büro/a b%"), "b%C3%BCro/a%20b%25");
    }
}
