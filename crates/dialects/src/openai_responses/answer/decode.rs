use super::progress::Progress;
use super::reading::Reading;
use crate::codec::{AnswerFault, DecodedAnswer};
use crate::error::{announces_error, from_members, has_error};
use crate::json::{elements, object, text, without_lone_surrogates};

/// Reads a body that came with a success status; `issuer` makes the proofs of its reasoning.
///
/// # Errors
/// See [`AnswerFault`].
pub(in crate::openai_responses) fn decode(
    body: &[u8],
    issuer: &'static str,
) -> Result<DecodedAnswer, AnswerFault> {
    let body = String::from_utf8_lossy(body);
    let body = without_lone_surrogates(body.trim());
    let top = object(&body).ok_or(AnswerFault::NotJson)?;
    if has_error(&top) {
        return Err(AnswerFault::Error(from_members(&top)));
    }
    let is_response = top.get("object").and_then(text).as_deref() == Some("response");
    let Some(output) = top.get("output").and_then(elements).or(is_response.then(Vec::new)) else {
        let error = announces_error(&top);
        return Err(if error { AnswerFault::Error(from_members(&top)) } else { AnswerFault::NoChoices });
    };
    let mut reading = Reading::new(issuer);
    let mut events = Vec::new();
    reading.start(&top, &mut events);
    for item in output {
        reading.item(item, &mut Progress::default(), &mut events);
    }
    reading.end(&top, &mut events).map_err(AnswerFault::Error)?;
    Ok(DecodedAnswer { events, usage_corrected: reading.usage_corrected() })
}
