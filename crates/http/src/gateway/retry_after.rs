use actix_web::HttpResponseBuilder;
use std::time::Duration;

/// Tells when to come back: in whole seconds, rounded up so that nobody comes too early, and in milliseconds, which OpenAI's
/// SDKs prefer.
pub(super) fn write(response: &mut HttpResponseBuilder, wait: Duration) {
    let millis = wait.as_millis().max(1);
    response.insert_header(("retry-after", millis.div_ceil(1000).to_string()));
    response.insert_header(("retry-after-ms", millis.to_string()));
}
