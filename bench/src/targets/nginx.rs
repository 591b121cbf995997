//! nginx as a plain reverse proxy.

use super::{Caller, Target, Way, free_address};
use crate::arguments::Arguments;
use crate::clock::now;
use crate::process::Process;
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tokio::net::TcpStream;

const CONFIGURATION: &str = include_str!("../../nginx.conf");
const READY: Duration = Duration::from_secs(10);

pub(super) async fn start(upstream: SocketAddr, arguments: &Arguments, folder: &Path) -> Result<Target> {
    let folder = folder.join("nginx");
    std::fs::create_dir(&folder)?;
    let address = free_address()?;
    let configuration = CONFIGURATION
        .replace("@WORKERS@", &arguments.workers.to_string())
        .replace("@UPSTREAM@", &upstream.to_string())
        .replace("@LISTEN@", &address.to_string());
    let file = folder.join("nginx.conf");
    std::fs::write(&file, configuration)?;
    let mut command = Command::new(&arguments.nginx);
    command.args(["-e", "stderr", "-p"]).arg(&folder).arg("-c").arg(&file);
    let mut process = Process::start(&mut command)?;
    let asked = now();
    while let Err(error) = TcpStream::connect(address).await {
        process.check()?;
        if asked.elapsed() > READY {
            return Err(error).context("it does not listen");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The master opens the socket before it starts its workers.
    tokio::time::sleep(Duration::from_millis(300)).await;
    process.find_workers()?;
    let caller = Caller::of_upstream();
    Ok(Target {
        way: Way::Nginx,
        address,
        caller,
        process: Some(process),
        lingers: Duration::from_millis(100),
        gateway: None,
    })
}
