//! The file that providers and routes are backed up in.

use std::io;

/// The most bytes that are read of a backup: a longer one is none of ours.
pub const MOST_BACKUP_BYTES: u64 = 64 * 1024 * 1024;

/// A file that is replaced whole. Its functions block for a moment of a local disk.
pub trait BackupFile: Send + Sync {
    /// Where it is, for people.
    fn place(&self) -> String;
    /// Puts `text` in the place of what is there, whole or not at all, also when power fails in between: whoever reads finds the
    /// text of before or this one. Nobody but the process's user MUST be able to read it. What is no plain file (a directory, a
    /// link) is left as it is, and an error; so is a text that is longer than [`MOST_BACKUP_BYTES`].
    fn write(&self, text: &str) -> io::Result<()>;
    /// What is there; `None` where nothing is. What is no plain file, no UTF-8, or longer than [`MOST_BACKUP_BYTES`] is an error, and
    /// not read to its end.
    fn read(&self) -> io::Result<Option<String>>;
    /// Keeps what is there beside its place, where no later write puts anything. Answers where.
    fn set_aside(&self) -> io::Result<String>;
}
