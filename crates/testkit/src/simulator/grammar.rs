//! How a script is written as text: `key=value` pairs joined by `&`, values percent-encoded, a bare
//! key meaning `true`. A `+` is a plus, not a space.

use serde_json::{Map, Value};

/// Why a script's text was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// No key has this name.
    #[error("no script key is named `{0}`")]
    UnknownKey(String),
    /// The key exists, but not with this value.
    #[error("script key `{key}` can't be `{value}`: {expected} was expected")]
    BadValue {
        /// The key.
        key: String,
        /// The value that was given, decoded.
        value: String,
        /// What the key wants, in words.
        expected: &'static str,
    },
    /// A `%` that two hexadecimal digits don't follow, or bytes that are not UTF-8.
    #[error("`{0}` has a broken percent escape")]
    BadEscape(String),
}

/// The pairs of a script's text, decoded; empty pairs are skipped.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = Result<(String, String), ScriptError>> {
    text.split('&').filter(|pair| !pair.trim().is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decode(key.trim())?, decode(value)?))
    })
}

fn decode(text: &str) -> Result<String, ScriptError> {
    let broken = || ScriptError::BadEscape(text.to_owned());
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit())).ok_or_else(broken)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| broken())?);
        bytes.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

/// A type that a script's value can have.
pub(crate) trait FromText: Sized {
    /// What is expected, for the error's text.
    const EXPECTED: &'static str;

    fn from_text(text: &str) -> Option<Self>;
}

/// Reads the value of `key`.
pub(crate) fn read<T: FromText>(key: &str, text: &str) -> Result<T, ScriptError> {
    T::from_text(text).ok_or_else(|| ScriptError::BadValue {
        key: key.to_owned(),
        value: text.to_owned(),
        expected: T::EXPECTED,
    })
}

impl FromText for bool {
    const EXPECTED: &'static str = "nothing, 1, true, 0 or false";

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "" | "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        }
    }
}

macro_rules! numbers {
    ($($type:ty),*) => { $(
        impl FromText for $type {
            const EXPECTED: &'static str = concat!("a number (", stringify!($type), ")");

            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )* };
}

numbers!(u16, u64, usize, i64);

impl FromText for String {
    const EXPECTED: &'static str = "a text";

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl FromText for Map<String, Value> {
    const EXPECTED: &'static str = "a JSON object";

    fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl<T: FromText> FromText for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_text(text: &str) -> Option<Self> {
        T::from_text(text).map(Some)
    }
}

/// An enumeration whose variants have one written form each; the first is the default.
macro_rules! words_of {
    ($(#[$doc:meta])* $name:ident: $expected:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl FromText for $name {
            const EXPECTED: &'static str = $expected;

            fn from_text(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words_of! {
    /// What the answer's usage says; the truth stays in the record.
    UsageFault: "normal, missing, zero, negative, huge, over_max, unasked or every_chunk" {
        /// The truth, where OpenAI would say it.
        #[default]
        Normal = "normal",
        /// No usage at all, asked for or not.
        Missing = "missing",
        /// All numbers are 0.
        Zero = "zero",
        /// All numbers are -1.
        Negative = "negative",
        /// All numbers are 2^53.
        Huge = "huge",
        /// 1,000 more completion tokens than the request's limit (than were sent, where it has none).
        OverMax = "over_max",
        /// The truth in a stream that was not asked for usage.
        Unasked = "unasked",
        /// The truth so far in every chunk of a stream, and at its end.
        EveryChunk = "every_chunk",
    }
}

words_of! {
    /// How the lines of an event stream end.
    LineEnding: "lf, crlf or cr" {
        /// `\n`
        #[default]
        Lf = "lf",
        /// `\r\n`
        Crlf = "crlf",
        /// `\r`
        Cr = "cr",
    }
}

impl LineEnding {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::Crlf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_percent_decoded_and_a_plus_stays_a_plus() {
        let read: Result<Vec<_>, _> = pairs("a=x%20y%26&wrong_length=+5&bare&&e=%c3%a9").collect();
        let expected = [("a", "x y&"), ("wrong_length", "+5"), ("bare", ""), ("e", "é")];
        assert_eq!(read.unwrap(), expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn a_broken_escape_is_an_error() {
        for text in ["a=%", "a=%g0", "a=%f", "a=%ff", "a=%+1"] {
            let read: Result<Vec<_>, _> = pairs(text).collect();
            assert!(matches!(read, Err(ScriptError::BadEscape(_))), "{text}");
        }
    }
}
