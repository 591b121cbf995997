//! Whether Redis is there, and how many processes share it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use switchyard_ports::limiter::SharedStore;

/// What everybody may ask without waiting.
#[derive(Debug, Default)]
pub(super) struct Presence {
    is_connected: AtomicBool,
    /// From when it did not answer until it does: nobody asks it meanwhile.
    is_away: AtomicBool,
    processes: AtomicU32,
}

impl Presence {
    pub(super) fn is_away(&self) -> bool {
        self.is_away.load(Ordering::Acquire)
    }

    pub(super) fn came_in(&self) {
        self.is_connected.store(true, Ordering::Release);
        self.is_away.store(false, Ordering::Release);
    }

    pub(super) fn fell_away(&self) {
        self.is_connected.store(false, Ordering::Release);
        self.is_away.store(true, Ordering::Release);
    }

    pub(super) fn set_processes(&self, count: u32) {
        self.processes.store(count, Ordering::Relaxed);
    }

    /// How many processes were seen last, this one among them.
    pub(super) fn seen(&self) -> u32 {
        self.processes.load(Ordering::Relaxed)
    }
}

impl SharedStore for Presence {
    fn is_connected(&self) -> bool {
        self.is_connected.load(Ordering::Acquire)
    }

    fn processes(&self) -> u32 {
        self.seen()
    }
}
