//! Errors of providers, and how clients are told.

use serde_json::Value;
use switchyard_dialects::anthropic_messages;
use switchyard_dialects::codec::{ClientError, Framing};
use switchyard_dialects::error::RetryHints;
use switchyard_dialects::gemini;
use switchyard_domain::fault::ProviderFault;

use crate::frames;
use crate::subject::{Subject, spoken_by_clients};
use switchyard_dialects::framing::FrameItem;

pub(crate) const CREDENTIAL: &str = "canary-4711-credential";
pub(crate) const STATUSES: [u16; 8] = [200, 301, 400, 401, 404, 429, 500, 529];

pub(crate) fn run(subject: &Subject, variation: u8, body: &[u8]) {
    let status = STATUSES[usize::from(variation) % STATUSES.len()];
    for codec in subject.codecs {
        let fault = codec.fault(status, body, RetryHints::default(), Some(CREDENTIAL));
        is_clean(&fault);
        told(&fault, status);
    }
    // What else is read from providers of these dialects.
    let _ = anthropic_messages::count_tokens::read(body);
    let _ = gemini::count_tokens::read(body);
}

pub(crate) fn is_clean(fault: &ProviderFault) {
    let said = [Some(&fault.message), fault.code.as_ref(), fault.param.as_ref()];
    for text in said.into_iter().flatten() {
        assert!(!text.contains(CREDENTIAL), "the credential shows: {text}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    assert!(!fault.message.is_empty() && fault.message.chars().count() <= 501, "{:?}", fault.message);
}

/// Every client gets a body that is JSON, and a stream that no reader takes for a whole one.
fn told(fault: &ProviderFault, status: u16) {
    let error = ClientError {
        status,
        message: &fault.message,
        kind: "server_error",
        param: fault.param.as_deref(),
        code: fault.code.as_deref(),
        request_id: Some("r"),
    };
    for (client, codec) in spoken_by_clients() {
        let body = client.error(&error);
        assert!(serde_json::from_slice::<Value>(&body).is_ok_and(|body| body.is_object()), "{body:?}");
        let failure = client.verbatim_failure(&error);
        assert_eq!(codec.framing(), Framing::Sse);
        let mut reader = codec.reader(1);
        let (items, failed) = frames::read(codec, &failure, usize::MAX);
        let fails = items.iter().any(|item| match item {
            FrameItem::Event(event) => {
                reader.event(event.name.as_deref(), &event.data, &mut Vec::new()).is_err()
            }
            FrameItem::Comment(_) => false,
        });
        assert!(fails && failed.is_none() && !reader.is_finished(), "{}: {failure:?}", client.dialect());
    }
}
