use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use switchyard_domain::wire::{self, Span};

use super::token::{Role, Token, narrow};
use super::{Document, Kind, text};

/// One value of a [`Document`]. As cheap to copy as a reference; nothing is decoded before it is asked for.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    document: &'d Document,
    index: usize,
    token: Token,
}

impl<'d> Node<'d> {
    pub(super) fn new(document: &'d Document, index: usize, token: Token) -> Self {
        Self { document, index, token }
    }

    fn at(document: &'d Document, index: usize) -> Option<Self> {
        document.tokens().get(index).map(|token| Self::new(document, index, *token))
    }

    /// What the value is.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self.token.role {
            Role::Value(kind) => kind,
            // Nodes are only made of values; a name would be a string.
            Role::Name => Kind::String,
        }
    }

    /// Where the value stands in the body, quotes and brackets included.
    #[must_use]
    pub fn span(self) -> Range<usize> {
        self.token.span()
    }

    /// The value as it is spelled.
    #[must_use]
    pub fn raw(self) -> &'d [u8] {
        self.document.slice(self.span())
    }

    /// The value as it is spelled, sharing the body's memory.
    #[must_use]
    pub fn raw_bytes(self) -> Bytes {
        self.document.body().slice_ref(self.raw())
    }

    /// The text of a string. Allocates only where it is spelled with escapes.
    #[must_use]
    pub fn text(self) -> Option<Cow<'d, str>> {
        self.is_string().then(|| text::decode(self.contents(), self.token.extra as usize))
    }

    /// The length in bytes of a string's text, decoded, at no cost.
    #[must_use]
    pub fn text_len(self) -> Option<usize> {
        self.is_string().then_some(self.token.extra as usize)
    }

    /// Whether this is the string `expected`, however it is spelled.
    #[must_use]
    pub fn is_text(self, expected: &str) -> bool {
        self.is_string() && text::equals(self.contents(), self.token.extra as usize, expected)
    }

    /// The sum of [`text_len`](Self::text_len) over this value and all that it holds; names are not counted.
    #[must_use]
    pub fn total_text_len(self) -> usize {
        let inside = self.document.tokens().get(self.index..self.after()).unwrap_or_default();
        let strings = inside.iter().filter(|token| token.role == Role::Value(Kind::String));
        strings.map(|token| token.extra as usize).sum()
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// `true` or `false`.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self.kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// A number, rounded to the nearest double. Always finite.
    #[must_use]
    pub fn as_f64(self) -> Option<f64> {
        self.number()?.parse().ok()
    }

    /// A number that is spelled as an integer and fits; `1.0` and `1e0` are none.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        self.number()?.parse().ok()
    }

    /// A number that is spelled as an integer without sign and fits; `1.0` and `1e0` are none.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        self.number()?.parse().ok()
    }

    /// The members of an object, in their order; none for anything else.
    #[must_use]
    pub fn members(self) -> Members<'d> {
        Members(self.inside(Kind::Object))
    }

    /// The elements of an array, in their order; none for anything else.
    #[must_use]
    pub fn elements(self) -> Elements<'d> {
        Elements(self.inside(Kind::Array))
    }

    /// The value of a member of an object, however its name is spelled. Looks at the members in turn.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Node<'d>> {
        self.members().find(|member| member.is_named(name)).map(Member::value)
    }

    fn is_string(self) -> bool {
        self.kind() == Kind::String
    }

    fn contents(self) -> &'d [u8] {
        self.document.slice(self.token.contents())
    }

    fn number(self) -> Option<&'d str> {
        if self.kind() == Kind::Number { str::from_utf8(self.raw()).ok() } else { None }
    }

    /// The index of the entry after this value and all that it holds.
    fn after(self) -> usize {
        match self.kind() {
            Kind::Object | Kind::Array => self.token.extra as usize,
            _ => self.index + 1,
        }
    }

    fn inside(self, kind: Kind) -> Walk<'d> {
        let end = if self.kind() == kind { self.after() } else { 0 };
        Walk { document: self.document, next: self.index + 1, end }
    }
}

/// Kind and place only, for the reason given at [`Document`].
impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:?}", self.kind(), self.span())
    }
}

/// A member of an object.
#[derive(Debug, Clone, Copy)]
pub struct Member<'d> {
    name: Token,
    value: Node<'d>,
}

impl<'d> Member<'d> {
    /// The name, decoded. Allocates only where it is spelled with escapes.
    #[must_use]
    pub fn name(self) -> Cow<'d, str> {
        text::decode(self.contents(), self.name.extra as usize)
    }

    /// Whether the name is `expected`, however it is spelled.
    #[must_use]
    pub fn is_named(self, expected: &str) -> bool {
        text::equals(self.contents(), self.name.extra as usize, expected)
    }

    /// Where the name stands in the body, quotes included.
    #[must_use]
    pub fn name_span(self) -> Range<usize> {
        self.name.span()
    }

    /// The value.
    #[must_use]
    pub fn value(self) -> Node<'d> {
        self.value
    }

    pub(super) fn to_wire(self) -> wire::Member {
        let name = self.name.contents();
        wire::Member {
            name_escaped: name.len() != self.name.extra as usize,
            name: Span { start: narrow(name.start), end: narrow(name.end) },
            value: Span { start: self.value.token.start, end: self.value.token.end },
            kind: self.value.kind().to_wire(),
        }
    }

    fn contents(self) -> &'d [u8] {
        self.value.document.slice(self.name.contents())
    }
}

/// Over the members of an object.
#[derive(Debug, Clone)]
pub struct Members<'d>(Walk<'d>);

impl<'d> Iterator for Members<'d> {
    type Item = Member<'d>;

    fn next(&mut self) -> Option<Member<'d>> {
        let name = self.0.step()?;
        let value = self.0.step()?;
        Some(Member { name: name.token, value })
    }
}

/// Over the elements of an array.
#[derive(Debug, Clone)]
pub struct Elements<'d>(Walk<'d>);

impl<'d> Iterator for Elements<'d> {
    type Item = Node<'d>;

    fn next(&mut self) -> Option<Node<'d>> {
        self.0.step()
    }
}

/// Over the entries directly inside a container.
#[derive(Debug, Clone)]
struct Walk<'d> {
    document: &'d Document,
    next: usize,
    end: usize,
}

impl<'d> Walk<'d> {
    fn step(&mut self) -> Option<Node<'d>> {
        if self.next >= self.end {
            return None;
        }
        let node = Node::at(self.document, self.next)?;
        self.next = node.after();
        Some(node)
    }
}
