//! A process that was started here, and what it uses.

use crate::clock::now;
use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long one may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(15);

/// A child process, with the workers that it has; told to end when dropped.
pub(crate) struct Process {
    child: Child,
    workers: Vec<Pid>,
}

impl Process {
    /// Starts a process that is measured by itself.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let child = command.stdin(Stdio::null()).spawn().with_context(|| format!("starting {command:?}"))?;
        Ok(Self { child, workers: Vec::new() })
    }

    /// Starts a process whose first line says `listening on ADDRESS`.
    pub(crate) fn listening(command: &mut Command) -> Result<(Self, SocketAddr)> {
        let mut process = Self::start(command.stdout(Stdio::piped()))?;
        let output = process.child.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on ").and_then(|address| address.parse().ok());
        Ok((process, address.with_context(|| format!("{command:?} said {line:?}"))?))
    }

    /// Finds its child processes, to count them with it from now on.
    pub(crate) fn find_workers(&mut self) -> Result<()> {
        let own = self.pid()?;
        for entry in fs::read_dir("/proc")? {
            let entry = entry?;
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            if parent(&entry.path()) == Some(own.as_raw()) {
                self.workers.push(Pid::from_raw(pid));
            }
        }
        Ok(())
    }

    /// An error if it has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("it ended with {status}"),
        }
    }

    /// The CPU time that it has used so far, of threads that have ended too.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let used = |pid| anyhow::Ok(Duration::from(clock_gettime(clock_getcpuclockid(pid)?)?));
        self.pids()?.map(used).sum()
    }

    /// The memory that it holds, in KiB. Pages that workers share count for each.
    pub(crate) fn resident_kib(&self) -> Result<u64> {
        self.pids()?.map(resident_kib).sum()
    }

    fn pid(&self) -> Result<Pid> {
        Ok(Pid::from_raw(i32::try_from(self.child.id())?))
    }

    fn pids(&self) -> Result<impl Iterator<Item = Pid>> {
        Ok(std::iter::once(self.pid()?).chain(self.workers.iter().copied()))
    }

    /// Asks it to end, and waits. A killed nginx would leave its workers behind.
    fn stop(&mut self) -> Result<()> {
        kill(self.pid()?, Signal::SIGTERM)?;
        let asked = now();
        while asked.elapsed() < GRACE {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!("it does not end")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.check().is_ok() && self.stop().is_err() {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

fn parent(process: &Path) -> Option<i32> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    // The name before it is in brackets and may hold anything.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn resident_kib(pid: Pid) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim_end().parse()?)
}
