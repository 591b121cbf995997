//! P5: of many calls at once, on however many processes, exactly as many pass as a limit says, and no minute holds more.

use crate::client::{Ask, Ending, LoadClient};
use crate::installation::{MODEL, PROVIDER};
use crate::replicas::{Replicas, Setting};
use futures_util::future::join_all;
use serde_json::json;
use std::fmt;
use std::time::{Duration, Instant};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::quota::QuotaScope;
use switchyard_orchestrator::admin::QuotaRequest;
use tokio::time::sleep;

const MINUTE: Duration = Duration::from_secs(60);
/// What a call reserves: eight tokens of prompt and twelve of answer. The provider uses as much.
const TOKENS: u64 = 20;

/// Which limit is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Requests per day.
    Daily,
    /// Requests per minute.
    Requests,
    /// Tokens per minute.
    Tokens,
    /// Calls at the same time.
    Concurrency,
}

impl Limit {
    /// All of them. That of a day comes first, as it counts what the day has seen before it was set.
    pub const ALL: [Self; 4] = [Self::Daily, Self::Requests, Self::Tokens, Self::Concurrency];

    /// The limit that lets exactly so many calls pass.
    fn of(self, calls: u32) -> Limits {
        match self {
            Self::Requests => Limits { rpm: Some(calls), ..Limits::NONE },
            Self::Tokens => Limits { tpm: Some(u64::from(calls) * TOKENS + TOKENS / 2), ..Limits::NONE },
            Self::Daily => Limits { rpd: Some(calls), ..Limits::NONE },
            Self::Concurrency => Limits { concurrency: Some(calls), ..Limits::NONE },
        }
    }
}

/// How many calls at once, under which limit.
#[derive(Debug)]
pub struct Crowd {
    /// Calls at once.
    pub at_once: usize,
    /// How many of them may pass.
    pub limit: u32,
    /// For how long calls go on after the first crowd, to see each minute. Zero: they do not.
    pub going_on: Duration,
    /// What the processes share.
    pub setting: Setting,
}

/// What came of one limit.
#[derive(Clone, Debug)]
pub struct CrowdReport {
    /// The limit.
    pub limit: Limit,
    /// How many may pass.
    pub allowed: u32,
    /// How many passed of the first crowd.
    pub passed: usize,
    /// The most that passed in any minute of the whole, by the clients' clocks; of limits of a minute only.
    pub busiest_minute: Option<usize>,
}

impl Crowd {
    /// Tries each limit in turn.
    ///
    /// # Panics
    /// When a server can't be started.
    pub async fn run(self) -> Vec<CrowdReport> {
        // The answers come late enough that all calls of a crowd are there at the same time.
        let mut replicas = Replicas::prepare(self.setting, "tokens=12&latency_ms=4000");
        replicas.start().await;
        let mut reports = Vec::new();
        for limit in Limit::ALL {
            set_limit(&replicas, limit.of(self.limit)).await;
            reports.push(crowd(&replicas, limit, self.at_once, self.limit, self.going_on).await);
            // Each limit begins with a minute in which nothing was counted.
            if limit != Limit::Concurrency {
                sleep(MINUTE + Duration::from_secs(1)).await;
            }
        }
        replicas.terminate().await;
        reports
    }
}

async fn crowd(
    replicas: &Replicas,
    limit: Limit,
    at_once: usize,
    allowed: u32,
    going_on: Duration,
) -> CrowdReport {
    let clients = replicas.clients();
    let client = |call: usize| &clients[call % clients.len()];
    let first = join_all((0..at_once).map(|call| call_once(client(call), limit, call))).await;
    let mut passed: Vec<Instant> = first.into_iter().flatten().collect();
    let of_first = passed.len();
    let is_of_a_minute = matches!(limit, Limit::Requests | Limit::Tokens);
    if is_of_a_minute && !going_on.is_zero() {
        let began = Instant::now();
        let mut call = at_once;
        while began.elapsed() < going_on {
            let few = join_all((0..6).map(|more| call_once(client(call + more), limit, call + more))).await;
            passed.extend(few.into_iter().flatten());
            call += 6;
            sleep(Duration::from_millis(400)).await;
        }
    }
    CrowdReport {
        limit,
        allowed,
        passed: of_first,
        busiest_minute: is_of_a_minute.then(|| busiest_minute(passed)),
    }
}

/// When the call began, if it passed.
async fn call_once(client: &LoadClient, limit: Limit, call: usize) -> Option<Instant> {
    let mut ask = Ask::new(format!("crowd-{limit:?}-{call}"), format!("{PROVIDER}/{MODEL}"), false);
    ask.more = json!({"max_tokens": 12, "messages": [{"role": "user", "content": "hi"}]});
    let seen = client.call(&ask).await;
    match seen.ending {
        Ending::Completed => Some(seen.began),
        Ending::Refused(429, _) => None,
        other => panic!("a call ended otherwise: {other:?}"),
    }
}

/// The most that began within a minute of each other.
fn busiest_minute(mut began: Vec<Instant>) -> usize {
    began.sort_unstable();
    let within =
        |from: &Instant| began.iter().filter(|at| **at >= *from && at.duration_since(*from) < MINUTE).count();
    began.iter().map(within).max().unwrap_or(0)
}

async fn set_limit(replicas: &Replicas, limits: Limits) {
    let administration =
        replicas.installation().library().open_administration().await.expect("the data open");
    let request = QuotaRequest { scope: QuotaScope::Global, limits, budget: None, expected_version: None };
    administration.quotas().set(request, &Writer::API).await.expect("the limit is set");
    // Every process has heard of it after a second.
    sleep(Duration::from_millis(1_500)).await;
}

impl CrowdReport {
    /// What breaks the promise, in words.
    #[must_use]
    pub fn broken(&self) -> Option<String> {
        let Self { limit, allowed, passed, busiest_minute } = self;
        if *passed != *allowed as usize {
            return Some(format!("{limit:?}: {passed} passed where {allowed} may"));
        }
        let busiest = busiest_minute.filter(|busiest| *busiest > *allowed as usize)?;
        Some(format!("{limit:?}: {busiest} passed within a minute where {allowed} may"))
    }
}

impl fmt::Display for CrowdReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<12} passed {} of {}", format!("{:?}", self.limit), self.passed, self.allowed)?;
        match self.busiest_minute {
            Some(busiest) => write!(f, ", busiest minute {busiest}"),
            None => Ok(()),
        }
    }
}
