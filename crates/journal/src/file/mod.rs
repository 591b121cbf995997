//! The journal in files.
//!
//! A record is written by the thread that has it, under a mutex, with one `write` into the system's page cache: about two
//! microseconds, against more than twice that for waking another thread and being woken by it. A write into the page cache
//! blocks only while the system throttles a process that dirties memory faster than its disk takes it, which a few
//! hundred bytes a call do not; a full disk answers at once. In return a record is safe from the death of the process as
//! soon as the append returns, and handing one over from a destructor is the same plain write. What does take time,
//! syncing and finding out whether a failed disk works again, happens on the journal's own thread.

mod drain;
mod options;
mod permit;
mod remembered;
mod status;
mod store;
mod upkeep;
mod writer;

pub use options::{Fsync, OpenError, Options};

use crate::disk::{Disk, OsDisk};
use crate::seats::Seats;
use async_trait::async_trait;
use permit::FilePermit;
use status::Status;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use store::Store;
use switchyard_ports::journal::{Journal, JournalError, JournalPermit, Segment};
use writer::Writer;

/// A journal in a directory of its own. `sealed` and `release` work on tokio's blocking threads.
#[derive(Debug)]
pub struct FileJournal {
    shared: Arc<Shared>,
    upkeep: Mutex<Option<JoinHandle<()>>>,
}

/// What the journal, its permits and its thread share.
#[derive(Debug)]
struct Shared {
    options: Options,
    store: Store,
    seats: Seats,
    status: Status,
    writer: Mutex<Writer>,
    /// Wakes the thread: something is to be synced, the disk failed, or the journal is closed.
    work: Condvar,
    /// Held until the last permit is gone, so that nobody else opens the directory while we may still write.
    _lock: File,
}

impl Shared {
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FileJournal {
    /// Opens the journal of a directory, which is made if need be. Segments that an earlier process left are drained first.
    ///
    /// # Errors
    /// [`OpenError::Locked`] while another journal has the directory open, [`OpenError::Io`] when it can't be used.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        Self::open_on(Arc::new(OsDisk), dir, options)
    }

    /// As [`Self::open`], on a disk of the caller's.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_on(disk: Arc<dyn Disk>, dir: &Path, options: Options) -> Result<Self, OpenError> {
        let store = Store::new(disk, dir.to_owned());
        let lock = store.lock()?;
        let io = |source| OpenError::Io { path: dir.to_owned(), source };
        let (waiting, next) = store.segments().map_err(io)?;
        let shared = Arc::new(Shared {
            options,
            seats: Seats::new(options.permits),
            status: Status::default(),
            writer: Mutex::new(Writer::new(store.clone(), &options, &waiting, next)),
            store,
            work: Condvar::new(),
            _lock: lock,
        });
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("journal".to_owned());
        let upkeep = thread.spawn(move || upkeep::run(&for_thread)).map_err(io)?;
        Ok(Self { shared, upkeep: Mutex::new(Some(upkeep)) })
    }

    /// Syncs what was written and ends the journal's thread; blocks until then. No permit is given from here on, but those
    /// that were given still write. Dropping the journal closes it too.
    pub fn close(&self) {
        self.shared.status.close();
        {
            // Taken and let go: the thread either sees the flag before it waits, or waits already and is woken.
            let _writer = self.shared.writer();
        }
        self.shared.work.notify_all();
        let upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner).take();
        if upkeep.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the usage journal's thread panicked");
        }
    }
}

impl Drop for FileJournal {
    fn drop(&mut self) {
        self.close();
    }
}

#[async_trait]
impl Journal for FileJournal {
    fn reserve(&self) -> Result<Box<dyn JournalPermit>, JournalError> {
        self.shared.status.check()?;
        let seat = self.shared.seats.take().map_err(JournalError::Full)?;
        Ok(Box::new(FilePermit::new(Arc::clone(&self.shared), seat)))
    }

    async fn sealed(&self) -> Result<Option<Segment>, JournalError> {
        let shared = Arc::clone(&self.shared);
        let read = tokio::task::spawn_blocking(move || shared.drain_oldest());
        read.await.map_err(|error| JournalError::Unreadable(error.to_string()))?
    }

    async fn release(&self, segment: &str) -> Result<(), JournalError> {
        let Some(number) = store::number_of(segment) else { return Ok(()) };
        let shared = Arc::clone(&self.shared);
        let release = tokio::task::spawn_blocking(move || shared.release(number));
        release.await.map_err(|error| JournalError::Unwritable(error.to_string()))?
    }

    fn backlog(&self) -> u64 {
        self.shared.status.backlog()
    }

    fn is_writable(&self) -> bool {
        self.shared.status.check().is_ok()
    }
}
