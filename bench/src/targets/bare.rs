//! The bare proxy of this package.

use super::{Caller, Target, Way};
use crate::arguments::Arguments;
use crate::process::Process;
use anyhow::Result;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

pub(super) fn start(upstream: SocketAddr, arguments: &Arguments) -> Result<Target> {
    let mut command = Command::new(arguments.binary("bare-proxy")?);
    command.arg(format!("http://{upstream}")).arg(arguments.workers.to_string());
    let (process, address) = Process::listening(&mut command)?;
    let caller = Caller::of_upstream();
    Ok(Target {
        way: Way::Bare,
        address,
        caller,
        process: Some(process),
        lingers: Duration::from_millis(100),
        gateway: None,
    })
}
