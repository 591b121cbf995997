//! Names of members, which clients may write in two ways.
//!
//! Google's servers take a request's members in camel case and in snake case alike, even mixed in one body
//! (`google-generatecontent-022519a507`, 2026). Answers are always in camel case.

use std::borrow::Cow;

use crate::request::RequestError;
use crate::scan::{Elements, Kind, Node};

/// A name in camel case.
pub(super) fn camel(name: Cow<'_, str>) -> Cow<'_, str> {
    if !name.contains('_') {
        return name;
    }
    let mut out = String::with_capacity(name.len());
    let mut raise = false;
    for c in name.chars() {
        match c {
            '_' => raise = true,
            c if raise => {
                out.push(c.to_ascii_uppercase());
                raise = false;
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The members of an object that are not `null`, their names in camel case.
pub(super) fn fields<'d>(object: Node<'d>) -> impl Iterator<Item = (Cow<'d, str>, Node<'d>)> {
    object
        .members()
        .filter(|member| !member.value().is_null())
        .map(|member| (camel(member.name()), member.value()))
}

/// The value of a member that is there and not `null`, by its name in camel case.
pub(super) fn field<'d>(object: Node<'d>, name: &str) -> Option<Node<'d>> {
    fields(object).find(|(known, _)| known == name).map(|(_, value)| value)
}

/// Refuses an object that says something twice, once in each way.
pub(super) fn no_twins(path: &str, object: Node<'_>) -> Result<(), RequestError> {
    if !object.members().any(|member| member.name().contains('_')) {
        return Ok(());
    }
    let mut names: Vec<Cow<'_, str>> = object.members().map(|member| camel(member.name())).collect();
    names.sort_unstable();
    let twin = names.windows(2).find_map(|pair| match pair {
        [a, b] if a == b => Some(a.clone().into_owned()),
        _ => None,
    });
    match twin {
        None => Ok(()),
        Some(name) => Err(RequestError::new(join(path, &name), "is given twice, in two spellings")),
    }
}

/// A path and a name below it.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The elements of a list. Google takes an object where a list of one is meant, as its first examples wrote `contents` and
/// `parts`.
pub(super) enum Listed<'d> {
    One(Option<Node<'d>>),
    Many(Elements<'d>),
}

impl<'d> Listed<'d> {
    /// `None` for a value that is neither a list nor an object.
    pub(super) fn of(value: Node<'d>) -> Option<Self> {
        match value.kind() {
            Kind::Array => Some(Self::Many(value.elements())),
            Kind::Object => Some(Self::One(Some(value))),
            _ => None,
        }
    }
}

impl<'d> Iterator for Listed<'d> {
    type Item = Node<'d>;

    fn next(&mut self) -> Option<Node<'d>> {
        match self {
            Self::One(node) => node.take(),
            Self::Many(elements) => elements.next(),
        }
    }
}

/// A whole number, which Google takes with a fraction of nothing too (`google-generatecontent-72bb3bdc4e`, 2026).
pub(super) fn whole(value: Node<'_>) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        let fits = number.fract() == 0.0 && number.abs() < 9e15;
        // The bound makes the conversion exact.
        fits.then_some(number as i64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_one_name() {
        for (written, expected) in [
            ("thought_signature", "thoughtSignature"),
            ("thoughtSignature", "thoughtSignature"),
            ("parameters_json_schema", "parametersJsonSchema"),
            ("x", "x"),
            ("a_1", "a1"),
        ] {
            assert_eq!(camel(Cow::Borrowed(written)), expected);
        }
    }
}
