use super::tls::Tls;
use ipnet::IpNet;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

/// Whether a call of `/v1*` needs a virtual key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GatewayAuth {
    /// A valid one, always.
    #[default]
    Required,
    /// None, or a valid one.
    Optional,
    /// None. A valid one still keeps its limits and its bill; anything else is as if it were not there.
    Off,
}

/// How large a request may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Bytes of a form with a file.
    pub form_bytes: usize,
    /// Bytes of all header lines together. The parser itself refuses more than 96 headers and heads beyond 128 KiB.
    pub header_bytes: usize,
    /// Bytes of a request's target.
    pub uri_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 10 * 1024 * 1024,
            form_bytes: 25 * 1024 * 1024,
            header_bytes: 32 * 1024,
            uri_bytes: 8 * 1024,
        }
    }
}

/// How long a client may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a request's head, and for the handshake of TLS before the first.
    pub head: Duration,
    /// Between two requests.
    pub keep_alive: Duration,
    /// Between two pieces of a body.
    pub body_idle: Duration,
    /// For each MiB of a body that began.
    pub body_per_mib: Duration,
    /// For taking no byte of an answer that waits to be read.
    pub write_stall: Duration,
    /// For running requests to end once the server stops; a part of a second counts as a whole one.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(5),
            keep_alive: Duration::from_secs(15),
            body_idle: Duration::from_secs(10),
            body_per_mib: Duration::from_secs(30),
            write_stall: Duration::from_secs(300),
            drain: Duration::from_secs(30),
        }
    }
}

/// How the server listens and what it admits.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where requests are taken. Port 0 takes a free port, told by [`BoundServer::addresses`](super::BoundServer).
    pub listen: Vec<SocketAddr>,
    /// Where `/metrics` is served, to everybody who can connect. Empty: nowhere.
    pub metrics_listen: Vec<SocketAddr>,
    /// TLS on all of them; absent: in the clear.
    pub tls: Option<Tls>,
    /// Threads that serve requests; absent: one for each processor.
    pub workers: Option<NonZeroUsize>,
    /// Connections of one worker; more wait in the kernel's queue.
    pub connections_per_worker: usize,
    /// Connections of one source (an IPv4 address, an IPv6 /64 network) over all workers; more are closed at once. Of a source that
    /// a trusted proxy speaks for: requests that are being answered; more are refused.
    pub connections_per_source: usize,
    /// Networks whose connections are carried for others: no share is counted for them but for whom they say
    /// (`x-forwarded-for`) they speak for, whom the access log names too.
    pub trusted_proxies: Vec<IpNet>,
    /// The web origins, each `scheme://host[:port]`, whose pages may call with credentials and read the answers.
    pub cors_origins: Vec<String>,
    /// Whether browsers send the cookies of sessions over HTTPS only.
    pub cookie_secure: bool,
    /// How large a request may be.
    pub limits: Limits,
    /// How long a client may take.
    pub timeouts: Timeouts,
    /// Whether a call of `/v1*` needs a virtual key.
    pub gateway_auth: GatewayAuth,
    /// Whether everybody may make virtual keys at `/api/generate-virtual-key`.
    pub open_virtual_keys: bool,
    /// How long a test waits for a provider where whoever asks does not say.
    pub provider_test_timeout: Duration,
    /// What the installation is for, as `/health` says it.
    pub environment: String,
    /// The folder in which clients' files wait until they were sent on. They have no names there, so that nothing of them outlives
    /// the process.
    pub uploads: PathBuf,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            metrics_listen: Vec::new(),
            tls: None,
            workers: None,
            connections_per_worker: 25_000,
            connections_per_source: 256,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            cookie_secure: true,
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            gateway_auth: GatewayAuth::default(),
            open_virtual_keys: false,
            provider_test_timeout: Duration::from_secs(10),
            environment: "production".to_owned(),
            uploads: std::env::temp_dir(),
        }
    }
}

impl ServerConfig {
    /// Whether no other machine can connect.
    #[must_use]
    pub fn is_loopback_only(&self) -> bool {
        self.listen.iter().all(|address| address.ip().to_canonical().is_loopback())
    }
}
