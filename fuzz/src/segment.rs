//! Segments of the journal: whatever a crash or a disk left, what was written whole is read.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;
use switchyard_domain::ids::CallId;
use switchyard_domain::usage::UsageEvent;
use switchyard_journal::{read_segment, write_record};
use uuid::Uuid;

/// An event as an early version wrote it.
const EVENT: &str = include_str!("../event.json");

/// An event and its record, other ones for other bytes: the fuzzer sees the checksums that are compared, and would write a header into
/// them that takes a record which it knows for its own end.
fn record(data: &[u8]) -> (UsageEvent, Vec<u8>) {
    static EARLY: OnceLock<UsageEvent> = OnceLock::new();
    let early = EARLY.get_or_init(|| serde_json::from_str(EVENT).expect("an event"));
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    let call = CallId(Uuid::from_u64_pair(hasher.finish(), 1));
    let event = UsageEvent { call, ..early.clone() };
    let record = write_record(std::slice::from_ref(&event)).expect("an event is written");
    (event, record)
}

/// Reads bytes as a segment: as they are, with a good record at either end, and with the first byte as the place where a good one
/// was cut.
///
/// # Panics
/// When something does not hold.
pub fn run(data: &[u8]) {
    let (event, record) = &record(data);
    let alone = read_segment(data);
    assert!(alone.damaged_bytes <= data.len());
    assert!(alone.damaged > 0 || alone.damaged_bytes == 0);
    let behind = read_segment(&[data, record].concat());
    assert_eq!(behind.events.last(), Some(event), "what follows damage is lost");
    let before = read_segment(&[record, data].concat());
    assert_eq!(before.events.first(), Some(event), "what precedes damage is lost");
    assert_eq!(before.records, alone.records + 1);
    let Some((cut, rest)) = data.split_first() else { return };
    let cut = record.get(..usize::from(*cut).min(record.len() - 1)).unwrap_or_default();
    let torn = read_segment(&[cut, rest, record].concat());
    assert_eq!(torn.events.last(), Some(event), "a torn record takes the next one along");
}
