//! What is logged, and where.

use crate::settings::problem::Problem;
use crate::settings::table;
use crate::settings::values::Values;
use std::path::PathBuf;

/// The least severe level that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Everything.
    Trace,
    /// What a developer looks for.
    Debug,
    /// What an operator wants to have seen.
    Info,
    /// What works, but perhaps not as meant.
    Warn,
    /// What failed.
    Error,
}

impl LogLevel {
    /// Python's names for the levels stand in the settings of three of the origin documents.
    pub(in crate::settings) const WORDS: &'static [(&'static [&'static str], Self)] = &[
        (&["TRACE"], Self::Trace),
        (&["DEBUG"], Self::Debug),
        (&["INFO"], Self::Info),
        (&["WARN", "WARNING"], Self::Warn),
        (&["ERROR", "CRITICAL", "FATAL"], Self::Error),
    ];

    /// The level's name in lower case, as log filters write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// What is logged, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggingSettings {
    /// The least severe level that is written.
    pub level: LogLevel,
    /// The directory of rotating `app.log` and `error.log`; absent: standard error only.
    pub dir: Option<PathBuf>,
}

impl LoggingSettings {
    pub(in crate::settings) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { level: values.required(&table::LOG_LEVEL)?, dir: values.optional(&table::LOG_DIR)? })
    }
}
