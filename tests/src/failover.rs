//! P7: what fails before the first byte is hidden while one provider works; after it the answers of two are never mixed, and a stream
//! that falls silent ends with an error event when its time is over.

use crate::targets::{Heard, WORDS, add_providers, add_route, ask, model_of, script_of, settings, text_of};
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use switchyard_harness::testkit::clock::ManualClock;
use switchyard_harness::{TestApp, TestClient};

/// How long a call waits for the first content.
const FIRST_CONTENT: Duration = Duration::from_millis(800);
/// How long a stream may be silent.
const IDLE: Duration = Duration::from_secs(1);
/// How far from that its end may be.
const GIVE: Duration = Duration::from_millis(250);
/// The clock goes on by so much from call to call: longer than any target is left alone, so that each call meets the fault.
const REST: Duration = Duration::from_secs(400);
/// Faults that are tried at the same time.
const LANES: usize = 4;
/// Of the faults that take their time, one call in so many.
const SELDOM: usize = 20;

/// How answers are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Buffered,
    Streamed,
    BothWays,
}

/// What a provider does before the first byte, how it must be asked to do so, and whether it takes its time.
const BEFORE: [(&str, Asked, bool); 30] = [
    ("refuse", Asked::BothWays, false),
    ("status=429", Asked::BothWays, false),
    ("status=429&retry_after=30", Asked::BothWays, false),
    ("status=429&error_code=insufficient_quota&error_type=insufficient_quota", Asked::BothWays, false),
    ("status=402", Asked::BothWays, false),
    ("status=401", Asked::BothWays, false),
    ("status=403", Asked::BothWays, false),
    ("status=408", Asked::BothWays, false),
    ("status=425", Asked::BothWays, false),
    ("status=500", Asked::BothWays, false),
    ("status=502", Asked::BothWays, false),
    ("status=503", Asked::BothWays, false),
    ("status=504", Asked::BothWays, false),
    ("status=529", Asked::BothWays, false),
    ("html", Asked::BothWays, false),
    ("html&status=503", Asked::BothWays, false),
    ("error_in_200&error_code=server_error&error_type=server_error", Asked::BothWays, false),
    ("cut_after=0", Asked::BothWays, false),
    ("rst_after=0", Asked::BothWays, false),
    ("error_event_first&error_type=server_error", Asked::Streamed, false),
    ("bad_events=4", Asked::Streamed, false),
    ("big_line=1200000", Asked::Streamed, false),
    ("malformed_json", Asked::Buffered, false),
    ("cut_after=40", Asked::Buffered, false),
    ("rst_after=40", Asked::Buffered, false),
    ("truncated_gzip", Asked::Buffered, false),
    ("wrong_length=+7", Asked::Buffered, false),
    ("latency_ms=60000", Asked::BothWays, true),
    ("stall_before_first", Asked::BothWays, true),
    ("comments&stall_after=0", Asked::Streamed, true),
];

/// What a provider does once so many words are out.
const AFTER: [&str; 4] = ["cut_after=", "rst_after=", "error_event_after=", "no_done&no_finish&cut_after="];

/// How many calls.
#[derive(Clone, Copy, Debug)]
pub struct Failover {
    /// Of each fault.
    pub calls: usize,
    /// Streams that fall silent, all at the same time.
    pub stalls: usize,
}

/// What came of one fault.
#[derive(Clone, Debug)]
pub struct FaultReport {
    /// The provider's script.
    pub fault: &'static str,
    /// Calls.
    pub calls: usize,
    /// Calls whose attempts were not those that the fault leaves: they met it at each failing target and then went on, or not.
    pub missed: usize,
    /// What clients heard that they must not.
    pub wrong: Vec<String>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct FailoverReport {
    /// Faults before the first byte.
    pub before: Vec<FaultReport>,
    /// Faults after it.
    pub after: Vec<FaultReport>,
    /// From the last word of a stream that falls silent to its error event.
    pub silences: Vec<Duration>,
    /// Streams that fell silent and ended otherwise.
    pub unended: Vec<String>,
}

impl Failover {
    /// Tries every fault.
    ///
    /// # Panics
    /// When a server can't be started.
    pub async fn run(self) -> FailoverReport {
        let before = stream::iter(BEFORE).map(|(fault, asked, is_slow)| {
            let calls = if is_slow { (self.calls / SELDOM).max(2) } else { self.calls };
            before(fault, asked, calls)
        });
        let before = before.buffered(LANES).collect().await;
        let after = stream::iter(AFTER).map(|fault| after(fault, self.calls)).buffered(LANES);
        let after = after.collect().await;
        let (silences, unended) = silences(self.stalls).await;
        FailoverReport { before, after, silences, unended }
    }
}

/// A server with three providers, of which the first two fail and the last one works; `one` has one that fails, `two` has both.
async fn begin() -> (TestApp, Arc<ManualClock>, TestClient) {
    let clock = Arc::new(ManualClock::default());
    let builder = TestApp::builder().clock(Arc::clone(&clock) as _);
    let app = builder.calls(settings(FIRST_CONTENT, IDLE, Duration::from_secs(30))).start().await;
    add_providers(&app, 3).await;
    add_route(&app, "one", &[0, 2]).await;
    add_route(&app, "two", &[0, 1, 2]).await;
    let client = app.client_with_key("load").await;
    (app, clock, client)
}

/// The targets that the provider saw a call at; one that a call went to again over another connection counts once.
fn tried(app: &TestApp, id: &str) -> Vec<String> {
    let calls = app.simulator().take_calls().into_iter();
    let mine = calls.filter(|call| call.request_id.as_deref() == Some(id));
    let mut models: Vec<String> = mine.map(|call| call.model).collect();
    models.dedup();
    models
}

async fn before(fault: &'static str, asked: Asked, calls: usize) -> FaultReport {
    let (app, clock, client) = begin().await;
    for failing in 0..2 {
        app.simulator().script(&model_of(failing), script_of(failing, fault));
    }
    let mut report = FaultReport { fault, calls, missed: 0, wrong: Vec::new() };
    for number in 0..calls {
        let is_stream = match asked {
            Asked::Buffered => false,
            Asked::Streamed => true,
            Asked::BothWays => number / 2 % 2 == 1,
        };
        let (route, way) = if number % 2 == 0 { ("one", vec![0, 2]) } else { ("two", vec![0, 1, 2]) };
        let heard = ask(&client, route, is_stream).await;
        let expected: Vec<String> = way.into_iter().map(model_of).collect();
        report.missed += usize::from(tried(&app, &heard.id) != expected);
        if !heard.is_of(2) {
            report.wrong.push(format!("{heard:?}"));
        }
        clock.advance(REST);
    }
    app.stop().await;
    report
}

async fn after(fault: &'static str, calls: usize) -> FaultReport {
    let (app, clock, client) = begin().await;
    let mut report = FaultReport { fault, calls, missed: 0, wrong: Vec::new() };
    for number in 0..calls {
        let words = 1 + number % (WORDS - 1);
        app.simulator().script(&model_of(0), script_of(0, &format!("{fault}{words}")));
        let heard = ask(&client, "two", true).await;
        let sent = app.simulator().calls().last().map(|call| call.text_sent.clone()).unwrap_or_default();
        report.missed += usize::from(tried(&app, &heard.id) != [model_of(0)]);
        if !is_broken_off(&heard) || heard.text != sent {
            report.wrong.push(format!("after {words} words: {heard:?}"));
        }
        clock.advance(REST);
    }
    app.stop().await;
    report
}

/// Whether it is the beginning of the first target's answer, with an error event at its end.
fn is_broken_off(heard: &Heard) -> bool {
    let is_beginning = !heard.text.is_empty() && text_of(0).starts_with(&heard.text);
    let error = heard.error.as_deref();
    is_beginning && !heard.is_whole && (heard.status, error) == (200, Some("upstream_stream_interrupted"))
}

/// Streams that fall silent at the same time: for how long, and what ended otherwise.
async fn silences(count: usize) -> (Vec<Duration>, Vec<String>) {
    let (app, _, client) = begin().await;
    app.simulator().script(&model_of(0), script_of(0, "stall_after=3"));
    let ended = join_all((0..count).map(|_| silence(&client))).await;
    app.stop().await;
    let (mut silences, mut unended) = (Vec::new(), Vec::new());
    for end in ended {
        match end {
            Ok(silence) => silences.push(silence),
            Err(text) => unended.push(text),
        }
    }
    silences.sort_unstable();
    (silences, unended)
}

/// From the last word to the error event; or what came, where that is not how it ended.
async fn silence(client: &TestClient) -> Result<Duration, String> {
    let body =
        r#"{"model": "two", "stream": true, "messages": [{"role": "user", "content": "say some words"}]}"#;
    let request = client.request("POST", "/v1/chat/completions").header("content-type", "application/json");
    let mut answer = request.body(body).send().await.map_err(|error| error.to_string())?;
    let (mut text, mut last_word, mut error_at) = (String::new(), None, None);
    while let Some(piece) = answer.chunk().await.map_err(|error| error.to_string())? {
        let piece = String::from_utf8_lossy(&piece);
        if piece.contains("upstream_stream_interrupted") {
            error_at = Some(Instant::now());
        } else if piece.contains("word-0") {
            last_word = Some(Instant::now());
        }
        text.push_str(&piece);
    }
    match (last_word, error_at) {
        (Some(word), Some(error)) if !text.contains("[DONE]") && text.matches("word-").count() == 3 => {
            Ok(error.duration_since(word))
        }
        _ => Err(text),
    }
}

impl FailoverReport {
    /// What breaks the promise, in words; but for the ends that come late, which depends on the machine.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for FaultReport { fault, calls, missed, wrong } in self.before.iter().chain(&self.after) {
            if let Some(first) = wrong.first() {
                broken.push(format!("`{fault}`: {} of {calls} calls, such as {first}", wrong.len()));
            }
            if *missed > 0 {
                broken.push(format!("`{fault}`: {missed} of {calls} calls took another way"));
            }
        }
        if let Some(first) = self.unended.first() {
            broken.push(format!("{} silent streams ended otherwise: {first}", self.unended.len()));
        }
        if let Some(early) = self.silences.first().filter(|silence| **silence + GIVE < IDLE) {
            broken.push(format!("a stream was given up after a silence of {early:?}"));
        }
        broken
    }

    /// Streams whose end came too late.
    #[must_use]
    pub fn late(&self) -> Option<String> {
        let late = self.silences.last().filter(|silence| **silence > IDLE + GIVE)?;
        Some(format!("a silence of {late:?} where {IDLE:?} are allowed"))
    }
}

impl fmt::Display for FailoverReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (when, faults) in [("before the first byte", &self.before), ("after it", &self.after)] {
            writeln!(f, "{:<72} {:>6} {:>7} {:>6}", when, "calls", "missed", "wrong")?;
            for FaultReport { fault, calls, missed, wrong } in faults {
                writeln!(f, "  {fault:<70} {calls:>6} {missed:>7} {:>6}", wrong.len())?;
            }
        }
        let at = |percent: usize| {
            let place = (self.silences.len() * percent).div_ceil(100).saturating_sub(1);
            self.silences.get(place).map_or(0.0, |silence| silence.as_secs_f64() * 1e3)
        };
        let (least, middle, most, count) = (at(0), at(50), at(100), self.silences.len());
        writeln!(
            f,
            "silent for, idle timeout {IDLE:?}: least {least:.0} ms, p50 {middle:.0} ms, most {most:.0} ms of {count}"
        )
    }
}
