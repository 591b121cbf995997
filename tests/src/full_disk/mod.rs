//! P22: on a full disk no answer goes out unrecorded; new calls are refused, and served again once there is space.

mod disk;

pub use disk::FullDisk;

use crate::client::{Ask, Ending, LoadClient, Seen};
use crate::installation::{Database, Installation, MODEL, PROVIDER};
use crate::ledger::Comparison;
use crate::traffic::{Shape, Traffic};
use serde_json::json;
use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};
use switchyard_harness::testkit::simulator::{Script, Simulator};
use tokio::time::sleep;

/// How long the server may take to notice that the disk is full, and that it is not any more.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long, and under what load.
#[derive(Clone, Copy, Debug)]
pub struct DiskOutage {
    /// In which way the disk is full.
    pub disk: FullDisk,
    /// Calls each second.
    pub rate: u32,
    /// How long there is space, before and after.
    pub calm: Duration,
    /// How long there is none.
    pub full: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct DiskReport {
    /// Clients against ledger.
    pub ledger: Comparison,
    /// Calls that were refused with `storage_unavailable`.
    pub refused: usize,
    /// Streams that ended with an error event rather than as a whole answer.
    pub broken_off: usize,
    /// Calls that ended in any other way but completed, by how.
    pub failed: Vec<String>,
    /// Whether readiness went off.
    pub was_unready: bool,
    /// Calls that the provider answered whole and billed, and of which nothing is recorded: their answers were withheld.
    pub withheld_unrecorded: usize,
    /// From the return of space to the first completed call.
    pub served_again_in: Option<Duration>,
    /// Whether the same process served all the time and ended well.
    pub lived: bool,
}

impl DiskOutage {
    /// Fills the disk under load and frees it. `None` where this machine does not allow the way.
    ///
    /// # Panics
    /// When the server can't be started or the ledger not be read.
    pub async fn run(self) -> Option<DiskReport> {
        if !self.disk.is_possible() {
            return None;
        }
        let upstream = Simulator::start();
        upstream.set_default(Script::of("tokens=12&latency_ms=15&chunk_ms=3"));
        let installation = Installation::prepare(&upstream.base_url(), Database::Sqlite, &json!({}));
        let mut server = self.disk.start(&installation);
        server.until_ready().await;
        let client = LoadClient::new(installation.address(), installation.key());
        let model = format!("{PROVIDER}/{MODEL}");
        let shape = Shape { rate: self.rate, models: vec![model.clone()], prefix: "load".to_owned() };
        let traffic = Traffic::begin(client.clone(), shape);
        let mut probes = Probes { client, model, seen: Vec::new() };
        sleep(self.calm).await;
        let filling = self.disk.fill(&installation, server.id());
        probes.until(PATIENCE, Seen::is_refused_unrecordable).await;
        let was_unready = !server.is_ready().await;
        sleep(self.full).await;
        filling.free();
        let freed = Instant::now();
        let served_again = probes.until(PATIENCE, Seen::is_completed).await;
        let served_again_in = served_again.then(|| freed.elapsed());
        sleep(self.calm).await;
        let mut seen = traffic.end().await;
        seen.append(&mut probes.seen);
        let lived = server.is_alive() && server.terminate().await.success();
        let app = installation.library().open().await.expect("the ledger opens");
        let ledger = Comparison::of(&app, &seen).await;
        let withheld_unrecorded = withheld(&app, &upstream, &seen).await;
        app.close().await;
        let count = |is: &dyn Fn(&Ending) -> bool| seen.iter().filter(|call| is(&call.ending)).count();
        Some(DiskReport {
            ledger,
            refused: seen.iter().filter(|call| call.is_refused_unrecordable()).count(),
            broken_off: count(&|ending| matches!(ending, Ending::BrokenOff(Some(_)))),
            failed: seen
                .iter()
                .filter(|call| is_failed(call))
                .map(|call| format!("{:?}", call.ending))
                .collect(),
            was_unready,
            withheld_unrecorded,
            served_again_in,
            lived,
        })
    }
}

fn is_failed(call: &Seen) -> bool {
    let withheld = matches!(&call.ending, Ending::BrokenOff(Some(code)) if code == "storage_unavailable");
    !call.is_completed() && !call.is_refused_unrecordable() && !withheld
}

/// Calls that the provider answered whole, and that no record speaks of.
async fn withheld(app: &switchyard::Embedded, upstream: &Simulator, seen: &[Seen]) -> usize {
    let ids = seen.iter().map(|call| call.id.clone());
    let events = crate::ledger::events_of(app.usage(), ids).await;
    let mut billed: HashMap<String, bool> = HashMap::new();
    for call in upstream.calls() {
        *billed.entry(call.request_id.unwrap_or_default()).or_default() |= call.billed.completion > 0;
    }
    billed.iter().filter(|(id, billed)| **billed && events.get(*id).is_none_or(Vec::is_empty)).count()
}

/// A client that asks until it is answered as expected.
struct Probes {
    client: LoadClient,
    model: String,
    seen: Vec<Seen>,
}

impl Probes {
    async fn until(&mut self, patience: Duration, expected: impl Fn(&Seen) -> bool) -> bool {
        let began = Instant::now();
        while began.elapsed() < patience {
            let ask = Ask::new(format!("probe-{}", self.seen.len()), &self.model, false);
            let call = self.client.call(&ask).await;
            let is_expected = expected(&call);
            self.seen.push(call);
            if is_expected {
                return true;
            }
            sleep(Duration::from_millis(20)).await;
        }
        false
    }
}

impl DiskReport {
    /// What breaks the promise, in words.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken = self.ledger.broken();
        if self.refused == 0 {
            broken.push("no call was refused, so the disk was not full".to_owned());
        }
        if !self.was_unready {
            broken.push("the server called itself ready while it refused all calls".to_owned());
        }
        if !self.failed.is_empty() {
            broken.push(format!("{} calls failed, such as {}", self.failed.len(), self.failed[0]));
        }
        if self.withheld_unrecorded > 0 {
            broken.push(format!("{} answers were billed and never recorded", self.withheld_unrecorded));
        }
        if self.served_again_in.is_none() {
            broken.push("the server did not serve again once there was space".to_owned());
        }
        if !self.lived {
            broken.push("the server ended by itself, or not well".to_owned());
        }
        broken
    }
}

impl fmt::Display for DiskReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ledger)?;
        writeln!(f, "refused (503)             {}", self.refused)?;
        writeln!(f, "streams broken off        {}", self.broken_off)?;
        writeln!(f, "failed otherwise          {}", self.failed.len())?;
        writeln!(f, "withheld and unrecorded   {}", self.withheld_unrecorded)?;
        match self.served_again_in {
            Some(time) => writeln!(f, "served again after        {:.2} s", time.as_secs_f64()),
            None => writeln!(f, "served again              never"),
        }
    }
}
