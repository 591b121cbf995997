//! Idempotency keys that many processes share. Answers are sealed before they leave this process: there are secrets among them that were
//! minted a moment ago.

use super::answer::Answer;
use super::limiter::Arguments;
use super::line::{Again, Asker, head};
use super::programs;
use super::wire::WireError;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use switchyard_ports::clock::Clock;
use switchyard_ports::idempotency::{
    CLAIMED_FOR, Finish, IdempotencyStore, IdempotencyUnavailable, KEPT_FOR, KeptAnswer, NamedRequest,
    Standing,
};
use switchyard_ports::vault::{Binding, Vault};

/// Bytes of sealed answers that are kept in all.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// Names that are kept in all.
const MOST_NAMES: usize = 1_000_000;

/// How long a request waits for a Redis that does not answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long between two tries in that time.
const PAUSE: Duration = Duration::from_millis(25);

/// Idempotency keys that many processes share; see the port for the contract.
pub struct RedisIdempotency {
    asker: Asker,
    vault: Arc<dyn Vault>,
    /// The time to go by; absent: the server's.
    clock: Option<Arc<dyn Clock>>,
    most_bytes: usize,
    most_names: usize,
}

impl RedisIdempotency {
    pub(super) fn new(asker: Asker, vault: Arc<dyn Vault>) -> Self {
        Self { asker, vault, clock: None, most_bytes: MOST_BYTES, most_names: MOST_NAMES }
    }

    /// The same by the time of a clock, which a test moves.
    #[must_use]
    pub fn by_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// The same with other bounds: bytes of sealed answers, and names.
    #[must_use]
    pub fn bounded(self, most_bytes: usize, most_names: usize) -> Self {
        Self { most_bytes, most_names, ..self }
    }

    fn arguments(&self, verb: &str, request: &NamedRequest) -> Arguments {
        let mut arguments = head(self.clock.as_deref());
        arguments.push(verb);
        arguments.push(digits(&request.name));
        arguments.push(request.claim);
        arguments
    }

    /// Asks again and again while there is no answer, though not for long. `is_sent` is set as soon as Redis may have heard of it.
    async fn ask(&self, arguments: &Arguments, is_sent: &mut bool) -> Result<Answer, IdempotencyUnavailable> {
        let mut why = WireError::Late(PATIENCE);
        let asking = async {
            loop {
                match self.asker.ask(&programs::NAME, arguments.clone(), Again::Harmless) {
                    Ok(awaited) => {
                        *is_sent = true;
                        match awaited.answer().await {
                            Ok(answer) => return answer,
                            Err(error) => why = error,
                        }
                    }
                    Err(error) => why = error,
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let asked = tokio::time::timeout(PATIENCE, asking).await;
        asked.map_err(|_| IdempotencyUnavailable(why.to_string()))
    }

    fn standing(&self, mut answer: Answer, request: &NamedRequest) -> Option<Standing> {
        Some(match answer.word() {
            "claimed" => Standing::Claimed,
            "in_flight" => Standing::InFlight,
            "spent" => Standing::Spent,
            "different" => Standing::Different,
            "answered" => {
                let sealed = answer.bytes().and_then(|bytes| String::from_utf8(bytes).ok())?;
                // One that does not open, as the key is another since, can't be given again.
                let opened = self.vault.open(&sealed, &binding(request)).ok();
                opened.and_then(|text| read(&text)).map_or(Standing::Spent, Standing::Answered)
            }
            _ => return None,
        })
    }
}

/// A name that Redis may have given to a request which nobody carries out: it is given back.
struct Unsure<'a> {
    store: &'a RedisIdempotency,
    request: &'a NamedRequest,
    is_so: bool,
}

impl Drop for Unsure<'_> {
    fn drop(&mut self) {
        if self.is_so {
            self.store.give_back(self.request);
        }
    }
}

#[async_trait]
impl IdempotencyStore for RedisIdempotency {
    async fn claim(&self, request: &NamedRequest) -> Result<Standing, IdempotencyUnavailable> {
        let mut arguments = self.arguments("claim", request);
        arguments.push(digits(&request.content));
        arguments.push(CLAIMED_FOR.as_micros());
        let mut unsure = Unsure { store: self, request, is_so: false };
        let answer = self.ask(&arguments, &mut unsure.is_so).await?;
        unsure.is_so = false;
        let strange = || IdempotencyUnavailable("Redis answered something unexpected".to_owned());
        self.standing(answer, request).ok_or_else(strange)
    }

    async fn finish(&self, request: &NamedRequest, finish: Finish) -> Result<(), IdempotencyUnavailable> {
        let sealed = match finish {
            Finish::Spent => None,
            Finish::Answered(answer) => {
                let sealed = self.vault.seal(&write(&answer), &binding(request));
                Some(sealed.map_err(|error| IdempotencyUnavailable(error.to_string()))?)
            }
        };
        let mut arguments = self.arguments("finish", request);
        arguments.push(KEPT_FOR.as_micros());
        arguments.push(self.most_bytes);
        arguments.push(self.most_names);
        arguments.push(if sealed.is_some() { "answered" } else { "spent" });
        arguments.push(digits(&request.caller));
        arguments.bytes(sealed.unwrap_or_default().as_bytes());
        self.ask(&arguments, &mut false).await.map(drop)
    }

    fn give_back(&self, request: &NamedRequest) {
        self.asker.say(&programs::NAME, self.arguments("give_back", request), Again::Harmless);
    }
}

/// What a sealed answer is bound to: under another name it does not open.
fn binding(request: &NamedRequest) -> Binding {
    Binding { table: "idempotency", row: 0, owner: digits(&request.name), column: "answer" }
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The status, a line for each header, an empty line, the body.
fn write(answer: &KeptAnswer) -> SecretString {
    let mut text = format!("{}\n", answer.status);
    for (name, value) in &answer.headers {
        let _ = writeln!(text, "{name}:{}", STANDARD_NO_PAD.encode(value));
    }
    text.push('\n');
    STANDARD_NO_PAD.encode_string(&answer.body, &mut text);
    SecretString::from(text)
}

fn read(text: &SecretString) -> Option<KeptAnswer> {
    let (head, body) = text.expose_secret().split_once("\n\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.parse().ok()?;
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), STANDARD_NO_PAD.decode(value).ok()?))
    };
    let headers = lines.map(header).collect::<Option<_>>()?;
    Some(KeptAnswer { status, headers, body: Bytes::from(STANDARD_NO_PAD.decode(body).ok()?) })
}
