//! One run of the server.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long a start or an end may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that runs. Killed when dropped.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    address: SocketAddr,
    began: Instant,
    log: PathBuf,
}

impl ServerProcess {
    pub(super) fn spawn(mut command: Command, address: SocketAddr, log: PathBuf) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(&log).expect("a log file");
        command.stdout(file.try_clone().expect("a file")).stderr(file);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self { child, address, began: Instant::now(), log }
    }

    /// All that was logged, by the runs before too.
    fn logged(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it takes calls; how long that was from its start.
    ///
    /// # Panics
    /// When it ends or does not become ready.
    pub async fn until_ready(&mut self) -> Duration {
        while !self.is_ready().await {
            assert!(self.is_alive(), "the server ended before it was ready:\n{}", self.logged());
            assert!(self.began.elapsed() < PATIENCE, "the server does not become ready:\n{}", self.logged());
            sleep(Duration::from_millis(2)).await;
        }
        self.began.elapsed()
    }

    /// Whether it takes calls.
    pub async fn is_ready(&self) -> bool {
        let address = self.address;
        let ask = tokio::task::spawn_blocking(move || ready_at(address));
        ask.await.expect("no panic").is_some()
    }

    /// Whether the process runs.
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }

    /// Ends it at once, as nothing in it can prevent.
    ///
    /// # Panics
    /// When it had ended by itself before.
    pub fn kill(mut self) {
        let had_ended = self.child.try_wait().expect("a child");
        assert_eq!(had_ended, None, "the server ended by itself:\n{}", self.logged());
        self.child.kill().expect("a signal");
        let status = self.child.wait().expect("a child");
        assert_eq!(status.signal(), Some(9), "{status}");
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn terminate(mut self) -> ExitStatus {
        let process = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"));
        kill(process, Signal::SIGTERM).expect("a signal");
        let asked = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(asked.elapsed() < PATIENCE, "the server does not end");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _had_ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Asks over a connection of its own, so that no pool hides that there is a new server.
fn ready_at(address: SocketAddr) -> Option<()> {
    let mut connection = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
    connection.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    connection.write_all(b"GET /health/ready HTTP/1.1\r\nhost: proof\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).ok()?;
    answer.starts_with("HTTP/1.1 200").then_some(())
}
