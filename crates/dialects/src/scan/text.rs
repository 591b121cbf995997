use std::borrow::Cow;

use super::escape;

/// The text of a scanned string, given what stands between its quotes and its decoded length. Allocates only where
/// there are escapes.
pub(super) fn decode(contents: &[u8], decoded_len: usize) -> Cow<'_, str> {
    if contents.len() == decoded_len {
        // The scan has validated the body. The check is the price of not using unsafe code.
        return str::from_utf8(contents).map_or_else(|_| String::from_utf8_lossy(contents), Cow::Borrowed);
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

/// Whether a scanned string's text is `expected`, without allocating.
pub(super) fn equals(contents: &[u8], decoded_len: usize, expected: &str) -> bool {
    decoded_len == expected.len() && equals_text(contents, expected)
}

/// Whether what stands between the quotes of a scanned string or name says `expected`. Looks no further than the first
/// difference: a hostile name is as long as a body, and asked about for each member that we own.
pub(crate) fn equals_text(contents: &[u8], expected: &str) -> bool {
    let (mut at, mut left) = (0, expected.as_bytes());
    loop {
        let rest = contents.get(at..).unwrap_or_default();
        let rest = rest.get(..=left.len()).unwrap_or(rest);
        let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        let Some(after) = left.strip_prefix(rest.get(..plain).unwrap_or_default()) else { return false };
        at += plain;
        // An error here is the end of the contents: the scan has read every escape with the same function.
        let Ok(escape) = escape::read(contents, at) else { return after.is_empty() };
        let mut character = [0; 4];
        let Some(after) = after.strip_prefix(escape.character.encode_utf8(&mut character).as_bytes()) else {
            return false;
        };
        (at, left) = (at + escape.width, after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spelling_says_its_text_and_no_other() {
        for (contents, text) in [
            ("", ""),
            ("model", "model"),
            (r"\u006dodel", "model"),
            (r"mode\u006c", "model"),
            (r"\u006d\u006f\u0064\u0065\u006c", "model"),
            (r#"\"\\\/\n"#, "\"\\/\n"),
            (r"\ud83d\ude00é\u00e9", "😀éé"),
        ] {
            assert!(equals_text(contents.as_bytes(), text), "{contents}");
            for other in ["", "mode", "models", "Model", "\"", "😀éé😀", "😀é", "model\0"] {
                assert_eq!(equals_text(contents.as_bytes(), other), text == other, "{contents} {other:?}");
            }
        }
    }
}
