use std::borrow::Cow;

use super::escape;

/// The text of a scanned string, given what stands between its quotes and its decoded length. Allocates only where
/// there are escapes.
pub(super) fn decode(contents: &[u8], decoded_len: usize) -> Cow<'_, str> {
    if contents.len() == decoded_len {
        // Lossless: the scan has validated the body. The check is the price of not using unsafe code.
        return String::from_utf8_lossy(contents);
    }
    let mut text = String::with_capacity(decoded_len);
    decode_into(contents, &mut text);
    Cow::Owned(text)
}

/// Appends the decoded text of a scanned string.
pub(super) fn decode_into(contents: &[u8], text: &mut String) {
    let mut at = 0;
    loop {
        let rest = contents.get(at..).unwrap_or_default();
        let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        text.push_str(&String::from_utf8_lossy(rest.get(..plain).unwrap_or_default()));
        at += plain;
        // An error here is the end of the contents: the scan has read every escape with the same function.
        let Ok(escape) = escape::read(contents, at) else { return };
        text.push(escape.character);
        at += escape.width;
    }
}

/// Whether a scanned string's text is `expected`, without allocating unless it is spelled with escapes.
pub(super) fn equals(contents: &[u8], decoded_len: usize, expected: &str) -> bool {
    decoded_len == expected.len()
        && if contents.len() == decoded_len {
            contents == expected.as_bytes()
        } else {
            decode(contents, decoded_len) == expected
        }
}

/// Whether what stands between the quotes of a scanned string or name that is spelled with escapes says `expected`.
pub(crate) fn equals_text(contents: &[u8], expected: &str) -> bool {
    let mut text = String::with_capacity(contents.len());
    decode_into(contents, &mut text);
    text == expected
}
