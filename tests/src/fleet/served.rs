//! The fleet behind the real server, with a provider that fails in each way in turn.

use super::STRATEGIES;
use super::cell::Cell;
pub use super::cell::{CellReport, Trouble};
use futures_util::{StreamExt, stream};
use std::fmt;
use std::time::Duration;
use switchyard_domain::route::Strategy;

/// How long the quickest target takes where latency does not decide.
const QUICKEST: Duration = Duration::from_millis(20);

/// How many calls each strategy makes under each trouble.
#[derive(Clone, Copy, Debug)]
pub struct ServedFleet {
    /// Calls.
    pub calls: usize,
    /// At the same time.
    pub at_once: usize,
    /// How long the quickest target takes where latency decides: so long that what the machine adds to a call is little beside it.
    pub measured: Duration,
    /// Servers at the same time, each with a strategy and a trouble of its own.
    pub servers: usize,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct FleetReport {
    /// By strategy and trouble.
    pub cells: Vec<CellReport>,
}

impl ServedFleet {
    /// Makes the calls.
    ///
    /// # Panics
    /// When a server can't be started.
    pub async fn run(self) -> FleetReport {
        let Self { calls, at_once, measured, servers } = self;
        let cells = STRATEGIES.into_iter().flat_map(|strategy| Trouble::ALL.map(|it| (strategy, it)));
        let run = |(strategy, trouble)| {
            let quickest = if strategy == Strategy::LeastLatency { measured } else { QUICKEST };
            Cell { strategy, trouble, calls, at_once, quickest }.run()
        };
        FleetReport { cells: stream::iter(cells).map(run).buffered(servers).collect().await }
    }
}

impl FleetReport {
    /// What breaks the promises, in words; but for how long calls take, which depends on the machine.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        self.cells.iter().flat_map(CellReport::broken).collect()
    }

    /// Where the quick ones are not found.
    #[must_use]
    pub fn late(&self) -> Vec<String> {
        self.cells.iter().filter_map(CellReport::late).collect()
    }
}

impl fmt::Display for FleetReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "strategy       trouble           calls    success  upstream/call  mean ms  ratio")?;
        self.cells.iter().try_for_each(|cell| writeln!(f, "{cell}"))
    }
}
