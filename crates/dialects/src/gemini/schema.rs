//! Schemas. This dialect has two places for them: one for a subset of OpenAPI 3.0, which every model takes, and a newer one
//! for JSON schema. The canonical form is JSON schema.
//!
//! A schema that needs no translation is written in the first place. All others (references, `additionalProperties`, several
//! types, constants, an object without properties, formats that Google does not know) are written in the second, as they
//! are: nothing is ever taken out of a schema.

use bytes::BytesMut;
use serde_json::value::RawValue;
use switchyard_domain::chat::Json;

use super::members::{camel, field};
use crate::json::{ArrayWriter, ObjectWriter, RawMembers, Shape, elements, members, shape, text, write_text};
use crate::request::keep;
use crate::scan::{Kind, Node};

/// The members whose values are schemas, lists of schemas, or schemas by name.
const SCHEMAS: &[&str] = &["items", "additionalProperties"];
const LISTS: &[&str] = &["anyOf"];
const MAPS: &[&str] = &["properties", "defs"];

/// The members that hold integers, which this dialect may write as texts.
const INTEGERS: &[&str] =
    &["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

/// A schema of the OpenAPI subset as a JSON schema. One that is a JSON schema already stays as it is written.
pub(super) fn read(schema: Node<'_>) -> Json {
    if !needs_translation(schema) {
        return keep(schema);
    }
    let mut out = BytesMut::new();
    translate(schema, &mut out);
    Json::parse(String::from_utf8_lossy(&out)).unwrap_or_else(|_| keep(schema))
}

/// Whether anything in a schema is said in the subset's own way.
fn needs_translation(schema: Node<'_>) -> bool {
    if schema.kind() != Kind::Object {
        return false;
    }
    schema.members().any(|member| {
        let (written, value) = (member.name(), member.value());
        let name = camel(written.clone());
        match name.as_ref() {
            "type" => value.text().is_some_and(|word| word.bytes().any(|byte| byte.is_ascii_uppercase())),
            "nullable" | "defs" | "ref" => true,
            known if SCHEMAS.contains(&known) => needs_translation(value),
            known if LISTS.contains(&known) => value.elements().any(needs_translation),
            known if MAPS.contains(&known) => value.members().any(|member| needs_translation(member.value())),
            known if INTEGERS.contains(&known) => value.kind() == Kind::String || written != known,
            "propertyOrdering" => written != "propertyOrdering",
            _ => false,
        }
    })
}

fn translate(schema: Node<'_>, out: &mut BytesMut) {
    if schema.kind() != Kind::Object {
        return out.extend_from_slice(schema.raw());
    }
    let is_nullable = field(schema, "nullable").and_then(Node::as_bool) == Some(true);
    let mut object = ObjectWriter::begin(out);
    for member in schema.members() {
        let (written, value) = (member.name(), member.value());
        let name = camel(written.clone());
        match name.as_ref() {
            "nullable" => {}
            "type" => write_type(&mut object, value, is_nullable),
            // A list of values that has no null would forbid what the type allows.
            "enum" if is_nullable && value.kind() == Kind::Array => object.array("enum", |list| {
                value.elements().for_each(|each| list.element().extend_from_slice(each.raw()));
                if !value.elements().any(|each| each.kind() == Kind::Null) {
                    list.element().extend_from_slice(b"null");
                }
            }),
            "ref" => object.name("$ref").extend_from_slice(value.raw()),
            known if SCHEMAS.contains(&known) => translate(value, object.name(known)),
            known if LISTS.contains(&known) => object.array(known, |list| {
                value.elements().for_each(|schema| translate(schema, list.element()));
                if is_nullable && field(schema, "type").is_none() {
                    write_null(list);
                }
            }),
            known if MAPS.contains(&known) => {
                object.object(if known == "defs" { "$defs" } else { known }, |map| {
                    for member in value.members() {
                        translate(member.value(), map.name(&member.name()));
                    }
                });
            }
            known if INTEGERS.contains(&known) => {
                let number = value.text().filter(|text| text.parse::<u64>().is_ok());
                let raw = number.as_deref().map_or(value.raw(), str::as_bytes);
                object.name(known).extend_from_slice(raw);
            }
            "propertyOrdering" => object.name("propertyOrdering").extend_from_slice(value.raw()),
            _ => object.name(&written).extend_from_slice(value.raw()),
        }
    }
    object.end();
}

fn write_null(list: &mut ArrayWriter<'_>) {
    list.object(|object| object.text("type", "null"));
}

fn write_type(object: &mut ObjectWriter<'_>, value: Node<'_>, is_nullable: bool) {
    let Some(word) = value.text() else { return object.name("type").extend_from_slice(value.raw()) };
    let word = word.to_ascii_lowercase();
    match (word.as_str(), is_nullable) {
        ("type_unspecified", _) => {}
        (word, false) => object.text("type", word),
        (word, true) => object.array("type", |list| {
            write_text(list.element(), word);
            write_text(list.element(), "null");
        }),
    }
}

/// Whether a schema stands in the subset as it is. Arguments must be an object, an answer may be anything.
pub(super) fn is_subset(schema: &Json, must_be_object: bool) -> bool {
    let Some(top) = members(&schema.0) else { return false };
    let is_object = top.get("type").and_then(text).as_deref() == Some("object");
    (is_object || !must_be_object) && is_subset_object(&top, 0)
}

/// Deeper schemas are nobody's.
const MAX_DEPTH: usize = 32;

fn is_subset_object(schema: &RawMembers<'_>, depth: usize) -> bool {
    let kind = schema.get("type").and_then(text);
    let Some(kind) = kind.as_deref() else { return schema.get("anyOf").is_some() && fits(schema, "", depth) };
    let known = ["object", "array", "string", "number", "integer", "boolean"].contains(&kind);
    // Google refuses an object without properties.
    let is_open = kind == "object" && schema.get("properties").is_none();
    depth < MAX_DEPTH && known && !is_open && fits(schema, kind, depth)
}

fn fits(schema: &RawMembers<'_>, kind: &str, depth: usize) -> bool {
    let is_schema =
        |value: &RawValue| members(value).is_some_and(|inner| is_subset_object(&inner, depth + 1));
    let is_text = |value: &RawValue| shape(value) == Shape::Text;
    schema.iter().all(|(name, value)| match name {
        "type" | "default" | "minimum" | "maximum" => true,
        "title" | "description" | "pattern" => is_text(value),
        "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties" | "maxProperties" => {
            shape(value) == Shape::Number
        }
        "items" => is_schema(value),
        "anyOf" => elements(value).is_some_and(|list| !list.is_empty() && list.into_iter().all(is_schema)),
        "properties" => members(value).is_some_and(|properties| {
            let mut properties = properties.iter().peekable();
            properties.peek().is_some() && properties.all(|(_, schema)| is_schema(schema))
        }),
        "required" | "propertyOrdering" => elements(value).is_some_and(|list| list.into_iter().all(is_text)),
        // Of other types Google takes none.
        "enum" => kind == "string" && elements(value).is_some_and(|list| list.into_iter().all(is_text)),
        "format" => is_known_format(kind, text(value).as_deref().unwrap_or_default()),
        _ => false,
    })
}

fn is_known_format(kind: &str, format: &str) -> bool {
    match kind {
        "string" => ["date-time", "enum"].contains(&format),
        "number" => ["float", "double"].contains(&format),
        "integer" => ["int32", "int64"].contains(&format),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::{Document, ScanLimits};

    fn translated(json: &str) -> String {
        let document = Document::scan(json.to_owned().into(), ScanLimits::default()).unwrap();
        read(document.root()).as_str().to_owned()
    }

    #[test]
    fn the_subset_becomes_json_schema() {
        for (google, json_schema) in [
            (
                r#"{"type":"OBJECT","properties":{"type":{"type":"STRING","nullable":true},"n":{"type":"INTEGER","format":"int32"}},"property_ordering":["n"]}"#,
                r#"{"type":"object","properties":{"type":{"type":["string","null"]},"n":{"type":"integer","format":"int32"}},"propertyOrdering":["n"]}"#,
            ),
            (
                r#"{"type":"ARRAY","items":{"any_of":[{"type":"STRING"}],"nullable":true},"minItems":"2"}"#,
                r#"{"type":"array","items":{"any_of":[{"type":"STRING"}]},"minItems":2}"#,
            ),
            (
                r##"{"anyOf":[{"ref":"#/$defs/a"}],"nullable":true,"defs":{"a":{"type":"NUMBER","enum":["A"]}}}"##,
                r##"{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}],"$defs":{"a":{"type":"number","enum":["A"]}}}"##,
            ),
            (
                r#"{"type":"STRING","nullable":true,"enum":["a","b"]}"#,
                r#"{"type":["string","null"],"enum":["a","b",null]}"#,
            ),
            (
                r#"{"type":"STRING","nullable":true,"enum":["a",null]}"#,
                r#"{"type":["string","null"],"enum":["a",null]}"#,
            ),
            (r#"{"type":"STRING","nullable":false,"enum":["a"]}"#, r#"{"type":"string","enum":["a"]}"#),
            (r#"{ "type": "object", "x": 1.0 }"#, r#"{ "type": "object", "x": 1.0 }"#),
        ] {
            let json_schema = json_schema
                .replace(r#""any_of":[{"type":"STRING"}]"#, r#""anyOf":[{"type":"string"},{"type":"null"}]"#);
            assert_eq!(translated(google), json_schema);
        }
    }

    #[test]
    fn a_schema_goes_into_the_first_place_only_as_it_is() {
        let fits = |json: &str| is_subset(&Json::parse(json).unwrap(), true);
        for json in [
            r#"{"type":"object","properties":{"a":{"type":"array","items":{"type":"string","enum":["x"]}}},"required":["a"]}"#,
            r#"{"type":"object","title":"T","description":"d","properties":{"a":{"anyOf":[{"type":"number"},{"type":"string","format":"date-time"}],"default":1}}}"#,
        ] {
            assert!(fits(json), "{json}");
        }
        for json in [
            r#"{"type":"object"}"#,
            r#"{"type":"object","properties":{}}"#,
            r#"{"type":"array","items":{"type":"string"}}"#,
            r#"{"properties":{"a":{"type":"string"}}}"#,
            r#"{"type":"object","properties":{"a":{}}}"#,
            r#"{"type":"object","properties":{"a":true}}"#,
            r#"{"type":"object","properties":{"a":{"type":["string","null"]}}}"#,
            r#"{"type":"object","properties":{"a":{"type":"string","format":"email"}}}"#,
            r#"{"type":"object","properties":{"a":{"type":"integer","enum":[1]}}}"#,
            r#"{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}"#,
            r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/b"}}}"##,
            "[]",
        ] {
            assert!(!fits(json), "{json}");
        }
    }
}
