use serde_json::Value;

use crate::simulator::connection::Request;
use crate::simulator::wires::model_in_path;

/// What a call asks for: the members of its JSON, or the parts of its form as texts.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// The model, with the script that a caller wrote after it.
    pub(crate) model: String,
    members: Value,
    /// Bytes of the file in a form.
    pub(crate) file_bytes: usize,
}

impl Asked {
    /// Reads a request; `None` when it is neither JSON nor a form.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let media_type = request.header("content-type").unwrap_or_default();
        let asked = match media_type.split_once("boundary=") {
            Some((_, boundary)) => Self::of_form(&request.body, boundary.trim_matches('"')),
            None => Self { members: serde_json::from_slice(&request.body).ok()?, ..Self::default() },
        };
        let in_path = model_in_path(&request.path).map(std::borrow::Cow::into_owned);
        let in_body = || asked.text("model").unwrap_or("omni-moderation-latest").to_owned();
        let model = in_path.unwrap_or_else(in_body);
        Some(Self { model, ..asked })
    }

    /// The model's own name.
    pub(crate) fn model_name(&self) -> &str {
        self.model.split('?').next().unwrap_or_default()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Value::as_str)
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.members.get(name).and_then(Value::as_u64)
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| value == true || value == "true")
    }

    pub(crate) fn member(&self, name: &str) -> &Value {
        self.members.get(name).unwrap_or(&Value::Null)
    }

    /// A form's parts by simple means: what the server under test sends is its own strict form.
    fn of_form(body: &[u8], boundary: &str) -> Self {
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        let mut members = serde_json::Map::new();
        let mut file_bytes = 0;
        let mut rest = body;
        while let Some((head, after)) = split(rest, b"\r\n\r\n") {
            let Some((value, after)) = split(after, &delimiter) else { break };
            rest = after;
            let head = String::from_utf8_lossy(head);
            let name = head.split_once("name=\"").and_then(|(_, rest)| rest.split_once('"'));
            if head.contains("filename=") {
                file_bytes += value.len();
            } else if let Some((name, _)) = name {
                members.insert(name.to_owned(), String::from_utf8_lossy(value).into());
            }
        }
        Self { members: Value::Object(members), file_bytes, ..Self::default() }
    }
}

/// What stands before and after the first `separator`.
fn split<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(separator.len()).position(|window| window == separator)?;
    Some((bytes.get(..at)?, bytes.get(at + separator.len()..)?))
}
