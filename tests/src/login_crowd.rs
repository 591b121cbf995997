//! P17: many sign in at once. What that costs in memory, and what those notice of it who call models meanwhile.

use crate::client::{Ask, LoadClient};
use crate::figures::Spread;
use crate::installation::{Database, Installation, MODEL, PROVIDER};
use crate::slowness::memory_of;
use futures_util::future::join_all;
use reqwest::Client;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use switchyard_harness::testkit::simulator::{Script, Simulator};
use tokio::time::sleep;

const ADMIN: &str = "ada.admin";
const PASSWORD: &str = "Gravel-Otter-7";
/// The promises: bytes more, and hundredths more of the time of the slowest of a hundred calls.
const MOST_BYTES: u64 = 300 * 1024 * 1024;
const MOST_PERCENT: f64 = 20.0;
/// Between two calls of a model.
const PAUSE: Duration = Duration::from_millis(10);

/// People who sign in together.
#[derive(Clone, Copy, Debug)]
pub struct LoginCrowd {
    /// At once.
    pub logins: usize,
    /// How often they do.
    pub rounds: usize,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct CrowdReport {
    /// How the logins were answered.
    pub statuses: BTreeMap<u16, usize>,
    /// By how much the server's memory grew at most, in bytes.
    pub grown: u64,
    /// How long calls took before, and meanwhile.
    pub calls: (Spread, Spread),
}

impl LoginCrowd {
    /// Signs them in.
    ///
    /// # Panics
    /// When the server can't be started.
    pub async fn run(self) -> CrowdReport {
        let simulator = Simulator::start();
        simulator.script(MODEL, Script::of("tokens=8&latency_ms=20"));
        let settings = json!({
            "admin_username": ADMIN, "admin_password": PASSWORD, "login_rate_limit": "1000000 per minute",
            "rate_limit_enabled": false,
        });
        let installation = Installation::prepare(&simulator.base_url(), Database::Sqlite, &settings);
        let mut server = installation.start();
        server.until_ready().await;
        let client = LoadClient::new(installation.address(), installation.key());
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(120)).build().expect("a client");
        let url = format!("http://{}/api/auth/login", installation.address());
        // Who signs in first pays for what all share.
        log_in(&http, &url, PASSWORD).await;
        let calm = calls_until(&client, "calm", sleep(Duration::from_secs(5))).await;
        let before = memory_of(server.id(), "VmRSS");
        std::fs::write(format!("/proc/{}/clear_refs", server.id()), "5").expect("the peak is forgotten");
        let mut statuses = BTreeMap::new();
        let crowd = async {
            for _ in 0..self.rounds {
                let password =
                    |number: usize| if number.is_multiple_of(2) { PASSWORD } else { "Wrong-Otter-7" };
                let logins = (0..self.logins).map(|number| log_in(&http, &url, password(number)));
                for status in join_all(logins).await {
                    *statuses.entry(status).or_default() += 1;
                }
            }
        };
        let crowded = calls_until(&client, "crowded", crowd).await;
        let grown = memory_of(server.id(), "VmHWM").saturating_sub(before);
        server.terminate().await;
        CrowdReport { statuses, grown, calls: (calm, crowded) }
    }
}

async fn log_in(http: &Client, url: &str, password: &str) -> u16 {
    let body = json!({"username": ADMIN, "password": password}).to_string();
    let request = http.post(url).header("content-type", "application/json").body(body);
    request.send().await.map_or(0, |answer| answer.status().as_u16())
}

/// Calls a model again and again until the other work is done; how long that took, call by call.
async fn calls_until(client: &LoadClient, prefix: &str, work: impl Future<Output = ()>) -> Spread {
    let over = Arc::new(AtomicBool::new(false));
    let calling = tokio::spawn({
        let (client, prefix, over) = (client.clone(), prefix.to_owned(), Arc::clone(&over));
        async move {
            let mut times = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let ask = Ask::new(format!("{prefix}-{}", times.len()), format!("{PROVIDER}/{MODEL}"), false);
                let began = Instant::now();
                assert!(client.call(&ask).await.is_completed(), "a call failed");
                times.push(began.elapsed());
                sleep(PAUSE).await;
            }
            times
        }
    });
    work.await;
    over.store(true, Ordering::Relaxed);
    Spread::of(calling.await.expect("the calls succeed"))
}

impl CrowdReport {
    /// By how many parts of a hundred the slowest of a hundred calls is slower meanwhile.
    #[must_use]
    pub fn slower(&self) -> f64 {
        let (calm, crowded) = (self.calls.0.p99.as_secs_f64(), self.calls.1.p99.as_secs_f64());
        (crowded / calm - 1.0) * 100.0
    }

    /// What breaks the promise, in words.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        if self.grown > MOST_BYTES {
            broken.push(format!("the server grew by {} MiB", self.grown >> 20));
        }
        if self.slower() > MOST_PERCENT {
            broken.push(format!("p99 of calls rose by {:.0} %", self.slower()));
        }
        if !self.statuses.contains_key(&200)
            || self.statuses.keys().any(|status| ![200, 401, 429, 503].contains(status))
        {
            broken.push(format!("logins were answered otherwise: {:?}", self.statuses));
        }
        broken
    }
}

impl fmt::Display for CrowdReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "logins, by status:       {:?}", self.statuses)?;
        writeln!(f, "memory, at most:         {} MiB more", self.grown >> 20)?;
        writeln!(f, "calls before:            {}", self.calls.0)?;
        writeln!(f, "calls meanwhile:         {} ({:+.0} % of p99)", self.calls.1, self.slower())
    }
}
