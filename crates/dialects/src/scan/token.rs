use std::ops::Range;

use switchyard_domain::wire::ValueKind;

/// What a JSON value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{...}`
    Object,
    /// `[...]`
    Array,
    /// `"..."`
    String,
    /// A number of either sign, with or without fraction and exponent.
    Number,
    /// `true`
    True,
    /// `false`
    False,
    /// `null`
    Null,
}

impl Kind {
    pub(super) fn to_wire(self) -> ValueKind {
        match self {
            Self::Object => ValueKind::Object,
            Self::Array => ValueKind::Array,
            Self::String => ValueKind::String,
            Self::Number => ValueKind::Number,
            Self::True | Self::False => ValueKind::Bool,
            Self::Null => ValueKind::Null,
        }
    }
}

/// One entry of the table: a member's name or a value, in the order of the text. A name is always followed by its
/// value, a container by all that it holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    /// Offset of the first byte, quotes and brackets included.
    pub(super) start: u32,
    /// Offset after the last byte.
    pub(super) end: u32,
    /// For a container: the index of the entry after all that it holds. For a string or name: the length of its text
    /// in UTF-8 after decoding; shorter than the spelling exactly when there are escapes.
    pub(super) extra: u32,
    pub(super) role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Name,
    Value(Kind),
}

impl Token {
    pub(super) fn span(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The span of a string or name between its quotes.
    pub(super) fn contents(self) -> Range<usize> {
        self.start as usize + 1..(self.end as usize).saturating_sub(1)
    }
}

/// Offsets and indices in the width of the table. The scanner refuses bodies of 4 GiB at its entry, and a body has
/// fewer entries than bytes, so nothing is ever cut off here.
pub(super) fn narrow(offset: usize) -> u32 {
    offset as u32
}
