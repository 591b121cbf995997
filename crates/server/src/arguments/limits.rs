//! Limits of one scope, as options.

use clap::Args;
use switchyard_domain::limits::Limits;

#[derive(Debug, Args)]
pub(crate) struct LimitOptions {
    /// Requests in any minute.
    #[arg(long)]
    rpm: Option<u32>,
    /// Tokens in any minute.
    #[arg(long)]
    tpm: Option<u64>,
    /// Requests in a UTC day.
    #[arg(long)]
    rpd: Option<u32>,
    /// Calls at the same time.
    #[arg(long)]
    concurrency: Option<u32>,
}

impl LimitOptions {
    /// The limits that are named.
    pub(crate) fn named(&self) -> Limits {
        Limits { rpm: self.rpm, tpm: self.tpm, rpd: self.rpd, concurrency: self.concurrency }
    }
}
