//! What is different between two objects, or two versions of one, member by member.

use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;

/// A member that is different.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldChange {
    /// Where it stands, such as `targets[1].weight` or `models[gpt-4o].rates.input`.
    pub field: String,
    /// What it was; absent where it was not there.
    pub before: Option<Value>,
    /// What it is; absent where it is not there any more.
    pub after: Option<Value>,
}

impl FieldChange {
    /// Something becomes of a secret, of which nothing but a word for what is there and one for what will be is told; `None` where
    /// there is none.
    #[must_use]
    pub fn secret(field: &str, before: Option<&str>, after: Option<&str>) -> Self {
        let word = |word: &str| Value::from(format!("({word})"));
        Self { field: field.to_owned(), before: before.map(word), after: after.map(word) }
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), Value::to_string);
        write!(f, "{}: {} -> {}", self.field, text(&self.before), text(&self.after))
    }
}

/// The members that are different, in the order of the alphabet. Those of lists of models are told by their names, those of other lists
/// by their places.
#[must_use]
pub fn differences(before: &impl Serialize, after: &impl Serialize) -> Vec<FieldChange> {
    let value = |object: Result<Value, _>| object.unwrap_or(Value::Null);
    let (before, after) = (value(serde_json::to_value(before)), value(serde_json::to_value(after)));
    let mut found = Vec::new();
    compare("", Some(&before), Some(&after), &mut found);
    found
}

fn compare(field: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<FieldChange>) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => members(field, before, after, found),
        (Some(Value::Array(before)), Some(Value::Array(after))) => items(field, before, after, found),
        (before, after) => {
            let (before, after) = (before.cloned(), after.cloned());
            found.push(FieldChange { field: field.to_owned(), before, after });
        }
    }
}

fn members(
    field: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    found: &mut Vec<FieldChange>,
) {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let path = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
        compare(&path, before.get(name), after.get(name), found);
    }
}

fn items(field: &str, before: &[Value], after: &[Value], found: &mut Vec<FieldChange>) {
    let (Some(were), Some(are)) = (models(before), models(after)) else {
        for place in 0..before.len().max(after.len()) {
            compare(&format!("{field}[{place}]"), before.get(place), after.get(place), found);
        }
        return;
    };
    for name in were.iter().chain(are.iter().filter(|name| !were.contains(name))) {
        let of = |list: &'_ [Value], names: &[&str]| {
            let at = names.iter().position(|known| known == name)?;
            list.get(at).cloned()
        };
        let (before, after) = (of(before, &were), of(after, &are));
        compare(&format!("{field}[{name}]"), before.as_ref(), after.as_ref(), found);
    }
    let stay = |names: &[&str], others: &[&str]| -> Vec<String> {
        names.iter().filter(|name| others.contains(name)).map(|name| (*name).to_owned()).collect()
    };
    if stay(&were, &are) != stay(&are, &were) {
        let list = |names: &[&str]| Some(Value::from(names.to_vec()));
        found.push(FieldChange { field: format!("{field} (order)"), before: list(&were), after: list(&are) });
    }
}

/// What the items of a list of models are called; `None` where something else is listed.
fn models(list: &[Value]) -> Option<Vec<&str>> {
    // A target names a model too, and may stand there twice.
    let is_model = |item: &&Value| item.get("provider").is_none();
    list.iter().map(|item| Some(item).filter(is_model)?.get("model")?.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(before: &Value, after: &Value) -> Vec<String> {
        differences(before, after).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_member_that_is_different_is_told_by_its_place() {
        let before = json!({"a": 1, "b": {"c": true, "d": []}, "l": [1, {"w": 1}], "same": [null]});
        let after = json!({"b": {"c": false, "d": []}, "e": "new", "l": [1, {"w": 2}, 3], "same": [null]});
        let told: Vec<(String, Option<Value>, Option<Value>)> =
            differences(&before, &after).into_iter().map(|one| (one.field, one.before, one.after)).collect();
        let one = |field: &str, before, after| (field.to_owned(), before, after);
        assert_eq!(
            told,
            [
                one("a", Some(json!(1)), None),
                one("b.c", Some(json!(true)), Some(json!(false))),
                one("e", None, Some(json!("new"))),
                one("l[1].w", Some(json!(1)), Some(json!(2))),
                one("l[2]", None, Some(json!(3))),
            ]
        );
        assert_eq!(differences(&before, &before), []);
    }

    #[test]
    fn a_model_is_told_by_its_name_wherever_it_stands() {
        let before =
            json!({"enabled": true, "models": [{"model": "a", "rates": {"input": 1}}, {"model": "b"}]});
        let after = json!({"base_url": "https://x", "enabled": true,
            "models": [{"model": "c"}, {"model": "a", "rates": {"input": 2}}]});
        assert_eq!(
            shown(&before, &after),
            [
                r#"base_url: - -> "https://x""#,
                "models[a].rates.input: 1 -> 2",
                r#"models[b]: {"model":"b"} -> -"#,
                r#"models[c]: - -> {"model":"c"}"#,
            ]
        );
    }

    #[test]
    fn another_order_of_models_is_a_difference() {
        let list = |names: &[&str]| json!({"models": names.iter().map(|name| json!({"model": name})).collect::<Vec<_>>()});
        assert_eq!(
            shown(&list(&["a", "b"]), &list(&["b", "a"])),
            [r#"models (order): ["a","b"] -> ["b","a"]"#]
        );
    }

    #[test]
    fn targets_are_compared_place_by_place() {
        let before = json!({"targets": [{"provider": "p", "model": "m", "weight": 1}]});
        let after = json!({"targets": [{"provider": "p", "model": "m", "weight": 2}, {"provider": "q", "model": []}]});
        assert_eq!(
            shown(&before, &after),
            ["targets[0].weight: 1 -> 2", r#"targets[1]: - -> {"model":[],"provider":"q"}"#]
        );
    }

    #[test]
    fn of_a_secret_nothing_is_told_but_what_becomes_of_it() {
        let changed = FieldChange::secret("api_key", Some("another key"), Some("the given key"));
        assert_eq!(changed.to_string(), r#"api_key: "(another key)" -> "(the given key)""#);
        assert_eq!(
            FieldChange::secret("api_key", Some("a key"), None).to_string(),
            r#"api_key: "(a key)" -> -"#
        );
    }
}
