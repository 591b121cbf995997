use bytes::Bytes;
use switchyard_domain::wire::{Member, Span, ValueKind};

use super::inner::InnerObjects;
use super::{Edit, member};

/// What is edited.
pub(super) struct Source<'b> {
    pub(super) body: &'b Bytes,
    pub(super) members: &'b [Member],
    pub(super) inner: &'b InnerObjects,
}

impl Source<'_> {
    /// Gives the edited body to `sink`, piece by piece in order. The edits have been checked.
    pub(super) fn write(&self, edits: &[Edit<'_>], sink: &mut impl FnMut(Piece<'_>)) {
        let mut output = Output { source: self, copied: 0, sink };
        let first = memchr::memchr(b'{', self.body).map_or(0, |brace| brace + 1);
        Level { edits, inside: None }.write(self.members, first, &mut output);
        output.keep_until(self.body.len());
    }
}

/// A part of the edited body.
pub(super) enum Piece<'p> {
    /// Bytes of the old body, from this place on.
    Kept {
        start: usize,
        bytes: &'p [u8],
    },
    New(&'p [u8]),
}

impl Piece<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Kept { bytes, .. } | Self::New(bytes) => bytes,
        }
    }
}

/// The edits as seen from one object: the root, or the object inside which [`Edit::SetIn`] edits.
#[derive(Clone, Copy)]
struct Level<'a> {
    edits: &'a [Edit<'a>],
    inside: Option<&'a str>,
}

/// Where a name begins, its quote included.
fn quote_before(name: Span) -> usize {
    (name.start as usize).saturating_sub(1)
}

/// Where a name ends, its quote included.
fn quote_after(name: Span) -> usize {
    name.end as usize + 1
}

impl<'a> Level<'a> {
    /// Writes an object of these members; its first byte inside stands at `first`.
    fn write(self, members: &[Member], first: usize, output: &mut Output<'_, impl FnMut(Piece<'_>)>) {
        // Whether a member stands before this place, so that the next one needs a comma.
        let mut any = false;
        let mut last_end = first;
        let mut rest = members.iter().peekable();
        while let Some(member) = rest.next() {
            let end = member.value.end as usize;
            if !self.removes(member, output.body()) {
                self.write_member(member, output);
                any = true;
            } else if any {
                output.keep_until(last_end);
                output.drop_until(end);
            } else {
                output.keep_until(quote_before(member.name));
                output.drop_until(rest.peek().map_or(end, |next| quote_before(next.name)));
            }
            last_end = end;
        }
        output.keep_until(last_end);
        self.write_absent(members, any, output);
    }

    fn write_member(self, member: &Member, output: &mut Output<'_, impl FnMut(Piece<'_>)>) {
        let body = output.body();
        if let Some(to) = self.renamed(|from| member::is_named(body, member, from)) {
            output.keep_until(quote_before(member.name));
            output.put_name(to);
            output.drop_until(quote_after(member.name));
        }
        let (start, end) = (member.value.start as usize, member.value.end as usize);
        if let Some(new) = self.new_value(member, body) {
            output.keep_until(start);
            output.put(new);
            output.drop_until(end);
        } else if let Some(inner) = self.level_inside(member, body) {
            if member.kind == ValueKind::Object {
                inner.write(output.source.inner.of(member.value), start + 1, output);
            } else {
                output.keep_until(start);
                inner.write_object(output);
                output.drop_until(end);
            }
        }
    }

    /// Adds what is set but absent, as the last members.
    fn write_absent(self, members: &[Member], mut any: bool, output: &mut Output<'_, impl FnMut(Piece<'_>)>) {
        for (name, content) in self.sets() {
            if member::find(output.body(), members, name).is_some() {
                continue;
            }
            if any {
                output.put(b",");
            }
            output.put_name(self.renamed(|from| from == name).unwrap_or(name));
            output.put(b":");
            match content {
                Content::Value(value) => output.put(value),
                Content::Object(inner) => inner.write_object(output),
            }
            any = true;
        }
    }

    /// An object with nothing but what is set.
    fn write_object(self, output: &mut Output<'_, impl FnMut(Piece<'_>)>) {
        for (index, (name, content)) in self.sets().enumerate() {
            output.put(if index == 0 { b"{" } else { b"," });
            output.put_name(name);
            output.put(b":");
            if let Content::Value(value) = content {
                output.put(value);
            }
        }
        output.put(b"}");
    }

    /// The members that this level sets, each once.
    fn sets(self) -> impl Iterator<Item = (&'a str, Content<'a>)> {
        self.edits.iter().enumerate().filter_map(move |(index, edit)| match (*edit, self.inside) {
            (Edit::Set { name, value }, None) => Some((name, Content::Value(value))),
            (Edit::SetIn { object, name, value }, Some(inside)) if object == inside => {
                Some((name, Content::Value(value)))
            }
            (Edit::SetIn { object, .. }, None) => {
                let mut before = self.edits.iter().take(index);
                let seen =
                    before.any(|edit| matches!(edit, Edit::SetIn { object: other, .. } if *other == object));
                let inner = Level { edits: self.edits, inside: Some(object) };
                (!seen).then_some((object, Content::Object(inner)))
            }
            _ => None,
        })
    }

    fn new_value(self, member: &Member, body: &[u8]) -> Option<&'a [u8]> {
        self.edits.iter().find_map(|edit| {
            let (name, value) = match (*edit, self.inside) {
                (Edit::Set { name, value }, None) => (name, value),
                (Edit::SetIn { object, name, value }, Some(inside)) if object == inside => (name, value),
                _ => return None,
            };
            member::is_named(body, member, name).then_some(value)
        })
    }

    /// The new name of the member that `is_named` recognises.
    fn renamed(self, is_named: impl Fn(&str) -> bool) -> Option<&'a str> {
        self.edits.iter().find_map(|edit| match (*edit, self.inside) {
            (Edit::Rename { from, to }, None) if is_named(from) => Some(to),
            _ => None,
        })
    }

    fn removes(self, member: &Member, body: &[u8]) -> bool {
        let named = |name| member::is_named(body, member, name);
        self.inside.is_none()
            && self.edits.iter().any(|edit| matches!(*edit, Edit::Remove { name } if named(name)))
    }

    fn level_inside(self, member: &Member, body: &[u8]) -> Option<Self> {
        self.edits.iter().find_map(|edit| match (*edit, self.inside) {
            (Edit::SetIn { object, .. }, None) if member::is_named(body, member, object) => {
                Some(Self { edits: self.edits, inside: Some(object) })
            }
            _ => None,
        })
    }
}

/// What an absent member becomes.
enum Content<'a> {
    Value(&'a [u8]),
    Object(Level<'a>),
}

/// The new body on its way out.
struct Output<'b, F> {
    source: &'b Source<'b>,
    /// Up to here the old body has been either copied or dropped.
    copied: usize,
    sink: F,
}

impl<'b, F: FnMut(Piece<'_>)> Output<'b, F> {
    fn body(&self) -> &'b [u8] {
        self.source.body
    }

    fn keep_until(&mut self, end: usize) {
        if let Some(bytes) = self.body().get(self.copied..end) {
            (self.sink)(Piece::Kept { start: self.copied, bytes });
            self.copied = end;
        }
    }

    fn drop_until(&mut self, end: usize) {
        self.copied = end;
    }

    fn put(&mut self, piece: &[u8]) {
        (self.sink)(Piece::New(piece));
    }

    /// Writes a name that needs no escapes.
    fn put_name(&mut self, name: &str) {
        self.put(b"\"");
        self.put(name.as_bytes());
        self.put(b"\"");
    }
}
