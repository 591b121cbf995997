//! HTTP clients, one per transport and worker thread.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};

use super::{
    TransportSettings, connect::Connector, outgoing::Outgoing, resolver::GuardedResolver, steps::StepWatch,
    trust::Trust,
};

/// Speaks HTTP/1.1 and HTTP/2 over connections that it keeps.
pub(super) type Client = legacy::Client<Connector, Outgoing>;

/// Answers within this time to a ping on a silent HTTP/2 connection, or the connection is dead.
const PING_TIMEOUT: Duration = Duration::from_secs(10);
const PING_EVERY: Duration = Duration::from_secs(20);

/// Most bytes that HTTP/1.1 reads ahead of whoever reads an answer, and most of an answer's head. The client's own default grows to
/// 400 KiB, and two such pieces were held for each reader that had stopped.
const READ_AHEAD: usize = 64 * 1024;
/// Most bytes of one HTTP/2 answer that wait here for a reader that has stopped. A window that adapts to the line grows to 16 MiB.
const WINDOW: u32 = 128 * 1024;
/// The same of all answers on one connection together: so many that readers who have stopped don't hold up the others.
const WINDOW_OF_ALL: u32 = 1 << 30;

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
    /// For the case of no slot at all, which there never is.
    spare: Client,
    slots: Box<[OnceLock<Client>]>,
}

/// What every client of a transport is made of.
pub(super) struct Recipe {
    pub(super) settings: TransportSettings,
    pub(super) trust: Trust,
    pub(super) resolver: Arc<GuardedResolver>,
}

impl Clients {
    pub(super) fn new(recipe: Recipe) -> Self {
        let slots = (0..recipe.settings.worker_threads.max(1)).map(|_| OnceLock::new()).collect();
        Self { spare: recipe.client(), recipe, slots }
    }

    /// This thread's client. Takes no lock once it exists.
    pub(super) fn own(&self) -> &Client {
        let slot = THREAD.with(|thread| thread % self.slots.len());
        let Some(slot) = self.slots.get(slot) else { return &self.spare };
        slot.get_or_init(|| self.recipe.client())
    }

    /// A client with no connections.
    pub(super) fn anew(&self) -> Client {
        self.recipe.client()
    }

    /// A client with no connections and nothing known of the host, whose way to it is watched.
    pub(super) fn watched(&self, watch: Arc<StepWatch>) -> Client {
        let Recipe { settings, trust, resolver } = &self.recipe;
        let resolver = Arc::new(resolver.anew());
        Recipe { settings: *settings, trust: trust.clone(), resolver }.client_with(Some(watch))
    }
}

impl Recipe {
    fn client(&self) -> Client {
        self.client_with(None)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that builds clients; the connector holds the guard"
    )]
    fn client_with(&self, watch: Option<Arc<StepWatch>>) -> Client {
        let settings = &self.settings;
        // Redirects are not followed and no proxy is used: both would connect to something that the guard never saw. A second copy
        // of a paid call is the orchestrator's to decide. Bodies are decoded elsewhere, where size and ratio are capped.
        legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(settings.pool_idle_timeout)
            .pool_max_idle_per_host(settings.pool_max_idle_per_host)
            .http1_max_buf_size(READ_AHEAD)
            .http2_initial_stream_window_size(WINDOW)
            .http2_initial_connection_window_size(WINDOW_OF_ALL)
            .http2_keep_alive_interval(PING_EVERY)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .http2_keep_alive_while_idle(true)
            .build(Connector::new(settings, &self.trust, Arc::clone(&self.resolver), watch))
    }
}
