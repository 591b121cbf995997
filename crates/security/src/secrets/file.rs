//! One key file: 64 hex digits and a line end, or several such lines, readable by its owner only.

use super::SecretError;
use crate::random;
use crate::weak;
use secrecy::{ExposeSecret, SecretString};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const DIGITS: usize = 64;
/// The most keys of a file.
pub(super) const MOST_KEYS: usize = 16;
/// Inode, time of change, length.
pub(crate) type Stamp = (u64, i64, i64, u64);
const LOCK_FILE: &str = "secrets.lock";

/// A key file of the data directory.
pub(super) struct KeyFile {
    dir: PathBuf,
    path: PathBuf,
    temporary: PathBuf,
}

impl KeyFile {
    pub(super) fn new(dir: &Path, name: &str) -> Self {
        Self { dir: dir.to_owned(), path: dir.join(name), temporary: dir.join(format!(".{name}.tmp")) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The digits of the file's one key, and whether they were made just now.
    pub(super) fn read_or_generate(&self) -> Result<(SecretString, bool), SecretError> {
        let (keys, is_new) = self.read_all_or_generate()?;
        match <[SecretString; 1]>::try_from(keys) {
            Ok([key]) => Ok((key, is_new)),
            Err(_) => Err(SecretError::Malformed { path: self.path.clone() }),
        }
    }

    /// The digits of all keys in the file, at least one, and whether they were made just now.
    pub(super) fn read_all_or_generate(&self) -> Result<(Vec<SecretString>, bool), SecretError> {
        if let Some(keys) = self.read()? {
            return Ok((keys, false));
        }
        // Held until the end: who comes second finds the file of who came first.
        let _lock = self.locked()?;
        if let Some(keys) = self.read()? {
            return Ok((keys, false));
        }
        self.put(&[new_key()])?;
        let keys = self.read()?.ok_or_else(|| self.io(ErrorKind::NotFound.into()))?;
        Ok((keys, true))
    }

    /// Rewrites the keys while no other process does. What `change` is given is what stands there, and what it answers stands
    /// there afterwards, whole or not at all, also when power fails in between.
    pub(super) fn rewrite(
        &self,
        change: impl FnOnce(Vec<SecretString>) -> Option<Vec<SecretString>>,
    ) -> Result<bool, SecretError> {
        let _lock = self.locked()?;
        let keys = self.read()?.ok_or_else(|| self.io(ErrorKind::NotFound.into()))?;
        match change(keys) {
            Some(keys) => self.put(&keys).map(|()| true),
            None => Ok(false),
        }
    }

    fn locked(&self) -> Result<File, SecretError> {
        self.lock().map_err(|source| SecretError::Io { path: self.dir.clone(), source })
    }

    /// What tells one state of the file from another.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        let entry = self.path.symlink_metadata().ok()?;
        Some((entry.ino(), entry.mtime(), entry.mtime_nsec(), entry.len()))
    }

    pub(super) fn read(&self) -> Result<Option<Vec<SecretString>>, SecretError> {
        let entry = match self.path.symlink_metadata() {
            Ok(entry) => entry,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(self.io(source)),
        };
        // Asked before opening: a pipe in the file's place would block.
        if !entry.is_file() {
            return Err(SecretError::NotAFile { path: self.path.clone() });
        }
        let mut file = File::open(&self.path).map_err(|source| self.io(source))?;
        let opened = file.metadata().map_err(|source| self.io(source))?;
        if (opened.dev(), opened.ino()) != (entry.dev(), entry.ino()) {
            return Err(SecretError::NotAFile { path: self.path.clone() });
        }
        let mode = opened.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SecretError::Exposed { path: self.path.clone(), mode });
        }
        let content = read_little(&mut file).map_err(|source| self.io(source))?;
        self.parse(&content).map(Some)
    }

    /// One key a line.
    fn parse(&self, content: &[u8]) -> Result<Vec<SecretString>, SecretError> {
        let text =
            std::str::from_utf8(content).map_err(|_| SecretError::Malformed { path: self.path.clone() })?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        text.split('\n').map(|line| self.parse_line(line.strip_suffix('\r').unwrap_or(line))).collect()
    }

    fn parse_line(&self, digits: &str) -> Result<SecretString, SecretError> {
        let malformed = || SecretError::Malformed { path: self.path.clone() };
        let mut key = Zeroizing::new([0; DIGITS / 2]);
        hex::decode_to_slice(digits, key.as_mut()).map_err(|_| malformed())?;
        match weak::weakness_of_key(&key) {
            Some(weakness) => Err(SecretError::WeakFile { path: self.path.clone(), weakness }),
            None => Ok(SecretString::from(digits)),
        }
    }

    fn lock(&self) -> io::Result<File> {
        make_dir(&self.dir)?;
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.dir.join(LOCK_FILE))?;
        file.lock()?;
        Ok(file)
    }

    fn put(&self, keys: &[SecretString]) -> Result<(), SecretError> {
        self.write(keys).map_err(|source| self.io(source))
    }

    /// Whole or not at all, also when power fails in between: under another name first, renamed once it is on the disk.
    fn write(&self, keys: &[SecretString]) -> io::Result<()> {
        match fs::remove_file(&self.temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.temporary)?;
        let written = write_keys(&mut file, keys).and_then(|()| fs::rename(&self.temporary, &self.path));
        if written.is_err() {
            // The first error is the one to tell; a leftover is removed at the next try.
            let _ = fs::remove_file(&self.temporary);
        }
        written?;
        File::open(&self.dir)?.sync_all()
    }

    fn io(&self, source: io::Error) -> SecretError {
        SecretError::Io { path: self.path.clone(), source }
    }
}

/// Makes a directory and those above it, if need be. A new one's own name must survive a power cut too: a database elsewhere may
/// by then hold what is sealed under the key that would be lost with it.
fn make_dir(dir: &Path) -> io::Result<()> {
    let is_absent = |dir: &&Path| !dir.as_os_str().is_empty() && !dir.exists();
    let made: Vec<&Path> = dir.ancestors().take_while(is_absent).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    made.into_iter().filter_map(Path::parent).try_for_each(|above| {
        let here = Path::new(".");
        File::open(if above.as_os_str().is_empty() { here } else { above })?.sync_all()
    })
}

/// The digits of a new key.
pub(super) fn new_key() -> SecretString {
    let mut key = Zeroizing::new([0; DIGITS / 2]);
    random::fill(key.as_mut());
    SecretString::from(hex::encode(key.as_ref()))
}

fn write_keys(file: &mut File, keys: &[SecretString]) -> io::Result<()> {
    let mut lines = Zeroizing::new(Vec::with_capacity(keys.len() * (DIGITS + 1)));
    for key in keys {
        lines.extend_from_slice(key.expose_secret().as_bytes());
        lines.push(b'\n');
    }
    file.write_all(&lines)?;
    file.sync_all()
}

/// A file that is longer than any key is not read to its end.
fn read_little(file: &mut File) -> io::Result<Zeroizing<Vec<u8>>> {
    const ENOUGH: usize = MOST_KEYS * (DIGITS + 2) + 2;
    let mut content = Zeroizing::new(Vec::with_capacity(ENOUGH));
    file.take(ENOUGH as u64).read_to_end(&mut content)?;
    Ok(content)
}
