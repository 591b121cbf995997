//! The backup of providers and routes, in a file that only its owner can read.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use switchyard_ports::backup_file::{BackupFile, MOST_BACKUP_BYTES};

/// The file's name in the data directory, where no setting names another place.
pub const BACKUP_FILE: &str = "config_backup.json";
/// What the names of files end with that backups are written into.
const TEMPORARY: &str = ".tmp";
/// The most processes of one number that write at once.
const MOST_WRITERS: u32 = 64;
/// How often a write is tried whose file somebody took for a leftover.
const TRIES: u32 = 8;
/// The most files that are set aside.
const MOST_ASIDE: u32 = 1_000;

/// A backup in a file of its own.
#[derive(Clone, Debug)]
pub struct PlainBackupFile {
    path: PathBuf,
}

impl PlainBackupFile {
    /// The file of this name; made with the first backup.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// A new file beside the backup, which nobody else writes into. Its writer holds a lock on it: that tells it from what a dead one
    /// left behind.
    fn temporary(&self) -> io::Result<(PathBuf, File)> {
        let process = std::process::id();
        for number in 0..MOST_WRITERS {
            // Processes of several machines may have one number.
            let part = if number == 0 { String::new() } else { format!(".{number}") };
            let path = self.beside(&format!(".{process}{part}{TEMPORARY}"));
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => {
                    file.lock()?;
                    return Ok((path, file));
                }
                // It may be gone again by now.
                Err(error) if error.kind() == ErrorKind::AlreadyExists && !is_something_else(&path) => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(ErrorKind::AlreadyExists, "too many write this file at once"))
    }

    /// Removes what writers that died left beside the backup. What stands in the way of it stands in the way of no write.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(self.directory()) else { return };
        let leftovers = entries.flatten().filter(|entry| self.is_temporary(&entry.file_name()));
        for path in leftovers.map(|entry| entry.path()).filter(|path| is_plain(path)) {
            let _ = remove_unless_held(&path);
        }
    }

    /// Whether a file of this name is one that backups are written into: `<file>.<process>.tmp`, `<file>.<process>.<number>.tmp`.
    fn is_temporary(&self, name: &OsStr) -> bool {
        let ours = self.path.file_name().unwrap_or_default().as_bytes();
        let middle =
            name.as_bytes().strip_prefix(ours).and_then(|rest| rest.strip_suffix(TEMPORARY.as_bytes()));
        let Some((b'.', numbers)) = middle.and_then(<[u8]>::split_first).map(|(dot, rest)| (*dot, rest))
        else {
            return false;
        };
        let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        numbers.split(|byte| *byte == b'.').all(is_number)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_os_string();
        name.push(ending);
        self.path.with_file_name(name)
    }

    fn directory(&self) -> &Path {
        let above = self.path.parent().filter(|above| !above.as_os_str().is_empty());
        above.unwrap_or(Path::new("."))
    }

    /// Whether a plain file is there. A link is none: it would be another's file that is read, and the link that is replaced.
    fn is_there(&self) -> io::Result<bool> {
        match self.path.symlink_metadata() {
            Ok(entry) if entry.is_file() => Ok(true),
            Ok(_) => Err(io::Error::new(ErrorKind::InvalidInput, "this is no plain file")),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn put(&self, text: &str) -> io::Result<()> {
        let (temporary, mut file) = self.temporary()?;
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&temporary, &self.path));
        if written.is_err() {
            // The first error is the one to tell; a leftover is removed at the next try.
            let _ = fs::remove_file(&temporary);
        }
        written.and_then(|()| File::open(self.directory())?.sync_all())
    }
}

impl BackupFile for PlainBackupFile {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn write(&self, text: &str) -> io::Result<()> {
        if text.len() as u64 > MOST_BACKUP_BYTES {
            return Err(too_long());
        }
        self.is_there()?;
        DirBuilder::new().recursive(true).mode(0o700).create(self.directory())?;
        let mut tries = TRIES;
        loop {
            self.sweep();
            tries -= 1;
            match self.put(text) {
                // Between its making and its lock, a new file looks like a dead writer's.
                Err(error) if error.kind() == ErrorKind::NotFound && tries > 0 => {}
                done => return done,
            }
        }
    }

    fn read(&self) -> io::Result<Option<String>> {
        if !self.is_there()? {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        File::open(&self.path)?.take(MOST_BACKUP_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MOST_BACKUP_BYTES {
            return Err(too_long());
        }
        String::from_utf8(bytes)
            .map(Some)
            .map_err(|_| io::Error::new(ErrorKind::InvalidData, "this is no UTF-8"))
    }

    fn set_aside(&self) -> io::Result<String> {
        if !self.is_there()? {
            return Err(ErrorKind::NotFound.into());
        }
        let free = (1..=MOST_ASIDE).map(|number| self.beside(&format!(".{number}.kept")));
        for aside in free {
            // A hard link fails where the name is taken, so that nothing is ever replaced.
            match fs::hard_link(&self.path, &aside) {
                Ok(()) => {
                    File::open(self.directory())?.sync_all()?;
                    return Ok(aside.display().to_string());
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(ErrorKind::AlreadyExists, "too many backups were set aside: remove some"))
    }
}

/// Whether a plain file is there, and no link.
fn is_plain(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|entry| entry.is_file())
}

/// Whether something is there that is no plain file.
fn is_something_else(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|entry| !entry.is_file())
}

/// Removes a file that nobody holds a lock on.
fn remove_unless_held(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(()),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    // What was opened may be a backup in its place by now, and another's file under its old name.
    let (opened, named) = (file.metadata()?, path.symlink_metadata()?);
    if (opened.dev(), opened.ino()) == (named.dev(), named.ino()) {
        fs::remove_file(path)?;
    }
    Ok(())
}

fn too_long() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("this is longer than {MOST_BACKUP_BYTES} bytes"))
}
