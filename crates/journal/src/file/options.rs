//! How a file journal is kept.

use std::path::PathBuf;
use std::time::Duration;

/// When bytes are made to survive a power cut. The death of the process alone never costs an acknowledged record, because
/// the system has its bytes by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// All records of so long a time at once, after they were acknowledged: a power cut costs at most that time.
    Group(Duration),
    /// Before a record is acknowledged; records that wait at the same time share one sync.
    Always,
}

/// How a file journal is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// When bytes are made to survive a power cut.
    pub fsync: Fsync,
    /// A segment that would grow beyond this is closed. So much is read into memory at once when it is drained, and as events it
    /// takes three times the room: after a long outage of the database that is all that the backlog costs.
    pub segment_bytes: u64,
    /// The events of so many bytes of records, the youngest that are not drained yet, are kept in memory too, where they take three
    /// times the room, so that draining need not read them back.
    pub remembered_bytes: u64,
    /// How many records may be reserved, or kept back while the disk fails, at once.
    pub permits: usize,
    /// How often a journal that could not be written tries again.
    pub probe_interval: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            fsync: Fsync::Group(Duration::from_millis(50)),
            segment_bytes: 2 << 20,
            remembered_bytes: 4 << 20,
            permits: 16_384,
            probe_interval: Duration::from_millis(500),
        }
    }
}

/// Why a journal can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process (or another journal of this one) has it open.
    #[error(
        "{dir} is the journal of another server that runs: stop that one, or give this one a data directory of its own",
        dir = dir.display()
    )]
    Locked {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory can't be made, read or locked.
    #[error("{path}: {source}: make the directory writable for the user that this server runs as", path = path.display())]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}
