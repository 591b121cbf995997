//! A disk that fails when it is told to.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switchyard_journal::disk::{Disk, OsDisk, SegmentFile};

/// What fails.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Bytes until the disk is full; what does not fit is written in part. `None` is no bound.
    room: Mutex<Option<usize>>,
    pub(crate) truncate: AtomicBool,
    pub(crate) sync: AtomicBool,
    pub(crate) create: AtomicBool,
    pub(crate) remove: AtomicBool,
    /// Milliseconds that a sync takes.
    pub(crate) sync_millis: AtomicU64,
    pub(crate) syncs: AtomicUsize,
    pub(crate) writes: AtomicUsize,
    /// Directories whose names were synced, in order.
    pub(crate) synced_dirs: Mutex<Vec<PathBuf>>,
}

impl Faults {
    pub(crate) fn set(&self, fault: &AtomicBool, fails: bool) {
        fault.store(fails, Ordering::SeqCst);
    }

    pub(crate) fn set_room(&self, room: Option<usize>) {
        *self.room.lock().unwrap() = room;
    }

    pub(crate) fn room(&self) -> Option<usize> {
        *self.room.lock().unwrap()
    }

    fn check(&self, fault: &AtomicBool) -> io::Result<()> {
        if fault.load(Ordering::SeqCst) { Err(io::ErrorKind::ReadOnlyFilesystem.into()) } else { Ok(()) }
    }
}

/// The operating system's disk with faults.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultyDisk {
    pub(crate) faults: Arc<Faults>,
}

impl Disk for FaultyDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        OsDisk.create_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        OsDisk.list(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>> {
        self.faults.check(&self.faults.create)?;
        Ok(Arc::new(FaultyFile { file: OsDisk.create(path)?, faults: Arc::clone(&self.faults) }))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        OsDisk.read(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        OsDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.faults.check(&self.faults.remove)?;
        OsDisk.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.faults.synced_dirs.lock().unwrap().push(dir.to_owned());
        OsDisk.sync_dir(dir)
    }
}

#[derive(Debug)]
struct FaultyFile {
    file: Arc<dyn SegmentFile>,
    faults: Arc<Faults>,
}

impl SegmentFile for FaultyFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.faults.writes.fetch_add(1, Ordering::SeqCst);
        let mut room = self.faults.room.lock().unwrap();
        let fits = room.unwrap_or(usize::MAX).min(bytes.len());
        if let Some(room) = &mut *room {
            *room -= fits;
        }
        self.file.append(&bytes[..fits])?;
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.faults.check(&self.faults.truncate)?;
        self.file.truncate(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.faults.syncs.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(self.faults.sync_millis.load(Ordering::SeqCst)));
        self.faults.check(&self.faults.sync)?;
        self.file.sync()
    }

    fn is_deleted(&self) -> io::Result<bool> {
        self.file.is_deleted()
    }

    fn read(&self, length: u64) -> io::Result<Vec<u8>> {
        self.file.read(length)
    }
}
