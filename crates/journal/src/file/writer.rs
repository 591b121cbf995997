//! The end of the journal that grows. Everything here happens under the journal's one mutex.

use super::options::Options;
use super::remembered::Remembered;
use super::store::Store;
use crate::disk::SegmentFile;
use crate::seats::Seat;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use switchyard_domain::usage::UsageEvent;
use switchyard_ports::journal::JournalError;
use tokio::sync::oneshot;

/// Tells who waits for a sync how it went.
pub(super) type Waiter = oneshot::Sender<Result<(), JournalError>>;

/// The segment that is written now.
#[derive(Debug)]
struct Open {
    number: u64,
    file: Arc<dyn SegmentFile>,
    /// Bytes of whole records. What may stand behind them is not ours.
    length: u64,
    records: u64,
    is_dirty: bool,
}

/// A segment that is not written any more.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sealed {
    /// Bytes of whole records; not known of segments that an earlier process wrote.
    pub(super) length: Option<u64>,
    /// Not known until it was read.
    pub(super) records: Option<u64>,
    /// Whether it holds damage that a person may want to look at.
    pub(super) is_worth_keeping: bool,
}

/// The segment that is drained next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Oldest {
    pub(super) number: u64,
    pub(super) sealed: Sealed,
    /// Whether nothing waits behind it.
    pub(super) is_last: bool,
}

/// A record that nobody waits for, kept back while the disk fails.
#[derive(Debug)]
struct Kept {
    record: Vec<u8>,
    _seat: Seat,
}

/// What has to be synced, and who waits for it.
#[derive(Debug, Default)]
pub(super) struct Unsynced {
    pub(super) files: Vec<Arc<dyn SegmentFile>>,
    pub(super) has_new_names: bool,
    pub(super) waiters: Vec<Waiter>,
}

impl Unsynced {
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && !self.has_new_names && self.waiters.is_empty()
    }
}

/// The state of the journal.
#[derive(Debug)]
pub(super) struct Writer {
    store: Store,
    segment_bytes: u64,
    next: u64,
    open: Option<Open>,
    kept: VecDeque<Kept>,
    pub(super) remembered: Remembered,
    pub(super) sealed: BTreeMap<u64, Sealed>,
    pub(super) unsynced: Unsynced,
    /// Whether the thread that syncs and recovers has ended, so that whoever writes does it himself.
    pub(super) is_alone: bool,
}

impl Writer {
    pub(super) fn new(store: Store, options: &Options, waiting: &[u64], next: u64) -> Self {
        let sealed = waiting.iter().map(|number| (*number, Sealed::default())).collect();
        Self {
            store,
            segment_bytes: options.segment_bytes,
            next,
            open: None,
            kept: VecDeque::new(),
            remembered: Remembered::new(options.remembered_bytes),
            sealed,
            unsynced: Unsynced::default(),
            is_alone: false,
        }
    }

    /// Writes the record of these events whole and keeps them, or leaves the journal as it was.
    pub(super) fn write_new(&mut self, record: &[u8], events: Vec<UsageEvent>) -> io::Result<()> {
        self.write(record)?;
        if let Some(open) = &self.open {
            self.remembered.add(open.number, record.len() as u64, events);
        }
        Ok(())
    }

    /// Writes a record whole, or leaves the journal as it was.
    fn write(&mut self, record: &[u8]) -> io::Result<()> {
        let length = record.len() as u64;
        let open = self.room_for(length)?;
        if let Err(error) = open.file.append(record) {
            // A part of the record may be there, and must not stand before the next one.
            if open.file.truncate(open.length).is_err() {
                self.set_aside();
            }
            return Err(error);
        }
        open.length += length;
        open.records += 1;
        if !std::mem::replace(&mut open.is_dirty, true) {
            let file = Arc::clone(&open.file);
            self.unsynced.files.push(file);
        }
        Ok(())
    }

    fn room_for(&mut self, bytes: u64) -> io::Result<&mut Open> {
        if self.open.as_ref().is_some_and(|open| open.records > 0 && open.length + bytes > self.segment_bytes)
        {
            self.seal()?;
        }
        if self.open.is_none() {
            let created = self.create()?;
            self.open = Some(created);
        }
        self.open.as_mut().ok_or_else(|| io::Error::other("no open segment"))
    }

    fn create(&mut self) -> io::Result<Open> {
        // The number is used up also when this fails: half-made files stay behind.
        let number = self.next;
        self.next += 1;
        let file = self.store.create(number)?;
        self.unsynced.has_new_names = true;
        Ok(Open { number, file, length: 0, records: 0, is_dirty: false })
    }

    /// Closes the open segment, so that it can be drained.
    pub(super) fn seal(&mut self) -> io::Result<()> {
        self.rescue()?;
        self.set_aside();
        Ok(())
    }

    /// Ends the open segment without touching the disk.
    pub(super) fn set_aside(&mut self) {
        let Some(open) = self.open.take() else { return };
        let sealed =
            Sealed { length: Some(open.length), records: Some(open.records), is_worth_keeping: false };
        if open.records > 0 {
            self.sealed.insert(open.number, sealed);
        } else if let Err(error) = self.store.remove(open.number) {
            tracing::debug!(journal.segment = open.number, %error, "an empty segment stays behind");
        }
    }

    /// The open segment's file, for a look at it without the lock.
    pub(super) fn open_file(&self) -> Option<Arc<dyn SegmentFile>> {
        self.open.as_ref().map(|open| Arc::clone(&open.file))
    }

    /// If somebody deleted the open segment, its bytes are still there as long as we hold it: they go to a new one. A segment
    /// that can't even be asked is left as it is, and the next record begins another.
    pub(super) fn rescue(&mut self) -> io::Result<()> {
        let Some(open) = &self.open else { return Ok(()) };
        let (number, length, records) = (open.number, open.length, open.records);
        let bytes = match open.file.is_deleted() {
            Ok(false) => return Ok(()),
            Ok(true) => open.file.read(length),
            Err(error) => Err(error),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::error!(journal.segment = number, %error, "the open segment of the usage journal was lost sight of");
                self.set_aside();
                return Ok(());
            }
        };
        let mut fresh = self.create()?;
        if let Err(error) = fresh.file.append(&bytes) {
            self.store.remove(fresh.number)?;
            return Err(error);
        }
        tracing::warn!(
            journal.dir = %self.store.dir().display(),
            journal.segment = number,
            journal.records = records,
            "somebody deleted the open segment of the usage journal; its records were written again"
        );
        (fresh.length, fresh.records, fresh.is_dirty) = (length, records, true);
        self.unsynced.files.push(Arc::clone(&fresh.file));
        self.remembered.moved(number, fresh.number);
        self.open = Some(fresh);
        Ok(())
    }

    /// Keeps a record that could not be written.
    pub(super) fn keep(&mut self, record: Vec<u8>, seat: Seat) {
        self.kept.push_back(Kept { record, _seat: seat });
    }

    pub(super) fn kept(&self) -> usize {
        self.kept.len()
    }

    /// Writes what was kept back, in order.
    pub(super) fn write_kept(&mut self) -> io::Result<()> {
        while let Some(kept) = self.kept.pop_front() {
            if let Err(error) = self.write(&kept.record) {
                self.kept.push_front(kept);
                return Err(error);
            }
        }
        Ok(())
    }

    /// What is to be synced now. What is written from here on is to be synced again.
    pub(super) fn take_unsynced(&mut self) -> Unsynced {
        if let Some(open) = &mut self.open {
            open.is_dirty = false;
        }
        std::mem::take(&mut self.unsynced)
    }

    /// The oldest segment that can be drained; the open one is closed if there is no other.
    pub(super) fn oldest(&mut self) -> io::Result<Option<Oldest>> {
        if self.sealed.is_empty() && self.open.as_ref().is_some_and(|open| open.records > 0) {
            self.seal()?;
        }
        let is_open = self.open.as_ref().is_some_and(|open| open.records > 0);
        let is_last = self.sealed.len() == 1 && !is_open && self.kept.is_empty();
        Ok(self.sealed.first_key_value().map(|(&number, &sealed)| Oldest { number, sealed, is_last }))
    }
}
