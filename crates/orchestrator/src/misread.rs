//! What is wrong with a text that somebody wrote: which member, why, and where it stands; and not a word of the values in it, of which
//! one may be a secret.

use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;
use std::ops::RangeInclusive;

/// The longest name of somebody's own that is said back, in characters.
const LONGEST_NAME: usize = 100;
/// The most steps of a path that are told.
const DEEPEST_PATH: usize = 8;
/// The longest word for what was expected that is repeated. They are the product's own.
const LONGEST_EXPECTATION: usize = 300;

/// Why a text can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misread {
    /// Whether it is no text of its format at all.
    pub is_malformed: bool,
    /// The member that is meant, from the outside in: `nodes[0].api_id`; empty for the text as a whole.
    pub member: String,
    /// What is wrong.
    pub reason: String,
    /// The line and the column, from 1, where that is known.
    pub place: Option<(u64, u64)>,
}

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.member.is_empty() {
            write!(f, "`{}`: ", self.member)?;
        }
        f.write_str(&self.reason)?;
        self.place.map_or(Ok(()), |(line, column)| write!(f, " (line {line}, column {column})"))
    }
}

/// What a text in JSON says.
///
/// # Errors
/// [`Misread`].
pub fn json<T: DeserializeOwned>(text: &[u8]) -> Result<T, Misread> {
    serde_json::from_slice(text).map_err(|error| of_json(text, &error))
}

fn of_json(text: &[u8], error: &serde_json::Error) -> Misread {
    let place = |error: &serde_json::Error| Some((error.line() as u64, error.column() as u64));
    // Of some members that are of the wrong type the parser says what it says of a broken text.
    let broken = serde_json::from_slice::<IgnoredAny>(text).err();
    let Some(whole) = std::str::from_utf8(text).ok().filter(|_| broken.is_none()) else {
        let (member, reason) = (String::new(), "it is no JSON".to_owned());
        return Misread {
            is_malformed: true,
            member,
            reason,
            place: place(broken.as_ref().unwrap_or(error)),
        };
    };
    let before: usize = whole.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let said = error.to_string();
    let (member, reason) = told(path_to(whole, before + error.column(), is_of_the_parser(&said)), &said);
    Misread { is_malformed: false, member, reason, place: place(error) }
}

/// Whether an error is told by the parser. Of all others, such as that a word is no name, the parser learns only when it is behind the
/// member: where that is the last one, behind its object or list.
fn is_of_the_parser(said: &str) -> bool {
    let kinds = ["invalid ", "unknown ", "missing ", "duplicate ", "recursion limit "];
    kinds.iter().any(|kind| said.starts_with(kind))
}

/// The innermost object, list or value of a text that a place lies in or at the end of, as a path that is told. Behind an object or a list
/// it is the whole of it, or else the last in it.
fn path_to(text: &str, place: usize, is_the_whole: bool) -> String {
    let mut told = String::new();
    let mut inner = text.trim();
    for _ in 0..DEEPEST_PATH {
        let holds = |part: &str| within(text, part).contains(&place);
        let elements: Vec<&RawValue> = serde_json::from_str(inner).unwrap_or_default();
        if let Some((name, value)) = members(inner).into_iter().find(|(_, value)| holds(value)) {
            put(&mut told, &name);
            inner = value;
        } else if let Some(index) = elements.iter().position(|element| holds(element.get())) {
            told.push_str(&format!("[{index}]"));
            inner = elements.get(index).map_or(inner, |element| element.get());
        } else {
            if !is_the_whole && *within(text, inner).end() == place {
                members(inner).last().iter().for_each(|(name, _)| put(&mut told, name));
                elements.len().checked_sub(1).iter().for_each(|index| told.push_str(&format!("[{index}]")));
            }
            break;
        }
    }
    told
}

/// The places of a part of a text, its end included.
fn within(text: &str, part: &str) -> RangeInclusive<usize> {
    let start = offset(text, part);
    start..=start + part.len()
}

/// Where a part of a text begins, in bytes.
#[must_use]
pub fn offset(text: &str, part: &str) -> usize {
    part.as_ptr().addr().saturating_sub(text.as_ptr().addr())
}

/// The members of an object, in their order.
fn members(object: &str) -> Vec<(String, &str)> {
    struct Members<'t>(Vec<(String, &'t str)>);

    impl<'t> Deserialize<'t> for Members<'t> {
        fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(Members(Vec::new()))
        }
    }

    impl<'t> Visitor<'t> for Members<'t> {
        type Value = Self;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'t>>(mut self, mut map: A) -> Result<Self, A::Error> {
            while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                self.0.push((name, value.get()));
            }
            Ok(self)
        }
    }

    serde_json::from_str::<Members<'_>>(object).map(|members| members.0).unwrap_or_default()
}

fn put(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(&shortened(name));
}

/// A member and what is wrong with it, by the words of `serde`. Messages of other kinds may repeat a value.
fn told(mut path: String, said: &str) -> (String, String) {
    let kinds = [
        ("missing field", "this is needed"),
        ("unknown field", "there is no such field"),
        ("duplicate field", "this stands there twice"),
    ];
    for (kind, reason) in kinds {
        let named = said.strip_prefix(kind).and_then(|rest| rest.split('`').nth(1)).map(shortened);
        if let Some(field) = named {
            let is_told =
                path.strip_suffix(&field).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            if kind == "missing field" || !is_told {
                put(&mut path, &field);
            }
            return (path, reason.to_owned());
        }
    }
    if said.starts_with("recursion limit exceeded") {
        return (path, "this is too deep".to_owned());
    }
    let is_typed = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant "];
    let is_typed = is_typed.iter().any(|kind| said.starts_with(kind));
    let expected = said.rsplit_once(", expected ").filter(|_| is_typed);
    let expected = expected.map(|(_, rest)| rest.rsplit_once(" at line ").map_or(rest, |(words, _)| words));
    (path, expected.map_or_else(|| OTHER.to_owned(), needed))
}

const OTHER: &str = "this is of the wrong type or out of range";

/// What is said where something else was expected.
fn needed(expected: &str) -> String {
    let range = |from: i128, to: i128| format!("a whole number from {from} to {to}");
    let words = match expected {
        "u8" => range(0, u8::MAX.into()),
        "u16" => range(0, u16::MAX.into()),
        "u32" => range(0, u32::MAX.into()),
        "u64" | "usize" => range(0, u64::MAX.into()),
        "i32" => range(i32::MIN.into(), i32::MAX.into()),
        "i64" => range(i64::MIN.into(), i64::MAX.into()),
        "f64" | "f32" => "a number".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a sequence" | "sequence start" => "a list".to_owned(),
        "a map" | "mapping start" => "an object".to_owned(),
        words if words.starts_with("struct ") => "an object".to_owned(),
        words if words.starts_with("enum ") || words.starts_with("string or map") => "a word".to_owned(),
        words if words.chars().count() <= LONGEST_EXPECTATION => words.to_owned(),
        _ => return OTHER.to_owned(),
    };
    format!("this is of the wrong type or out of range: it must be {words}")
}

/// A client's own name for something, as it may be said back.
#[must_use]
pub fn shortened(name: &str) -> String {
    name.chars().take(LONGEST_NAME).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// What is wrong with a text in YAML.
#[must_use]
pub fn of_yaml(error: &serde_saphyr::Error) -> Misread {
    use serde_saphyr::{Error, budget::BudgetBreach};
    let of = |kind: &str, field: &str| told(String::new(), &format!("{kind} `{field}`"));
    let typed = |expected: &str| (String::new(), needed(expected));
    let (member, reason) = match error.without_snippet() {
        Error::SerdeMissingField { field, .. } => of("missing field", field),
        Error::SerdeUnknownField { field, .. } => of("unknown field", field),
        Error::DuplicateMappingKey { key, .. } => of("duplicate field", key.as_deref().unwrap_or("a member")),
        Error::SerdeUnknownVariant { expected, .. } => typed(&format!("one of `{}`", expected.join("`, `"))),
        Error::SerdeInvalidType { expected, .. }
        | Error::SerdeInvalidValue { expected, .. }
        | Error::SerdeInvalidLength { expected, .. } => typed(expected),
        Error::InvalidScalar { ty, .. } => typed(ty),
        Error::Unexpected { expected, .. } => typed(expected),
        Error::Eof { .. } => (String::new(), "it ends too early".to_owned()),
        Error::MultipleDocuments { .. } => (String::new(), "it is more than one document".to_owned()),
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
            (String::new(), "it is too deep".to_owned())
        }
        Error::Budget { .. } => (String::new(), "it is longer than is taken".to_owned()),
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            (String::new(), "its aliases stand for more than is taken".to_owned())
        }
        Error::UnknownAnchor { .. } => (String::new(), "an alias has no anchor".to_owned()),
        _ => (String::new(), "it is no YAML that can be used".to_owned()),
    };
    let place = error.location().map(|at| (at.line(), at.column()));
    Misread { is_malformed: false, member, reason, place }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use switchyard_domain::declared::Declared;
    use switchyard_domain::name::Name;
    use switchyard_domain::route::RouteMode;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "read")]
        mode: RouteMode,
        #[serde(default)]
        #[expect(dead_code, reason = "read")]
        nodes: Vec<Node>,
        #[serde(default)]
        #[expect(dead_code, reason = "read")]
        names: Vec<Name>,
        #[serde(default)]
        #[expect(dead_code, reason = "read")]
        name: Option<Name>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Node {
        #[expect(dead_code, reason = "read")]
        api_id: u32,
        #[serde(default)]
        #[expect(dead_code, reason = "read")]
        name: Option<Name>,
    }

    fn read(text: &str) -> Misread {
        json::<Outer>(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn an_error_names_the_member_wherever_it_stands() {
        for (text, member, reason) in [
            (r#"{"nodes": []}"#, "mode", "this is needed"),
            (r#"{"mode": null}"#, "mode", "this is of the wrong type or out of range"),
            (r#"{"mode": 7}"#, "mode", "this is of the wrong type or out of range"),
            (r#"{"mode": "some"}"#, "mode", "one of `auto`, `specific`, `multi`"),
            (r#"{"mode": "auto", "more": 1}"#, "more", "there is no such field"),
            (r#"{"mode": "auto", "mode": "auto"}"#, "mode", "this stands there twice"),
            (r#"{"mode": "auto", "nodes": {}}"#, "nodes", "a list"),
            (r#"{"mode": "auto", "nodes": [{}]}"#, "nodes[0].api_id", "this is needed"),
            (
                r#"{"mode": "auto", "nodes": [{"api_id": 1}, {"api_id": "x"}]}"#,
                "nodes[1].api_id",
                "a whole number",
            ),
            (r#"{"mode": "auto", "nodes": [{"api_id": -1}]}"#, "nodes[0].api_id", "from 0 to 4294967295"),
            (r#"{"mode": "auto", "nodes": [{"api_id": 1, "b": 2}]}"#, "nodes[0].b", "there is no such field"),
            (r#"{"mode": "auto", "nodes": [{"api_id": 1, "api_id": 2}]}"#, "nodes[0].api_id", "twice"),
            (r#"{"mode": "auto", "names": ["a", " "]}"#, "names[1]", "wrong type"),
            (r#"{"mode": "auto", "name": " ", "nodes": []}"#, "name", "wrong type"),
            (r#"{"mode": "auto", "nodes": [{"api_id": 1, "name": ""}]}"#, "nodes[0].name", "wrong type"),
            (r#"{"mode": "auto", "nodes": [{"name": "", "api_id": 1}]}"#, "nodes[0].name", "wrong type"),
            (
                r#" { "mode" : "auto" , "nodes" : [ { "api_id" : 1 , "name" : "" } ] } "#,
                "nodes[0].name",
                "wrong",
            ),
            (
                "{\"mode\": \"auto\",\n\n \"nodes\": [\n{\"api_id\": \"\u{e9}\"}]}",
                "nodes[0].api_id",
                "a whole",
            ),
        ] {
            let found = read(text);
            assert_eq!((found.member.as_str(), found.is_malformed), (member, false), "{text}: {found}");
            assert!(found.reason.contains(reason), "{text}: {found}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_by_its_place() {
        for (text, reason) in
            [("{\"mode\":", "no JSON"), ("{\"mode\": auto}", "no JSON"), ("{} x", "no JSON")]
        {
            let found = read(text);
            assert!(found.is_malformed && found.reason.contains(reason), "{text}: {found}");
            assert_eq!(found.place.map(|(line, _)| line), Some(1), "{text}");
        }
        let deep =
            format!("{{\"routes\": [{{\"config\": {{\"a\": {}{}}}}}]}}", "[".repeat(200), "]".repeat(200));
        let found = json::<Declared>(deep.as_bytes()).unwrap_err();
        assert!(found.member.starts_with("routes[0].config.a"), "{found}");
        assert_eq!((found.reason.as_str(), found.is_malformed), ("this is too deep", false));
    }

    #[test]
    fn a_value_is_never_repeated() {
        const SECRET: &str = "sk-very-secret, expected `sk-very-secret`";
        for place in ["name", "vendor", "models", "enabled", "owner", "api_keys"] {
            let text = serde_json::json!({"providers": [{"name": "a", "vendor": "b", place: SECRET}]});
            for other in [
                text.to_string(),
                text.to_string().replace(&format!("\"{SECRET}\""), &format!("[\"{SECRET}\", 1]")),
            ] {
                let said = json::<Declared>(other.as_bytes()).map(drop).map_err(|found| found.to_string());
                assert!(!format!("{said:?}").contains("secret"), "{place}: {said:?}");
                let read = serde_saphyr::from_str::<Declared>(&other);
                let said = read.map(drop).map_err(|error| of_yaml(&error).to_string());
                assert!(!format!("{said:?}").contains("secret"), "{place}: {said:?}");
            }
        }
    }
}
