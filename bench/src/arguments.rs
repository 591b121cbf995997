//! The command line.

use crate::targets::Way;
use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Measures what a call costs through the gateway, beside a plain reverse proxy and a bare one, all in one interleaved run.
/// Prints Markdown. Takes about sixteen minutes; leave the machine alone meanwhile.
#[derive(Parser)]
#[command(name = "bench")]
pub(crate) struct Arguments {
    /// A short run, to see that everything works: its figures mean little.
    #[arg(long)]
    pub(crate) quick: bool,
    /// How often each way is measured for each load.
    #[arg(long)]
    rounds: Option<usize>,
    /// How long each measurement takes.
    #[arg(long)]
    seconds: Option<f64>,
    /// Worker threads or processes of each proxy.
    #[arg(long, default_value_t = 2)]
    pub(crate) workers: usize,
    /// Only loads whose title holds this text.
    #[arg(long, default_value = "")]
    pub(crate) only: String,
    /// The ways to measure.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Way::value_variants().to_vec())]
    pub(crate) ways: Vec<Way>,
    /// What answers: prepared bytes, or the simulator, which composes each answer and takes more CPU from what is measured.
    #[arg(long, value_enum, default_value_t = Provider::Prepared)]
    pub(crate) upstream: Provider,
    /// Writes every round's figures to this file, as JSON.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// The gateway to measure, in place of the one beside this program.
    #[arg(long)]
    pub(crate) gateway: Option<PathBuf>,
    /// The nginx to compare with.
    #[arg(long, default_value = "nginx")]
    pub(crate) nginx: PathBuf,
    /// The Redis server to count in.
    #[arg(long, default_value = "redis-server")]
    pub(crate) redis: PathBuf,
    /// Be the upstream with prepared answers: how the program starts itself.
    #[arg(long, hide = true)]
    pub(crate) serve_upstream: bool,
}

/// The upstreams.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Provider {
    Prepared,
    Simulator,
}

impl Arguments {
    /// How often each way is measured for each load.
    pub(crate) fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 2 } else { 5 }).max(1)
    }

    /// How long each measurement takes.
    pub(crate) fn duration(&self) -> Duration {
        let seconds = self.seconds.unwrap_or(if self.quick { 0.5 } else { 2.0 });
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(2))
    }

    /// A binary that was built with this one.
    pub(crate) fn binary(&self, name: &str) -> Result<PathBuf> {
        let path = std::env::current_exe()?.parent().context("no folder")?.join(name);
        ensure!(path.exists(), "{} is missing: bench/run.sh builds it", path.display());
        Ok(path)
    }
}
