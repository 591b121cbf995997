use super::Edit;
use crate::scan::{Document, Kind, Member, Node};

/// Gives the edited body to `sink`, piece by piece in order. The edits have been checked.
pub(super) fn write(document: &Document, edits: &[Edit<'_>], sink: &mut impl FnMut(&[u8])) {
    let mut output = Output { body: document.body(), copied: 0, sink };
    Level { edits, inside: None }.write(document.root(), &mut output);
    output.keep_until(document.body().len());
}

/// The edits as seen from one object: the root, or the object inside which [`Edit::SetIn`] edits.
#[derive(Clone, Copy)]
struct Level<'a> {
    edits: &'a [Edit<'a>],
    inside: Option<&'a str>,
}

impl<'a> Level<'a> {
    fn write(self, object: Node<'_>, output: &mut Output<'_, impl FnMut(&[u8])>) {
        // Whether a member stands before this place, so that the next one needs a comma.
        let mut any = false;
        let mut last_end = object.span().start + 1;
        let mut members = object.members().peekable();
        while let Some(member) = members.next() {
            let end = member.value().span().end;
            if !self.removes(member) {
                self.write_member(member, output);
                any = true;
            } else if any {
                output.keep_until(last_end);
                output.drop_until(end);
            } else {
                output.keep_until(member.name_span().start);
                output.drop_until(members.peek().map_or(end, |next| next.name_span().start));
            }
            last_end = end;
        }
        output.keep_until(last_end);
        self.write_absent(object, any, output);
    }

    fn write_member(self, member: Member<'_>, output: &mut Output<'_, impl FnMut(&[u8])>) {
        if let Some(to) = self.renamed(|from| member.is_named(from)) {
            output.keep_until(member.name_span().start);
            output.put_name(to);
            output.drop_until(member.name_span().end);
        }
        let value = member.value();
        if let Some(new) = self.new_value(member) {
            output.keep_until(value.span().start);
            output.put(new);
            output.drop_until(value.span().end);
        } else if let Some(inner) = self.level_inside(member) {
            if value.kind() == Kind::Object {
                inner.write(value, output);
            } else {
                output.keep_until(value.span().start);
                inner.write_object(output);
                output.drop_until(value.span().end);
            }
        }
    }

    /// Adds what is set but absent, as the last members.
    fn write_absent(self, object: Node<'_>, mut any: bool, output: &mut Output<'_, impl FnMut(&[u8])>) {
        for (name, content) in self.sets() {
            if object.get(name).is_some() {
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
    fn write_object(self, output: &mut Output<'_, impl FnMut(&[u8])>) {
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

    fn new_value(self, member: Member<'_>) -> Option<&'a [u8]> {
        self.edits.iter().find_map(|edit| match (*edit, self.inside) {
            (Edit::Set { name, value }, None) if member.is_named(name) => Some(value),
            (Edit::SetIn { object, name, value }, Some(inside))
                if object == inside && member.is_named(name) =>
            {
                Some(value)
            }
            _ => None,
        })
    }

    /// The new name of the member that `is_named` recognises.
    fn renamed(self, is_named: impl Fn(&str) -> bool) -> Option<&'a str> {
        self.edits.iter().find_map(|edit| match (*edit, self.inside) {
            (Edit::Rename { from, to }, None) if is_named(from) => Some(to),
            _ => None,
        })
    }

    fn removes(self, member: Member<'_>) -> bool {
        self.inside.is_none()
            && self.edits.iter().any(|edit| matches!(*edit, Edit::Remove { name } if member.is_named(name)))
    }

    fn level_inside(self, member: Member<'_>) -> Option<Self> {
        self.edits.iter().find_map(|edit| match (*edit, self.inside) {
            (Edit::SetIn { object, .. }, None) if member.is_named(object) => {
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
    body: &'b [u8],
    /// Up to here the old body has been either copied or dropped.
    copied: usize,
    sink: F,
}

impl<F: FnMut(&[u8])> Output<'_, F> {
    fn keep_until(&mut self, end: usize) {
        if let Some(piece) = self.body.get(self.copied..end) {
            (self.sink)(piece);
            self.copied = end;
        }
    }

    fn drop_until(&mut self, end: usize) {
        self.copied = end;
    }

    fn put(&mut self, piece: &[u8]) {
        (self.sink)(piece);
    }

    /// Writes a name that needs no escapes.
    fn put_name(&mut self, name: &str) {
        self.put(b"\"");
        self.put(name.as_bytes());
        self.put(b"\"");
    }
}
