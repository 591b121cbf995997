//! The events that were just written, kept until they are drained: to read them back and parse them again would cost more than
//! anything else on their way into the ledger.
//!
//! Nothing depends on it. What is not remembered, or no longer, is read from its segment.

use std::collections::HashMap;
use switchyard_domain::usage::UsageEvent;

/// Events by segment, as long as their records are no larger than `limit` bytes in all. What comes beyond that is not kept: when
/// nobody drains, the journal grows on the disk and not in memory.
#[derive(Debug)]
pub(super) struct Remembered {
    limit: u64,
    bytes: u64,
    segments: HashMap<u64, Written>,
}

#[derive(Debug, Default)]
struct Written {
    events: Vec<UsageEvent>,
    records: u64,
    bytes: u64,
}

impl Remembered {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, bytes: 0, segments: HashMap::new() }
    }

    /// A record of so many bytes with these events was added to a segment.
    pub(super) fn add(&mut self, segment: u64, bytes: u64, events: Vec<UsageEvent>) {
        if self.bytes.saturating_add(bytes) > self.limit {
            return;
        }
        self.bytes += bytes;
        let written = self.segments.entry(segment).or_default();
        written.events.extend(events);
        written.records += 1;
        written.bytes += bytes;
    }

    /// The records of a segment were written again, to another.
    pub(super) fn moved(&mut self, from: u64, to: u64) {
        if let Some(written) = self.segments.remove(&from) {
            self.segments.insert(to, written);
        }
    }

    /// The events of a segment of so many records, if each of them is remembered; forgets them either way.
    pub(super) fn take(&mut self, segment: u64, records: Option<u64>) -> Option<Vec<UsageEvent>> {
        let written = self.segments.remove(&segment)?;
        self.bytes -= written.bytes;
        (records == Some(written.records)).then_some(written.events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchyard_domain::usage::UsageEvent;

    fn event(number: u64) -> UsageEvent {
        let event = serde_json::json!({
            "id": uuid(number), "call": uuid(1), "attempt": 1, "is_final": true, "request_id": "r", "at": 1, "dialect": "d",
            "requested_model": "m", "provider": 1, "provider_name": "p", "model": "m", "stream": false, "simulated": false,
            "outcome": "complete", "usage": {}, "usage_source": "provider", "lines": [], "duration_ms": 1
        });
        serde_json::from_value(event).unwrap()
    }

    fn uuid(number: u64) -> String {
        format!("00000000-0000-0000-0000-{number:012}")
    }

    #[test]
    fn a_segment_is_remembered_whole_or_not_at_all() {
        let mut remembered = Remembered::new(100);
        remembered.add(1, 40, vec![event(1), event(2)]);
        remembered.add(1, 40, vec![event(3)]);
        remembered.add(2, 20, vec![event(4)]);
        remembered.add(2, 1, vec![event(5)]);
        assert_eq!(remembered.take(1, Some(2)), Some(vec![event(1), event(2), event(3)]));
        assert_eq!(remembered.take(1, Some(2)), None, "handed over once");
        assert_eq!(remembered.take(2, Some(2)), None, "one record was too much");
        assert_eq!(remembered.take(3, Some(0)), None);
        assert_eq!(remembered.take(3, None), None);
    }

    #[test]
    fn a_segment_that_was_written_again_keeps_its_events() {
        let mut remembered = Remembered::new(100);
        remembered.add(1, 40, vec![event(1)]);
        remembered.moved(1, 2);
        remembered.add(2, 40, vec![event(2)]);
        assert_eq!(remembered.take(1, Some(1)), None);
        assert_eq!(remembered.take(2, Some(2)), Some(vec![event(1), event(2)]));
    }

    #[test]
    fn what_was_handed_over_makes_room() {
        let mut remembered = Remembered::new(100);
        for segment in 0..10 {
            remembered.add(segment, 100, vec![event(segment)]);
            remembered.add(segment, 1, vec![event(segment)]);
            assert_eq!(remembered.take(segment, Some(1)), Some(vec![event(segment)]));
        }
    }
}
