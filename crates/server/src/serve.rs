//! `switchyard serve`: open, bind, announce, run, drain.

use crate::banner;
use crate::certificate::Certificate;
use crate::failure::Failure;
use crate::logging::LogFiles;
use crate::setup_link;
use crate::unserved;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;
use switchyard::orchestrator::admin::FileReader;
use switchyard::settings::{GatewayAuth, Loaded, Settings};
use switchyard::{Builder, Embedded};
use switchyard_domain::meta::Writer;
use switchyard_http::server::{self, BoundServer, Limits, ServerConfig, ServerControl, Timeouts, bind};
use switchyard_http::services::{DemoSwitch, Services};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long readiness is off before connections are refused, so that a load balancer sees it.
const BEFORE_DRAIN: Duration = Duration::from_millis(200);
/// What the usage writer gets once no call runs any more.
const FLUSH: Duration = Duration::from_secs(10);

/// Runs the gateway until a signal ends it.
pub(crate) async fn run(loaded: Loaded, reader: FileReader, log: &LogFiles) -> Result<(), Failure> {
    unserved::tell(&loaded.listing);
    let settings = loaded.settings;
    let certificate = Certificate::of(&settings)?;
    let builder = Builder::from_settings(&settings, loaded.declared)?
        .says_nothing(loaded.says_nothing)
        .file_reader(reader);
    let app = builder.open().await?;
    let link = app.accounts().links.setup(&Writer::SEED).await?;
    // The demonstration ends with the first administrator.
    let demo = DemoSwitch::new(settings.server.listen.is_loopback_only() && link.is_some());
    let services =
        Services::new(app.use_cases(), demo).with_log_losses(log.losses()).with_recent_log(log.recent());
    let config = ServerConfig { tls: certificate.as_ref().map(Certificate::tls), ..server_config(&settings) };
    let server = bind(config, services)
        .map_err(|error| Failure::runtime(format!("{error}. Name another address with --listen.")))?;
    announce(&settings, &server, &app);
    match &link {
        Some(link) => setup_link::tell(&settings, server.addresses(), link)?,
        None => setup_link::forget(&settings),
    }
    serve(server, app, settings.server.drain, certificate.as_ref()).await
}

fn announce(settings: &Settings, server: &BoundServer, app: &Embedded) {
    tracing::info!("{}", settings.describe_startup(server.addresses()));
    let generated: Vec<&Path> = app.administration().generated_secrets().collect();
    for path in &generated {
        tracing::warn!(path = %path.display(), "a secret was generated: back this file up");
    }
    banner::show(settings, server.addresses(), &generated);
}

fn server_config(settings: &Settings) -> ServerConfig {
    let edge = &settings.server;
    ServerConfig {
        listen: edge.listen.addresses().to_vec(),
        metrics_listen: edge
            .metrics_listen
            .as_ref()
            .map(|listen| listen.addresses().to_vec())
            .unwrap_or_default(),
        cookie_secure: settings.accounts.cookie_secure,
        workers: edge.workers.and_then(|workers| NonZeroUsize::new(workers as usize)),
        trusted_proxies: edge.trusted_proxies.clone(),
        cors_origins: edge.cors_origins.clone(),
        limits: Limits {
            body_bytes: usize::try_from(edge.max_body_bytes).unwrap_or(usize::MAX),
            ..Limits::default()
        },
        timeouts: Timeouts { drain: edge.drain, ..Timeouts::default() },
        gateway_auth: match settings.surfaces.gateway_auth {
            GatewayAuth::Required => server::GatewayAuth::Required,
            GatewayAuth::Optional => server::GatewayAuth::Optional,
            GatewayAuth::Off => server::GatewayAuth::Off,
        },
        open_virtual_keys: settings.surfaces.open_virtual_keys,
        provider_test_timeout: settings.upstream.provider_test_timeout,
        environment: edge.deployment.to_string(),
        uploads: settings.data_dir.clone(),
        ..ServerConfig::default()
    }
}

/// Serves; the first signal drains, the second cuts, and a hang-up reads the configuration and the certificate again. Whatever ends it, usage that
/// waits is brought to the ledger.
async fn serve(
    server: BoundServer,
    app: Embedded,
    patience: Duration,
    certificate: Option<&Certificate<'_>>,
) -> Result<(), Failure> {
    let control = server.control();
    let mut signals = Signals::listen()?;
    let mut running = std::pin::pin!(server.run());
    let ended = loop {
        tokio::select! {
            ended = &mut running => break Some(ended),
            heard = signals.next() => match heard {
                Heard::End => break None,
                // The server makes progress only while it is polled.
                Heard::HangUp => tokio::select! {
                    ended = &mut running => break Some(ended),
                    () = read_again(&app, certificate) => {}
                },
            },
        }
    };
    if ended.is_none() {
        tracing::info!("draining: running requests get {} s", patience.as_secs_f64());
        app.status().begin_draining();
        drain(&control, &mut signals, running).await;
    }
    let flushed = app.close_within(FLUSH).await;
    tracing::info!(usage.flushed = flushed, "stopped");
    match ended {
        Some(Err(error)) => Err(Failure::runtime(format!("the server ended: {error}"))),
        _ => Ok(()),
    }
}

/// Reads the configuration file and the certificate again, each for itself. What can't be used stays as it was, and the log says why.
async fn read_again(app: &Embedded, certificate: Option<&Certificate<'_>>) {
    if let Some(certificate) = certificate {
        certificate.reload();
    }
    match app.use_cases().reloading.reload(&Writer::FILE).await {
        Ok(notes) => {
            tracing::info!("SIGHUP: the configuration was read again");
            notes.iter().for_each(|note| tracing::warn!("{note}"));
        }
        Err(error) => tracing::error!("SIGHUP: the configuration stays as it was: {error}"),
    }
}

/// Readiness is off; running requests end, or are cut by a second signal.
async fn drain(
    control: &ServerControl,
    signals: &mut Signals,
    mut running: std::pin::Pin<&mut impl Future<Output = std::io::Result<()>>>,
) {
    tokio::select! {
        _ = &mut running => return,
        () = tokio::time::sleep(BEFORE_DRAIN) => {}
    }
    let ending = async {
        tokio::select! {
            () = control.drain() => {}
            () = signals.next_end() => {
                tracing::warn!("second signal: cutting what still runs");
                control.abort();
            }
        }
    };
    // The server makes progress only while it is polled.
    let (_, _) = tokio::join!(ending, running);
}

/// The signals that end the process, and the one that must not.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        let listen =
            |kind| signal(kind).map_err(|error| Failure::runtime(format!("signals can't be heard: {error}")));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Heard {
        tokio::select! {
            _ = self.terminate.recv() => Heard::End,
            _ = self.interrupt.recv() => Heard::End,
            _ = self.hang_up.recv() => Heard::HangUp,
        }
    }

    async fn next_end(&mut self) {
        while self.next().await != Heard::End {}
    }
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    /// The end.
    End,
    /// Another look at the files.
    HangUp,
}
