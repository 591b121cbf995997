//! What a process holds in memory, at most.

use crate::slowness::memory_of;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// What it holds now, in bytes.
pub(super) fn now(process: u32) -> u64 {
    memory_of(process, "VmRSS")
}

/// The most that it holds while this is watched: by the kernel's own mark where it can be set back, and by many looks.
pub(super) struct Peak {
    process: u32,
    is_marked: bool,
    seen: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    looking: JoinHandle<()>,
}

impl Peak {
    pub(super) fn watch(process: u32) -> Self {
        let is_marked = std::fs::write(format!("/proc/{process}/clear_refs"), "5").is_ok();
        let (seen, over) = (Arc::new(AtomicU64::new(now(process))), Arc::new(AtomicBool::new(false)));
        let looking = tokio::spawn({
            let (seen, over) = (Arc::clone(&seen), Arc::clone(&over));
            async move {
                while !over.load(Ordering::Relaxed) {
                    seen.fetch_max(now(process), Ordering::Relaxed);
                    sleep(PAUSE).await;
                }
            }
        });
        Self { process, is_marked, seen, over, looking }
    }

    /// The most, in bytes.
    pub(super) async fn end(self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        self.looking.await.expect("no panic");
        let marked = if self.is_marked { memory_of(self.process, "VmHWM") } else { 0 };
        marked.max(self.seen.load(Ordering::Relaxed))
    }
}
