//! Results of tools, which this dialect wants as objects.
//!
//! A text stands in `result`, an error in `error`. A text that is an object itself stands for itself, so that a client's
//! object goes through other dialects as the same object. The forms are chosen so that each reads back as what it was.

use std::borrow::Cow;

use bytes::BytesMut;
use switchyard_domain::chat::{Json, Part, ToolResult};

use super::members::{Listed, fields, join};
use super::request::medium;
use crate::json::{ObjectWriter, object};
use crate::request::{RequestError, keep, text, wrong};
use crate::scan::{Kind, Node};

const RESULT: &str = "result";
const ERROR: &str = "error";

/// Reads a `functionResponse`, with the members for which there is no place. The id is empty where none is given.
pub(super) fn read(
    path: &str,
    response: Node<'_>,
) -> Result<(ToolResult, Vec<(String, Json)>), RequestError> {
    let mut result = ToolResult { call_id: String::new(), content: Vec::new(), is_error: false, name: None };
    let mut media = Vec::new();
    let mut others = Vec::new();
    for (name, value) in fields(response) {
        match name.as_ref() {
            "id" => result.call_id = text(join(path, "id"), value)?,
            "name" => result.name = Some(text(join(path, "name"), value)?),
            "response" if value.kind() == Kind::Object => {
                let (said, is_error) = said(value);
                result.is_error = is_error;
                result.content.push(Part::Text { text: said });
            }
            "response" => return Err(wrong(join(path, "response"), "must be an object")),
            "parts" => match read_media(&join(path, "parts"), value)? {
                Some(parts) => media = parts,
                None => others.push((name.into_owned(), keep(value))),
            },
            name => others.push((name.to_owned(), keep(value))),
        }
    }
    if result.name.as_ref().is_none_or(String::is_empty) {
        return Err(wrong(join(path, "name"), "is required"));
    }
    result.content.extend(media);
    Ok((result, others))
}

/// Media of a result; `None` if only Google can read one of them, or if there is more to one of them than there is place for.
fn read_media(path: &str, value: Node<'_>) -> Result<Option<Vec<Part>>, RequestError> {
    let list = Listed::of(value).ok_or_else(|| wrong(path, "must be a list"))?;
    let mut parts = Vec::new();
    for (at, part) in list.enumerate() {
        let mut members = fields(part);
        let (Some((kind, value)), None) = (members.next(), members.next()) else { return Ok(None) };
        match medium(&format!("{path}[{at}].{kind}"), &kind, value)? {
            Some((part, others)) if others.is_empty() => parts.push(part),
            _ => return Ok(None),
        }
    }
    Ok(Some(parts))
}

/// What a response says, and whether it is an error.
fn said(response: Node<'_>) -> (String, bool) {
    let whole = || keep(response).as_str().to_owned();
    let mut members = response.members();
    let (Some(only), None) = (members.next(), members.next()) else { return (whole(), false) };
    let value = only.value();
    let plain = value.text().filter(|text| !is_object(text)).map(Cow::into_owned);
    match only.name().as_ref() {
        RESULT => (plain.unwrap_or_else(whole), false),
        ERROR => {
            let inner = || Some(keep(value).as_str().to_owned()).filter(|_| stands_for_itself(value));
            (plain.or_else(inner).unwrap_or_else(whole), true)
        }
        _ => (whole(), false),
    }
}

/// Whether an error's object is put into `error` again when it is written.
fn stands_for_itself(value: Node<'_>) -> bool {
    value.kind() == Kind::Object && value.get(ERROR).is_none()
}

fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{') && object(text.trim()).is_some()
}

/// Writes the `response` of a result that says this.
pub(super) fn write(out: &mut BytesMut, said: &str, is_error: bool) {
    let text = said.trim();
    let members = if text.starts_with('{') { object(text) } else { None };
    match (members, is_error) {
        (Some(_), false) => out.extend_from_slice(text.as_bytes()),
        (Some(members), true) if members.has(ERROR) => out.extend_from_slice(text.as_bytes()),
        (Some(_), true) => wrap(out, ERROR, |out| out.extend_from_slice(text.as_bytes())),
        (None, true) => wrap(out, ERROR, |out| crate::json::write_text(out, said)),
        (None, false) => wrap(out, RESULT, |out| crate::json::write_text(out, said)),
    }
}

fn wrap(out: &mut BytesMut, name: &str, fill: impl FnOnce(&mut BytesMut)) {
    let mut response = ObjectWriter::begin(out);
    fill(response.name(name));
    response.end();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::{Document, ScanLimits};

    fn read_said(json: &str) -> (String, bool) {
        let document = Document::scan(json.to_owned().into(), ScanLimits::default()).unwrap();
        said(document.root())
    }

    fn written(text: &str, is_error: bool) -> String {
        let mut out = BytesMut::new();
        write(&mut out, text, is_error);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn every_object_reads_and_writes_as_itself() {
        for (json, text, is_error) in [
            (r#"{"result":"sunny"}"#, "sunny", false),
            (r#"{"result":7}"#, r#"{"result":7}"#, false),
            (r#"{"result":"{\"a\":1}"}"#, r#"{"result":"{\"a\":1}"}"#, false),
            (r#"{"output":"15"}"#, r#"{"output":"15"}"#, false),
            (r#"{"error":"no","x":1}"#, r#"{"error":"no","x":1}"#, false),
            (r#"{"error":"no such city"}"#, "no such city", true),
            (r#"{"error":{"code":3}}"#, r#"{"code":3}"#, true),
            (r#"{"error":{"error":3}}"#, r#"{"error":{"error":3}}"#, true),
            (r#"{"error":[1]}"#, r#"{"error":[1]}"#, true),
            (r#"{"error":"{}"}"#, r#"{"error":"{}"}"#, true),
            ("{}", "{}", false),
        ] {
            assert_eq!(read_said(json), (text.to_owned(), is_error), "{json}");
            assert_eq!(written(text, is_error), json);
        }
    }

    #[test]
    fn every_text_comes_back() {
        for text in ["", "plain", "[1,2]", "\"quoted\"", "{not json", " {\"a\":1}"] {
            for is_error in [false, true] {
                let (back, error) = read_said(&written(text, is_error));
                assert_eq!((back.trim(), error), (text.trim(), is_error));
            }
        }
    }
}
