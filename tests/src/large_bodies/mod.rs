//! P18: bodies that are far too large, one after the other at every kind of door, and what each costs the server in memory.

mod door;
mod memory;

use crate::installation::{Database, Installation, MODEL, PROVIDER};
use door::{Credential, doors};
use memory::Peak;
use reqwest::Client;
use serde_json::{Value, json};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;
use switchyard_harness::testkit::simulator::{Script, Simulator};
use tokio::time::sleep;

const ADMIN: &str = "ada.admin";
const PASSWORD: &str = "Gravel-Otter-7";
/// The promise, in bytes.
const MOST_BYTES: u64 = 16 << 20;
/// So many ordinary calls of each kind go before, for what all later ones share.
const WARM_UP: usize = 200;

/// Bodies that are too large.
#[derive(Clone, Copy, Debug)]
pub struct LargeBodies {
    /// Of each.
    pub bytes: usize,
    /// How often each door is tried.
    pub rounds: usize,
}

/// What came of one body.
#[derive(Clone, Debug)]
struct Taken {
    door: String,
    /// `None` where the connection was cut without an answer.
    status: Option<u16>,
    /// How many bytes left the client.
    bytes: usize,
    /// By how much the server's memory was above what it had been before all of them, at most.
    rise: u64,
    /// The same above what it had been right before this one.
    own: u64,
}

/// What came of all of them.
#[derive(Clone, Debug, Default)]
pub struct BodiesReport {
    /// The server's memory before, in bytes.
    before: u64,
    taken: Vec<Taken>,
    /// Doors after which the server was not well.
    unwell: Vec<String>,
}

/// What everybody presents.
struct Keys {
    virtual_key: String,
    admin: String,
}

impl LargeBodies {
    /// Sends them to a fresh server.
    ///
    /// # Panics
    /// When the server can't be started.
    pub async fn run(self) -> BodiesReport {
        let simulator = Simulator::start();
        simulator.script(MODEL, Script::of("tokens=8"));
        let settings =
            json!({"admin_username": ADMIN, "admin_password": PASSWORD, "rate_limit_enabled": false});
        let installation = Installation::prepare(&simulator.base_url(), Database::Sqlite, &settings);
        let mut server = installation.start();
        server.until_ready().await;
        let (address, http) = (installation.address(), client());
        let keys =
            Keys { virtual_key: installation.key().to_owned(), admin: signed_in(&http, address).await };
        warm_up(&http, address, &keys).await;
        sleep(Duration::from_secs(2)).await;
        let before = memory::now(server.id());
        let mut report = BodiesReport { before, ..BodiesReport::default() };
        for door in doors().iter().cycle().take(doors().len() * self.rounds) {
            let just_before = memory::now(server.id());
            let peak = Peak::watch(server.id());
            let key = match door.credential {
                Credential::VirtualKey => Some(keys.virtual_key.as_str()),
                Credential::Administrator => Some(keys.admin.as_str()),
                Credential::Nothing => None,
            };
            let (status, bytes) = door.enter(address, key, self.bytes).await;
            if !is_well(&http, address).await || !server.is_alive() {
                report.unwell.push(door.name.to_owned());
            }
            let most = peak.end().await;
            let (rise, own) = (most.saturating_sub(before), most.saturating_sub(just_before));
            report.taken.push(Taken { door: door.name.to_owned(), status, bytes, rise, own });
        }
        server.terminate().await;
        report
    }
}

fn client() -> Client {
    Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().expect("a client")
}

async fn signed_in(http: &Client, address: SocketAddr) -> String {
    let body = json!({"username": ADMIN, "password": PASSWORD}).to_string();
    let request = http.post(format!("http://{address}/api/auth/login")).body(body);
    let answer = request.header("content-type", "application/json").send().await.expect("an answer");
    let tokens: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    tokens["access_token"].as_str().expect("a token").to_owned()
}

/// Ordinary calls, whole and streamed, in three dialects, and some of an administrator's.
async fn warm_up(http: &Client, address: SocketAddr, keys: &Keys) {
    let model = format!("{PROVIDER}/{MODEL}");
    let said = json!([{"role": "user", "content": "word ".repeat(2_000)}]);
    for number in 0..WARM_UP {
        let stream = number % 2 == 0;
        let calls = [
            ("/v1/chat/completions", json!({"model": model, "messages": said, "stream": stream})),
            ("/v1/messages", json!({"model": model, "messages": said, "max_tokens": 50, "stream": stream})),
            ("/v1/responses", json!({"model": model, "input": "hello", "stream": stream})),
        ];
        for (path, body) in calls {
            let request = http.post(format!("http://{address}{path}")).bearer_auth(&keys.virtual_key);
            let sent = request.header("content-type", "application/json").body(body.to_string()).send();
            let answer = sent.await.expect("an answer");
            assert_eq!(answer.status(), 200, "{path}");
            answer.bytes().await.expect("a body");
        }
        let listed = http.get(format!("http://{address}/api/v1/providers")).bearer_auth(&keys.admin);
        assert_eq!(listed.send().await.expect("an answer").status(), 200);
    }
}

async fn is_well(http: &Client, address: SocketAddr) -> bool {
    let asked = http.get(format!("http://{address}/health")).send().await;
    asked.is_ok_and(|answer| answer.status() == 200)
}

impl BodiesReport {
    /// What breaks the promise, in words. It is of each body by itself: what the allocator keeps of earlier ones, for each thread that read
    /// one, is shown besides.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for Taken { door, status, own, .. } in &self.taken {
            if *own > MOST_BYTES {
                broken.push(format!("{door}: {} KiB more", own >> 10));
            }
            if status.is_some_and(|status| !(400..500).contains(&status)) {
                broken.push(format!("{door}: answered with {status:?}"));
            }
        }
        broken.extend(self.unwell.iter().map(|door| format!("{door}: the server was not well afterwards")));
        broken
    }
}

impl fmt::Display for BodiesReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the server's memory before: {} KiB", self.before >> 10)?;
        writeln!(
            f,
            "{:<46} {:>6} {:>9} {:>22} {:>21}",
            "door", "status", "KiB sent", "KiB more than at first", "than just before"
        )?;
        for Taken { door, status, bytes, rise, own } in &self.taken {
            let status = status.map_or_else(|| "cut".to_owned(), |status| status.to_string());
            let (sent, rise, own) = (bytes >> 10, rise >> 10, own >> 10);
            writeln!(f, "{door:<46} {status:>6} {sent:>9} {rise:>22} {own:>21}")?;
        }
        Ok(())
    }
}
