//! The factory of scripted providers, and what it remembers of all of them.

use super::act::Act;
use super::answering::play;
use async_trait::async_trait;
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switchyard_domain::chat::{Dialect, LossReport, Units};
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::operation::Operation;
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::probe::{ProbeReport, ProbeStage};
use switchyard_ports::provider::{
    Answer, AttemptContext, Carriage, Deadlines, DiscoveredModel, InvalidProvider, Prepared, Provider,
    ProviderConfig, ProviderFactory, VendorSummary,
};

/// What a provider was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentCall {
    /// `<provider>/<model>`.
    pub target: String,
    /// The credential that came along.
    pub credential: Option<String>,
    /// The time that it was given.
    pub deadlines: Deadlines,
}

/// Where providers of the vendor `placed` are called that name no address.
pub const PLACED: &str = "https://placed.example/v1";

/// Builds providers of the vendors `acme` (works without a credential), `thinker` (as well, and reasons beside the limit), `locked`
/// (does not), `placed` (has an address of its own, [`PLACED`]) and `sim` (simulates). A base URL of `broken` can't be built.
#[derive(Clone, Debug, Default)]
pub struct ScriptedFactory {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    acts: HashMap<String, VecDeque<Act>>,
    always: HashMap<String, Act>,
    by_credential: HashMap<String, Act>,
    losses: HashMap<String, LossReport>,
    unpreparable: HashMap<String, ProviderFault>,
    offered: HashMap<String, Vec<Operation>>,
    listed: Vec<String>,
    unlisted: HashMap<String, FaultKind>,
    asked: Vec<String>,
    asked_with: Vec<Option<String>>,
    calls: Vec<SentCall>,
    builds: Vec<String>,
    open: usize,
    on_send: Option<OnSend>,
}

/// What happens whenever a call is sent.
#[derive(Clone)]
struct OnSend(Arc<dyn Fn(&str) + Send + Sync>);

impl std::fmt::Debug for OnSend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnSend")
    }
}

impl ScriptedFactory {
    /// What the target (`<provider>/<model>`) does with its next calls, one after the other.
    pub fn next(&self, target: &str, acts: impl IntoIterator<Item = Act>) {
        self.shared().acts.entry(target.to_owned()).or_default().extend(acts);
    }

    /// What the target does with all calls that nothing else was said for. Unless told, it says `fine` and counts 10 and 1.
    pub fn always(&self, target: &str, act: Act) {
        self.shared().always.insert(target.to_owned(), act);
    }

    /// What every call does that comes with this credential, and, where that is to fail, every question for the models; nothing of its own, without an act.
    pub fn with_credential(&self, credential: &str, act: Option<Act>) {
        let mut shared = self.shared();
        match act {
            Some(act) => shared.by_credential.insert(credential.to_owned(), act),
            None => shared.by_credential.remove(credential),
        };
    }

    /// The credentials that came along with calls, in order.
    #[must_use]
    pub fn credentials(&self) -> Vec<Option<String>> {
        self.calls().into_iter().map(|call| call.credential).collect()
    }

    /// The target can't express this member, either.
    pub fn lose(&self, target: &str, member: &str) {
        let mut shared = self.shared();
        shared.losses.entry(target.to_owned()).or_default().dropped(member, "it has no such thing");
    }

    /// No request can be made for the target.
    pub fn refuse_to_prepare(&self, target: &str, kind: FaultKind) {
        let fault = ProviderFault::new(kind, format!("scripted {kind} of {target}"));
        self.shared().unpreparable.insert(target.to_owned(), fault);
    }

    /// The provider can make calls of these operations. Unless told, it chats.
    pub fn offer(&self, provider: &str, operations: impl IntoIterator<Item = Operation>) {
        self.shared().offered.insert(provider.to_owned(), operations.into_iter().collect());
    }

    /// Happens whenever a call is sent, before its act, with its target.
    pub fn on_send(&self, happens: impl Fn(&str) + Send + Sync + 'static) {
        self.shared().on_send = Some(OnSend(Arc::new(happens)));
    }

    /// The models that every provider lists.
    pub fn list<'a>(&self, models: impl IntoIterator<Item = &'a str>) {
        self.shared().listed = models.into_iter().map(str::to_owned).collect();
    }

    /// A provider fails in this way when it is asked for its models, or lists them again.
    pub fn fail_listing(&self, provider: &str, kind: Option<FaultKind>) {
        let mut shared = self.shared();
        shared.unlisted.remove(provider);
        shared.unlisted.extend(kind.map(|kind| (provider.to_owned(), kind)));
    }

    /// The providers that were asked for their models, in order.
    #[must_use]
    pub fn asked_for_models(&self) -> Vec<String> {
        self.shared().asked.clone()
    }

    /// The credentials that those came with who were asked for their models, in order.
    #[must_use]
    pub fn asked_with(&self) -> Vec<Option<String>> {
        self.shared().asked_with.clone()
    }

    /// All calls that were sent, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<SentCall> {
        self.shared().calls.clone()
    }

    /// The targets that calls were sent to, in order.
    #[must_use]
    pub fn targets(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.target).collect()
    }

    /// The names of the providers that were built, in order.
    #[must_use]
    pub fn builds(&self) -> Vec<String> {
        self.shared().builds.clone()
    }

    /// Upstream calls that are open now: sent, and neither ended nor dropped.
    #[must_use]
    pub fn open(&self) -> usize {
        self.shared().open
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ProviderFactory for ScriptedFactory {
    fn build(&self, config: &ProviderConfig) -> Result<Arc<dyn Provider>, InvalidProvider> {
        if self.vendors().iter().all(|vendor| vendor.key != config.vendor) {
            return Err(InvalidProvider(format!("there is no vendor `{}`", config.vendor)));
        }
        if config.base_url.as_deref() == Some("broken") {
            return Err(InvalidProvider("its base URL is broken".to_owned()));
        }
        self.shared().builds.push(config.name.clone());
        Ok(Arc::new(ScriptedProvider {
            name: config.name.clone(),
            vendor: config.vendor.clone(),
            shared: Arc::clone(&self.shared),
        }))
    }

    fn vendors(&self) -> Vec<VendorSummary> {
        let vendor = |key, needs_credential| VendorSummary {
            key,
            name: key,
            base_url: (key == "placed").then_some(PLACED),
            called_at: (key == "placed").then(|| PLACED.to_owned()),
            needs_credential,
            is_simulated: key == "sim",
            dialect: None,
            words: &[],
        };
        let keys = [("acme", false), ("thinker", false), ("locked", true), ("placed", false), ("sim", false)];
        keys.map(|(key, needs_credential)| vendor(key, needs_credential)).into()
    }
}

struct ScriptedProvider {
    name: String,
    vendor: String,
    shared: Arc<Mutex<Shared>>,
}

/// Counts an upstream call for as long as it is open.
pub(super) struct Open(Arc<Mutex<Shared>>);

impl Open {
    fn new(shared: &Arc<Mutex<Shared>>) -> Self {
        lock(shared).open += 1;
        Self(Arc::clone(shared))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        lock(&self.0).open -= 1;
    }
}

#[async_trait]
impl Provider for ScriptedProvider {
    fn dialects(&self) -> Vec<Dialect> {
        vec![Dialect("scripted")]
    }

    fn offers(&self, operation: Operation) -> bool {
        let shared = lock(&self.shared);
        let offered = shared.offered.get(&self.name);
        offered.map_or(operation == Operation::Chat, |offered| offered.contains(&operation))
    }

    fn works_without_credential(&self) -> bool {
        self.vendor != "locked"
    }

    fn is_simulated(&self) -> bool {
        self.vendor == "sim"
    }

    fn reasons_beside_limit(&self) -> bool {
        self.vendor == "thinker"
    }

    fn prepare(&self, call: &dyn ClientCall, model: &str) -> Result<Prepared, ProviderFault> {
        let target = format!("{}/{model}", self.name);
        let shared = lock(&self.shared);
        if let Some(fault) = shared.unpreparable.get(&target) {
            return Err(fault.clone());
        }
        Ok(Prepared {
            url: format!("scripted:{target}"),
            headers: Vec::new(),
            body: Bytes::new().into(),
            carriage: Carriage::Canonical,
            dialect: Dialect("scripted"),
            stream: call.facts().stream,
            hide_usage_chunk: false,
            model: model.to_owned(),
            losses: shared.losses.get(&target).cloned().unwrap_or_default(),
            units: Units::default(),
            pieces: 1,
        })
    }

    async fn send(&self, prepared: Prepared, context: AttemptContext) -> Result<Answer, ProviderFault> {
        let target = format!("{}/{}", self.name, prepared.model);
        let on_send = lock(&self.shared).on_send.clone();
        if let Some(OnSend(happens)) = on_send {
            happens(&target);
        }
        let act = {
            let mut shared = lock(&self.shared);
            let credential = context.credential.as_ref().map(|secret| secret.expose_secret().to_owned());
            let of_credential =
                credential.as_ref().and_then(|credential| shared.by_credential.get(credential).cloned());
            shared.calls.push(SentCall { target: target.clone(), credential, deadlines: context.deadlines });
            let next = of_credential.or_else(|| shared.acts.get_mut(&target).and_then(VecDeque::pop_front));
            next.or_else(|| shared.always.get(&target).cloned()).unwrap_or_else(|| Act::counting(10, 1))
        };
        play(act, prepared.stream, context.received, Open::new(&self.shared)).await
    }

    async fn probe(&self, credential: Option<Arc<SecretString>>, _timeout: Duration) -> ProbeReport {
        lock(&self.shared).asked.push(self.name.clone());
        let mut report = ProbeReport::default();
        if !self.works_without_credential() && credential.is_none() {
            let fault = ProviderFault::new(FaultKind::NoCredential, "the provider has no credential");
            report.failed(ProbeStage::Auth, Duration::ZERO, fault);
            return report;
        }
        if let Some(kind) = lock(&self.shared).unlisted.get(&self.name).copied() {
            let fault = ProviderFault::new(kind, format!("scripted {kind}"));
            report.failed(ProbeStage::Connect, Duration::from_millis(1), fault);
            return report;
        }
        let sent = credential.as_ref().map(|secret| secret.expose_secret().to_owned());
        lock(&self.shared).asked_with.push(sent.clone());
        let refusal = sent.and_then(|sent| lock(&self.shared).by_credential.get(&sent).cloned());
        if let Some(Act::Fail(fault)) = refusal {
            report.failed(ProbeStage::Auth, Duration::from_millis(1), fault);
            return report;
        }
        report.done(ProbeStage::Auth, Duration::from_millis(1));
        report.done(ProbeStage::Models, Duration::from_millis(2));
        let listed = lock(&self.shared).listed.clone();
        report.models = listed.into_iter().map(|id| DiscoveredModel { id }).collect();
        report
    }
}
