use crate::error::{ProviderError, from_members};
use crate::json::{RawMembers, integer, object};

/// The statuses that exceptions in the middle of a stream would have had as answers. A model's own failure has 424, which
/// nobody else uses; what it says of itself is better.
const STATUSES: &[(&str, u16)] = &[
    ("accessDeniedException", 403),
    ("internalServerException", 500),
    ("modelErrorException", 424),
    ("modelNotReadyException", 429),
    ("modelStreamErrorException", 424),
    ("modelTimeoutException", 408),
    ("resourceNotFoundException", 404),
    ("serviceQuotaExceededException", 400),
    ("serviceUnavailableException", 503),
    ("throttlingException", 429),
    ("validationException", 400),
];

/// Whether a frame of this name says that the provider failed.
pub(super) fn is_failure(name: &str) -> bool {
    name == "error" || name.ends_with("Exception")
}

/// What a frame of failure says.
pub(super) fn of_frame(name: &str, data: &str) -> ProviderError {
    let Some(top) = object(data) else {
        return ProviderError {
            kind: Some(name.to_owned()),
            status: status_of(name),
            ..ProviderError::read(&[], None)
        };
    };
    let mut error = from_members(&top);
    if name == "error" {
        // Of the protocol itself: its code is all there is.
        error.kind = error.kind.or_else(|| error.code.clone());
        return error;
    }
    error.status = original_status(&top).or_else(|| status_of(name));
    error.kind = Some(name.to_owned())
        .filter(|name| name.len() <= 128 && name.bytes().all(|b| b.is_ascii_alphanumeric()));
    error
}

fn status_of(name: &str) -> Option<u16> {
    STATUSES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, status)| *status)
}

/// The status that the model gave behind the service.
fn original_status(top: &RawMembers<'_>) -> Option<u16> {
    let status = top.get("originalStatusCode").and_then(integer)?;
    u16::try_from(status).ok().filter(|status| (400..600).contains(status))
}
