//! P8: where every provider fails, an outage is not multiplied: few more calls than clients make, three attempts of each at most, and
//! all within the time that a call has.

use crate::figures::Spread;
use crate::targets::{Heard, add_providers, add_route, ask, model_of, provider_of, script_of, settings};
use futures_util::{StreamExt, stream};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::{Duration, Instant};
use switchyard_harness::{TestApp, TestClient};

const PATIENCE: Duration = Duration::from_millis(500);
/// What a call has in all.
const DEADLINE: Duration = Duration::from_secs(3);
/// What the client's own way may take besides, on a machine that is busy.
const GIVE: Duration = Duration::from_millis(250);
const MOST_ATTEMPTS: usize = 3;
/// The one that is called by itself, beside the route of three.
const LONE: usize = 3;

/// In which ways all of them fail.
const WAYS: [&str; 7] = [
    "refuse",
    "status=500",
    "status=429",
    "status=429&retry_after=2",
    "status=401",
    "html",
    "stall_before_first",
];

/// How many calls.
#[derive(Clone, Copy, Debug)]
pub struct AllFailing {
    /// Of each way.
    pub calls: usize,
    /// At the same time.
    pub at_once: usize,
}

/// What came of one way.
#[derive(Clone, Debug)]
pub struct OutageReport {
    /// What all providers do.
    pub way: &'static str,
    /// Calls of clients.
    pub calls: usize,
    /// Calls that providers saw.
    pub upstream: usize,
    /// The most that they saw of one call.
    pub most_attempts: usize,
    /// What clients heard, by status and code.
    pub heard: BTreeMap<String, usize>,
    /// How long calls took.
    pub took: Spread,
    /// Answers that are no error, or none that says what is the matter.
    pub wrong: Vec<String>,
}

impl AllFailing {
    /// Makes the calls, way by way.
    ///
    /// # Panics
    /// When a server can't be started.
    pub async fn run(self) -> Vec<OutageReport> {
        let mut reports = Vec::new();
        for way in WAYS {
            reports.push(self.outage(way).await);
        }
        reports
    }

    async fn outage(self, way: &'static str) -> OutageReport {
        let builder = TestApp::builder().calls(settings(PATIENCE, PATIENCE, DEADLINE));
        let app = builder.start().await;
        add_providers(&app, LONE + 1).await;
        add_route(&app, "three", &[0, 1, 2]).await;
        for number in 0..=LONE {
            app.simulator().script(&model_of(number), script_of(number, way));
        }
        let client = app.client_with_key("load").await;
        let ended: Vec<(Heard, Duration)> = stream::iter(0..self.calls)
            .map(|number| call(&client, number))
            .buffer_unordered(self.at_once)
            .collect()
            .await;
        let mut attempts: HashMap<String, usize> = HashMap::new();
        for call in app.simulator().calls() {
            *attempts.entry(call.request_id.unwrap_or_default()).or_default() += 1;
        }
        app.stop().await;
        let mut heard = BTreeMap::new();
        for (it, _) in &ended {
            *heard
                .entry(format!("{} {}", it.status, it.error.as_deref().unwrap_or_default()))
                .or_default() += 1;
        }
        OutageReport {
            way,
            calls: self.calls,
            upstream: attempts.values().sum(),
            most_attempts: attempts.values().copied().max().unwrap_or_default(),
            heard,
            took: Spread::of(ended.iter().map(|(_, took)| *took)),
            wrong: ended.iter().filter(|(it, _)| !is_an_error(it)).map(|(it, _)| format!("{it:?}")).collect(),
        }
    }
}

/// Every second call is of the route, every second one of those a stream.
async fn call(client: &TestClient, number: usize) -> (Heard, Duration) {
    let lone = format!("{}/{}", provider_of(LONE), model_of(LONE));
    let model = if number.is_multiple_of(2) { "three" } else { &lone };
    let began = Instant::now();
    let heard = ask(client, model, number / 2 % 2 == 1).await;
    (heard, began.elapsed())
}

fn is_an_error(heard: &Heard) -> bool {
    matches!(heard.status, 429 | 502 | 503 | 504)
        && heard.error.as_deref().is_some_and(|code| !code.is_empty())
}

impl OutageReport {
    /// What breaks the promise, in words.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let Self { way, calls, upstream, most_attempts, wrong, .. } = self;
        let mut broken = Vec::new();
        if upstream * 10 > calls * 12 {
            broken.push(format!("`{way}`: {calls} calls became {upstream}"));
        }
        if *upstream == 0 {
            broken.push(format!("`{way}`: nobody was called, so nothing was tried"));
        }
        if *most_attempts > MOST_ATTEMPTS {
            broken.push(format!("`{way}`: a call became {most_attempts}"));
        }
        if let Some(first) = wrong.first() {
            broken.push(format!("`{way}`: {} answers are no errors, such as {first}", wrong.len()));
        }
        broken
    }

    /// Whether a call took longer than it may.
    #[must_use]
    pub fn late(&self) -> Option<String> {
        let is_late = self.took.max > DEADLINE + GIVE;
        is_late.then(|| format!("`{}`: a call took {:?} of {DEADLINE:?}", self.way, self.took.max))
    }
}

impl fmt::Display for OutageReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { way, calls, upstream, most_attempts, heard, took, .. } = self;
        let ratio = *upstream as f64 / *calls as f64;
        writeln!(
            f,
            "{way:<26} {calls} calls became {upstream} ({ratio:.3}), {most_attempts} of one at most"
        )?;
        writeln!(f, "{:<26} {took}", "")?;
        heard.iter().try_for_each(|(what, count)| writeln!(f, "{:<26} {count:>6} heard {what}", ""))
    }
}
