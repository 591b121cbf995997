//! P3: without its database the server goes on: calls succeed, limits hold, and usage arrives once when the database is back.

mod outage;

pub use outage::{Cause, Outage};

use crate::client::{Ending, LoadClient, Seen};
use crate::figures::Spread;
use crate::installation::MODEL;
use crate::ledger::Comparison;
use crate::traffic::{Shape, Traffic};
use std::fmt;
use std::time::{Duration, Instant};
use switchyard::Name;
use switchyard::orchestrator::admin::KeyRequest;
use switchyard::orchestrator::error::AdminError;
use switchyard::ports::repositories::RepositoryError;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{TestApp, TestAppBuilder};
use tokio::time::sleep;

/// The limit of the limited key, and how often it calls.
const LIMIT: u32 = 20;
const TRIES: usize = 30;
/// How long usage may take to arrive once the database is back.
const ARRIVES_WITHIN: Duration = Duration::from_secs(30);
/// A transaction that had begun may still end.
const SETTLES: Duration = Duration::from_millis(500);

/// How long, and under what load.
#[derive(Clone, Copy, Debug)]
pub struct Outages {
    /// Why there is no database.
    pub cause: Cause,
    /// Calls each second.
    pub rate: u32,
    /// How long all is well, before and after.
    pub calm: Duration,
    /// How long there is no database.
    pub outage: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct OutageReport {
    /// Clients against ledger.
    pub ledger: Comparison,
    /// Times of calls while all is well.
    pub calm: Spread,
    /// Times of calls without a database.
    pub without: Spread,
    /// Calls that did not succeed, by how.
    pub failed: Vec<String>,
    /// Records that waited at the end of the outage.
    pub backlog: u64,
    /// Events that reached the ledger during the outage: none, else there was no outage.
    pub written_meanwhile: u64,
    /// Calls of the limited key that passed and that were refused for its limit.
    pub limited: (usize, usize),
    /// What a management write met.
    pub management: String,
    /// Whether that was unavailability.
    pub management_is_refused: bool,
    /// How long usage took to arrive.
    pub arrived_in: Duration,
}

impl Outages {
    /// Takes the database away under load and gives it back. `None` where it is left out on this machine.
    ///
    /// # Panics
    /// When the server can't be started or the ledger not be read.
    pub async fn run(self) -> Option<OutageReport> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut outage = Outage::prepare(self.cause, folder.path())?;
        let app =
            start(TestApp::builder().store(outage.store()).journal(folder.path().join("journal"))).await;
        let loaded = app.client_with_key("load").await;
        let limits = Limits { rpm: Some(LIMIT), ..Limits::NONE };
        let limited = app.client_with("limited", limits, None).await;
        let client = LoadClient::new(app.address(), loaded.key());
        let models = vec![format!("upstream/{MODEL}")];
        let traffic = Traffic::begin(
            client,
            Shape { rate: self.rate, models: models.clone(), prefix: "load".to_owned() },
        );
        sleep(self.calm).await;
        let began = Instant::now();
        outage.begin();
        sleep(SETTLES).await;
        let written = || app.embedded().status().facts().events_written;
        let written_before = written();
        let rest = self.outage.saturating_sub(began.elapsed());
        let limited = LoadClient::new(app.address(), limited.key());
        let (few, management, ()) =
            tokio::join!(call_often(&limited, &models[0]), make_a_key(&app), sleep(rest));
        let (backlog, written_meanwhile) =
            (app.embedded().status().facts().journal_backlog, written() - written_before);
        let ended = Instant::now();
        outage.end();
        let arrived_in = until_arrived(&app, ended).await;
        sleep(self.calm).await;
        let mut seen = traffic.end().await;
        let spread = |calls: &[Seen], during: bool| {
            let is_during = |call: &&Seen| (began..ended).contains(&call.began) == during;
            Spread::of(calls.iter().filter(is_during).map(|call| call.took))
        };
        let (calm, without) = (spread(&seen, false), spread(&seen, true));
        let failed = |call: &Seen| (!call.is_completed()).then(|| format!("{:?}", call.ending));
        let failed: Vec<String> = seen.iter().filter_map(failed).collect();
        let passed = few.iter().filter(|call| call.is_completed()).count();
        let refused = |call: &&Seen| matches!(&call.ending, Ending::Refused(429, _));
        let limited = (passed, few.iter().filter(refused).count());
        seen.extend(few);
        let ledger = Comparison::of(app.embedded(), &seen).await;
        app.stop().await;
        let management_is_refused =
            matches!(&management, Err(AdminError::Repository(RepositoryError::Unavailable(_))));
        let management = management.map_or_else(|error| error.to_string(), |()| "done".to_owned());
        Some(OutageReport {
            ledger,
            calm,
            without,
            failed,
            backlog,
            written_meanwhile,
            limited,
            management,
            management_is_refused,
            arrived_in,
        })
    }
}

async fn start(builder: TestAppBuilder) -> TestApp {
    let app = builder.vendor("openai").models([MODEL]).start().await;
    app.simulator().set_default(Script::of("tokens=12&latency_ms=10"));
    app
}

/// More calls than the key's limit allows.
async fn call_often(client: &LoadClient, model: &str) -> Vec<Seen> {
    let mut seen = Vec::new();
    for number in 0..TRIES {
        let ask = crate::client::Ask::new(format!("limited-{number}"), model, false);
        seen.push(client.call(&ask).await);
    }
    seen
}

async fn make_a_key(app: &TestApp) -> Result<(), AdminError> {
    let name = Name::new("late").expect("a name");
    let request = KeyRequest {
        name,
        models: None,
        limits: Limits::NONE,
        expires_at: None,
        user: None,
        tags: Vec::new(),
        budget: None,
    };
    app.embedded().keys().create(request, &Writer::API).await.map(|_| ())
}

/// Waits until what waited when the outage ended is in the ledger. Load goes on, so that something always waits a little.
async fn until_arrived(app: &TestApp, ended: Instant) -> Duration {
    let waiting = app.embedded().status().facts();
    let aim = waiting.events_written + waiting.journal_backlog;
    while app.embedded().status().facts().events_written < aim && ended.elapsed() < 2 * ARRIVES_WITHIN {
        sleep(Duration::from_millis(10)).await;
    }
    ended.elapsed()
}

impl OutageReport {
    /// What breaks the promise, in words; but for the times of calls, which depend on the machine.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken = self.ledger.broken();
        if !self.failed.is_empty() {
            broken.push(format!("{} calls failed, such as {}", self.failed.len(), self.failed[0]));
        }
        if self.without.count == 0 || self.backlog == 0 || self.written_meanwhile > 0 {
            broken.push("there was no outage, so nothing was tried".to_owned());
        }
        let expected = (LIMIT as usize, TRIES - LIMIT as usize);
        if self.limited != expected {
            broken.push(format!("the limited key: {:?} passed and refused, not {expected:?}", self.limited));
        }
        if !self.management_is_refused {
            broken.push(format!("a management write was not refused as unavailable: {}", self.management));
        }
        if self.arrived_in > ARRIVES_WITHIN {
            broken.push(format!("usage took {:?} to arrive", self.arrived_in));
        }
        broken
    }
}

impl fmt::Display for OutageReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ledger)?;
        writeln!(f, "calls, all well           {}", self.calm)?;
        writeln!(f, "calls, no database        {}", self.without)?;
        writeln!(f, "failed calls              {}", self.failed.len())?;
        writeln!(
            f,
            "waited in the journal     {} records, {} written meanwhile",
            self.backlog, self.written_meanwhile
        )?;
        writeln!(f, "limit of {LIMIT}               {} passed, {} refused", self.limited.0, self.limited.1)?;
        writeln!(f, "management write          {}", self.management)?;
        writeln!(f, "arrived in                {:.1} s", self.arrived_in.as_secs_f64())
    }
}
