//! What the items of calls have besides what a call is: their ids and states, the namespace of the tool, who called it. Kept
//! as one list of objects, each with the `call_id` of its call.

use std::collections::BTreeMap;

use switchyard_domain::chat::Json;

use crate::json::{ObjectWriter, elements, keep, members, text};

/// The name under which they are kept.
pub(super) const NAME: &str = "call_items";

/// The members of the items by the ids of their calls.
pub(super) type ByCall = BTreeMap<String, Vec<(String, Json)>>;

/// Reads a kept list.
pub(super) fn by_call(items: &Json) -> ByCall {
    let items = elements(&items.0).unwrap_or_default().into_iter().filter_map(members);
    let by_call = items.filter_map(|item| {
        let id = item.get("call_id").and_then(text)?.into_owned();
        let besides = item.iter().filter(|(name, _)| *name != "call_id");
        Some((id, besides.map(|(name, value)| (name.to_owned(), keep(value))).collect()))
    });
    by_call.collect()
}

/// The list that keeps these.
pub(super) fn list<'a>(items: impl Iterator<Item = (&'a str, &'a [(String, Json)])>) -> Option<Json> {
    let mut out = bytes::BytesMut::new();
    let mut list = crate::json::ArrayWriter::begin(&mut out);
    for (call_id, besides) in items {
        list.object(|object| {
            object.text("call_id", call_id);
            write(object, besides);
        });
    }
    list.end();
    Json::parse(String::from_utf8_lossy(&out)).ok()
}

/// Writes the members of one.
fn write(object: &mut ObjectWriter<'_>, besides: &[(String, Json)]) {
    besides.iter().for_each(|(name, value)| object.json(name, value));
}
