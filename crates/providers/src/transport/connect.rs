//! Opening connections, behind the guard and in time.

use std::{
    error::Error,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use tokio::net::TcpStream;
use tower_service::Service;

use super::{
    TransportSettings,
    resolver::{GuardedResolver, Resolver},
    reuse::note_opened,
    steps::{StepWatch, note},
    trust::Trust,
};

/// Between two probes of a silent TCP connection, and how many of them stay unanswered before it is dead.
const PROBE_EVERY: Duration = Duration::from_secs(15);
const PROBES: u32 = 3;
/// How long sent bytes may stay without a sign from the upstream's machine.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// Opens connections, in the clear or within TLS. The client clones it for each request, and that of what is inside is dear;
/// few requests open a connection.
#[derive(Clone)]
pub(super) struct Connector(Arc<Inner>);

struct Inner {
    https: HttpsConnector<Tcp>,
    timeout: Duration,
    watch: Option<Arc<StepWatch>>,
}

/// Opens connections in the clear, and tells when one is there.
#[derive(Clone)]
struct Tcp {
    http: HttpConnector<Resolver>,
    watch: Option<Arc<StepWatch>>,
}

impl Connector {
    pub(super) fn new(
        settings: &TransportSettings,
        trust: &Trust,
        resolver: Arc<GuardedResolver>,
        watch: Option<Arc<StepWatch>>,
    ) -> Self {
        let resolver = Resolver { guarded: resolver, watch: watch.clone() };
        let mut http = HttpConnector::new_with_resolver(resolver);
        // It is asked for `https` addresses too.
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_keepalive(Some(settings.tcp_keepalive));
        http.set_keepalive_interval(Some(PROBE_EVERY));
        http.set_keepalive_retries(Some(PROBES));
        #[cfg(target_os = "linux")]
        http.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let https = HttpsConnector::from((Tcp { http, watch: watch.clone() }, trust.config()));
        Self(Arc::new(Inner { https, timeout: settings.connect_timeout, watch }))
    }
}

tokio::task_local! {
    static WITHIN: Duration;
}

/// Runs `send`; a connection that must be opened for it has so long. One that is opened already is used as it is.
pub(crate) async fn connecting_within<F: Future>(timeout: Duration, send: F) -> F::Output {
    WITHIN.scope(timeout, send).await
}

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type Fault = Box<dyn Error + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, Fault>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        // Each connection is opened by a clone of what is inside, which always is ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        note_opened();
        let (mut https, watch) = (self.0.https.clone(), self.0.watch.clone());
        let timeout = WITHIN.try_with(|within| *within).unwrap_or(self.0.timeout);
        note(watch.as_ref(), StepWatch::opening);
        let opened = tokio::time::timeout(timeout, async move {
            std::future::poll_fn(|cx| https.poll_ready(cx)).await?;
            https.call(destination).await
        });
        Box::pin(async move {
            let opened =
                opened.await.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))?;
            note(watch.as_ref(), StepWatch::opened);
            Ok(opened)
        })
    }
}

type HttpFault = <HttpConnector<Resolver> as Service<Uri>>::Error;

impl Service<Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = HttpFault;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, HttpFault>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), HttpFault>> {
        self.http.poll_ready(cx)
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let (connecting, watch) = (self.http.call(destination), self.watch.clone());
        Box::pin(async move {
            let connected = connecting.await?;
            note(watch.as_ref(), StepWatch::connected);
            Ok(connected)
        })
    }
}
