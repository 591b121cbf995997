//! Background work that is known by name and waited for at the end.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Every task that outlives the function that began it. They all run on the runtime on which this was made, whichever thread
/// asks, and shutdown waits for them.
#[derive(Clone, Debug)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    runtime: Handle,
}

impl Tasks {
    /// Tasks on the given runtime.
    #[must_use]
    pub fn new(runtime: Handle) -> Self {
        Self { tracker: TaskTracker::new(), stop: CancellationToken::new(), runtime }
    }

    /// Begins a task. A loop must end soon after [`Tasks::stopping`] is cancelled.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        // Boxed, so that what the runtime needs for a task is built once, not for each.
        let task: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(task);
        self.tracker.spawn_on(
            async move {
                task.await;
                tracing::trace!(task.name = name, "task ended");
            },
            &self.runtime,
        );
    }

    /// Runs blocking work on the runtime's blocking threads, tracked like any task.
    pub fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        let work: Box<dyn FnOnce() + Send> = Box::new(work);
        self.tracker.spawn_blocking_on(work, &self.runtime);
    }

    /// Cancelled once the process wants to end.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Asks all loops to end and waits for every task, at most `patience`. Answers whether all ended.
    pub async fn shutdown(&self, patience: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(patience, self.tracker.wait()).await.is_ok()
    }
}
