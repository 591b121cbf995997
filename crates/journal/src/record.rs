//! A record: the length of the payload and its CRC-32, both 32 bits little-endian, then the payload, which is a JSON array
//! of one call's usage events, each an array of its values.

use crate::row::Row;
use serde::Serializer;
use switchyard_domain::usage::UsageEvent;
use switchyard_ports::journal::JournalError;

const HEADER: usize = 8;
/// A call's events are a few kilobytes. What claims to be larger than this is not a record of ours.
const MAX_PAYLOAD: usize = 16 << 20;
/// `[]`.
const MIN_PAYLOAD: usize = 2;
/// Bytes of an event in its record; most have fewer.
const USUAL_EVENT: usize = 512;

/// The bytes of a record of these events.
///
/// # Errors
/// [`JournalError::Unwritable`] when it would be larger than a record may be.
pub fn encode(events: &[UsageEvent]) -> Result<Vec<u8>, JournalError> {
    let mut record = Vec::with_capacity(HEADER + USUAL_EVENT * events.len());
    record.extend_from_slice(&[0; HEADER]);
    serde_json::Serializer::new(&mut record)
        .collect_seq(events.iter().map(Row::of))
        .map_err(|error| JournalError::Unwritable(error.to_string()))?;
    let Some((header, payload)) = record.split_first_chunk_mut::<HEADER>() else {
        return Err(JournalError::Unwritable("a record without a header".to_owned()));
    };
    let length = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= MAX_PAYLOAD);
    let Some(length) = length else {
        return Err(JournalError::Unwritable(format!("a record of {} bytes is too large", payload.len())));
    };
    let [a, b, c, d] = length.to_le_bytes();
    let [e, f, g, h] = crc32fast::hash(payload).to_le_bytes();
    *header = [a, b, c, d, e, f, g, h];
    Ok(record)
}

/// What a segment's bytes hold.
#[derive(Debug, Default, PartialEq)]
pub struct Decoded {
    /// Events of all good records, in order.
    pub events: Vec<UsageEvent>,
    /// Records whose checksum holds.
    pub records: u64,
    /// Records that could not be read. A stretch whose records can't be told apart counts as one.
    pub damaged: usize,
    /// Bytes in them.
    pub damaged_bytes: usize,
    /// Whether the damage is more than a last record that was cut short, which is what a crash leaves.
    pub is_worth_keeping: bool,
}

/// Reads a segment. After damage it goes on at the next record whose checksum holds, so that one bad record does not take
/// those behind it along.
#[must_use]
pub fn decode(bytes: &[u8]) -> Decoded {
    let mut decoded = Decoded { events: Vec::with_capacity(bytes.len() / USUAL_EVENT), ..Decoded::default() };
    for stretch in Stretches::over(bytes) {
        match stretch {
            Stretch::Record(payload) => {
                decoded.records += 1;
                match serde_json::from_slice::<Vec<UsageEvent>>(payload) {
                    Ok(events) => decoded.events.extend(events),
                    // Its checksum holds, so it is what was written: by a version with other events.
                    Err(_) => decoded.note_damage(payload.len() + HEADER, true),
                }
            }
            Stretch::Damaged { bytes, is_cut_short } => decoded.note_damage(bytes, !is_cut_short),
        }
    }
    decoded
}

/// How many good records a segment holds.
pub(crate) fn count(bytes: &[u8]) -> u64 {
    Stretches::over(bytes).map(|stretch| u64::from(matches!(stretch, Stretch::Record(_)))).sum()
}

impl Decoded {
    fn note_damage(&mut self, bytes: usize, is_worth_keeping: bool) {
        self.damaged += 1;
        self.damaged_bytes += bytes;
        self.is_worth_keeping |= is_worth_keeping;
    }
}

/// A piece of a segment.
enum Stretch<'a> {
    /// A record whose checksum holds.
    Record(&'a [u8]),
    /// What lies between two of them, or behind the last.
    Damaged { bytes: usize, is_cut_short: bool },
}

struct Stretches<'a> {
    rest: &'a [u8],
}

impl<'a> Stretches<'a> {
    fn over(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Stretches<'a> {
    type Item = Stretch<'a>;

    fn next(&mut self) -> Option<Stretch<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        if let Some((payload, rest)) = split_record(self.rest) {
            self.rest = rest;
            return Some(Stretch::Record(payload));
        }
        let is_cut_short = is_cut_short(self.rest);
        let next = (1..self.rest.len()).find(|at| self.rest.get(*at..).and_then(split_record).is_some());
        let (damaged, rest) = self.rest.split_at(next.unwrap_or(self.rest.len()));
        self.rest = rest;
        Some(Stretch::Damaged { bytes: damaged.len(), is_cut_short: is_cut_short && next.is_none() })
    }
}

/// The payload of the record that `bytes` begin with, and what follows it.
fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, checksum, body) = split_header(bytes)?;
    let (payload, rest) = body.split_at_checked(length)?;
    // Asked before the checksum, which is dear, because the search behind damage asks at every byte.
    let is_array = payload.first() == Some(&b'[') && payload.last() == Some(&b']');
    (is_array && crc32fast::hash(payload) == checksum).then_some((payload, rest))
}

/// The claimed length and checksum, if the length is one that we write.
fn split_header(bytes: &[u8]) -> Option<(usize, u32, &[u8])> {
    let (header, body) = bytes.split_first_chunk::<HEADER>()?;
    let [a, b, c, d, e, f, g, h] = *header;
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?;
    (MIN_PAYLOAD..=MAX_PAYLOAD).contains(&length).then_some((length, u32::from_le_bytes([e, f, g, h]), body))
}

/// Whether `bytes` are the beginning of a record whose end is missing.
fn is_cut_short(bytes: &[u8]) -> bool {
    bytes.len() < HEADER || split_header(bytes).is_some_and(|(length, _, body)| body.len() < length)
}
