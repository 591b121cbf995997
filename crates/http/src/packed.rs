//! Files that the binary carries packed: they go out as they lie there, and unpacked to clients that don't take that.

use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use flate2::read::GzDecoder;
use std::io::Read;

/// Answers a file that gzip packed, in the form that the client takes; `plain` gives its own bytes. `None` if it was packed wrongly.
pub(crate) fn answered(
    mut answer: HttpResponseBuilder,
    request: &HttpRequest,
    content_type: &str,
    packed: Bytes,
    plain: impl FnOnce(&[u8]) -> Option<Bytes>,
) -> Option<HttpResponse> {
    answer.insert_header((CONTENT_TYPE, content_type)).insert_header((VARY, "Accept-Encoding"));
    if takes_gzip(request) {
        return Some(answer.insert_header((CONTENT_ENCODING, "gzip")).body(packed));
    }
    Some(answer.body(plain(&packed)?))
}

/// A file's own bytes; `None` if it was packed wrongly.
pub(crate) fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut plain).ok()?;
    Some(plain)
}

fn takes_gzip(request: &HttpRequest) -> bool {
    let encodings = request.headers().get_all(ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    encodings.flat_map(|value| value.split(',')).any(|encoding| {
        let mut parts = encoding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        named && !parts.any(|part| part.trim_start_matches("q=").parse() == Ok(0.0_f32))
    })
}
