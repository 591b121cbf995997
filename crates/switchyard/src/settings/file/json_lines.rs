//! The lines of a document in JSON where its objects begin, which its parser does not tell.

use serde::Deserialize;
use serde_json::value::RawValue;
use switchyard_orchestrator::misread::offset;

/// The lines where providers and routes begin, in their order.
#[derive(Default)]
pub(super) struct JsonLines {
    pub(super) providers: Vec<u64>,
    pub(super) routes: Vec<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Objects<'a> {
    #[serde(borrow)]
    providers: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    routes: Option<Vec<&'a RawValue>>,
}

impl JsonLines {
    /// Those of a text; none where it is no such document.
    pub(super) fn of(text: &str) -> Self {
        let Ok(Objects { providers, routes }) = serde_json::from_str::<Objects<'_>>(text) else {
            return Self::default();
        };
        let lines = |objects: Option<Vec<&RawValue>>| lines_of(text, &objects.unwrap_or_default());
        Self { providers: lines(providers), routes: lines(routes) }
    }
}

/// How many lines end before a part of a text.
pub(super) fn lines_before(text: &str, part: &str) -> usize {
    text.as_bytes()
        .get(..offset(text, part))
        .unwrap_or_default()
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
}

/// The lines of parts of a text that stand in their order.
fn lines_of(text: &str, parts: &[&RawValue]) -> Vec<u64> {
    let (mut line, mut seen) = (1, 0);
    let mut lines = Vec::with_capacity(parts.len());
    for part in parts {
        let begin = offset(text, part.get());
        let between = text.as_bytes().get(seen..begin).unwrap_or_default();
        line += between.iter().filter(|byte| **byte == b'\n').count() as u64;
        seen = begin;
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_is_told_with_the_line_where_it_begins() {
        let text = "{\"providers\": [{}, {\n\"a\": 1},\n\n {}],\n\"routes\": [\n{}]}";
        let lines = JsonLines::of(text);
        assert_eq!((lines.providers, lines.routes), (vec![1, 1, 4], vec![6]));
    }
}
