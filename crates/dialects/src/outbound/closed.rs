use bytes::BytesMut;
use switchyard_domain::chat::{Json, LossReport};

use crate::codec::Unsupported;
use crate::json::ObjectWriter;
use crate::scan::{Document, Kind, Node, ScanLimits};

const MEMBER: &str = "response_format.json_schema.schema";
const OTHERS: &str = "additionalProperties";

/// The members whose values are schemas or lists of them.
const SCHEMAS: &[&str] = &[
    "items",
    "prefixItems",
    "contains",
    "propertyNames",
    "anyOf",
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
];

/// The members whose values are schemas by name.
const MAPS: &[&str] = &["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"];

/// The schema of an answer as Claude takes it: "For 'object' type, 'additionalProperties' must be explicitly set to false", and
/// nothing but `false` is taken there (Anthropic's documentation on structured outputs and ax-llm/ax issue 458, November 2025).
/// An object that leaves the member out is closed, and this told.
///
/// # Errors
/// When an object of it is open by its own word: what the schema allows can't be answered then.
pub(crate) fn closed(schema: &Json, losses: &mut LossReport) -> Result<Json, Unsupported> {
    let Ok(document) = Document::scan(schema.as_str().to_owned().into(), ScanLimits::UNBOUNDED) else {
        return Ok(schema.clone());
    };
    let mut closer = Closer::default();
    let mut out = BytesMut::with_capacity(schema.as_str().len() + 64);
    closer.schema(document.root(), &mut out);
    if closer.is_open {
        let message = "The provider takes no schema of an object with members that it does not name: \
                       `additionalProperties` must be `false`.";
        return Err(Unsupported::new("response_format", message));
    }
    if !closer.has_closed {
        return Ok(schema.clone());
    }
    losses.degraded(MEMBER, "its objects have no members but those that it names");
    Ok(Json::parse(String::from_utf8_lossy(&out)).unwrap_or_else(|_| schema.clone()))
}

#[derive(Default)]
struct Closer {
    /// Whether any object was closed here.
    has_closed: bool,
    /// Whether any object says that it is open.
    is_open: bool,
}

impl Closer {
    fn schema(&mut self, schema: Node<'_>, out: &mut BytesMut) {
        if schema.kind() != Kind::Object {
            return out.extend_from_slice(schema.raw());
        }
        let mut object = ObjectWriter::begin(out);
        for member in schema.members() {
            let (name, value) = (member.name(), member.value());
            match (name.as_ref(), value.kind()) {
                (name, Kind::Array) if SCHEMAS.contains(&name) => object.array(name, |list| {
                    value.elements().for_each(|schema| self.schema(schema, list.element()));
                }),
                (name, _) if SCHEMAS.contains(&name) => self.schema(value, object.name(name)),
                (name, Kind::Object) if MAPS.contains(&name) => object.object(name, |map| {
                    for member in value.members() {
                        self.schema(member.value(), map.name(&member.name()));
                    }
                }),
                (name, _) => {
                    self.is_open |= name == OTHERS && value.as_bool() != Some(false);
                    object.name(name).extend_from_slice(value.raw());
                }
            }
        }
        if is_object(schema) && schema.get(OTHERS).is_none() {
            self.has_closed = true;
            object.plain(OTHERS, false);
        }
        object.end();
    }
}

fn is_object(schema: Node<'_>) -> bool {
    match schema.get("type") {
        Some(kind) if kind.kind() == Kind::Array => kind.elements().any(|kind| kind.is_text("object")),
        Some(kind) => kind.is_text("object"),
        None => schema.get("properties").is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed_and_told(schema: &str) -> Result<(String, String), Unsupported> {
        let mut losses = LossReport::default();
        let closed = closed(&Json::parse(schema).unwrap(), &mut losses)?;
        Ok((closed.as_str().to_owned(), losses.to_string()))
    }

    #[test]
    fn every_object_that_says_nothing_of_other_members_is_closed_and_this_told_once() {
        for (schema, expected) in [
            (r#"{"type":"object"}"#, r#"{"type":"object","additionalProperties":false}"#),
            (
                r#"{"type":["object","null"],"properties":{"type":{"type":"array","items":{"properties":{}}}}}"#,
                r#"{"type":["object","null"],"properties":{"type":{"type":"array","items":{"properties":{},"additionalProperties":false}}},"additionalProperties":false}"#,
            ),
            (
                r##"{"anyOf":[{"$ref":"#/$defs/a"},{"const":null}],"$defs":{"a":{"type":"object","default":{"type":"object"}}}}"##,
                r##"{"anyOf":[{"$ref":"#/$defs/a"},{"const":null}],"$defs":{"a":{"type":"object","default":{"type":"object"},"additionalProperties":false}}}"##,
            ),
        ] {
            assert_eq!(closed_and_told(schema).unwrap(), (expected.to_owned(), MEMBER.to_owned()));
        }
    }

    #[test]
    fn a_schema_that_is_closed_already_stays_as_it_is_written() {
        for schema in [
            r#"{ "type": "object", "additionalProperties": false, "properties": {"a": {"enum": [1.0, null]}} }"#,
            r#"{"type":"string"}"#,
            "true",
        ] {
            assert_eq!(closed_and_told(schema).unwrap(), (schema.to_owned(), String::new()));
        }
    }

    #[test]
    fn a_schema_that_is_open_by_its_own_word_is_refused() {
        for schema in [
            r#"{"type":"object","additionalProperties":true}"#,
            r#"{"type":"object","additionalProperties":{"type":"string"}}"#,
            r#"{"type":"array","items":{"type":"object","properties":{},"additionalProperties":{}}}"#,
        ] {
            assert_eq!(closed_and_told(schema).unwrap_err().param.as_deref(), Some("response_format"));
        }
    }
}
