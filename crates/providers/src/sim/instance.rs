//! The smallest JSON value that a schema admits, as far as simple schemas go: for tool calls and structured answers.

use serde_json::{Map, Value, json};

/// Schemas may refer to themselves; deeper than this nobody looks.
const DEEPEST: usize = 16;

/// A value for a schema; `{}` where there is no schema that can be read.
pub(super) fn instance_of(schema: Option<&str>) -> Value {
    let schema: Option<Value> = schema.and_then(|text| serde_json::from_str(text).ok());
    match schema {
        Some(schema) => instance(&schema, &schema, 0),
        None => json!({}),
    }
}

fn instance(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    let again = |inner: &Value| instance(inner, root, depth + 1);
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        return target.strip_prefix('#').and_then(|path| root.pointer(path)).map_or(Value::Null, again);
    }
    if let Some(value) = schema.get("const").or_else(|| schema.get("enum")?.get(0)) {
        return value.clone();
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema.get(choice).and_then(|list| list.get(0)) {
            return again(first);
        }
    }
    match kind(schema) {
        "object" => object(schema, again),
        "array" => array(schema, again),
        "string" => json!("simulated"),
        "integer" => schema.get("minimum").filter(|least| least.is_i64()).cloned().unwrap_or(json!(1)),
        "number" => schema.get("minimum").filter(|least| least.is_number()).cloned().unwrap_or(json!(1.5)),
        "boolean" => json!(true),
        _ => Value::Null,
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

fn object(schema: &Value, instance: impl Fn(&Value) -> Value) -> Value {
    let required = schema.get("required").and_then(Value::as_array);
    let names = required.into_iter().flatten().filter_map(Value::as_str);
    let members = names.map(|name| {
        let value =
            schema.get("properties").and_then(|all| all.get(name)).map_or(json!("simulated"), &instance);
        (name.to_owned(), value)
    });
    Value::Object(members.collect::<Map<_, _>>())
}

fn array(schema: &Value, instance: impl Fn(&Value) -> Value) -> Value {
    let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(16);
    let item = schema.get("items").map_or(Value::Null, instance);
    (0..least).map(|_| item.clone()).collect()
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
}
