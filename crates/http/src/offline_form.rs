//! Forms that come by no connection: made of the JSON of their fields, with a file that stands for the client's.

use crate::extract::GatewayForm;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, iter};
use std::io;
use std::ops::Range;
use std::sync::Arc;
use switchyard_dialects::openai_operations::TranscriptionForm;
use switchyard_dialects::scan::{Document, Kind, Node, ScanLimits};
use switchyard_ports::client_call::{Upload, WireForm};

/// What stands for the file: nobody is sent it.
const FILE: &str = "(the file)";

/// The form of a JSON object's members, judged as if it had come to the gateway.
///
/// # Errors
/// What is wrong with it, for people.
pub(crate) fn form_of(body: Bytes) -> Result<GatewayForm, String> {
    let document = Document::scan(body, ScanLimits::default()).map_err(|error| error.to_string())?;
    let mut fields = Vec::new();
    for member in document.members().filter(|member| !member.is_named("file")) {
        field(&member.name(), member.value(), &mut fields)?;
    }
    let (boundary, bytes) = written(&fields)?;
    let mut form = TranscriptionForm::new(&boundary);
    form.push(&bytes).map_err(|error| error.to_string())?;
    let checked = form.finish().map_err(|error| error.to_string())?;
    let form = WireForm { boundary, upload: Arc::new(Held(bytes)), model: checked.model.clone() };
    Ok(GatewayForm { checked, form })
}

/// The fields of a member: a list is one for each element, as SDKs write it; `null` is none.
fn field(name: &str, value: Node<'_>, fields: &mut Vec<(String, String)>) -> Result<(), String> {
    if name.contains(['"', '\\']) || name.contains(char::is_control) {
        return Err(format!("`{}` can't be the name of a field", name.escape_debug()));
    }
    match value.kind() {
        Kind::Null => Ok(()),
        Kind::Array => value.elements().try_for_each(|one| match one.kind() {
            Kind::Array | Kind::Object | Kind::Null => Err(format!("`{name}` must be a list of texts")),
            _ => field(&format!("{name}[]"), one, fields),
        }),
        Kind::Object => Err(format!("`{name}` must be a text, a number, true or false, or a list of these")),
        _ => {
            let text = value.text().unwrap_or_else(|| String::from_utf8_lossy(value.raw()));
            fields.push((name.to_owned(), text.into_owned()));
            Ok(())
        }
    }
}

/// A form of these fields and a file, and the boundary between them, which stands in none.
fn written(fields: &[(String, String)]) -> Result<(String, Bytes), String> {
    let is_free = |boundary: &String| fields.iter().all(|(_, value)| !value.contains(boundary.as_str()));
    let mut boundaries = (0..1_000).map(|number| format!("switchyard-explains-{number}"));
    let boundary = boundaries.find(is_free).ok_or("the fields leave no boundary between them")?;
    let mut form = String::new();
    for (name, value) in fields {
        form.push_str(&format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    form.push_str(&format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\nContent-Type: application/octet-stream\r\n\r\n{FILE}\r\n--{boundary}--\r\n"
    ));
    Ok((boundary, form.into()))
}

/// A form in memory.
#[derive(Debug)]
struct Held(Bytes);

impl Upload for Held {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, range: Range<u64>) -> BoxStream<'static, io::Result<Bytes>> {
        let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(self.0.len());
        let (start, end) = (at(range.start), at(range.end));
        iter([Ok(self.0.slice(start.min(end)..end))]).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_of_an_object_become_fields_and_a_list_several() {
        let body = r#"{"model":"m","timestamp_granularities":["word","segment"],"temperature":0.50,"stream":true,"prompt":null,"file":"a.mp3"}"#;
        let GatewayForm { checked, form } = form_of(body.into()).unwrap();
        assert_eq!((checked.facts.model.as_str(), checked.facts.stream), ("m", true));
        let length = form.upload.length();
        let text = futures_util::FutureExt::now_or_never(form.upload.read(0..length).next());
        let text = String::from_utf8(text.unwrap().unwrap().unwrap().to_vec()).unwrap();
        for field in [
            "timestamp_granularities[]\"\r\n\r\nword\r\n",
            "[]\"\r\n\r\nsegment\r\n",
            "temperature\"\r\n\r\n0.50\r\n",
        ] {
            assert!(text.contains(field), "{field} is not in {text}");
        }
        assert!(!text.contains("prompt") && !text.contains("a.mp3"), "{text}");
    }

    #[test]
    fn what_is_no_form_is_told() {
        for (body, told) in [
            (r#"{"language":"en"}"#, "model"),
            (r#"{"model":"m","model":"n"}"#, "duplicate member"),
            (r#"{"model":"m","x":{}}"#, "`x`"),
            (r#"{"model":"m","x\"y":"z"}"#, "name of a field"),
            (r#"{"model":"m","stream":"maybe"}"#, "true or false"),
        ] {
            let error = form_of(body.into()).err().unwrap();
            assert!(error.contains(told), "{body}: {error}");
        }
    }

    #[test]
    fn no_field_can_end_the_form() {
        let body = r#"{"model":"m","prompt":"x\r\n--switchyard-explains-0--\r\n"}"#;
        let GatewayForm { checked, form } = form_of(body.into()).unwrap();
        assert_eq!((checked.facts.model.as_str(), form.boundary.as_str()), ("m", "switchyard-explains-1"));
    }
}
