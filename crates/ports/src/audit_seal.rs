//! The keyed hash over the audit log, and the place of its checkpoints.

use std::io;
use switchyard_domain::audit::Checkpoint;

/// Seals entries of the audit log. The key MUST be derived from a secret that does not stand in the database, so that who can
/// write there can't make entries.
pub trait AuditSeal: Send + Sync {
    /// The id of the key that seals now.
    fn key_id(&self) -> &str;
    /// The keyed hash under the key that seals now.
    fn seal(&self, message: &[u8]) -> [u8; 32];
    /// The keyed hash under the key of this id; `None` where it is not at hand.
    fn seal_under(&self, key_id: &str, message: &[u8]) -> Option<[u8; 32]>;
}

/// Chooses the checkpoints that stay, in their order.
pub type Thinning<'a> = &'a dyn Fn(Vec<Checkpoint>) -> Vec<Checkpoint>;

/// Checkpoints of the audit log, outside of the database. Its functions block for a moment of a local disk.
pub trait CheckpointStore: Send + Sync {
    /// Adds one. It MUST survive the process.
    fn add(&self, checkpoint: &Checkpoint) -> io::Result<()>;
    /// All of them, oldest first. A line that can't be read is an error of kind `InvalidData`: somebody changed it.
    fn all(&self) -> io::Result<Vec<Checkpoint>>;
    /// Leaves out those that `thinning` does, whole or not at all. What another process adds meanwhile MUST stay.
    fn thin(&self, thinning: Thinning<'_>) -> io::Result<()>;
}
