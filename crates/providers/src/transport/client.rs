//! HTTP clients, one per transport and worker thread.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{TransportSettings, resolver::GuardedResolver, reuse::NoteConnections, trust::Trust};

/// Answers within this time to a ping on a silent HTTP/2 connection, or the connection is dead.
const PING_TIMEOUT: Duration = Duration::from_secs(10);
const PING_EVERY: Duration = Duration::from_secs(20);

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// A small number of this thread's own, given out in the order of first use.
    static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}

/// A client for each worker thread.
///
/// A connection is driven by the runtime that opened it, and the server runs one single-threaded runtime
/// per worker. With one client for all, a request often waits for another thread to wake and move its
/// bytes, which costs 10 to 30 % more CPU per call. Threads beyond the number of slots share.
pub(super) struct Clients {
    recipe: Recipe,
    first: reqwest::Client,
    slots: Box<[OnceLock<reqwest::Client>]>,
}

/// What every client of a transport is made of.
pub(super) struct Recipe {
    pub(super) settings: TransportSettings,
    pub(super) trust: Trust,
    pub(super) resolver: Arc<GuardedResolver>,
}

impl Clients {
    pub(super) fn new(recipe: Recipe) -> Result<Self, reqwest::Error> {
        let first = recipe.client()?;
        let slots = (0..recipe.settings.worker_threads.max(1)).map(|_| OnceLock::new()).collect();
        Ok(Self { recipe, first, slots })
    }

    /// This thread's client. Takes no lock once it exists.
    pub(super) fn own(&self) -> &reqwest::Client {
        let slot = THREAD.with(|thread| thread % self.slots.len());
        let Some(slot) = self.slots.get(slot) else { return &self.first };
        // The recipe worked once, so it works again; should it not, a shared client is only slower.
        slot.get_or_init(|| self.recipe.client().unwrap_or_else(|_| self.first.clone()))
    }
}

impl Recipe {
    fn client(&self) -> Result<reqwest::Client, reqwest::Error> {
        let settings = &self.settings;
        reqwest::ClientBuilder::new()
            .user_agent(concat!("switchyard/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(self.trust.config())
            .dns_resolver(Arc::clone(&self.resolver))
            .connector_layer(NoteConnections)
            // A redirect or a proxy would connect to something that the guard never saw.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // A second copy of a paid call is the orchestrator's to decide.
            .retry(reqwest::retry::never())
            // Decoded here, where size and ratio are capped. A feature of another crate must not turn it on.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .referer(false)
            .connect_timeout(settings.connect_timeout)
            .pool_idle_timeout(settings.pool_idle_timeout)
            .pool_max_idle_per_host(settings.pool_max_idle_per_host)
            .tcp_nodelay(true)
            .tcp_keepalive(settings.tcp_keepalive)
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(PING_EVERY)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .http2_keep_alive_while_idle(true)
            .build()
    }
}
