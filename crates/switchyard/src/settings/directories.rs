//! Makes the directories that the settings name and that aren't there yet.

use super::problem::{Findings, Origin, Reason};
use super::setting::Row;
use super::{DatabaseUrl, Settings, SettingsErrors, table};
use std::io;
use std::path::{Path, PathBuf};

impl Settings {
    /// Makes the missing directories of data, database, backup, journal and logs, each for its owner alone. Those that
    /// are there stay as they are.
    ///
    /// # Errors
    /// Every directory that can't be made, by the name of its setting.
    pub fn make_directories(&self) -> Result<(), SettingsErrors> {
        let mut findings = Findings::default();
        for (row, directory) in self.directories() {
            if let Err(error) = make(&directory) {
                let reason =
                    Reason::new(format!("can't make the directory {}: {error}", directory.display()));
                findings.problem(row.facts().variable(), Origin::Machine, reason);
            }
        }
        if findings.problems.is_empty() { Ok(()) } else { Err(SettingsErrors(findings.problems)) }
    }

    fn directories(&self) -> Vec<(&'static dyn Row, PathBuf)> {
        let mut directories: Vec<(&'static dyn Row, PathBuf)> = vec![
            (&table::DATA_DIR, self.data_dir.clone()),
            (&table::JOURNAL_DIR, self.journal.dir.clone()),
            (&table::BACKUP_FILE, parent(&self.database.backup_file)),
        ];
        if let DatabaseUrl::SqliteFile(file) = &self.database.url {
            directories.push((&table::DATABASE_URL, parent(file)));
        }
        if let Some(logs) = &self.logging.dir {
            directories.push((&table::LOG_DIR, logs.clone()));
        }
        directories
    }
}

/// The directory of a file; the working directory if the path names none.
fn parent(file: &Path) -> PathBuf {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

fn make(directory: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(directory)
}
