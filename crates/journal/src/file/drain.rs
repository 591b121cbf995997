//! Handing segments over, as they are remembered or read back, and letting them go.

use super::Shared;
use super::store;
use super::writer::{Oldest, Sealed};
use crate::record::{self, Decoded};
use std::io;
use switchyard_ports::journal::{JournalError, Segment};

impl Shared {
    /// The oldest segment. Blocks for as long as it takes to read it, if it is not remembered; once handed over it is not. It is an
    /// error that records wait in memory until they can be written: whoever drains would believe that this was all.
    pub(super) fn drain_oldest(&self) -> Result<Option<Segment>, JournalError> {
        loop {
            let oldest = self.writer().oldest();
            let Some(Oldest { number, sealed, is_last }) = self.or_fail(oldest)? else {
                return match self.writer().kept() {
                    0 => Ok(None),
                    kept => Err(JournalError::Unwritable(format!("{kept} records wait until it can be"))),
                };
            };
            let remembered = self.writer().remembered.take(number, sealed.records);
            if let Some(events) = remembered {
                return Ok(Some(Segment { id: store::name_of(number), events, damaged: 0, is_last }));
            }
            let decoded = self.read(number, sealed)?;
            if decoded.events.is_empty() && decoded.damaged == 0 {
                // Made, and then the process was killed before it wrote.
                self.release(number)?;
                continue;
            }
            let id = store::name_of(number);
            let Decoded { events, damaged, .. } = decoded;
            return Ok(Some(Segment { id, events, damaged, is_last }));
        }
    }

    fn read(&self, number: u64, sealed: Sealed) -> Result<Decoded, JournalError> {
        let mut bytes = match self.store.read(number) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(self.note_gone(number, sealed));
            }
            Err(error) => {
                return Err(JournalError::Unreadable(format!("{}: {error}", store::name_of(number))));
            }
        };
        if let Some(length) = sealed.length.and_then(|length| usize::try_from(length).ok()) {
            // Behind the last whole record may stand a part of one whose writer was told that it failed.
            bytes.truncate(length);
        }
        let decoded = record::decode(&bytes);
        self.note_records(number, decoded.records);
        if decoded.damaged > 0 {
            tracing::error!(
                journal.segment = number,
                journal.damaged_records = decoded.damaged,
                journal.damaged_bytes = decoded.damaged_bytes,
                "a segment of the usage journal is damaged"
            );
            if let Some(sealed) = self.writer().sealed.get_mut(&number) {
                sealed.is_worth_keeping = decoded.is_worth_keeping;
            }
        }
        Ok(decoded)
    }

    /// A segment that somebody deleted is reported as damage of all its records, so that draining goes on behind it.
    fn note_gone(&self, number: u64, sealed: Sealed) -> Decoded {
        tracing::error!(
            journal.segment = number,
            journal.damaged_records = sealed.records,
            "somebody deleted a segment of the usage journal before it was drained"
        );
        let records = sealed.records.and_then(|records| usize::try_from(records).ok()).unwrap_or(1);
        Decoded { damaged: records.max(1), ..Decoded::default() }
    }

    /// Forgets a segment; one whose damage a person may want to look at is put aside instead of deleted.
    pub(super) fn release(&self, number: u64) -> Result<(), JournalError> {
        let known = self.writer().sealed.get(&number).copied();
        let Some(sealed) = known else { return Ok(()) };
        let gone =
            if sealed.is_worth_keeping { self.store.put_aside(number) } else { self.store.remove(number) };
        gone.map_err(|error| JournalError::Unwritable(format!("{}: {error}", store::name_of(number))))?;
        if let Some(sealed) = self.writer().sealed.remove(&number) {
            self.status.take_backlog(sealed.records.unwrap_or(0));
        }
        Ok(())
    }
}
