//! The way to an upstream and back: one HTTP exchange at a time, guarded, timed and bounded.
//!
//! A [`Transport`] is bound to one origin, so that the credential it is used with can't be carried
//! elsewhere by a crafted path or model name. It follows no redirect, uses no proxy, keeps no cookie and
//! repeats nothing by itself. What goes wrong comes out as a [`TransportFault`] that says where it went
//! wrong; whether to try again, and where, is decided elsewhere.

mod classify;
mod client;
mod connect;
mod deadline;
mod decode;
pub mod egress;
pub mod external;
mod fault;
mod headers;
mod outgoing;
mod request;
mod resolver;
mod response;
mod retry_after;
mod reuse;
mod steps;
mod trust;

use std::{pin::pin, sync::Arc, time::Duration};

use url::Url;

pub(crate) use self::connect::connecting_within;
use self::{
    client::{Client, Clients, Recipe},
    deadline::{DeadlineTimer, now},
    egress::{CheckedTarget, EgressPolicy, EgressRefusal},
    resolver::GuardedResolver,
    response::head_in_time,
    steps::StepWatch,
};
pub use self::{
    deadline::Deadlines,
    fault::{ConnectFault, TlsFault, TransportFault, Unprocessed},
    headers::{relayed, upstream_request_id},
    request::{OutboundRequest, secret_header},
    resolver::{FewLookups, Lookup, SystemLookup},
    response::{BodyReader, InboundResponse},
    retry_after::retry_after,
    steps::{Step, Steps},
    trust::{Trust, TrustError},
};

/// How connections are made and kept. The defaults suit model providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransportSettings {
    /// Resolving, connecting and the TLS handshake together.
    pub connect_timeout: Duration,
    /// How long an unused connection is kept.
    pub pool_idle_timeout: Duration,
    /// How many unused connections each worker thread keeps. Above the concurrency that a worker sees, or
    /// bursts pay for handshakes again and again.
    pub pool_max_idle_per_host: usize,
    /// Silence on a TCP connection before the kernel probes it.
    pub tcp_keepalive: Duration,
    /// Most decoded bytes that are read of any body.
    pub max_body: usize,
    /// How many threads get a client of their own: the number of the server's workers.
    pub worker_threads: usize,
}

impl TransportSettings {
    /// Most bytes of an answer that isn't streamed: the usual cap for [`BodyReader::collect`].
    pub const MAX_COLLECTED_BODY: usize = 16 * 1024 * 1024;
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            pool_idle_timeout: Duration::from_secs(90),
            pool_max_idle_per_host: 512,
            tcp_keepalive: Duration::from_secs(30),
            max_body: 32 * 1024 * 1024,
            worker_threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Sends requests to one origin.
///
/// Holds the connection pools: make one per provider and keep it for as long as its base URL
/// and settings stay the same. To be used on a tokio runtime, from any thread.
pub struct Transport {
    target: Arc<CheckedTarget>,
    clients: Clients,
    max_body: usize,
}

/// Why there is no transport for a base URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportBuildError {
    /// The guard refuses the URL.
    #[error(transparent)]
    Egress(#[from] EgressRefusal),
}

/// Makes transports under the rules that all of a process share.
#[derive(Clone)]
pub struct Transports {
    /// Which addresses may be called.
    pub egress: Arc<EgressPolicy>,
    /// Whom TLS connections believe.
    pub trust: Trust,
    /// Who resolves names.
    pub lookup: Arc<dyn Lookup>,
    /// How connections are made and kept.
    pub settings: TransportSettings,
}

impl Transports {
    /// A transport for the origin of `base`, see [`Transport::new`].
    ///
    /// # Errors
    ///
    /// The guard refuses the URL as such.
    pub fn to(&self, base: &Url) -> Result<Transport, TransportBuildError> {
        Transport::new(base, Arc::clone(&self.egress), &self.trust, Arc::clone(&self.lookup), self.settings)
    }
}

impl Transport {
    /// A transport for the origin of `base`, under `policy`, that trusts `trust` and asks `lookup` for
    /// addresses. Connects to nothing yet, and does not resolve the host.
    ///
    /// # Errors
    ///
    /// The guard refuses the URL as such.
    pub fn new(
        base: &Url,
        policy: Arc<EgressPolicy>,
        trust: &Trust,
        lookup: Arc<dyn Lookup>,
        settings: TransportSettings,
    ) -> Result<Self, TransportBuildError> {
        let target = Arc::new(policy.check_url(base)?);
        let resolver = Arc::new(GuardedResolver::new(policy, Arc::clone(&target), lookup));
        let recipe = Recipe { settings, trust: trust.clone(), resolver };
        Ok(Self { target, clients: Clients::new(recipe), max_body: settings.max_body })
    }

    /// Sends `request` and waits for the head of its answer. The deadlines run from here to the last
    /// byte of the body. Dropping the future, or later the body, cancels the exchange.
    ///
    /// # Errors
    ///
    /// Why there is no answer. Every status is an answer.
    pub async fn send(
        &self,
        request: OutboundRequest,
        deadlines: &Deadlines,
    ) -> Result<InboundResponse, TransportFault> {
        self.send_over(false, request, deadlines).await
    }

    /// As [`send`](Self::send); if `anew`, over a connection that is opened for it and not kept.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_over(
        &self,
        anew: bool,
        request: OutboundRequest,
        deadlines: &Deadlines,
    ) -> Result<InboundResponse, TransportFault> {
        // Rare, so that its room is taken only where it is needed.
        let client = anew.then(|| Box::new(self.clients.anew()));
        let client = client.as_deref().unwrap_or_else(|| self.clients.own());
        self.exchange(client, request, deadlines).await
    }

    /// A way to the same origin that is gone anew: no connection is kept from before, and each step is timed.
    #[must_use]
    pub fn watched(&self) -> WatchedWay<'_> {
        let watch = Arc::new(StepWatch::new());
        WatchedWay { transport: self, client: self.clients.watched(Arc::clone(&watch)), watch }
    }

    async fn exchange(
        &self,
        client: &Client,
        request: OutboundRequest,
        deadlines: &Deadlines,
    ) -> Result<InboundResponse, TransportFault> {
        self.check_origin(&request.url)?;
        let mut timer = DeadlineTimer::start(deadlines);
        let secrets = headers::secrets_of(&request.headers);
        let sent = now();
        let request = request.into_client_request()?;
        let exchange = pin!(reuse::watched(client.request(request)));
        let (answer, opened) = head_in_time(&mut timer, exchange).await?;
        let response = answer.map_err(|error| {
            classify::before_answer(&error, reuse::Connection::of(opened, now().duration_since(sent)))
        })?;
        let mut response = InboundResponse::new(response, timer, self.max_body);
        headers::drop_echoes(&mut response.headers, &secrets);
        Ok(response)
    }

    /// The guard judged the origin when this transport was made, and literal addresses are part of it; so
    /// all that is left to ask per request is whether it stays there.
    fn check_origin(&self, url: &Url) -> Result<(), EgressRefusal> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressRefusal::UserInfo);
        }
        if !self.target.is_origin_of(url) {
            return Err(EgressRefusal::OtherOrigin { target: self.target.shown() });
        }
        Ok(())
    }
}

/// Sends requests to the origin of a transport over connections of its own. To be held until the answer was read.
pub struct WatchedWay<'t> {
    transport: &'t Transport,
    client: Client,
    watch: Arc<StepWatch>,
}

impl WatchedWay<'_> {
    /// As [`Transport::send`].
    ///
    /// # Errors
    ///
    /// As [`Transport::send`].
    pub async fn send(
        &self,
        request: OutboundRequest,
        deadlines: &Deadlines,
    ) -> Result<InboundResponse, TransportFault> {
        self.transport.exchange(&self.client, request, deadlines).await
    }

    /// How far the way was gone until now, and how long its steps took.
    #[must_use]
    pub fn steps(&self) -> Steps {
        self.watch.steps(self.transport.target.tls())
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("target", &self.target).finish_non_exhaustive()
    }
}
