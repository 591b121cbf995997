//! P21: the configuration changes under load: no call fails, each call sees one version from its start to its end, and new calls see a
//! change within a second on every process.
//!
//! Each version can be told: of a route, by both of its models, of which the first one always fails so that calls go on to the second;
//! of a provider, by its address and its key, at two attempts; of a price, by what the call cost.

mod administrator;
mod sight;

use crate::client::{LoadClient, Seen};
use crate::figures::Spread;
use crate::installation::{Database, Installation};
use crate::ledger::{Comparison, events_of};
use crate::traffic::{Shape, Traffic};
use administrator::{Administrator, NAME, PASSWORD, file_of, model_of, pair_of, versions_of, write_file};
use serde_json::{Value, json};
use sight::{Sight, version_of};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::{Duration, Instant};
use switchyard_harness::testkit::simulator::{RecordedCall, Script, Simulator};
use tokio::time::sleep;

/// The promise.
const VISIBLE_WITHIN: Duration = Duration::from_secs(1);
/// The models of a round of calls. Their number is odd, so that every kind is asked for streams and for whole answers.
const ROUND: usize = 9;
/// It fails in a way that says nothing of the target's health.
const FAILS: &str = "status=408&latency_ms=10";

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The targets of a route, over the API.
    Route,
    /// The address and the key of a provider, over the API.
    Provider,
    /// The price of a model, over the API.
    Price,
    /// The targets of a route of the configuration file, which is then read again.
    File,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Route, Self::Provider, Self::Price, Self::File];

    /// What the change of this number changes, and the call of this number of a round sees.
    fn of(number: usize) -> Self {
        Self::ALL[number % Self::ALL.len()]
    }
}

/// How many changes, under what load, on how many processes.
#[derive(Debug)]
pub struct Changes {
    /// Changes, one after another.
    pub changes: usize,
    /// Calls each second, over all processes.
    pub rate: u32,
    /// Processes. The changes are made at the first one.
    pub processes: usize,
    /// What they share.
    pub database: Database,
}

/// A change that was made.
#[derive(Clone, Copy, Debug)]
struct Change {
    kind: Kind,
    version: usize,
    began: Instant,
    /// When it was answered.
    done: Instant,
}

/// What came of it.
#[derive(Debug)]
pub struct ChangeReport {
    /// Changes that were made.
    pub changes: usize,
    /// How long all of them took.
    pub span: Duration,
    /// How long one took to be answered.
    pub answered: Spread,
    /// Calls of clients.
    pub calls: usize,
    /// Those that failed, by how.
    pub failed: BTreeMap<String, usize>,
    /// Calls that saw more than one version, or none.
    pub mixed: Vec<String>,
    /// Calls that saw an older version than they had to.
    pub stale: Vec<String>,
    /// Calls that saw a version which was not there when they began.
    pub early: Vec<String>,
    /// From the answer to a change to the first call that saw it, on each process.
    pub visible: Vec<Spread>,
    /// Clients against ledger.
    pub ledger: Comparison,
}

impl Changes {
    /// Changes the configuration while clients call.
    ///
    /// # Panics
    /// When a server can't be started, or a change is refused.
    pub async fn run(self) -> ChangeReport {
        let upstream = Simulator::start();
        self.script(&upstream);
        let settings = json!({"admin_username": NAME, "admin_password": PASSWORD});
        let installation = Installation::prepare(&upstream.base_url(), self.database, &settings);
        let installation = installation.with_processes(self.processes);
        let text = std::fs::read_to_string(installation.path("switchyard.yaml")).expect("the file");
        let file = file_of(serde_json::from_str::<Value>(&text).expect("JSON"), self.changes);
        write_file(&installation, &file, 0);
        let mut servers = Vec::new();
        for number in 0..self.processes {
            let mut server = installation.start_process(number);
            server.until_ready().await;
            servers.push(server);
        }
        let root = upstream.root_url();
        let administrator = Administrator::begin(&installation, &root, file, self.changes).await;
        sleep(VISIBLE_WITHIN).await;
        let begin = |(number, address)| {
            let rate = self.rate / u32::try_from(self.processes).expect("few");
            let models = (0..ROUND).map(|call| model_of(Kind::of(call))).collect();
            let client = LoadClient::new(address, installation.key());
            Traffic::begin(client, Shape { rate, models, prefix: format!("change-{number}") })
        };
        let traffic: Vec<Traffic> = installation.addresses().into_iter().enumerate().map(begin).collect();
        sleep(VISIBLE_WITHIN / 2).await;
        let mut made = Vec::new();
        for version in 1..=self.changes {
            let (kind, began) = (Kind::of(version), Instant::now());
            administrator.change(kind, version).await;
            made.push(Change { kind, version, began, done: Instant::now() });
        }
        sleep(2 * VISIBLE_WITHIN).await;
        let mut seen = Vec::new();
        for load in traffic {
            seen.push(load.end().await);
        }
        for server in servers {
            assert!(server.terminate().await.success(), "a server did not end well");
        }
        report(&installation, &made, seen, &upstream.calls()).await
    }

    fn script(&self, upstream: &Simulator) {
        upstream.set_default(Script::of("tokens=6&latency_ms=10&chunk_ms=10"));
        upstream.script(administrator::KEYED_MODELS[0], Script::of(FAILS));
        for kind in [Kind::Route, Kind::File] {
            for version in versions_of(kind, self.changes) {
                upstream.script(&pair_of(kind, version)[0], Script::of(FAILS));
            }
        }
    }
}

async fn report(
    installation: &Installation,
    made: &[Change],
    seen: Vec<Vec<Seen>>,
    calls: &[RecordedCall],
) -> ChangeReport {
    let app = installation.library().open().await.expect("the ledger opens");
    let all: Vec<Seen> = seen.iter().flatten().cloned().collect();
    let ledger = Comparison::of(&app, &all).await;
    let is_priced = |call: &&Seen| kind_of(&call.id) == Kind::Price;
    let priced = all.iter().filter(is_priced).map(|call| call.id.clone());
    let events = events_of(app.usage(), priced).await;
    app.close().await;
    let mut upstream: HashMap<&str, Vec<&RecordedCall>> = HashMap::new();
    for call in calls {
        upstream.entry(call.request_id.as_deref().unwrap_or_default()).or_default().push(call);
    }
    let (mut sights, mut mixed, mut failed) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (process, call) in
        seen.iter().enumerate().flat_map(|(process, calls)| calls.iter().map(move |it| (process, it)))
    {
        if !call.is_completed() {
            *failed.entry(format!("{:?}", call.ending)).or_default() += 1;
            continue;
        }
        let kind = kind_of(&call.id);
        let attempts = upstream.get(call.id.as_str()).map_or(&[][..], Vec::as_slice);
        let recorded = events.get(&call.id).map_or(&[][..], Vec::as_slice);
        match (version_of(kind, attempts, recorded), attempts.first()) {
            (Ok(version), Some(first)) => {
                let (began, arrived) = (call.began, first.received_at);
                sights.push(Sight { kind, process, version, began, arrived });
            }
            (Ok(_), None) => mixed.push(format!("{}: the provider saw nothing of it", call.id)),
            (Err(what), _) => mixed.push(format!("{} ({kind:?}): {what}", call.id)),
        }
    }
    let span = made.last().map(|last| last.done.duration_since(made[0].began)).unwrap_or_default();
    ChangeReport {
        changes: made.len(),
        span,
        answered: Spread::of(made.iter().map(|change| change.done.duration_since(change.began))),
        calls: all.len(),
        failed,
        mixed,
        stale: sights.iter().filter_map(|sight| stale(sight, made)).collect(),
        early: sights.iter().filter_map(|sight| early(sight, made)).collect(),
        visible: (0..seen.len()).map(|process| visible(process, &sights, made)).collect(),
        ledger,
    }
}

/// What the call of this id sees.
fn kind_of(id: &str) -> Kind {
    let number: usize = id.rsplit('-').next().and_then(|number| number.parse().ok()).expect("a number");
    Kind::of(number % ROUND)
}

/// A call has to see what was answered before it began at the process that answered, and a second before elsewhere.
fn stale(sight: &Sight, made: &[Change]) -> Option<String> {
    let grace = if sight.process == 0 { Duration::ZERO } else { VISIBLE_WITHIN };
    let had_to = made.iter().rev().find(|it| it.kind == sight.kind && it.done + grace <= sight.began)?;
    (sight.version < had_to.version).then(|| {
        let late = sight.began.duration_since(had_to.done);
        format!("{:?} {} where {} was {late:?} old", sight.kind, sight.version, had_to.version)
    })
}

fn early(sight: &Sight, made: &[Change]) -> Option<String> {
    let change = made.iter().find(|it| it.version == sight.version)?;
    let is_early = change.began > sight.arrived;
    is_early.then(|| format!("{:?} {} before it was made", sight.kind, sight.version))
}

fn visible(process: usize, sights: &[Sight], made: &[Change]) -> Spread {
    let first_sight = |change: &Change| {
        let sees =
            |it: &&Sight| it.kind == change.kind && it.process == process && it.version >= change.version;
        let first = sights.iter().filter(sees).map(|it| it.arrived).min()?;
        Some(first.saturating_duration_since(change.done))
    };
    Spread::of(made.iter().filter_map(first_sight))
}

impl ChangeReport {
    /// What breaks the promise, in words.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken = self.ledger.broken();
        if !self.failed.is_empty() {
            broken.push(format!("calls failed: {:?}", self.failed));
        }
        for (what, which) in [
            ("saw more than one version, or none", &self.mixed),
            ("saw an old version", &self.stale),
            ("saw a version that was not there when they began", &self.early),
        ] {
            if let Some(first) = which.first() {
                broken.push(format!("{} calls {what}, such as {first}", which.len()));
            }
        }
        for (process, visible) in self.visible.iter().enumerate() {
            if visible.count < self.changes {
                let unseen = self.changes - visible.count;
                broken.push(format!("process {process}: {unseen} changes were seen by no call"));
            }
        }
        broken
    }
}

impl fmt::Display for ChangeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "changes                   {} in {:.1} s", self.changes, self.span.as_secs_f64())?;
        writeln!(f, "a change is answered in   {}", self.answered)?;
        writeln!(f, "calls                     {}", self.calls)?;
        writeln!(f, "failed                    {}", self.failed.values().sum::<usize>())?;
        writeln!(f, "of several versions       {}", self.mixed.len())?;
        writeln!(f, "of an old version         {}", self.stale.len())?;
        writeln!(f, "of a version to come      {}", self.early.len())?;
        for (process, visible) in self.visible.iter().enumerate() {
            writeln!(f, "seen by process {process} in      {visible}")?;
        }
        write!(f, "{}", self.ledger)
    }
}
