//! The journal's directory: `NNNNNNNNNNNN.seg` in order of writing, `.damaged` behind the name of those that were put aside.

use super::options::OpenError;
use crate::disk::{Disk, SegmentFile};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const LOCK_FILE: &str = "journal.lock";
const PROBE_FILE: &str = "probe.tmp";
const ENDING: &str = ".seg";
const DIGITS: usize = 12;
/// What must fit for the journal to call the disk writable again: more than one record, lest it fail at the next.
const PROBE_LENGTH: usize = 64 << 10;

/// A directory on a disk.
#[derive(Clone, Debug)]
pub(super) struct Store {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
}

impl Store {
    pub(super) fn new(disk: Arc<dyn Disk>, dir: PathBuf) -> Self {
        Self { disk, dir }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Makes the directory and takes its lock, which the system frees with the process, however that ends.
    pub(super) fn lock(&self) -> Result<File, OpenError> {
        let path = self.dir.join(LOCK_FILE);
        let at = |path: &Path| {
            let path = path.to_owned();
            |source| OpenError::Io { path, source }
        };
        self.make_dir().map_err(at(&self.dir))?;
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(at(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { dir: self.dir.clone() }),
            Err(TryLockError::Error(source)) => Err(at(&path)(source)),
        }
    }

    /// Makes the directory and those above it, if need be. A new one's own name must survive a power cut too, or its files do not.
    fn make_dir(&self) -> io::Result<()> {
        let made: Vec<&Path> = self.dir.ancestors().take_while(|dir| is_absent(dir)).collect();
        self.disk.create_dir(&self.dir)?;
        made.into_iter().filter_map(Path::parent).try_for_each(|above| {
            let here = Path::new(".");
            self.disk.sync_dir(if above.as_os_str().is_empty() { here } else { above })
        })
    }

    /// The numbers of the segments that wait, and a number above all that were ever used and left a trace.
    pub(super) fn segments(&self) -> io::Result<(Vec<u64>, u64)> {
        let names = self.disk.list(&self.dir)?;
        let waiting: Vec<u64> =
            names.iter().filter_map(|name| number_of(name.strip_suffix(ENDING)?)).collect();
        let last = names.iter().filter_map(|name| number_of(name.get(..DIGITS)?)).max();
        Ok((waiting, last.unwrap_or(0) + 1))
    }

    /// A new segment. The directory is made again if somebody removed it.
    pub(super) fn create(&self, number: u64) -> io::Result<Arc<dyn SegmentFile>> {
        let path = self.path(number);
        match self.disk.create(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make_dir()?;
                self.disk.create(&path)
            }
            created => created,
        }
    }

    pub(super) fn read(&self, number: u64) -> io::Result<Vec<u8>> {
        self.disk.read(&self.path(number))
    }

    pub(super) fn remove(&self, number: u64) -> io::Result<()> {
        unless_gone(self.disk.remove(&self.path(number)))
    }

    pub(super) fn put_aside(&self, number: u64) -> io::Result<()> {
        let path = self.path(number);
        unless_gone(self.disk.rename(&path, &path.with_extension("seg.damaged")))
    }

    pub(super) fn sync_names(&self) -> io::Result<()> {
        self.disk.sync_dir(&self.dir)
    }

    /// Whether files can be made and written here.
    pub(super) fn probe(&self) -> io::Result<()> {
        let path = self.dir.join(PROBE_FILE);
        self.make_dir()?;
        unless_gone(self.disk.remove(&path))?;
        let file = self.disk.create(&path)?;
        let written = file.append(&[0x5a; PROBE_LENGTH]).and_then(|()| file.sync());
        self.disk.remove(&path)?;
        written
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{}{ENDING}", name_of(number)))
    }
}

/// A segment's name to the outside.
pub(super) fn name_of(number: u64) -> String {
    format!("{number:0DIGITS$}")
}

/// The number of a segment's name; `None` for any other text.
pub(super) fn number_of(name: &str) -> Option<u64> {
    name.parse().ok().filter(|number| name_of(*number) == name)
}

fn is_absent(dir: &Path) -> bool {
    !dir.as_os_str().is_empty() && !dir.exists()
}

fn unless_gone(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
