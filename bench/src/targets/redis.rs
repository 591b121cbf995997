//! A Redis server that the gateway counts in.

use super::free_address;
use crate::arguments::Arguments;
use crate::clock::now;
use crate::process::Process;
use anyhow::{Context, Result};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

const READY: Duration = Duration::from_secs(10);

/// A private server, which keeps nothing on the disk.
pub(crate) struct Redis {
    _process: Process,
    address: SocketAddr,
}

impl Redis {
    pub(super) fn start(arguments: &Arguments) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(&arguments.redis);
        command.args(["--port", &address.port().to_string(), "--bind", "127.0.0.1"]);
        command.args(["--save", "", "--appendonly", "no"]).stdout(Stdio::null());
        let needed = "Redis is needed to count in (Debian: apt-get install --no-install-recommends redis-server), or \
                      leave this way out with --ways";
        let mut process = Process::start(&mut command).context(needed)?;
        let asked = now();
        while let Err(error) = TcpStream::connect(address) {
            process.check()?;
            if asked.elapsed() > READY {
                return Err(error).context("Redis does not listen");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { _process: process, address })
    }

    pub(super) fn url(&self) -> String {
        format!("redis://{}/0", self.address)
    }
}
