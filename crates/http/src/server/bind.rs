use super::config::ServerConfig;
use super::pipeline::{self, Shared};
use crate::metrics::Metrics;
use crate::services::Services;
use actix_web::dev::{Server, ServerHandle};
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::sync::Notify;

/// Connections that wait in the kernel for us to take them.
const BACKLOG: u32 = 1024;

/// The kernel's share of an answer that nobody reads, in bytes. Left to itself it grows to megabytes for each slow
/// reader. Enough for a megabyte a second to the other side of the world, and inherited by every accepted connection.
const SEND_BUFFER: u32 = 128 * 1024;

/// More worker threads than the framework takes.
const MOST_WORKERS: usize = 512;

/// Why the server can't listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// An address can't be had.
    #[error("can't listen on {address}: {source}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// No address was given.
    #[error("there is no address to listen on")]
    NoAddress,
}

/// A server that holds its addresses and waits to be run.
pub struct BoundServer {
    addresses: Vec<SocketAddr>,
    metrics_addresses: Vec<SocketAddr>,
    server: Server,
    cut: Arc<Notify>,
}

/// Stops a running server, from anywhere.
#[derive(Clone, Debug)]
pub struct ServerControl {
    handle: ServerHandle,
    cut: Arc<Notify>,
}

/// Takes the addresses. Connections queue from now on and are served once the server runs. MUST be called within a Tokio
/// runtime; the workers have threads and runtimes of their own.
///
/// # Errors
/// [`BindError`] for the first address that can't be had; none is held then.
pub fn bind(config: ServerConfig, services: Services) -> Result<BoundServer, BindError> {
    if config.listen.is_empty() {
        return Err(BindError::NoAddress);
    }
    let gateway = listeners(&config.listen)?;
    let scraped = listeners(&config.metrics_listen)?;
    let metrics = Arc::new(Metrics::new(
        Arc::clone(&services.status),
        services.log_losses.clone(),
        Arc::clone(&services.clock),
    ));
    let mut builder = Server::build()
        .workers(workers(&config))
        .max_concurrent_connections(config.connections_per_worker.max(1))
        .shutdown_timeout(whole_seconds(config.timeouts.drain))
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let stops = move || {
        let stopping = stopping.clone();
        async move { stopping.notified().await }
    };
    let addresses = local_addresses(&gateway)?;
    let metrics_addresses = local_addresses(&scraped)?;
    let shared = Shared::new(config, services, metrics);
    for (listener, address) in gateway.into_iter().zip(&addresses) {
        let (shared, stops) = (shared.clone(), stops.clone());
        builder = builder
            .listen("gateway", listener, move || pipeline::gateway(&shared, stops.clone()))
            .map_err(|source| BindError::Address { address: *address, source })?;
    }
    for (listener, address) in scraped.into_iter().zip(&metrics_addresses) {
        let (shared, stops) = (shared.clone(), stops.clone());
        builder = builder
            .listen("metrics", listener, move || pipeline::metrics(&shared, stops.clone()))
            .map_err(|source| BindError::Address { address: *address, source })?;
    }
    Ok(BoundServer { addresses, metrics_addresses, server: builder.run(), cut: Arc::default() })
}

impl BoundServer {
    /// The addresses that are held, in the order of [`ServerConfig::listen`], with their real ports.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The addresses of the metrics listener.
    #[must_use]
    pub fn metrics_addresses(&self) -> &[SocketAddr] {
        &self.metrics_addresses
    }

    /// What stops the server.
    #[must_use]
    pub fn control(&self) -> ServerControl {
        ServerControl { handle: self.server.handle(), cut: Arc::clone(&self.cut) }
    }

    /// Serves until stopped. Dropping the future closes everything at once.
    ///
    /// # Errors
    /// When the worker threads can't be started.
    pub fn run(self) -> impl Future<Output = io::Result<()>> + Send {
        let Self { server, cut, .. } = self;
        async move {
            tokio::select! {
                ended = server => ended,
                () = cut.notified() => Ok(()),
            }
        }
    }
}

impl ServerControl {
    /// Takes no new connection and no new request, and returns once the running ones have ended, or
    /// [`Timeouts::drain`](super::Timeouts::drain) has passed and they were cut. Readiness is the caller's to switch off
    /// before, and so are signals.
    pub async fn drain(&self) {
        self.handle.stop(true).await;
    }

    /// Cuts everything, also what a drain still waits for: [`BoundServer::run`] ends. The framework hears no second command
    /// while it drains, so its server is dropped.
    pub fn abort(&self) {
        self.cut.notify_one();
    }
}

/// Rounded up: nobody gets less than was promised.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

fn workers(config: &ServerConfig) -> usize {
    let wanted = config.workers.or_else(|| std::thread::available_parallelism().ok());
    wanted.map_or(1, NonZeroUsize::get).min(MOST_WORKERS)
}

fn listeners(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, BindError> {
    addresses
        .iter()
        .map(|&address| listener(address).map_err(|source| BindError::Address { address, source }))
        .collect()
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

fn local_addresses(listeners: &[TcpListener]) -> Result<Vec<SocketAddr>, BindError> {
    let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
    listeners
        .iter()
        .map(|listener| {
            listener.local_addr().map_err(|source| BindError::Address { address: unknown, source })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_second_to_drain_in_is_a_whole_one() {
        for (millis, seconds) in [(0, 0), (1, 1), (500, 1), (1000, 1), (30_000, 30)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds);
        }
    }
}
