//! P2: the ledger has what the provider itself counted, to the token and the nano-USD, whatever goes wrong on the way.

mod callers;
mod join;
mod kinds;
mod price;

pub use join::{Difference, Joined};
pub use kinds::{FAULTS, Kind, Leaving, Mode, SOUND};

use crate::ledger::events_of;
use futures_util::{StreamExt, stream};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;
use switchyard::Store;
use switchyard::declared::DeclaredModel;
use switchyard::orchestrator::chat::CallSettings;
use switchyard::ports::provider::Deadlines;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::usage::{GroupBy, LedgerProblem, UsageFilter};
use switchyard_harness::TestApp;
use switchyard_harness::testkit::simulator::{RecordedCall, Script};

/// Of a hundred calls so many meet a fault. More than the promise's ten, since a target that throttles is left in peace for a
/// while, and calls then do not meet its fault.
const FAULTS_IN_100: usize = 12;
/// How long the provider may take to end the last calls.
const PATIENCE: Duration = Duration::from_secs(60);
/// Waiting that is long enough for a busy machine, so that only calls that shall time out do.
const DEADLINES: Deadlines = Deadlines {
    first_content: Duration::from_secs(4),
    idle: Duration::from_secs(2),
    total: Duration::from_secs(60),
};

/// How many calls.
#[derive(Clone, Copy, Debug)]
pub struct Billing {
    /// In all.
    pub calls: usize,
    /// At the same time.
    pub at_once: usize,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct BillingReport {
    /// Calls made.
    pub calls: usize,
    /// Of these, calls that met a fault at the provider, or left it.
    pub faulty: usize,
    /// By kind: calls, and those that differ.
    pub kinds: BTreeMap<&'static str, (usize, usize)>,
    /// Calls at the provider.
    pub upstream_calls: usize,
    /// Tokens that the provider counted.
    pub tokens: u64,
    /// What they cost.
    pub money: NanoUsd,
    /// By how many tokens calls differ, summed without signs.
    pub tokens_off: u64,
    /// By how many nano-USD calls differ, likewise.
    pub money_off: u64,
    /// By how many nano-USD the report's total differs from the provider's.
    pub total_off: u64,
    /// Calls that differ.
    pub differences: Vec<Difference>,
    /// Differences within the books.
    pub problems: Vec<LedgerProblem>,
}

impl Billing {
    /// Makes the calls and joins the provider's log with the ledger.
    ///
    /// # Panics
    /// When the server can't be started or the ledger not be read.
    pub async fn run(self) -> BillingReport {
        let folder = tempfile::tempdir().expect("a folder");
        let app = start(folder.path()).await;
        let client = app.client_with_key("load").await;
        let callers = callers::Callers::new(app.address(), client.key());
        let kinds: HashMap<String, &'static Kind> = stream::iter(0..self.calls)
            .map(|number| {
                let (callers, kind) = (callers.clone(), kind_of(number));
                async move {
                    let id = format!("call-{number}");
                    callers.call(kind, &id).await;
                    (id, kind)
                }
            })
            .buffer_unordered(self.at_once)
            .collect()
            .await;
        let known = app.simulator().calls().len();
        let upstream = app.simulator().until_ended_calls(known, PATIENCE).await;
        assert!(upstream.iter().all(|call| call.ended_at.is_some()), "the provider still answers");
        let report = report(&app, &kinds, upstream).await;
        app.stop().await;
        report
    }
}

/// The kind of the call of this number: the faults in turns, evenly among sound calls.
fn kind_of(number: usize) -> &'static Kind {
    let (hundred, place) = (number / 100, number % 100);
    // 100 places are no multiple of the faults' number, so spread by an odd stride.
    let shuffled = place * 37 % 100;
    if shuffled < FAULTS_IN_100 {
        &FAULTS[(hundred * FAULTS_IN_100 + shuffled) % FAULTS.len()]
    } else {
        &SOUND[number % SOUND.len()]
    }
}

async fn start(folder: &std::path::Path) -> TestApp {
    let mut builder = TestApp::builder()
        .vendor("openai")
        .store(Store::SqliteFile(folder.join("switchyard.db")))
        .journal(folder.join("journal"))
        .calls(CallSettings { max_attempts: 3, deadlines: DEADLINES, first_of_pieces: None })
        .model(priced(kinds::HEALTHY));
    for kind in FAULTS.iter().chain(SOUND) {
        let model = kind.model();
        builder = builder.model(priced(&model)).route(&kind.route(), [model.as_str(), kinds::HEALTHY]);
    }
    let app = builder.start().await;
    for kind in FAULTS.iter().chain(SOUND) {
        app.simulator().script(&kind.model(), Script::of(kind.script));
    }
    app
}

fn priced(model: &str) -> DeclaredModel {
    DeclaredModel { model: model.to_owned(), rates: Some(price::RATES), ..DeclaredModel::default() }
}

async fn report(
    app: &TestApp,
    kinds: &HashMap<String, &'static Kind>,
    upstream: Vec<RecordedCall>,
) -> BillingReport {
    assert!(app.embedded().flush_usage().await, "the journal does not drain");
    let usage = app.embedded().usage();
    let events = events_of(usage, kinds.keys().cloned()).await;
    let mut report =
        BillingReport { calls: kinds.len(), upstream_calls: upstream.len(), ..BillingReport::default() };
    let mut by_call: HashMap<String, Vec<RecordedCall>> = HashMap::new();
    for call in upstream {
        by_call.entry(call.request_id.clone().expect("our id is sent along")).or_default().push(call);
    }
    for (id, kind) in kinds {
        let calls = by_call.remove(id).unwrap_or_default();
        report.faulty += usize::from(kind.is_fault() && calls.iter().any(|call| call.model == kind.model()));
        report.add(kind, Joined::of(id, kind, &calls, &events[id]));
    }
    assert!(by_call.is_empty(), "the provider had calls that nobody made");
    let check = usage.verify().await.expect("the ledger is read");
    let rows = usage.report(UsageFilter::default(), GroupBy::Day).await.expect("the ledger is read");
    let reported = rows.iter().fold(NanoUsd::ZERO, |sum, row| sum.saturating_add(row.sums.cost));
    report.total_off = reported.0.abs_diff(report.money.0).max(check.total.0.abs_diff(report.money.0));
    report.problems = check.problems;
    report
}

impl BillingReport {
    fn add(&mut self, kind: &'static Kind, joined: Joined) {
        self.tokens += joined.tokens;
        self.money = self.money.saturating_add(joined.money);
        self.tokens_off += joined.tokens_off;
        self.money_off += joined.money_off;
        let (calls, off) = self.kinds.entry(kind.name).or_default();
        *calls += 1;
        *off += usize::from(joined.difference.is_some());
        self.differences.extend(joined.difference);
    }

    /// What breaks the promise, in words.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken: Vec<String> = Vec::new();
        for difference in self.differences.iter().take(20) {
            broken.push(difference.to_string());
        }
        if !self.differences.is_empty() {
            let (tokens, money) = (self.tokens_off, self.money_off);
            broken.push(format!("{} calls: {tokens} tokens, {money} nano-USD off", self.differences.len()));
        }
        if self.total_off > 0 {
            broken.push(format!("the sums are {} nano-USD off", self.total_off));
        }
        broken
            .extend(self.problems.iter().map(|problem| format!("{}: {}", problem.place, problem.difference)));
        if self.faulty * 10 < self.calls {
            broken.push(format!("only {} of {} calls met a fault", self.faulty, self.calls));
        }
        broken
    }
}

impl fmt::Display for BillingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.faulty as f64 * 100.0 / self.calls.max(1) as f64;
        writeln!(
            f,
            "calls                     {}, {} of them ({percent:.1} %) with a fault",
            self.calls, self.faulty
        )?;
        writeln!(f, "calls at the provider     {}", self.upstream_calls)?;
        writeln!(f, "counted by the provider   {} tokens, {} USD", self.tokens, self.money)?;
        writeln!(f, "tokens off                {}", self.tokens_off)?;
        writeln!(f, "nano-USD off              {} (in the sums: {})", self.money_off, self.total_off)?;
        for (kind, (calls, off)) in self.kinds.iter().filter(|(_, (_, off))| *off > 0) {
            writeln!(f, "  {kind}: {off} of {calls} calls differ")?;
        }
        Ok(())
    }
}
