use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// A timer that is set and cleared many times in a connection's life, and costs nothing until it is first set.
#[derive(Default)]
pub(super) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    is_set: bool,
}

impl Alarm {
    /// Rings `after` from now, unless it is set already.
    pub(super) fn set(&mut self, after: Duration) {
        if self.is_set {
            return;
        }
        self.is_set = true;
        match &mut self.sleep {
            Some(slot) => slot.as_mut().set(sleep(after)),
            None => self.sleep = Some(Box::pin(sleep(after))),
        }
    }

    /// Never mind.
    pub(super) fn clear(&mut self) {
        self.is_set = false;
    }

    /// Whether its time has come; otherwise the task is woken when it does.
    pub(super) fn rings(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.sleep {
            Some(sleep) if self.is_set => sleep.as_mut().poll(cx),
            _ => Poll::Pending,
        }
    }
}
