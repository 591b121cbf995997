//! Adapters over a server of the tests' own.

use secrecy::{ExposeSecret, SecretString};
use std::future::pending;
use std::sync::Arc;
use switchyard_coordination::redis::{
    RedisAddress, RedisIdempotency, RedisLimiter, RedisStores, RedisThrottle,
};
use switchyard_ports::clock::Clock;
use switchyard_ports::limiter::SharedStore;
use switchyard_ports::vault::{Binding, Vault, VaultError};
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::redis::PrivateRedis;
use uuid::Uuid;

/// The address of a server, with keys that are nobody else's.
pub(crate) fn address(server: &PrivateRedis) -> RedisAddress {
    RedisAddress::parse(&server.url().into()).unwrap().with_prefix(server.prefix())
}

/// Runs beside the test, and ends with it.
#[expect(clippy::disallowed_methods, reason = "tests have no tracked tasks")]
pub(crate) fn beside(work: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
    tokio::spawn(work)
}

/// A limiter of a process of its own.
pub(crate) fn limiter(address: &RedisAddress, clock: &Arc<ManualClock>, process: u128) -> Arc<RedisLimiter> {
    let (limiter, desk) = RedisLimiter::by_clock(address, Arc::clone(clock) as _, Uuid::from_u128(process));
    beside(desk.run(pending()));
    Arc::new(limiter)
}

/// Waits until something is so, for five seconds at most.
pub(crate) async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it never came to be so");
}

/// All adapters of a process of its own, by a clock that the test moves.
pub(crate) fn stores(server: &PrivateRedis, clock: &Arc<ManualClock>, process: u128) -> Stores {
    stores_at(&address(server), clock, process)
}

/// The same over keys that several share.
pub(crate) fn stores_at(address: &RedisAddress, clock: &Arc<ManualClock>, process: u128) -> Stores {
    let port = Arc::clone(clock) as Arc<dyn Clock>;
    let stores = RedisStores::new(address, &port, vault(), Uuid::from_u128(process), 1);
    beside(stores.line.run(pending()));
    Stores {
        _limiter: None,
        throttle: stores.throttle.by_clock(Arc::clone(&port)),
        idempotency: stores.idempotency.by_clock(port),
    }
}

/// The same with everything that runs beside it in a process, by the server's clock, once Redis is known to be there.
pub(crate) async fn whole(server: &PrivateRedis) -> (Arc<Stores>, Arc<dyn SharedStore>) {
    let clock = Arc::new(ManualClock::default()) as Arc<dyn Clock>;
    let stores = RedisStores::new(&address(server), &clock, vault(), Uuid::from_u128(1), 1);
    beside(stores.line.run(pending()));
    beside(stores.desk.run(pending()));
    let store = stores.limiter.store();
    eventually(async || store.is_connected()).await;
    let RedisStores { limiter, throttle, idempotency, .. } = stores;
    (Arc::new(Stores { _limiter: Some(limiter), throttle, idempotency }), store)
}

/// Tries and named requests.
pub(crate) struct Stores {
    /// The desk works for as long as somebody can ask.
    _limiter: Option<RedisLimiter>,
    pub(crate) throttle: RedisThrottle,
    pub(crate) idempotency: RedisIdempotency,
}

/// Where sealed texts open and under what they can't be found.
pub(crate) fn vault() -> Arc<dyn Vault> {
    Arc::new(Veil)
}

/// Seals by turning bits over: whoever looks for the text does not find it.
struct Veil;

impl Vault for Veil {
    fn seal(&self, secret: &SecretString, binding: &Binding) -> Result<String, VaultError> {
        let veiled = secret.expose_secret().bytes().map(|byte| format!("{:02x}", byte ^ 0x5a));
        Ok(format!("{}|{}", binding.owner, veiled.collect::<String>()))
    }

    fn open(&self, sealed: &str, binding: &Binding) -> Result<SecretString, VaultError> {
        let (owner, veiled) = sealed.split_once('|').ok_or(VaultError::Malformed)?;
        if owner != binding.owner {
            return Err(VaultError::Tampered);
        }
        let byte = |at: usize| u8::from_str_radix(&veiled[at..at + 2], 16).unwrap() ^ 0x5a;
        let bytes = (0..veiled.len()).step_by(2).map(byte).collect();
        Ok(SecretString::from(String::from_utf8(bytes).unwrap()))
    }

    fn active_key_id(&self) -> String {
        "veil".to_owned()
    }

    fn check_value(&self, _: &str) -> Option<String> {
        None
    }
}
