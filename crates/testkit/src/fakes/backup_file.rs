//! A backup in memory.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use switchyard_ports::backup_file::{BackupFile, MOST_BACKUP_BYTES};

/// A backup in memory. A test reads it, changes it, and lets writes fail. Clones are the same file.
#[derive(Clone, Debug, Default)]
pub struct MemoryBackupFile(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    text: Option<String>,
    aside: Vec<String>,
    writes: usize,
    fails: bool,
}

impl MemoryBackupFile {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is there.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        self.kept().text.clone()
    }

    /// Puts something there behind everybody's back.
    pub fn set_text(&self, text: Option<String>) {
        self.kept().text = text;
    }

    /// What was set aside, the oldest first.
    #[must_use]
    pub fn aside(&self) -> Vec<String> {
        self.kept().aside.clone()
    }

    /// How often it was written.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.kept().writes
    }

    /// From now on writes fail, or work again.
    pub fn set_failing(&self, fails: bool) {
        self.kept().fails = fails;
    }
}

impl BackupFile for MemoryBackupFile {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let mut kept = self.kept();
        if kept.fails || text.len() as u64 > MOST_BACKUP_BYTES {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "a test filled the disk"));
        }
        kept.text = Some(text.to_owned());
        kept.writes += 1;
        Ok(())
    }

    fn read(&self) -> io::Result<Option<String>> {
        Ok(self.text())
    }

    fn set_aside(&self) -> io::Result<String> {
        let mut kept = self.kept();
        let text = kept.text.clone().ok_or(io::ErrorKind::NotFound)?;
        kept.aside.push(text);
        Ok(format!("memory, set aside {}", kept.aside.len()))
    }
}
