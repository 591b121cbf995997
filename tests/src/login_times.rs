//! What the time of a refused login tells: nothing. Known names, unknown ones and accounts that are off, in turn, at the true cost.

use crate::figures::Spread;
use serde_json::json;
use std::fmt;
use std::time::{Duration, Instant};
use switchyard::PasswordCost;
use switchyard::orchestrator::accounts::{AccountSettings, Rates, RegistrationPolicy};
use switchyard::ports::throttle::Rate;
use switchyard_harness::{PASSWORD, TestApp};

/// How far the medians may be apart, in parts of a hundred.
const MOST_PERCENT: f64 = 5.0;

/// Interleaved logins.
#[derive(Clone, Copy, Debug)]
pub struct LoginTimes {
    /// How many of each kind.
    pub rounds: usize,
}

/// What they took.
#[derive(Clone, Debug)]
pub struct LoginReport {
    known: Spread,
    unknown: Spread,
}

impl LoginTimes {
    /// Measures.
    ///
    /// # Panics
    /// When a login is answered otherwise than by a 401.
    pub async fn run(self) -> LoginReport {
        let many = Rate { count: 1_000_000, window: Duration::from_secs(60) };
        let settings = AccountSettings {
            registration: RegistrationPolicy::Open,
            rates: Rates { register: many, login: many, session: many, documented: None },
            ..AccountSettings::default()
        };
        let app = TestApp::builder().accounts(settings).password_cost(PasswordCost::STANDARD).start().await;
        let client = app.anonymous();
        for name in 0..self.rounds.div_ceil(8) {
            let body = json!({"username": format!("known.{name}"), "password": PASSWORD}).to_string();
            assert_eq!(client.post("/api/v1/auth/register", body).await.status, 201);
        }
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for round in 0..self.rounds {
            // No account has so many wrong tries that it is throttled.
            let name = round / 8;
            known.push(time(&client, &format!("known.{name}")).await);
            unknown.push(time(&client, &format!("other.{name}")).await);
        }
        LoginReport { known: Spread::of(known), unknown: Spread::of(unknown) }
    }
}

async fn time(client: &switchyard_harness::TestClient, name: &str) -> Duration {
    let body = json!({"username": name, "password": "Wrong-Otter-7"}).to_string();
    let began = Instant::now();
    let answer = client.post("/api/v1/auth/login", body).await;
    let took = began.elapsed();
    assert_eq!(answer.status, 401, "{}", answer.text);
    took
}

impl LoginReport {
    /// By how many parts of a hundred the medians differ.
    #[must_use]
    pub fn difference(&self) -> f64 {
        let (one, other) = (self.known.p50.as_secs_f64(), self.unknown.p50.as_secs_f64());
        (one - other).abs() / one.max(other) * 100.0
    }

    /// The promises that it breaks.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let apart = self.difference();
        if apart < MOST_PERCENT {
            return Vec::new();
        }
        vec![format!("known and unknown names differ by {apart:.1} % in the median of their refusals")]
    }
}

impl fmt::Display for LoginReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "known names:   {}", self.known)?;
        writeln!(f, "unknown names: {}", self.unknown)?;
        writeln!(f, "the medians differ by {:.2} %", self.difference())
    }
}
