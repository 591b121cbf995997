/// The value of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderValue {
    /// `true` or `false`.
    Bool(bool),
    /// One byte.
    Byte(i8),
    /// Two bytes.
    Short(i16),
    /// Four bytes.
    Int(i32),
    /// Eight bytes.
    Long(i64),
    /// Up to 65,535 bytes.
    Bytes(Vec<u8>),
    /// Up to 65,535 bytes of UTF-8.
    Text(String),
    /// Milliseconds since 1970.
    Timestamp(i64),
    /// Sixteen bytes.
    Uuid([u8; 16]),
}

/// What a header's name says, of those that name a message. All others are passed over.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    pub(super) message_type: Option<&'a [u8]>,
    pub(super) event_type: Option<&'a [u8]>,
    pub(super) exception_type: Option<&'a [u8]>,
    pub(super) error_code: Option<&'a [u8]>,
    pub(super) error_message: Option<&'a [u8]>,
}

impl<'a> Names<'a> {
    /// Reads all headers; `None` if they are broken.
    pub(super) fn read(mut headers: &'a [u8]) -> Option<Self> {
        let mut names = Self::default();
        while let Some((length, rest)) = headers.split_first() {
            let (name, rest) = rest.split_at_checked(usize::from(*length))?;
            let (kind, rest) = rest.split_first()?;
            let (value, rest) = value(*kind, rest)?;
            headers = rest;
            let Value::Text(text) = value else { continue };
            match name {
                b":message-type" => names.message_type = Some(text),
                b":event-type" => names.event_type = Some(text),
                b":exception-type" => names.exception_type = Some(text),
                b":error-code" => names.error_code = Some(text),
                b":error-message" => names.error_message = Some(text),
                _ => {}
            }
        }
        Some(names)
    }
}

enum Value<'a> {
    Text(&'a [u8]),
    Other,
}

/// A value and what follows it.
fn value(kind: u8, rest: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let fixed = |length| Some((Value::Other, rest.split_at_checked(length)?.1));
    match kind {
        0 | 1 => Some((Value::Other, rest)),
        2 => fixed(1),
        3 => fixed(2),
        4 => fixed(4),
        5 | 8 => fixed(8),
        9 => fixed(16),
        6 | 7 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            let (bytes, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            Some((if kind == 7 { Value::Text(bytes) } else { Value::Other }, rest))
        }
        _ => None,
    }
}
