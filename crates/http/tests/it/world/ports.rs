use async_trait::async_trait;
use secrecy::SecretString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switchyard_domain::health::AnswerForm;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::limits::LimitKind;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::money::PricePerMillion;
use switchyard_domain::price::{ModelPrice, PriceSource, Rates};
use switchyard_domain::route::Availability;
use switchyard_domain::time::Day;
use switchyard_domain::usage::UsageEvent;
use switchyard_domain::virtual_key::KeyHash;
use switchyard_ports::health::{
    Account, AttemptFact, Health, HeldBack, Occasion, TargetState, TargetView, WatchedAttempt,
};
use switchyard_ports::journal::{Journal, JournalError, JournalPermit, Segment};
use switchyard_ports::limiter::{
    Ask, Counter, Known, Limiter, LimiterError, Mark, Permit, Refusal, Scope, Tally, Used,
};
use switchyard_ports::prices::{ModelFacts, PriceBook};
use switchyard_ports::tokenizer::{TokenCount, Tokenizer};
use switchyard_ports::vault::{Binding, Vault, VaultError};
use switchyard_ports::virtual_keys::{KeyMint, MintedKey};

/// Keys are their own hashes.
pub(crate) struct FakeMint;

pub(crate) fn hash_of(key: &str) -> KeyHash {
    let mut hash = [0; 32];
    for (slot, byte) in hash.iter_mut().zip(key.bytes()) {
        *slot = byte;
    }
    KeyHash(hash)
}

impl KeyMint for FakeMint {
    fn mint(&self) -> MintedKey {
        unimplemented_in_this_world()
    }

    fn hash(&self, presented: &str) -> Option<KeyHash> {
        (presented.starts_with("sy-") && presented.len() <= 32).then(|| hash_of(presented))
    }
}

fn unimplemented_in_this_world() -> ! {
    panic!("nobody makes keys here")
}

pub(crate) struct OpenVault;

impl Vault for OpenVault {
    fn seal(&self, _: &SecretString, _: &Binding) -> Result<String, VaultError> {
        Err(VaultError::Malformed)
    }

    fn open(&self, _: &str, _: &Binding) -> Result<SecretString, VaultError> {
        Err(VaultError::Malformed)
    }

    fn active_key_id(&self) -> String {
        "k".to_owned()
    }

    fn check_value(&self, _: &str) -> Option<String> {
        None
    }
}

/// One micro-dollar a token, whatever is asked.
pub(crate) struct NoPrices;

impl PriceBook for NoPrices {
    fn facts(&self, _: &str, _: &str) -> Option<ModelFacts> {
        let price = Some(PricePerMillion(1_000_000_000));
        let rates = Rates { input: price, output: price, ..Rates::default() };
        let price = ModelPrice::constant("test", PriceSource::Override, rates);
        Some(ModelFacts { price: Some(Arc::new(price)), ..ModelFacts::default() })
    }
}

/// Refuses whoever is limited at all.
pub(crate) struct NoLimiter;

#[async_trait]
impl Limiter for NoLimiter {
    async fn acquire(&self, asks: &[Ask]) -> Result<Vec<Box<dyn Permit>>, LimiterError> {
        Err(LimiterError::Refused(Refusal {
            scope: asks[0].demands[0].scope.clone(),
            kind: LimitKind::Requests,
            limit: 1,
            retry_after: Duration::from_millis(12_300),
        }))
    }

    fn tally(&self, _: &Scope) -> Tally {
        Tally::default()
    }

    fn charge(&self, _: &Used) {}

    async fn standing(&self, _: &Counter) -> Result<Known, LimiterError> {
        Ok(Known::Unknown(Mark { life: String::new(), counted: 0 }))
    }

    async fn seed(&self, _: &Counter, _: &Mark, _: NanoUsd) -> Result<bool, LimiterError> {
        Ok(true)
    }

    async fn in_question(&self) -> Result<Vec<Counter>, LimiterError> {
        Ok(Vec::new())
    }

    async fn count_day(&self, _: Day, _: &[(Scope, u64)]) -> Result<(), LimiterError> {
        Ok(())
    }
}

pub(crate) struct NoTokenizer;

impl Tokenizer for NoTokenizer {
    fn count(&self, _: &str, _: &str, text: &str) -> TokenCount {
        TokenCount { tokens: text.len() as u64, exact: false }
    }

    fn is_ready(&self, _: &str, _: &str) -> bool {
        true
    }
}

pub(crate) struct NoHealth;

impl Health for NoHealth {
    fn view(&self, _: ProviderId, _: &str, _: Account, _: AnswerForm) -> TargetView {
        TargetView { availability: Availability::Ready, latency: None, in_flight: 0 }
    }

    fn begin(
        &self,
        _: ProviderId,
        _: &str,
        _: Account,
        _: AnswerForm,
        _: Occasion,
    ) -> Result<Box<dyn WatchedAttempt>, HeldBack> {
        Ok(Box::new(Unwatched))
    }

    fn states(&self) -> Vec<TargetState> {
        Vec::new()
    }

    fn forget(&self, _: &dyn Fn(ProviderId, &str) -> bool) {}
}

struct Unwatched;

impl WatchedAttempt for Unwatched {
    fn first_content(&mut self) {}

    fn ended(self: Box<Self>, _: AttemptFact) {}
}

/// Keeps events in memory, or refuses them.
pub(crate) struct RememberingJournal(Arc<Kept>);

struct Kept {
    events: Mutex<Vec<UsageEvent>>,
    writable: AtomicBool,
}

impl Default for RememberingJournal {
    fn default() -> Self {
        Self(Arc::new(Kept { events: Mutex::default(), writable: AtomicBool::new(true) }))
    }
}

impl RememberingJournal {
    pub(crate) fn set_writable(&self, writable: bool) {
        self.0.writable.store(writable, Ordering::Relaxed);
    }

    pub(crate) fn events(&self) -> Vec<UsageEvent> {
        self.0.events.lock().unwrap().clone()
    }
}

struct Room(Arc<Kept>);

#[async_trait]
impl JournalPermit for Room {
    async fn append(&mut self, events: &[UsageEvent]) -> Result<(), JournalError> {
        if !self.0.writable.load(Ordering::Relaxed) {
            return Err(JournalError::Unwritable("full".into()));
        }
        self.0.events.lock().unwrap().extend_from_slice(events);
        Ok(())
    }

    fn append_detached(&mut self, events: Vec<UsageEvent>) {
        self.0.events.lock().unwrap().extend(events);
    }
}

#[async_trait]
impl Journal for RememberingJournal {
    fn reserve(&self) -> Result<Box<dyn JournalPermit>, JournalError> {
        if self.is_writable() {
            Ok(Box::new(Room(Arc::clone(&self.0))))
        } else {
            Err(JournalError::Unwritable("full".into()))
        }
    }

    async fn sealed(&self) -> Result<Option<Segment>, JournalError> {
        Ok(None)
    }

    async fn release(&self, _: &str) -> Result<(), JournalError> {
        Ok(())
    }

    fn backlog(&self) -> u64 {
        self.events().len() as u64
    }

    fn is_writable(&self) -> bool {
        self.0.writable.load(Ordering::Relaxed)
    }
}
