//! Media in requests: what is never fetched here, and what it costs to read.

use std::borrow::Cow;

use crate::scan::{Kind, Node};

/// How many bytes of base64 stand for a token of a file or of sound in the estimate: rough, and rather too few.
pub(crate) const MEDIA_BYTES_PER_TEXT_BYTE: u64 = 4;

/// An address in an object's `url`, or in a string of its own (`openai-chat_completions-7aed41dc30`, 2023).
pub(crate) fn has_url(holder: Node<'_>) -> bool {
    let url = if holder.kind() == Kind::String { Some(holder) } else { holder.get("url") };
    url.is_some_and(has_known_scheme)
}

/// Whether a value is an address that may go to a provider. We never fetch it; schemes by which a provider would read its own
/// files are refused.
pub(crate) fn has_known_scheme(url: Node<'_>) -> bool {
    if url.kind() != Kind::String {
        return false;
    }
    let raw = url.raw();
    let head = raw.get(1..raw.len().min(64)).unwrap_or_default();
    // An escape within the scheme: nobody writes addresses so, save to slip one through.
    let head = if head.contains(&b'\\') {
        Cow::Owned(url.text().unwrap_or_default().into_owned().into_bytes())
    } else {
        Cow::Borrowed(head)
    };
    let url = head.trim_ascii_start();
    let end = url.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"+-.".contains(byte)));
    let scheme = end.filter(|end| url.get(*end) == Some(&b':')).and_then(|end| url.get(..end));
    let known: [&[u8]; 5] = [b"https", b"http", b"data", b"gs", b"s3"];
    scheme.is_none_or(|scheme| known.iter().any(|known| scheme.eq_ignore_ascii_case(known)))
}
