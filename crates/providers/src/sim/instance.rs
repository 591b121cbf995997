//! The smallest JSON value that a schema admits, as far as simple schemas go: for tool calls and structured answers.

use serde_json::{Map, Value, json};

/// Schemas may refer to themselves; deeper than this nobody looks.
const DEEPEST: usize = 16;
/// A few lines of a schema can ask for more values than any machine can hold (lists of lists, members that refer to their own
/// schema). All values made for one schema cost no more than about this many bytes of text.
const MOST_BYTES: usize = 64 * 1024;

/// A value for a schema; `{}` where there is no schema that can be read. Beyond a bounded size, what is left out is `null`.
pub(super) fn instance_of(schema: Option<&str>) -> Value {
    let schema: Option<Value> = schema.and_then(|text| serde_json::from_str(text).ok());
    match schema {
        Some(schema) => Maker { root: &schema, left: MOST_BYTES }.instance(&schema, 0),
        None => json!({}),
    }
}

struct Maker<'s> {
    root: &'s Value,
    /// Bytes that may still be made.
    left: usize,
}

impl<'s> Maker<'s> {
    fn instance(&mut self, schema: &'s Value, depth: usize) -> Value {
        if depth > DEEPEST || !self.affords(1) {
            return Value::Null;
        }
        let depth = depth + 1;
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let path = target.strip_prefix('#').filter(|path| self.affords(path.len()));
            let target = path.and_then(|path| self.root.pointer(path));
            return target.map_or(Value::Null, |target| self.instance(target, depth));
        }
        if let Some(value) = schema.get("const").or_else(|| schema.get("enum")?.get(0)) {
            return self.copy(value);
        }
        for choice in ["anyOf", "oneOf", "allOf"] {
            if let Some(first) = schema.get(choice).and_then(|list| list.get(0)) {
                return self.instance(first, depth);
            }
        }
        match kind(schema) {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            "string" => self.word(),
            "integer" => schema.get("minimum").filter(|least| least.is_i64()).cloned().unwrap_or(json!(1)),
            "number" => {
                schema.get("minimum").filter(|least| least.is_number()).cloned().unwrap_or(json!(1.5))
            }
            "boolean" => json!(true),
            _ => Value::Null,
        }
    }

    fn object(&mut self, schema: &'s Value, depth: usize) -> Value {
        let mut members = Map::new();
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten() {
            let name = name.as_str().unwrap_or_default();
            // Looking at a name costs, too: a long list may be looked at for each of many values.
            if !self.affords(1 + name.len()) {
                break;
            }
            if name.is_empty() || members.contains_key(name) {
                continue;
            }
            let property = schema.get("properties").and_then(|all| all.get(name));
            let value = match property {
                Some(property) => self.instance(property, depth),
                None => self.word(),
            };
            members.insert(name.to_owned(), value);
        }
        Value::Object(members)
    }

    fn array(&mut self, schema: &'s Value, depth: usize) -> Value {
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(16);
        let item = schema.get("items");
        (0..least).map(|_| item.map_or(Value::Null, |item| self.instance(item, depth))).collect()
    }

    fn word(&mut self) -> Value {
        const WORD: &str = "simulated";
        if self.affords(WORD.len()) { json!(WORD) } else { Value::Null }
    }

    fn copy(&mut self, value: &Value) -> Value {
        // A value too large is measured once: with it, all that was left is spent.
        if self.affords(value.to_string().len()) { value.clone() } else { Value::Null }
    }

    /// Spends that many bytes, or all that are left if there are fewer.
    fn affords(&mut self, bytes: usize) -> bool {
        let rest = self.left.checked_sub(bytes);
        self.left = rest.unwrap_or(0);
        rest.is_some()
    }
}

fn kind(schema: &Value) -> &str {
    let named = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        Some(kind) => kind.as_str(),
        None => None,
    };
    let implied = if schema.get("items").is_some() { "array" } else { "object" };
    named.unwrap_or(implied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_members_get_values_of_their_types() {
        let schema = r##"{"type":"object","required":["city","unit","days","tags","deep","any"],
            "properties":{"city":{"type":"string"},"unit":{"enum":["C","F"]},"days":{"type":"integer","minimum":3},
            "tags":{"type":"array","minItems":2,"items":{"type":"boolean"}},"deep":{"$ref":"#/$defs/d"},
            "any":{"anyOf":[{"type":"null"},{"type":"string"}]},"optional":{"type":"string"}},
            "$defs":{"d":{"type":["number","null"]}}}"##;
        let expected =
            json!({"city":"simulated","unit":"C","days":3,"tags":[true,true],"deep":1.5,"any":null});
        assert_eq!(instance_of(Some(schema)), expected);
    }

    #[test]
    fn unreadable_and_endless_schemas_end() {
        assert_eq!(instance_of(None), json!({}));
        assert_eq!(instance_of(Some("{")), json!({}));
        let endless = r##"{"type":"object","required":["next"],"properties":{"next":{"$ref":"#"}}}"##;
        assert!(instance_of(Some(endless)).to_string().len() < 1000);
    }

    #[test]
    fn a_small_schema_cannot_ask_for_a_large_value() {
        let lists = (0..5).fold(r#"{"type":"string"}"#.to_owned(), |inner, _| {
            format!(r#"{{"type":"array","minItems":16,"items":{inner}}}"#)
        });
        let names: Vec<String> = (0..4).map(|name| name.to_string()).collect();
        let itself: Map<_, _> = names.iter().map(|name| (name.clone(), json!({"$ref": "#"}))).collect();
        let itself = json!({"type": "object", "required": names, "properties": itself}).to_string();
        let long = json!({"type": "array", "minItems": 16, "items": {"const": "x".repeat(MOST_BYTES - 100)}});
        let many_names: Vec<String> = (0..50_000).map(|name| format!("member-{name}")).collect();
        let many_names = json!({"type": "object", "required": many_names}).to_string();
        for schema in [lists, itself, long.to_string(), many_names] {
            let made = instance_of(Some(&schema)).to_string().len();
            assert!(made < 4 * MOST_BYTES, "{made} bytes for {}", &schema[..schema.len().min(60)]);
        }
    }

    #[test]
    fn a_member_that_is_required_twice_is_made_once() {
        let schema = json!({"required": ["a", "a", 7, ""], "properties": {"a": {"const": "x"}}}).to_string();
        assert_eq!(instance_of(Some(&schema)), json!({"a": "x"}));
    }

    #[test]
    fn a_long_list_of_names_under_many_values_takes_bounded_time() {
        let object = json!({"required": vec![1; 100_000]});
        let lists = (0..8).fold(object, |inner, _| json!({"type": "array", "minItems": 16, "items": inner}));
        assert!(instance_of(Some(&lists.to_string())).to_string().len() < MOST_BYTES);
    }
}
