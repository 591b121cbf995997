//! Where data lives.

use crate::settings::problem::Problem;
use crate::settings::store::{DatabaseUrl, RedisUrl};
use crate::settings::table;
use crate::settings::values::Values;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The database, its backup file, and the store that replicas share.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// Where it is.
    pub url: DatabaseUrl,
    /// The most connections to PostgreSQL, beside one that reads the whole ledger or audit log to prove it.
    pub pool_size: u32,
    /// SQLite connections that read; one more writes.
    pub sqlite_readers: u32,
    /// The backup of providers and routes, rewritten after each change of them.
    pub backup_file: PathBuf,
    /// The Redis that replicas share; absent: one process.
    pub redis: Option<RedisUrl>,
    /// How many processes share it, at least.
    pub replicas: u32,
    /// How long a conversation of `/llm/chat` is kept.
    pub conversation_ttl: Duration,
}

impl DatabaseSettings {
    pub(in crate::settings) fn read(values: &Values, data_dir: &Path) -> Result<Self, Problem> {
        let file = || DatabaseUrl::SqliteFile(data_dir.join("switchyard.db"));
        Ok(Self {
            url: values.optional(&table::DATABASE_URL)?.unwrap_or_else(file),
            pool_size: values.required(&table::DATABASE_POOL_SIZE)?,
            sqlite_readers: values.required(&table::SQLITE_READERS)?,
            backup_file: values
                .optional(&table::BACKUP_FILE)?
                .unwrap_or_else(|| data_dir.join("config_backup.json")),
            redis: values.optional(&table::REDIS_URL)?,
            replicas: values.required(&table::REPLICAS)?,
            conversation_ttl: values.required(&table::CONVERSATION_TTL_SECONDS)?,
        })
    }
}

/// What happens to a paid call whose usage can't be recorded. There is one answer so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It is refused: nothing is served unrecorded.
    Strict,
}

impl Durability {
    pub(in crate::settings) const WORDS: &'static [(&'static [&'static str], Self)] =
        &[(&["strict"], Self::Strict)];
}

/// When the journal is forced to disk. A killed process loses nothing either way; a power cut does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// Every 50 ms, for all records since.
    Group,
    /// Before each answer ends.
    Always,
}

impl Fsync {
    pub(in crate::settings) const WORDS: &'static [(&'static [&'static str], Self)] =
        &[(&["group"], Self::Group), (&["always"], Self::Always)];
}

/// The usage journal of this replica.
#[derive(Clone, Debug)]
pub struct JournalSettings {
    /// Its directory, which no other process may use.
    pub dir: PathBuf,
    /// What happens when it can't be written.
    pub durability: Durability,
    /// When it is forced to disk.
    pub fsync: Fsync,
}

impl JournalSettings {
    pub(in crate::settings) fn read(values: &Values, data_dir: &Path) -> Result<Self, Problem> {
        Ok(Self {
            dir: values.optional(&table::JOURNAL_DIR)?.unwrap_or_else(|| data_dir.join("journal")),
            durability: values.required(&table::JOURNAL_DURABILITY)?,
            fsync: values.required(&table::JOURNAL_FSYNC)?,
        })
    }
}
