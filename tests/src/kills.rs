//! P1: a server that is killed at any moment under load loses no usage of a completed answer and doubles none.

use crate::client::LoadClient;
use crate::dice::Dice;
use crate::figures::Spread;
use crate::installation::{Database, Installation, MODEL, PROVIDER};
use crate::ledger::Comparison;
use crate::traffic::{Shape, Traffic};
use serde_json::json;
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;
use switchyard_harness::testkit::simulator::{Script, Simulator};
use tokio::time::sleep;

/// One kill in so many falls into a start that is not over.
const IN_THE_START: usize = 3;

/// How often and under what load.
#[derive(Debug)]
pub struct Kills {
    /// How many.
    pub kills: usize,
    /// Calls each second.
    pub rate: u32,
    /// How long the server lives, from the moment when it is ready.
    pub life: Range<Duration>,
    /// What the moments are drawn from.
    pub seed: u64,
    /// Where the ledger lives.
    pub database: Database,
    /// Whether each kill leaves half a record at the journal's end, as a write does that the kill cut short.
    pub tears: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct KillReport {
    /// Clients against ledger.
    pub ledger: Comparison,
    /// Kills that fell into a start.
    pub in_the_start: usize,
    /// Kills that left half a record in a journal that was not drained.
    pub torn: usize,
    /// From start to ready, after a kill.
    pub restarts: Spread,
    /// Whether the last run ended by itself when asked to.
    pub ended_well: bool,
}

impl Kills {
    /// Kills the server again and again while clients call, starts it anew each time, and compares at the end.
    ///
    /// # Panics
    /// When the server can't be started.
    pub async fn run(self) -> KillReport {
        let upstream = Simulator::start();
        upstream.set_default(Script::of("tokens=12&latency_ms=15&chunk_ms=3"));
        let installation = Installation::prepare(&upstream.base_url(), self.database, &json!({}));
        let mut dice = Dice::new(self.seed);
        let mut server = installation.start();
        let first_start = server.until_ready().await;
        let client = LoadClient::new(installation.address(), installation.key());
        let models = vec![format!("{PROVIDER}/{MODEL}")];
        let traffic = Traffic::begin(client, Shape { rate: self.rate, models, prefix: "kill".to_owned() });
        let (mut restarts, mut in_the_start, mut torn) = (Vec::new(), 0, 0);
        for number in 1..=self.kills {
            if number.is_multiple_of(IN_THE_START) {
                sleep(dice.span(&(Duration::ZERO..first_start))).await;
                in_the_start += usize::from(!server.is_ready().await);
            } else {
                let took = server.until_ready().await;
                if number > 1 {
                    restarts.push(took);
                }
                sleep(dice.span(&self.life)).await;
            }
            server.kill();
            if self.tears {
                torn += usize::from(tear(&installation.journal()));
            }
            server = installation.start();
        }
        restarts.push(server.until_ready().await);
        sleep(self.life.end).await;
        let seen = traffic.end().await;
        let ended_well = server.terminate().await.success();
        let app = installation.library().open().await.expect("the ledger opens");
        let ledger = Comparison::of(&app, &seen).await;
        app.close().await;
        KillReport { ledger, in_the_start, torn, restarts: Spread::of(restarts), ended_well }
    }
}

/// Puts the beginning of a record behind those of the last segment, if there is one.
fn tear(journal: &Path) -> bool {
    let entries = std::fs::read_dir(journal).into_iter().flatten().flatten().map(|entry| entry.path());
    let segments = entries.filter(|path| path.extension().is_some_and(|ending| ending == "seg"));
    let Some(last) = segments.max() else { return false };
    let whole = std::fs::read(&last).expect("the segment is read");
    let beginning = &whole[..whole.len().min(100)];
    let mut file = OpenOptions::new().append(true).open(last).expect("the segment is there");
    file.write_all(beginning).expect("the segment grows");
    !whole.is_empty()
}

impl KillReport {
    /// What breaks the promise, in words.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken = self.ledger.broken();
        if !self.ended_well {
            broken.push("the server did not end well when asked to".to_owned());
        }
        broken
    }
}

impl fmt::Display for KillReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ledger)?;
        writeln!(f, "kills in a start          {}", self.in_the_start)?;
        if self.torn > 0 {
            writeln!(f, "torn journals             {}", self.torn)?;
        }
        writeln!(f, "from start to ready       {}", self.restarts)
    }
}
