//! The list of models as clients of this dialect read it: `GET /v1/models`.

use bytes::{Bytes, BytesMut};

use crate::json::ObjectWriter;

/// A model that clients may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelEntry<'a> {
    /// What they write in `model`.
    pub id: &'a str,
    /// Its name for people.
    pub display_name: &'a str,
    /// When it came to be, as RFC 3339 in UTC.
    pub created_at: &'a str,
}

/// Writes one model.
#[must_use]
pub fn write_one(entry: &ModelEntry<'_>) -> Bytes {
    let mut out = BytesMut::with_capacity(128);
    let mut object = ObjectWriter::begin(&mut out);
    write(&mut object, entry);
    object.end();
    out.freeze()
}

/// Writes a page of the list; `has_more` says that it is not the last.
#[must_use]
pub fn write_list(entries: &[ModelEntry<'_>], has_more: bool) -> Bytes {
    let mut out = BytesMut::with_capacity(128 * (entries.len() + 1));
    let mut page = ObjectWriter::begin(&mut out);
    page.array("data", |list| entries.iter().for_each(|entry| list.object(|object| write(object, entry))));
    page.plain("has_more", has_more);
    for (name, entry) in [("first_id", entries.first()), ("last_id", entries.last())] {
        match entry {
            Some(entry) => page.text(name, entry.id),
            None => page.null(name),
        }
    }
    page.end();
    out.freeze()
}

fn write(object: &mut ObjectWriter<'_>, entry: &ModelEntry<'_>) {
    object.text("type", "model");
    object.text("id", entry.id);
    object.text("display_name", entry.display_name);
    object.text("created_at", entry.created_at);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_its_first_and_last() {
        let entry = |id| ModelEntry { id, display_name: "A \"b\"", created_at: "2026-11-21T00:00:00Z" };
        let one = r#"{"type":"model","id":"a","display_name":"A \"b\"","created_at":"2026-11-21T00:00:00Z"}"#;
        assert_eq!(write_one(&entry("a")), one);
        let other = one.replace("\"id\":\"a\"", "\"id\":\"b\"");
        let page = format!(r#"{{"data":[{one},{other}],"has_more":true,"first_id":"a","last_id":"b"}}"#);
        assert_eq!(write_list(&[entry("a"), entry("b")], true), page);
        assert_eq!(write_list(&[], false), r#"{"data":[],"has_more":false,"first_id":null,"last_id":null}"#);
    }
}
