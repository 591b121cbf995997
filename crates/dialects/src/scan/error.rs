use thiserror::Error;

/// Why a body was refused, and where. Carries no text of the body, so it is safe in answers and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{kind} at byte {offset}")]
pub struct ScanError {
    /// What is wrong.
    pub kind: ScanErrorKind,
    /// Where, in bytes from the start of the body. Never beyond its length.
    pub offset: usize,
}

impl ScanError {
    pub(super) fn new(kind: ScanErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// Which of the two client faults this is.
    #[must_use]
    pub fn class(self) -> ScanClass {
        self.kind.class()
    }
}

/// The two ways in which a body is a client's fault. They are told apart because the first usually means a broken
/// client or a cut connection, the second a request that cannot be meant so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanClass {
    /// Not one JSON text in UTF-8: the public code `invalid_json`.
    InvalidJson,
    /// JSON, but not acceptable as a request: the public code `invalid_request`.
    InvalidRequest,
}

/// What is wrong with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScanErrorKind {
    /// The body is empty or stops within a value.
    #[error("unexpected end of the JSON text")]
    UnexpectedEnd,
    /// A byte sequence that is not UTF-8.
    #[error("invalid UTF-8")]
    InvalidUtf8,
    /// The body begins with U+FEFF, which RFC 8259 forbids senders to add.
    #[error("unexpected byte order mark")]
    ByteOrderMark,
    /// A byte that no JSON text has in this place.
    #[error("unexpected character")]
    UnexpectedCharacter,
    /// A number in another spelling than JSON's.
    #[error("invalid number")]
    InvalidNumber,
    /// A backslash followed by something other than JSON's escapes.
    #[error("invalid escape in a string")]
    InvalidEscape,
    /// Half of a surrogate pair: there is no character that it could stand for.
    #[error("lone surrogate in a string")]
    LoneSurrogate,
    /// A raw character below U+0020 within a string.
    #[error("raw control character in a string")]
    ControlCharacter,
    /// Something other than white space after the value.
    #[error("unexpected data after the JSON text")]
    TrailingData,
    /// A number whose magnitude no double can hold: readers disagree on what it becomes.
    #[error("number out of range")]
    NumberOutOfRange,
    /// Two members of one object have the same name after decoding.
    #[error("duplicate member name")]
    DuplicateMember,
    /// The text is JSON, but not an object.
    #[error("the body must be a JSON object")]
    RootNotObject,
    /// More open containers than [`max_depth`](super::ScanLimits::max_depth).
    #[error("nested too deeply")]
    TooDeep,
    /// An object with more members than [`max_members`](super::ScanLimits::max_members).
    #[error("too many members in an object")]
    TooManyMembers,
    /// More names and values than [`max_values`](super::ScanLimits::max_values).
    #[error("too many values")]
    TooManyValues,
    /// 4 GiB or more: spans are 32 bits wide. The surfaces refuse far smaller bodies before.
    #[error("body too large")]
    BodyTooLarge,
}

impl ScanErrorKind {
    /// Which of the two client faults this is.
    #[must_use]
    pub fn class(self) -> ScanClass {
        match self {
            Self::UnexpectedEnd
            | Self::InvalidUtf8
            | Self::ByteOrderMark
            | Self::UnexpectedCharacter
            | Self::InvalidNumber
            | Self::InvalidEscape
            | Self::LoneSurrogate
            | Self::ControlCharacter
            | Self::TrailingData => ScanClass::InvalidJson,
            Self::NumberOutOfRange
            | Self::DuplicateMember
            | Self::RootNotObject
            | Self::TooDeep
            | Self::TooManyMembers
            | Self::TooManyValues
            | Self::BodyTooLarge => ScanClass::InvalidRequest,
        }
    }
}
