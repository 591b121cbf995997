use super::config::ServerConfig;
use super::tls::Tls;
use crate::app;
use crate::connection::{GuardedIo, Patience, Sources, Wire};
use crate::metrics::Metrics;
use crate::services::Services;
use actix_http::body::{BoxBody, MessageBody};
use actix_http::{HttpService, Request, Response};
use actix_service::{Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::Error;
use actix_web::dev::AppConfig;
use std::future::Future;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// How long the framework reads and throws away what a client still sends to an answer that closes its connection.
const LINGER: Duration = Duration::from_secs(1);

/// What all workers share.
#[derive(Clone)]
pub(super) struct Shared {
    config: Arc<ServerConfig>,
    services: Services,
    metrics: Arc<Metrics>,
    sources: Arc<Sources>,
    tls: Option<TlsAcceptor>,
}

impl Shared {
    pub(super) fn new(config: ServerConfig, services: Services, metrics: Arc<Metrics>) -> Self {
        let sources = Arc::new(Sources::new(config.connections_per_source, config.trusted_proxies.clone()));
        let tls = config.tls.as_ref().map(Tls::acceptor);
        Self { config: Arc::new(config), services, metrics, sources, tls }
    }

    /// Guards a connection, unless its source has all of its own or fails at TLS.
    async fn admit(self: Rc<Self>, io: TcpStream) -> Result<(GuardedIo<Wire>, Option<SocketAddr>), ()> {
        let peer = io.peer_addr().map_err(|_| ())?;
        let Some(place) = self.sources.enter(peer.ip()) else {
            tracing::debug!(peer = %peer.ip(), "a connection over its source's share was closed");
            return Err(());
        };
        // Else the first piece of a stream waits for the acknowledgement of the head: 40 ms on some systems.
        if let Err(error) = io.set_nodelay(true) {
            tracing::debug!(error = %error, "TCP_NODELAY could not be set");
        }
        let timeouts = &self.config.timeouts;
        let wire = match &self.tls {
            None => Wire::Plain(io),
            Some(tls) => handshake(tls, io, timeouts.head, peer).await?,
        };
        let patience = Patience { head: timeouts.head, write_stall: timeouts.write_stall };
        Ok((GuardedIo::new(wire, patience, place), Some(peer)))
    }
}

async fn handshake(
    tls: &TlsAcceptor,
    io: TcpStream,
    patience: Duration,
    peer: SocketAddr,
) -> Result<Wire, ()> {
    match timeout(patience, tls.accept(io)).await {
        Ok(Ok(stream)) => return Ok(Wire::secure(stream)),
        Ok(Err(error)) => tracing::debug!(peer = %peer.ip(), error = %error, "a TLS handshake failed"),
        Err(_) => tracing::debug!(peer = %peer.ip(), "a TLS handshake took too long"),
    }
    Err(())
}

/// The service of one worker on a gateway listener.
pub(super) fn gateway<D, F>(
    shared: &Shared,
    stops: D,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()> + use<D, F>
where
    D: Fn() -> F + 'static,
    F: Future<Output = ()> + 'static,
{
    let app = app::gateway(&shared.config, &shared.services, &shared.metrics, &shared.sources);
    connections(shared, actix_service::IntoServiceFactory::into_factory(app), stops)
}

/// The service of one worker on a metrics listener.
pub(super) fn metrics<D, F>(
    shared: &Shared,
    stops: D,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()> + use<D, F>
where
    D: Fn() -> F + 'static,
    F: Future<Output = ()> + 'static,
{
    let app = app::metrics(&shared.metrics);
    connections(shared, actix_service::IntoServiceFactory::into_factory(app), stops)
}

/// Connections of HTTP/1.1, guarded, that carry requests to `app`.
///
/// Built from the framework's parts instead of its ready-made server, because that one hands its own socket type to the
/// protocol and leaves no place for ours.
fn connections<S, B, D, F>(
    shared: &Shared,
    app: S,
    stops: D,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()> + use<S, B, D, F>
where
    S: ServiceFactory<Request, Config = AppConfig, Error = Error> + 'static,
    S::InitError: std::fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
    D: Fn() -> F + 'static,
    F: Future<Output = ()> + 'static,
{
    let timeouts = &shared.config.timeouts;
    let app = map_config(app.map_err(Response::<BoxBody>::from), |()| AppConfig::default());
    let protocol = HttpService::<GuardedIo<Wire>, _, B>::build()
        .graceful_shutdown_signal(stops)
        .keep_alive(timeouts.keep_alive)
        .client_request_timeout(timeouts.head)
        .client_disconnect_timeout(LINGER)
        // Else an abandoned call runs to its end: a client that left can't be told from one that only closed its side.
        .h1_allow_half_closed(false)
        .on_connect_ext(|io: &GuardedIo<Wire>, data| {
            data.insert(io.connection());
        })
        .h1(app);
    let shared = Rc::new(shared.clone());
    fn_service(move |io: TcpStream| Rc::clone(&shared).admit(io)).and_then(protocol.map_err(drop))
}
