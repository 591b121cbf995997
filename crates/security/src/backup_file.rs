//! The backup of providers and routes, in a file that only its owner can read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use switchyard_ports::backup_file::{BackupFile, MOST_BACKUP_BYTES};

/// The file's name in the data directory, where no setting names another place.
pub const BACKUP_FILE: &str = "config_backup.json";
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

    /// What a write that was cut off leaves behind. Each process has its own, so that two never write into one.
    fn temporary(&self) -> PathBuf {
        self.beside(&format!(".{}.tmp", std::process::id()))
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

    fn put(&self, temporary: &Path, text: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(temporary, &self.path)?;
        File::open(self.directory())?.sync_all()
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
        let temporary = self.temporary();
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let written = self.put(&temporary, text);
        if written.is_err() {
            // The first error is the one to tell; a leftover is removed at the next try.
            let _ = fs::remove_file(&temporary);
        }
        written
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

fn too_long() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("this is longer than {MOST_BACKUP_BYTES} bytes"))
}
