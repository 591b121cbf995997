//! Listening, and the process.

use crate::settings::listen::Listen;
use crate::settings::problem::Problem;
use crate::settings::table;
use crate::settings::values::Values;
use ipnet::IpNet;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The origins of the web clients that developers run beside a server.
const LOCAL_ORIGINS: [&str; 2] = ["http://localhost:3044", "http://localhost:3000"];

/// What an installation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployment {
    /// People depend on it.
    Production,
    /// Someone works on the product or a client of it: local web clients may call.
    Development,
    /// Tests run against it; otherwise as production.
    Testing,
}

impl Deployment {
    pub(in crate::settings) const WORDS: &'static [(&'static [&'static str], Self)] = &[
        (&["production"], Self::Production),
        (&["development"], Self::Development),
        (&["testing", "test"], Self::Testing),
    ];
}

impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Production => "production",
            Self::Development => "development",
            Self::Testing => "testing",
        })
    }
}

/// A certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, PEM.
    pub certificate: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
}

/// Listening, and the process.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Where requests are taken.
    pub listen: Listen,
    /// Where `/metrics` alone is served; absent: on the main listener, to administrators.
    pub metrics_listen: Option<Listen>,
    /// TLS on the listeners.
    pub tls: Option<TlsFiles>,
    /// Whether a listener that other machines reach may go without TLS.
    pub allow_plain_http: bool,
    /// The proxies whose `X-Forwarded-*` count.
    pub trusted_proxies: Vec<IpNet>,
    /// The web origins that may call with credentials, each `scheme://host[:port]`.
    pub cors_origins: Vec<String>,
    /// Threads that serve requests; absent: one for each processor.
    pub workers: Option<u32>,
    /// The largest request body, in bytes.
    pub max_body_bytes: u64,
    /// How long running requests may take to finish at shutdown.
    pub drain: Duration,
    /// What the installation is for.
    pub deployment: Deployment,
    /// The configuration file that was named.
    pub config: Option<PathBuf>,
}

impl ServerSettings {
    pub(in crate::settings) fn read(values: &Values) -> Result<Self, Problem> {
        let deployment = values.required(&table::ENVIRONMENT)?;
        let local_origins = match deployment {
            Deployment::Development => LOCAL_ORIGINS.map(str::to_owned).to_vec(),
            Deployment::Production | Deployment::Testing => Vec::new(),
        };
        let certificate = values.optional(&table::TLS_CERT_FILE)?;
        let key = values.optional(&table::TLS_KEY_FILE)?;
        Ok(Self {
            listen: values.required(&table::LISTEN)?,
            metrics_listen: values.optional(&table::METRICS_LISTEN)?,
            tls: certificate.zip(key).map(|(certificate, key)| TlsFiles { certificate, key }),
            allow_plain_http: values.required(&table::ALLOW_PLAIN_HTTP)?,
            trusted_proxies: values.required(&table::TRUSTED_PROXIES)?,
            cors_origins: values.optional(&table::CORS_ORIGINS)?.unwrap_or(local_origins),
            workers: values.optional(&table::WORKERS)?,
            max_body_bytes: values.required(&table::MAX_BODY_BYTES)?,
            drain: values.required(&table::DRAIN_SECONDS)?,
            deployment,
            config: values.optional(&table::CONFIG)?,
        })
    }
}
