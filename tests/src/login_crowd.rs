//! P17: many sign in at once, from everywhere. What that costs in memory, what those notice of it who call models meanwhile, and whether
//! somebody gets in meanwhile who signed in from where they are before.

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
/// From where the owner of the account signs in, and the time between two of their logins.
const OWN_ADDRESS: &str = "198.51.100.7";
const OWN_PAUSE: Duration = Duration::from_millis(500);
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
    /// How the owner's own were, meanwhile.
    pub of_owner: BTreeMap<u16, usize>,
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
            "rate_limit_enabled": false, "trusted_proxies": "127.0.0.0/8",
        });
        let installation = Installation::prepare(&simulator.base_url(), Database::Sqlite, &settings);
        let mut server = installation.start();
        server.until_ready().await;
        let client = LoadClient::new(installation.address(), installation.key());
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(120)).build().expect("a client");
        let url = format!("http://{}/api/auth/login", installation.address());
        // Who signs in first pays for what all share.
        log_in(&http, &url, PASSWORD, OWN_ADDRESS).await;
        let calm = calls_until(&client, "calm", sleep(Duration::from_secs(5))).await;
        let before = memory_of(server.id(), "VmRSS");
        std::fs::write(format!("/proc/{}/clear_refs", server.id()), "5").expect("the peak is forgotten");
        let (mut statuses, mut of_owner) = (BTreeMap::new(), BTreeMap::new());
        let is_over = AtomicBool::new(false);
        let crowd = async {
            for round in 0..self.rounds {
                let logins = (0..self.logins).map(|number| {
                    let password = if number.is_multiple_of(2) { PASSWORD } else { "Wrong-Otter-7" };
                    let from = format!("10.{round}.{}.{}", number / 250, number % 250);
                    let (http, url) = (&http, &url);
                    async move { log_in(http, url, password, &from).await }
                });
                for status in join_all(logins).await {
                    *statuses.entry(status).or_default() += 1;
                }
            }
            is_over.store(true, Ordering::Relaxed);
        };
        let owner = async {
            while !is_over.load(Ordering::Relaxed) {
                *of_owner.entry(log_in(&http, &url, PASSWORD, OWN_ADDRESS).await).or_default() += 1;
                sleep(OWN_PAUSE).await;
            }
        };
        let all = async {
            tokio::join!(crowd, owner);
        };
        let crowded = calls_until(&client, "crowded", all).await;
        let grown = memory_of(server.id(), "VmHWM").saturating_sub(before);
        server.terminate().await;
        CrowdReport { statuses, of_owner, grown, calls: (calm, crowded) }
    }
}

async fn log_in(http: &Client, url: &str, password: &str, from: &str) -> u16 {
    let body = json!({"username": ADMIN, "password": password}).to_string();
    let request =
        http.post(url).header("content-type", "application/json").header("x-forwarded-for", from).body(body);
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
        if self.of_owner.keys().ne([&200]) {
            broken.push(format!("the owner was kept out: {:?}", self.of_owner));
        }
        broken
    }
}

impl fmt::Display for CrowdReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "logins, by status:       {:?}", self.statuses)?;
        writeln!(f, "the owner's, by status:  {:?}", self.of_owner)?;
        writeln!(f, "memory, at most:         {} MiB more", self.grown >> 20)?;
        writeln!(f, "calls before:            {}", self.calls.0)?;
        writeln!(f, "calls meanwhile:         {} ({:+.0} % of p99)", self.calls.1, self.slower())
    }
}
