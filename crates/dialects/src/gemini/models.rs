//! The list of models that a client may ask for.

use bytes::{Bytes, BytesMut};

use super::address::resource_name;
use crate::json::ObjectWriter;

/// What the list tells of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelEntry<'a> {
    /// What clients put into the path.
    pub name: &'a str,
    /// For people; the name, where there is none.
    pub display_name: Option<&'a str>,
    /// For people.
    pub description: Option<&'a str>,
    /// The most input tokens.
    pub input_token_limit: Option<u64>,
    /// The most output tokens.
    pub output_token_limit: Option<u64>,
    /// What can be done with it (`generateContent`, `countTokens`, `embedContent`, ...).
    pub methods: &'a [&'a str],
}

/// Writes the whole list. There is no next page.
#[must_use]
pub fn write_list<'a>(models: impl IntoIterator<Item = ModelEntry<'a>>) -> Bytes {
    let mut out = BytesMut::with_capacity(1024);
    let mut body = ObjectWriter::begin(&mut out);
    body.array("models", |list| {
        models.into_iter().for_each(|model| list.object(|object| write_members(object, &model)));
    });
    body.end();
    out.freeze()
}

/// Writes one model alone.
#[must_use]
pub fn write_one(model: &ModelEntry<'_>) -> Bytes {
    let mut out = BytesMut::with_capacity(256);
    let mut object = ObjectWriter::begin(&mut out);
    write_members(&mut object, model);
    object.end();
    out.freeze()
}

fn write_members(object: &mut ObjectWriter<'_>, model: &ModelEntry<'_>) {
    object.text("name", &resource_name(model.name));
    object.text("displayName", model.display_name.unwrap_or(model.name));
    if let Some(description) = model.description {
        object.text("description", description);
    }
    for (name, limit) in
        [("inputTokenLimit", model.input_token_limit), ("outputTokenLimit", model.output_token_limit)]
    {
        if let Some(limit) = limit {
            object.plain(name, limit);
        }
    }
    object.array("supportedGenerationMethods", |list| {
        model.methods.iter().for_each(|method| list.text(method));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_its_models_as_google_does() {
        let model = ModelEntry {
            name: "fast",
            display_name: None,
            description: Some("d"),
            input_token_limit: Some(10),
            output_token_limit: None,
            methods: &["generateContent"],
        };
        let one = r#"{"name":"models/fast","displayName":"fast","description":"d","inputTokenLimit":10,"supportedGenerationMethods":["generateContent"]}"#;
        assert_eq!(write_one(&model), one);
        assert_eq!(write_list([model, model]), format!("{{\"models\":[{one},{one}]}}"));
        assert_eq!(write_list([]), r#"{"models":[]}"#);
    }
}
