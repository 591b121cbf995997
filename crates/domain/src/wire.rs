//! Places in a client's body that was scanned once: the spans that later steps splice without a second look.

/// A half-open byte range of a body. Bodies are capped far below 4 GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes of the span in `body`; empty when the span is not of this body.
    #[must_use]
    pub fn of<'a>(&self, body: &'a [u8]) -> &'a [u8] {
        body.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// The JSON type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// A member of a JSON object: where its name and its value stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name between its quotes.
    pub name: Span,
    /// Whether the name contains escapes, so that its bytes are not its text.
    pub name_escaped: bool,
    /// The value, quotes and brackets included.
    pub value: Span,
    /// The type of the value.
    pub kind: ValueKind,
}
