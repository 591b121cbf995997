//! Log probabilities, which a stream gives in pieces.

use switchyard_domain::chat::Json;

use crate::json::{ObjectWriter, members};

/// The log probabilities of a choice, of which a stream gives a piece with each chunk: one object, its lists joined.
pub(crate) fn joined_logprobs(pieces: &[Json]) -> Option<Json> {
    if let [only] = pieces {
        return Some(only.clone());
    }
    let mut merged: Vec<(String, Vec<Json>)> = Vec::new();
    for piece in pieces {
        for (name, value) in members(&piece.0)?.iter() {
            let value = Json(value.to_owned());
            match merged.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(value),
                None => merged.push((name.to_owned(), vec![value])),
            }
        }
    }
    let mut out = bytes::BytesMut::new();
    let mut object = ObjectWriter::begin(&mut out);
    for (name, values) in merged {
        let joined =
            if values.iter().all(Json::is_list) { Json::joined(&values) } else { values.last().cloned() };
        if let Some(joined) = joined {
            object.json(&name, &joined);
        }
    }
    object.end();
    (!pieces.is_empty()).then(|| Json::parse(String::from_utf8_lossy(&out)).ok())?
}
