//! What is measured: each way from the clients to the upstream.

mod bare;
mod gateway;
mod limits;
mod nginx;
mod redis;

use crate::arguments::Arguments;
use crate::process::Process;
use anyhow::{Context, Result};
use clap::ValueEnum;
pub(crate) use gateway::{Books, Gateway};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

/// The credential that the upstream gets.
pub(crate) const UPSTREAM_KEY: &str = "sk-bench-upstream-0123456789";

/// The ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    /// Nothing in between: what the clients and the upstream can do.
    Direct,
    /// A plain reverse proxy.
    Nginx,
    /// The least that can be done with the gateway's own framework.
    Bare,
    /// The gateway, with keys, ledger and journal.
    Switchyard,
    /// The same with every limit and a budget at every scope, counted in its own memory.
    Limited,
    /// The same, counted in Redis.
    LimitedByRedis,
}

impl Way {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Nginx => "nginx",
            Self::Bare => "bare proxy",
            Self::Switchyard => "switchyard",
            Self::Limited => "switchyard with limits",
            Self::LimitedByRedis => "switchyard with limits in Redis",
        }
    }

    /// Whether this is the gateway with limits and budgets, which are measured against the gateway without.
    pub(crate) fn has_limits(self) -> bool {
        matches!(self, Self::Limited | Self::LimitedByRedis)
    }
}

/// Who calls.
pub(crate) struct Caller {
    /// The key that is sent.
    pub(crate) key: String,
    /// Whether the caller names a route, not the upstream's model.
    pub(crate) names_routes: bool,
}

impl Caller {
    /// One that calls the upstream, through something that changes nothing.
    fn of_upstream() -> Self {
        Self { key: UPSTREAM_KEY.to_owned(), names_routes: false }
    }
}

/// One way, ready to be used.
pub(crate) struct Target {
    pub(crate) way: Way,
    pub(crate) address: SocketAddr,
    pub(crate) caller: Caller,
    /// What stands between; nothing on the direct way.
    pub(crate) process: Option<Process>,
    /// How long it must be quiet until it surely has nothing left to do.
    pub(crate) lingers: Duration,
    /// What more can be asked of the gateway.
    pub(crate) gateway: Option<Gateway>,
}

/// Starts the way to `upstream`; its files go to `folder`.
pub(crate) async fn start(
    way: Way,
    upstream: SocketAddr,
    arguments: &Arguments,
    folder: &Path,
) -> Result<Target> {
    match way {
        Way::Direct => Ok(Target {
            way,
            address: upstream,
            caller: Caller::of_upstream(),
            process: None,
            lingers: Duration::ZERO,
            gateway: None,
        }),
        Way::Nginx => nginx::start(upstream, arguments, folder).await,
        Way::Bare => bare::start(upstream, arguments),
        Way::Switchyard | Way::Limited | Way::LimitedByRedis => {
            gateway::start(way, upstream, arguments, folder).await
        }
    }
    .with_context(|| format!("starting {}", way.title()))
}

/// An address that nobody listens on, for programs that can't say which they took.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
