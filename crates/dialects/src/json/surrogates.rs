use std::borrow::Cow;

/// The same JSON text with each half of a surrogate pair that stands alone replaced by U+FFFD.
///
/// Models emit characters in pieces, and some servers escape the pieces one by one. The text is still JSON by its grammar,
/// but there is no string that it could stand for, so a reader would drop the whole event.
pub(crate) fn without_lone_surrogates(data: &str) -> Cow<'_, str> {
    if memchr::memmem::find(data.as_bytes(), b"\\ud").is_none()
        && memchr::memmem::find(data.as_bytes(), b"\\uD").is_none()
    {
        return Cow::Borrowed(data);
    }
    let mut repaired = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = data.get(at..).and_then(|rest| rest.find('\\')) {
        let escape = at + found;
        let (width, lone) = match (code_unit(data, escape), code_unit(data, escape + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (12, false),
            (Some(0xD800..=0xDFFF), _) => (6, true),
            // Another escape: its second byte may itself be a backslash.
            _ => (2, false),
        };
        if lone {
            repaired.push_str(data.get(copied..escape).unwrap_or_default());
            repaired.push_str("\\ufffd");
            copied = escape + width;
        }
        at = escape + width;
    }
    if copied == 0 {
        return Cow::Borrowed(data);
    }
    repaired.push_str(data.get(copied..).unwrap_or_default());
    Cow::Owned(repaired)
}

/// The code unit that the escape at `at` spells; `None` if none of the form `\uXXXX` stands there.
fn code_unit(data: &str, at: usize) -> Option<u32> {
    let digits = data.get(at..at + 6)?.strip_prefix("\\u")?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_halves_that_stand_alone_are_replaced() {
        for (data, expected) in [
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\uDE00\ud83d x""#, r#""\ufffd\ufffd x""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83dé""#, r#""\\\ufffdé""#),
            (r#""\u00e9\n\ud8""#, r#""\u00e9\n\ud8""#),
        ] {
            assert_eq!(without_lone_surrogates(data), expected);
        }
    }
}
