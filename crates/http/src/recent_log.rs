//! The last lines of the log, for those who administer and have no shell.

use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use switchyard_dialects::error::scrub;

/// As many lines as are kept.
pub(crate) const KEPT: usize = 1_000;

/// A longer line is not kept: with it all of them are 8 MiB at most.
const LONGEST: usize = 8 * 1024;

/// What is no text of anybody's, and would be taken for a secret where it is long and mixed.
const PLAIN: [&str; 7] = ["timestamp", "level", "target", "method", "route", "request_id", "request.id"];

/// The last lines that were logged, each a JSON object. Clones are the same log.
#[derive(Clone, Debug, Default)]
pub struct RecentLog(Arc<Mutex<VecDeque<Box<[u8]>>>>);

impl RecentLog {
    /// Keeps a line, as it was written out. The oldest makes room for it.
    pub fn keep(&self, line: &[u8]) {
        if line.len() > LONGEST {
            return;
        }
        let mut lines = self.lines();
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line.into());
    }

    /// The last lines, oldest first, and how many are kept. What may be a secret is taken out of them, though none should be there.
    pub(crate) fn last(&self, most: usize) -> (Vec<Map<String, Value>>, usize) {
        let (lines, kept) = {
            let lines = self.lines();
            let first = lines.len().saturating_sub(most);
            (lines.iter().skip(first).cloned().collect::<Vec<_>>(), lines.len())
        };
        (lines.iter().map(|line| shown(line)).collect(), kept)
    }

    fn lines(&self) -> MutexGuard<'_, VecDeque<Box<[u8]>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shown(line: &[u8]) -> Map<String, Value> {
    let mut line = serde_json::from_slice::<Map<String, Value>>(line).unwrap_or_else(|_| {
        let text = String::from_utf8_lossy(line).into_owned();
        Map::from_iter([("message".to_owned(), Value::String(text))])
    });
    for (name, value) in &mut line {
        if !PLAIN.contains(&name.as_str()) {
            clean(value);
        }
    }
    line
}

fn clean(value: &mut Value) {
    match value {
        Value::String(text) => *text = scrub(text, None),
        Value::Array(list) => list.iter_mut().for_each(clean),
        Value::Object(members) => members.values_mut().for_each(clean),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(lines: &[Map<String, Value>]) -> Vec<i64> {
        lines.iter().map(|line| line["n"].as_i64().unwrap()).collect()
    }

    #[test]
    fn the_last_lines_are_kept_and_the_oldest_go() {
        let log = RecentLog::default();
        for n in 0..KEPT + 5 {
            log.clone().keep(format!("{{\"n\":{n}}}\n").as_bytes());
        }
        log.keep(&vec![b' '; LONGEST + 1]);
        let (lines, kept) = log.last(3);
        assert_eq!((numbers(&lines), kept), (vec![1_002, 1_003, 1_004], KEPT));
        assert_eq!(numbers(&log.last(usize::MAX).0).first(), Some(&5));
    }

    #[test]
    fn what_may_be_a_secret_is_taken_out() {
        let log = RecentLog::default();
        log.keep(br#"{"message":"key sk-live-0123456789 is bad","request_id":"0123456789abcdef0123456789abcdef","a":["Bearer abc"]}"#);
        log.keep(b"not JSON sk-live-0123456789");
        let (lines, _) = log.last(10);
        let text = serde_json::to_string(&lines).unwrap();
        assert!(!text.contains("sk-live") && !text.contains("abc\""), "{text}");
        assert!(text.contains("0123456789abcdef0123456789abcdef") && text.contains("not JSON"), "{text}");
    }
}
