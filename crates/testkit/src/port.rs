//! Ports for servers that bind them later, and again after a restart: nobody else gets one meanwhile.

#![expect(clippy::panic, reason = "a test without its server has failed")]

use std::fs::{self, File, OpenOptions};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Below those that systems give to connections and to whoever asks for any port.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port of the loopback that no other test is given, in this process or another, for as long as this lives.
#[derive(Debug)]
pub(crate) struct OwnPort {
    number: u16,
    _lock: File,
}

impl OwnPort {
    pub(crate) fn take() -> Self {
        let folder = folder();
        let made = fs::create_dir_all(&folder);
        made.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        // Processes begin apart, so that they seldom look at each other's. What a test left running still calls the port of a server
        // that is gone: the next server has another.
        static TAKEN: AtomicU32 = AtomicU32::new(0);
        let start = std::process::id().wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let start = u16::try_from(start % u32::from(COUNT)).unwrap_or_default();
        let candidates = (0..COUNT).map(|offset| FIRST + (start + offset) % COUNT);
        let taken = candidates.into_iter().find_map(|number| Self::try_take(&folder, number));
        taken.unwrap_or_else(|| {
            panic!("no port from {FIRST} on is free, or {} can't be written", folder.display())
        })
    }

    fn try_take(folder: &Path, number: u16) -> Option<Self> {
        let path = folder.join(number.to_string());
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path).ok()?;
        lock.try_lock().ok()?;
        TcpListener::bind(("127.0.0.1", number)).ok()?;
        Some(Self { number, _lock: lock })
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

/// Where the locks are; each user's by themselves.
fn folder() -> PathBuf {
    let user = fs::metadata("/proc/self").map(|process| process.uid()).unwrap_or_default();
    std::env::temp_dir().join(format!("switchyard-test-ports-{user}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_nobody_elses_and_not_given_again() {
        let one = OwnPort::take();
        assert!(OwnPort::try_take(&folder(), one.number()).is_none());
        assert_ne!(OwnPort::take().number(), one.number());
        let number = one.number();
        drop(one);
        assert_ne!(OwnPort::take().number(), number, "who was told of the old one would find the new one");
    }
}
