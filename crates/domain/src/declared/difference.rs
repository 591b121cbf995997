//! What differs between two objects, member by member.

use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;

/// A member that differs. A secret is only said to change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Where it stands, such as `models[gpt-4o].rates.input` or `targets[0].weight`.
    pub field: String,
    /// What was there; absent where nothing was.
    pub old: Option<Value>,
    /// What is to be there; absent where nothing is.
    pub new: Option<Value>,
}

impl Difference {
    /// A secret becomes another one.
    #[must_use]
    pub fn secret(field: &str) -> Self {
        Self { field: field.to_owned(), old: None, new: Some(Value::from("(changed)")) }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), Value::to_string);
        write!(f, "{}: {} -> {}", self.field, text(&self.old), text(&self.new))
    }
}

/// What differs, in the order of the members' names. Lists of objects that name a model are compared by it, others place by place.
#[must_use]
pub fn differences(old: &Value, new: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(String::new(), Some(old), Some(new), &mut found);
    found
}

fn compare(place: String, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<Difference>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => compare_members(&place, old, new, found),
        (Some(Value::Array(old)), Some(Value::Array(new))) if is_of_objects(old) && is_of_objects(new) => {
            compare_lists(&place, old, new, found);
        }
        (old, new) => found.push(Difference { field: place, old: old.cloned(), new: new.cloned() }),
    }
}

fn compare_members(
    place: &str,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    found: &mut Vec<Difference>,
) {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let inner = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        compare(inner, old.get(name), new.get(name), found);
    }
}

fn compare_lists(place: &str, old: &[Value], new: &[Value], found: &mut Vec<Difference>) {
    let (Some(old_names), Some(new_names)) = (names(old), names(new)) else {
        for index in 0..old.len().max(new.len()) {
            compare(format!("{place}[{index}]"), old.get(index), new.get(index), found);
        }
        return;
    };
    for name in old_names.iter().chain(new_names.iter().filter(|name| !old_names.contains(name))) {
        let of = |list: &[Value], names: &[&str]| {
            let at = names.iter().position(|known| known == name)?;
            list.get(at).cloned()
        };
        let (before, after) = (of(old, &old_names), of(new, &new_names));
        compare(format!("{place}[{name}]"), before.as_ref(), after.as_ref(), found);
    }
    let stay = |names: &[&str], others: &[&str]| -> Vec<String> {
        names.iter().filter(|name| others.contains(name)).map(|name| (*name).to_owned()).collect()
    };
    let (before, after) = (stay(&old_names, &new_names), stay(&new_names, &old_names));
    if before != after {
        let list = |names: &[&str]| Some(Value::from(names.to_vec()));
        found.push(Difference {
            field: format!("{place} (order)"),
            old: list(&old_names),
            new: list(&new_names),
        });
    }
}

fn is_of_objects(list: &[Value]) -> bool {
    list.iter().all(Value::is_object)
}

/// What the items of a list of models are called; `None` where something else is listed.
fn names(list: &[Value]) -> Option<Vec<&str>> {
    // A target names a model too, and may stand there twice.
    let is_model = |item: &&Value| item.get("provider").is_none();
    list.iter().map(|item| Some(item).filter(is_model)?.get("model")?.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(old: &Value, new: &Value) -> Vec<String> {
        differences(old, new).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_equal_differs_in_nothing() {
        let value = json!({"name": "p", "models": [{"model": "m", "rates": {"input": 1}}], "targets": []});
        assert_eq!(shown(&value, &value), Vec::<String>::new());
    }

    #[test]
    fn each_member_is_told_with_what_was_and_what_is_to_be_there() {
        let old = json!({"enabled": true, "models": [{"model": "a", "rates": {"input": 1}}, {"model": "b"}]});
        let new = json!({"base_url": "https://x", "enabled": true,
            "models": [{"model": "c"}, {"model": "a", "rates": {"input": 2}}]});
        assert_eq!(
            shown(&old, &new),
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
        let old = json!({"targets": [{"provider": "p", "model": "m", "weight": 1}]});
        let new = json!({"targets": [{"provider": "p", "model": "m", "weight": 2}, {"provider": "q", "model": []}]});
        assert_eq!(
            shown(&old, &new),
            ["targets[0].weight: 1 -> 2", r#"targets[1]: - -> {"model":[],"provider":"q"}"#]
        );
    }

    #[test]
    fn of_a_secret_nothing_is_told_but_that_it_changes() {
        assert_eq!(Difference::secret("api_key").to_string(), r#"api_key: - -> "(changed)""#);
    }
}
