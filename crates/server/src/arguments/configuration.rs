//! The arguments of `export`, `plan`, `apply`, `drift` and `backup`.

use clap::{ArgGroup, Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct ExportOptions {
    /// How it is written.
    #[arg(long, value_enum, default_value_t = FormatName::Yaml)]
    pub(crate) format: FormatName,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FormatName {
    Yaml,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct DocumentOptions {
    /// The document, YAML or JSON; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub(crate) document: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).multiple(false).args(["export", "restore"])))]
pub(crate) struct BackupOptions {
    /// Write the backup now, and print where it is.
    #[arg(long)]
    pub(crate) export: bool,
    /// Restore providers and routes from the backup: by their names, each as it was, all of them or nothing.
    #[arg(long)]
    pub(crate) restore: bool,
    /// Another file than `BACKUP_FILE`.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Say what would be restored, and restore nothing.
    #[arg(long, conflicts_with = "export")]
    pub(crate) dry_run: bool,
}
