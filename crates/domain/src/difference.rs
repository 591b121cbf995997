//! What is different between two versions of an object, member by member.

use serde::Serialize;
use serde_json::{Map, Value};

/// A member that is different.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldChange {
    /// Where it stands, such as `targets[1].weight`.
    pub field: String,
    /// What it was; absent where it was not there.
    pub before: Option<Value>,
    /// What it is; absent where it is not there any more.
    pub after: Option<Value>,
}

/// The members that are different, in the order of the alphabet; those of a list by their place.
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
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for place in 0..before.len().max(after.len()) {
                compare(&format!("{field}[{place}]"), before.get(place), after.get(place), found);
            }
        }
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
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let path = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
        compare(&path, before.get(name), after.get(name), found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
}
