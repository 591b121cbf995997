//! P12: encryption keys are changed under load, and whoever changes them is killed again and again: no call fails, and in the end
//! every row stands under the new key and none under the old one.

use crate::client::{LoadClient, Seen};
use crate::dice::Dice;
use crate::installation::{Database, Installation, MODEL, PROVIDER};
use crate::traffic::{Shape, Traffic};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::provider::CredentialOwner;
use switchyard_harness::testkit::simulator::{Script, Simulator};
use switchyard_orchestrator::admin::EmptySecret;
use tokio::time::sleep;

/// While a run seals what it finds.
const EARLY: std::ops::Range<Duration> = Duration::from_millis(20)..Duration::from_millis(1_500);
/// While it looks for what came late, eight seconds after that, counts, and retires.
const LATE: std::ops::Range<Duration> = Duration::from_millis(8_050)..Duration::from_millis(10_500);

/// Shared credentials of the provider besides its first.
const FURTHER_SHARED: usize = 4;

/// How much is sealed, under what load, and how often the change is broken off.
#[derive(Debug)]
pub struct Rotation {
    /// Credentials of users, besides that of the key that calls and the shared ones.
    pub credentials: usize,
    /// Calls each second.
    pub rate: u32,
    /// How often whoever seals anew is killed before it may end.
    pub kills: usize,
    /// What the moments are drawn from.
    pub seed: u64,
    /// Where it is all stored.
    pub database: Database,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct RotationReport {
    /// Credentials that are stored.
    pub stored: u64,
    /// Calls that were made.
    pub calls: usize,
    /// Calls that clients saw in another way than completed, by how.
    pub failed: HashMap<String, usize>,
    /// Kills that came before the end.
    pub kills: usize,
    /// What the last run said.
    pub last: Value,
    /// Calls that a server completed which was started afterwards.
    pub afterwards: usize,
    /// Lines of the logs that warn of keys.
    pub warnings: usize,
}

impl Rotation {
    /// Changes the key while clients call.
    ///
    /// # Panics
    /// When the server can't be started, or what is to be sealed anew not be stored.
    pub async fn run(self) -> RotationReport {
        let upstream = Simulator::start();
        upstream.set_default(Script::of("tokens=12&latency_ms=15&chunk_ms=3"));
        let installation = Installation::prepare(&upstream.base_url(), self.database, &json!({}));
        let server = installation.start();
        let mut server = server;
        server.until_ready().await;
        let stored = store(&installation, self.credentials).await;
        let client = LoadClient::new(installation.address(), installation.key());
        let shape =
            Shape { rate: self.rate, models: vec![format!("{PROVIDER}/{MODEL}")], prefix: "key".to_owned() };
        let traffic = Traffic::begin(client.clone(), shape.clone());
        sleep(Duration::from_secs(1)).await;
        let (mut dice, mut kills) = (Dice::new(self.seed), 0);
        for number in 0..self.kills {
            let mut command = installation.command_of(&["rekey", "--new"]);
            let mut child = command.spawn().expect("the binary runs");
            // Every other one in its second half: at the late rows, the counting, and the retiring.
            let moments = if number % 2 == 0 { EARLY } else { LATE };
            sleep(dice.span(&moments)).await;
            kills += usize::from(child.try_wait().expect("a child").is_none());
            let _had_ended = child.kill();
            child.wait().expect("a child");
        }
        let last = tokio::task::spawn_blocking(move || {
            let output =
                installation.command_of(&["rekey", "--new", "--json"]).output().expect("the binary runs");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            (serde_json::from_slice::<Value>(&output.stdout).expect("JSON"), installation)
        });
        let (last, installation) = last.await.expect("no panic");
        sleep(Duration::from_secs(2)).await;
        let seen = traffic.end().await;
        server.terminate().await;
        let mut server = installation.start();
        server.until_ready().await;
        let traffic = Traffic::begin(client, Shape { prefix: "after".to_owned(), ..shape });
        sleep(Duration::from_secs(1)).await;
        let after = traffic.end().await;
        server.terminate().await;
        let warnings = installation.log_text().matches("sealed under another key").count();
        let mut failed = HashMap::new();
        for call in seen.iter().chain(&after).filter(|call| !call.is_completed()) {
            *failed.entry(format!("{:?}", call.ending)).or_default() += 1;
        }
        RotationReport {
            stored,
            calls: seen.len(),
            failed,
            kills,
            last,
            afterwards: after.iter().filter(|call| Seen::is_completed(call)).count(),
            warnings,
        }
    }
}

/// Stores credentials of users and of the key that calls, beside the running server; how many there are then.
async fn store(installation: &Installation, users: usize) -> u64 {
    let administration = installation.library().open_administration().await.expect("the data opens");
    let (provider, by) = (Name::new(PROVIDER).expect("a name"), Writer::API);
    let keys = administration.keys().list().await.expect("keys");
    let key = keys.first().expect("the key that calls").id;
    let users = (0..users).map(|user| CredentialOwner::User(i64::try_from(user).expect("a small number")));
    for owner in users.chain([CredentialOwner::VirtualKey(key.0)]) {
        let secret = SecretString::from(format!("sk-own-{}-0123456789", owner.to_word()));
        let stored = administration.credentials().set(&owner, &provider, &secret, EmptySecret::Clears, &by);
        assert!(stored.await.expect("it is stored"));
    }
    for number in 1..=FURTHER_SHARED {
        let secret = SecretString::from(format!("sk-shared-{number}-0123456789"));
        administration.shared_credentials().add(&provider, &secret, &by).await.expect("it is stored");
    }
    let report = administration.rekey().run(false, &by).await.expect("the rows are counted");
    report.counts.iter().map(|(_, count)| count).sum()
}

impl RotationReport {
    /// What breaks the promise, in words.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        if !self.failed.is_empty() {
            broken.push(format!("calls failed: {:?}", self.failed));
        }
        let active = self.last["active"].as_str().unwrap_or_default();
        let rows = self.last["keys"].as_array().cloned().unwrap_or_default();
        let of = |is_active: bool| {
            let rows = rows.iter().filter(move |row| (row["key"] == active) == is_active);
            rows.filter_map(|row| row["sealed"].as_u64()).sum::<u64>()
        };
        if of(true) != self.stored {
            broken.push(format!("{} of {} rows stand under the new key", of(true), self.stored));
        }
        if of(false) != 0 || !rows.iter().any(|row| row["key"] != active) {
            broken.push(format!("the old key's count is not shown as 0: {rows:?}"));
        }
        if self.last["retired"].as_array().is_none_or(Vec::is_empty) {
            broken.push("the old key was not retired".to_owned());
        }
        if self.afterwards == 0 || self.warnings > 0 {
            broken.push("a server that was started afterwards does not serve, or warns".to_owned());
        }
        broken
    }
}

impl fmt::Display for RotationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "credentials               {}", self.stored)?;
        writeln!(f, "calls meanwhile           {}", self.calls)?;
        writeln!(f, "failed                    {}", self.failed.values().sum::<usize>())?;
        writeln!(f, "broken off by kill -9     {}", self.kills)?;
        writeln!(f, "sealed by the last run    {}", self.last["resealed"])?;
        writeln!(f, "keys and their rows       {}", self.last["keys"])?;
        writeln!(f, "calls after a restart     {}", self.afterwards)
    }
}
