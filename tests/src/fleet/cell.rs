//! A server with eight targets, of which one gets into trouble while calls come.

use crate::targets::{ask, model_of, provider_of, script_of, settings, target};
use futures_util::{StreamExt, stream};
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};
use switchyard::declared::{DeclaredModel, DeclaredRoute, DeclaredTarget};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::money::PricePerMillion;
use switchyard_domain::name::Name;
use switchyard_domain::price::Rates;
use switchyard_domain::route::{RouteMode, Strategy};
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{TestApp, TestClient};
use switchyard_orchestrator::admin::ProviderRequest;

const TARGETS: usize = 8;
const ROUTE: &str = "fleet";
/// A model of the first target's provider that no route leads to: what its answers take is measured beside the others, so that what
/// the machine is busy with counts in both.
const BESIDE: &str = "beside";
/// One call in so many goes there.
const BESIDES: usize = 8;
/// How long a call waits for what comes next.
const PATIENCE: Duration = Duration::from_secs(1);

/// How the first target fails. It is the one that most strategies would rather go to: the first, the cheapest, the quickest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Not at all.
    None,
    /// It closes connections.
    Refuses,
    /// 429.
    Throttles,
    /// 500.
    Fails,
    /// A head, and then nothing.
    Stalls,
    /// A head, and then the end of the connection.
    Cuts,
    /// The end of the connection in the middle of a buffered answer.
    CutsInTheMiddle,
    /// Five times as slow.
    Slow,
    /// A web page in place of an answer.
    Garbles,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::None,
        Self::Refuses,
        Self::Throttles,
        Self::Fails,
        Self::Stalls,
        Self::Cuts,
        Self::CutsInTheMiddle,
        Self::Slow,
        Self::Garbles,
    ];

    /// What the first target does, which answers in so long where all is well.
    fn script(self, quickest: Duration) -> Script {
        let slow = latency(quickest * 5);
        let script = match self {
            Self::None => &latency(quickest),
            Self::Refuses => "refuse",
            Self::Throttles => "status=429&retry_after=1",
            Self::Fails => "status=500",
            Self::Stalls => "stall_before_first",
            Self::Cuts => "cut_after=0",
            Self::CutsInTheMiddle => "cut_after=40",
            Self::Slow => &slow,
            Self::Garbles => "html",
        };
        script_of(0, script)
    }

    /// Whether every second call is a stream. Nothing hides what goes wrong in the middle of one.
    fn has_streams(self) -> bool {
        self != Self::CutsInTheMiddle
    }
}

/// What is tried at one server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) strategy: Strategy,
    pub(super) trouble: Trouble,
    pub(super) calls: usize,
    pub(super) at_once: usize,
    /// The first target answers in so long, each further one in half as much more.
    pub(super) quickest: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct CellReport {
    /// How equals shared.
    pub strategy: Strategy,
    /// What went wrong, in the middle half of the calls.
    pub trouble: Trouble,
    /// Calls of clients.
    pub calls: usize,
    /// Those that were answered whole, by one target.
    pub succeeded: usize,
    /// What became of the others.
    pub failures: BTreeMap<String, usize>,
    /// Calls that the provider saw.
    pub upstream: usize,
    /// How long a call took in the mean.
    pub mean: Duration,
    /// How long one took that went to the quickest target alone, at the same time.
    pub best: Duration,
}

/// A call's end: how long it took, or what went wrong.
type Ended = (bool, Result<Duration, String>);

impl Cell {
    pub(super) async fn run(self) -> CellReport {
        let app = self.start().await;
        let client = app.client_with_key("load").await;
        let troubled = self.calls / 4..self.calls * 3 / 4;
        let call = |number: usize| {
            if number == troubled.start {
                app.simulator().script(&model_of(0), self.trouble.script(self.quickest));
            } else if number == troubled.end {
                app.simulator().script(&model_of(0), script_of(0, &latency(self.quickest)));
            }
            self.call(&client, number)
        };
        let ended: Vec<Vec<Ended>> =
            stream::iter(0..self.calls).map(call).buffer_unordered(self.at_once).collect().await;
        let upstream = app.simulator().calls().iter().filter(|call| call.model != BESIDE).count();
        app.stop().await;
        self.report(ended.into_iter().flatten(), upstream)
    }

    fn report(&self, ended: impl Iterator<Item = Ended>, upstream: usize) -> CellReport {
        let (mut routed, mut beside, mut failures) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (is_beside, end) in ended {
            match end {
                Ok(took) if is_beside => beside.push(took),
                Ok(took) => routed.push(took),
                Err(why) => *failures.entry(why).or_default() += 1,
            }
        }
        let Self { strategy, trouble, calls, .. } = *self;
        let (succeeded, mean, best) = (routed.len(), mean(&routed), mean(&beside));
        CellReport { strategy, trouble, calls, succeeded, failures, upstream, mean, best }
    }

    /// A call of the route, and now and then one beside it.
    async fn call(&self, client: &TestClient, number: usize) -> Vec<Ended> {
        let is_stream = self.trouble.has_streams() && number % 2 == 1;
        let routed = async { vec![(false, timed(client, ROUTE, is_stream).await)] };
        if !number.is_multiple_of(BESIDES) {
            return routed.await;
        }
        let beside = format!("{}/{BESIDE}", provider_of(0));
        let (mut ended, beside) = tokio::join!(routed, timed(client, &beside, is_stream));
        ended.push((true, beside));
        ended
    }

    async fn start(&self) -> TestApp {
        let settings = settings(PATIENCE, PATIENCE, 20 * PATIENCE);
        let app = TestApp::builder().calls(settings).start().await;
        for number in 0..TARGETS {
            let time = self.quickest + self.quickest / 2 * u32::try_from(number).expect("few");
            app.simulator().script(&model_of(number), script_of(number, &latency(time)));
            add_provider(&app, number).await;
        }
        app.simulator().script(BESIDE, script_of(0, &latency(self.quickest)));
        let is_failover = self.strategy == Strategy::Failover;
        let route = DeclaredRoute {
            mode: if is_failover { RouteMode::Multi } else { RouteMode::Auto },
            strategy: self.strategy,
            targets: (0..TARGETS).map(sharing).collect(),
            ..DeclaredRoute::new(Name::new(ROUTE).expect("a name"))
        };
        app.embedded().routes().add(&route, &Writer::API).await.expect("the route is added");
        app
    }
}

fn mean(times: &[Duration]) -> Duration {
    times.iter().sum::<Duration>() / u32::try_from(times.len().max(1)).expect("few calls")
}

/// One with limits and a share of its own.
fn sharing(number: usize) -> DeclaredTarget {
    let place = u32::try_from(number).expect("few");
    let limits = Limits { rpm: Some(100_000 + 10_000 * place), ..Limits::NONE };
    DeclaredTarget { weight: 1 + place % 3, limits, ..target(number) }
}

fn latency(time: Duration) -> String {
    format!("latency_ms={}", time.as_millis())
}

/// Of two models, the first dearer from target to target.
async fn add_provider(app: &TestApp, number: usize) {
    let price = Some(PricePerMillion(1_000_000_000 * (1 + i64::try_from(number).expect("few"))));
    let rates = Some(Rates { input: price, output: price, ..Rates::default() });
    let model = |model: String| DeclaredModel { model, rates, ..DeclaredModel::default() };
    let request = ProviderRequest {
        name: Name::new(provider_of(number)).expect("a name"),
        vendor: "openai_compatible".to_owned(),
        base_url: Some(app.simulator().base_url()),
        api_key: Some("sk-simulated-0123456789".into()),
        models: vec![model(model_of(number)), model(BESIDE.to_owned())],
        is_enabled: true,
    };
    app.embedded().providers().add(request, &Writer::API).await.expect("the provider is added");
}

/// A call, and how long it took; or how its answer is not the whole one of one target.
async fn timed(client: &TestClient, model: &str, is_stream: bool) -> Result<Duration, String> {
    let began = Instant::now();
    let heard = ask(client, model, is_stream).await;
    let took = began.elapsed();
    let is_beside = heard.target.ends_with(BESIDE) && heard.is_whole;
    if is_beside || (0..TARGETS).any(|number| heard.is_of(number)) {
        return Ok(took);
    }
    Err(format!("{} {} of {}: `{}`", heard.status, heard.error.unwrap_or_default(), heard.target, heard.text))
}

impl CellReport {
    /// What breaks the promises, in words; but for how long calls take, which depends on the machine.
    pub(super) fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        if self.succeeded * 1_000 < self.calls * 999 {
            broken.push(format!("{} of {} calls succeeded: {:?}", self.succeeded, self.calls, self.failures));
        }
        if self.upstream * 10 > self.calls * 12 {
            broken.push(format!("{} calls became {}", self.calls, self.upstream));
        }
        broken.into_iter().map(|what| format!("{:?}, {:?}: {what}", self.strategy, self.trouble)).collect()
    }

    /// Whether the quick ones are not found.
    pub(super) fn late(&self) -> Option<String> {
        let is_asked = self.strategy == Strategy::LeastLatency && self.trouble == Trouble::None;
        let is_late = is_asked && self.mean * 5 > self.best * 6;
        is_late.then(|| format!("{:?} in the mean where the best target takes {:?}", self.mean, self.best))
    }
}

impl fmt::Display for CellReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, succeeded, upstream, .. } = self;
        write!(
            f,
            "{:<14} {:<16} {:>6} {:>9.3} % {:>14.4} {:>8.1} {:>6.2}",
            self.strategy.as_str(),
            format!("{:?}", self.trouble),
            calls,
            100.0 * *succeeded as f64 / *calls as f64,
            *upstream as f64 / *calls as f64,
            self.mean.as_secs_f64() * 1e3,
            self.mean.as_secs_f64() / self.best.as_secs_f64(),
        )
    }
}
