//! The smallest value that satisfies a JSON schema: what a model with structured output would say if
//! it had nothing to say.

use serde_json::{Map, Value, json};

/// How deep references and objects are followed; a recursive schema ends there with `null`.
const DEPTH: usize = 32;

/// A minimal instance: required properties only, each of its type. `pattern` and numeric multiples are
/// not satisfied.
pub(crate) fn minimal(schema: &Value) -> Value {
    instance(schema, schema, DEPTH)
}

fn instance(schema: &Value, root: &Value, depth: usize) -> Value {
    let Some(depth) = depth.checked_sub(1) else {
        return Value::Null;
    };
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(first) = schema.pointer("/enum/0") {
        return first.clone();
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#')) {
        return root.pointer(target).map_or(Value::Null, |target| instance(target, root, depth));
    }
    if let Some(one) = schema.pointer("/anyOf/0").or_else(|| schema.pointer("/oneOf/0")) {
        return instance(one, root, depth);
    }
    if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
        return merged(all.iter().map(|one| instance(one, root, depth)));
    }
    match type_of(schema) {
        Some("object") => object(schema, root, depth),
        Some("array") => array(schema, root, depth),
        Some("string") => Value::String(string(schema)),
        Some("integer") => json!(least(schema).ceil() as i64),
        Some("number") => json!(least(schema)),
        Some("boolean") => Value::Bool(true),
        _ => Value::Null,
    }
}

fn type_of(schema: &Value) -> Option<&str> {
    let kind = schema.get("type");
    let first = kind.and_then(|kind| kind.get(0)).or(kind).and_then(Value::as_str);
    first
        .or_else(|| schema.get("properties").map(|_| "object"))
        .or_else(|| schema.get("items").map(|_| "array"))
}

fn object(schema: &Value, root: &Value, depth: usize) -> Value {
    let required =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let property =
        |name: &str| schema.get("properties").and_then(|p| p.get(name)).unwrap_or(&Value::Null).clone();
    Value::Object(required.map(|name| (name.to_owned(), instance(&property(name), root, depth))).collect())
}

fn array(schema: &Value, root: &Value, depth: usize) -> Value {
    let count = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(1_000);
    let items = schema.get("items").unwrap_or(&Value::Null);
    Value::Array((0..count).map(|_| instance(items, root, depth)).collect())
}

fn string(schema: &Value) -> String {
    let text = match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("date") => "2026-01-01",
        Some("time") => "00:00:00Z",
        Some("email") => "user@example.com",
        Some("uri") => "https://example.com/",
        Some("uuid") => "00000000-0000-0000-0000-000000000000",
        _ => "text",
    };
    let most = schema.get("maxLength").and_then(Value::as_u64).map_or(usize::MAX, |most| most as usize);
    let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or(0).min(100_000) as usize;
    text.chars().chain(std::iter::repeat('x')).take(text.len().min(most).max(least)).collect()
}

fn least(schema: &Value) -> f64 {
    let bound = |name| schema.get(name).and_then(Value::as_f64);
    let low = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|above| above + 1.0));
    let high = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|below| below - 1.0));
    low.unwrap_or_else(|| high.unwrap_or(0.0).min(1.0))
}

fn merged(instances: impl Iterator<Item = Value>) -> Value {
    let mut whole = Map::new();
    for one in instances {
        match one {
            Value::Object(members) => whole.extend(members),
            Value::Null => {}
            other => return other,
        }
    }
    Value::Object(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_has_its_required_properties_by_type() {
        let schema = json!({"type": "object", "required": ["city", "days", "unit", "on", "tags", "ratio"], "properties": {
            "city": {"type": "string"}, "days": {"type": "integer", "minimum": 2}, "unit": {"enum": ["C", "F"]},
            "on": {"type": ["boolean", "null"]}, "tags": {"type": "array", "items": {"type": "string", "minLength": 6}, "minItems": 1},
            "ratio": {"type": "number", "maximum": -2}, "optional": {"type": "string"}}});
        let expected =
            json!({"city": "text", "days": 2, "unit": "C", "on": true, "tags": ["textxx"], "ratio": -2.0});
        assert_eq!(minimal(&schema), expected);
    }

    #[test]
    fn references_alternatives_and_constants_are_followed() {
        let schema = json!({"$defs": {"day": {"type": "string", "format": "date"}}, "type": "object", "required": ["a", "b", "c"],
            "properties": {"a": {"$ref": "#/$defs/day"}, "b": {"anyOf": [{"const": 7}, {"type": "null"}]},
            "c": {"allOf": [{"required": ["x"], "properties": {"x": {"type": "integer"}}}, {"required": ["y"], "properties": {"y": {"type": "null"}}}]}}});
        assert_eq!(minimal(&schema), json!({"a": "2026-01-01", "b": 7, "c": {"x": 0, "y": null}}));
    }

    #[test]
    fn a_recursive_schema_ends() {
        let schema = json!({"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}});
        let text = minimal(&schema).to_string();
        assert!(text.ends_with(&format!("null{}", "}".repeat(text.matches("next").count()))), "{text}");
    }
}
