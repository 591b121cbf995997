//! P9: a dead provider is left alone, tried now and then, and has its traffic back soon after it recovers; and the last provider of a
//! route is never given up without a try.

use crate::targets::{Heard, add_providers, add_route, ask, model_of, script_of, settings};
use futures_util::future::join_all;
use std::fmt;
use std::time::{Duration, Instant};
use switchyard_harness::{TestApp, TestClient};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

const PATIENCE: Duration = Duration::from_secs(2);
/// Calls that a provider gets before it is known to be dead.
const MOST_AT_FIRST: usize = 20;
/// How soon it is known.
const AT_FIRST: Duration = Duration::from_secs(1);
/// Probes are a second apart, but for what the network does to them.
const BETWEEN_PROBES: Duration = Duration::from_millis(950);
/// How soon traffic is back.
const BACK_WITHIN: Duration = Duration::from_secs(10);
/// How often the last one of a route is asked for.
const LAST_TRIES: usize = 5;

/// Whether another provider stands behind the dead one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// None does.
    Alone,
    /// One that works does.
    BeforeAHealthyOne,
}

/// How long a provider is dead, and how many calls come meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Recovery {
    /// How long.
    pub dead: Duration,
    /// Calls each second.
    pub rate: u32,
}

/// What came of one way to be dead.
#[derive(Clone, Debug)]
pub struct DeathReport {
    /// How it is dead.
    pub way: &'static str,
    /// What stands behind it.
    pub place: Place,
    /// Calls of clients meanwhile.
    pub calls: usize,
    /// Requests that it got within the first second.
    pub at_first: usize,
    /// Requests that it got afterwards.
    pub probes: usize,
    /// The least time between two of these.
    pub closest: Option<Duration>,
    /// How long that was.
    pub probed_for: Duration,
    /// From its recovery to the first answer that it gave; `None`: it gave none in time.
    pub back_in: Option<Duration>,
    /// What clients heard that they must not.
    pub wrong: Vec<String>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct RecoveryReport {
    /// Way by way.
    pub deaths: Vec<DeathReport>,
    /// Of calls that came a second after the last try while all three of a route were dead, those that tried none.
    pub untried: usize,
    /// How long such a route took to answer once one of its three recovered.
    pub last_back_in: Option<Duration>,
}

impl Recovery {
    /// Lets providers die and recover, all ways at the same time.
    ///
    /// # Panics
    /// When a server can't be started.
    pub async fn run(self) -> RecoveryReport {
        let places = [Place::Alone, Place::BeforeAHealthyOne];
        let ways = ["status=500", "refuse"].into_iter();
        let deaths = ways.flat_map(|way| places.map(|place| self.death(way, place)));
        let (deaths, (untried, last_back_in)) = tokio::join!(join_all(deaths), last_of_a_route());
        RecoveryReport { deaths, untried, last_back_in }
    }

    async fn death(self, way: &'static str, place: Place) -> DeathReport {
        let (app, client) = begin(&[("route", place.targets())], 2).await;
        app.simulator().script(&model_of(0), script_of(0, way));
        let died = Instant::now();
        let calls = self.calls(&client, died, self.dead).await;
        let probed_for = died.elapsed().saturating_sub(AT_FIRST);
        let times: Vec<Instant> = requests(&app);
        app.simulator().script(&model_of(0), script_of(0, ""));
        let recovered = Instant::now();
        let back_in = until_back(&client, recovered).await;
        let mut wrong: Vec<String> =
            calls.iter().filter(|heard| !place.admits(heard)).map(|heard| format!("{heard:?}")).collect();
        if back_in.is_some() {
            let after = self.calls(&client, recovered, Duration::from_secs(1)).await;
            wrong.extend(after.iter().filter(|heard| !heard.is_of(0)).map(|heard| format!("{heard:?}")));
        }
        app.stop().await;
        let (first, later): (Vec<Instant>, Vec<Instant>) =
            times.into_iter().partition(|at| at.duration_since(died) < AT_FIRST);
        let closest = later.windows(2).map(|pair| pair[1].duration_since(pair[0])).min();
        DeathReport {
            way,
            place,
            calls: calls.len(),
            at_first: first.len(),
            probes: later.len(),
            closest,
            probed_for,
            back_in,
            wrong,
        }
    }

    /// Calls at a steady rate, whether or not they are answered.
    async fn calls(self, client: &TestClient, from: Instant, span: Duration) -> Vec<Heard> {
        let mut ticks = interval(Duration::from_secs(1) / self.rate);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (began, mut calls, mut number) = (Instant::now().max(from), JoinSet::new(), 0);
        while began.elapsed() < span {
            ticks.tick().await;
            let (client, is_stream) = (client.clone(), number % 2 == 1);
            calls.spawn(async move { ask(&client, "route", is_stream).await });
            number += 1;
        }
        calls.join_all().await
    }
}

impl Place {
    fn targets(self) -> &'static [usize] {
        match self {
            Self::Alone => &[0],
            Self::BeforeAHealthyOne => &[0, 1],
        }
    }

    /// Whether a client may hear this while the first one is dead.
    fn admits(self, heard: &Heard) -> bool {
        match self {
            Self::Alone => matches!(heard.status, 502 | 503) && heard.error.is_some(),
            Self::BeforeAHealthyOne => heard.is_of(1),
        }
    }
}

async fn begin(routes: &[(&str, &[usize])], providers: usize) -> (TestApp, TestClient) {
    let app = TestApp::builder().calls(settings(PATIENCE, PATIENCE, 10 * PATIENCE)).start().await;
    add_providers(&app, providers).await;
    for (name, targets) in routes {
        add_route(&app, name, targets).await;
    }
    let client = app.client_with_key("load").await;
    (app, client)
}

/// When the first provider was asked.
fn requests(app: &TestApp) -> Vec<Instant> {
    let calls = app.simulator().calls().into_iter().filter(|call| call.model == model_of(0));
    calls.map(|call| call.received_at).collect()
}

/// How long the first provider takes to answer a client again.
async fn until_back(client: &TestClient, recovered: Instant) -> Option<Duration> {
    while recovered.elapsed() < 2 * BACK_WITHIN {
        if ask(client, "route", false).await.is_of(0) {
            return Some(recovered.elapsed());
        }
        sleep(Duration::from_millis(20)).await;
    }
    None
}

/// A route of three that are all dead: calls that try none of them though a probe is due; and how long it takes to answer once one of
/// them, which is not the first, works again.
async fn last_of_a_route() -> (usize, Option<Duration>) {
    let (app, client) = begin(&[("route", &[0, 1, 2])], 3).await;
    for number in 0..3 {
        app.simulator().script(&model_of(number), script_of(number, "status=500"));
    }
    for _ in 0..30 {
        ask(&client, "route", false).await;
    }
    let mut untried = 0;
    for _ in 0..LAST_TRIES {
        sleep(AT_FIRST + GIVE).await;
        app.simulator().take_calls();
        ask(&client, "route", false).await;
        untried += usize::from(app.simulator().take_calls().is_empty());
    }
    app.simulator().script(&model_of(1), script_of(1, ""));
    let recovered = Instant::now();
    let mut back_in = None;
    while back_in.is_none() && recovered.elapsed() < 2 * BACK_WITHIN {
        back_in = ask(&client, "route", false).await.is_of(1).then(|| recovered.elapsed());
        sleep(Duration::from_millis(20)).await;
    }
    app.stop().await;
    (untried, back_in)
}

/// What a timer may be late.
const GIVE: Duration = Duration::from_millis(100);

impl DeathReport {
    fn broken(&self) -> Vec<String> {
        let Self { at_first, probes, closest, probed_for, back_in, wrong, calls, .. } = self;
        let mut broken = Vec::new();
        if *at_first > MOST_AT_FIRST || *at_first == 0 {
            broken.push(format!("{at_first} requests at first"));
        }
        if closest.is_some_and(|closest| closest < BETWEEN_PROBES)
            || *probes as u64 > probed_for.as_secs() + 1
        {
            broken.push(format!("{probes} probes in {probed_for:?}, {closest:?} apart at least"));
        }
        if back_in.is_none_or(|back_in| back_in > BACK_WITHIN) {
            broken.push(format!("its traffic was back after {back_in:?}"));
        }
        if let Some(first) = wrong.first() {
            broken.push(format!("{} of {calls} calls and those afterwards, such as {first}", wrong.len()));
        }
        broken.into_iter().map(|what| format!("{} {:?}: {what}", self.way, self.place)).collect()
    }
}

impl RecoveryReport {
    /// What breaks the promise, in words.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken: Vec<String> = self.deaths.iter().flat_map(DeathReport::broken).collect();
        if self.untried > 0 {
            broken.push(format!("{} of {LAST_TRIES} calls were given up without a try", self.untried));
        }
        if self.last_back_in.is_none_or(|back_in| back_in > BACK_WITHIN) {
            broken.push(format!("a route with one that works again answered after {:?}", self.last_back_in));
        }
        broken
    }
}

impl fmt::Display for RecoveryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |time: Option<Duration>| {
            time.map_or("never".to_owned(), |it| format!("{:.2} s", it.as_secs_f64()))
        };
        for it in &self.deaths {
            writeln!(f, "{}, {:?}: {} calls", it.way, it.place, it.calls)?;
            let (at_first, probes, span, closest) =
                (it.at_first, it.probes, it.probed_for, seconds(it.closest));
            writeln!(f, "  requests in the first second  {at_first}")?;
            writeln!(
                f,
                "  then in {:>5.1} s               {probes}, {closest} apart at least",
                span.as_secs_f64()
            )?;
            writeln!(f, "  back after its recovery in    {}", seconds(it.back_in))?;
        }
        writeln!(f, "all three dead: {} of {LAST_TRIES} calls were given up untried", self.untried)?;
        writeln!(f, "one of three recovered: the route answered after {}", seconds(self.last_back_in))
    }
}
