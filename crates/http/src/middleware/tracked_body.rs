use super::access_log::AccessRecord;
use crate::connection::{Connection, Place};
use actix_http::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// A body that is counted while it goes out, and that ends its request when it ends or is dropped.
pub(crate) struct TrackedBody {
    body: BoxBody,
    record: AccessRecord,
    broken: bool,
    _ending: Ending,
}

/// Tells the connection that a request is over, in whatever way that came about.
pub(super) struct Ending {
    pub(super) connection: Option<Rc<Connection>>,
    /// Given back with it.
    pub(super) _place: Place,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.response_ended();
        }
    }
}

/// A body broke off.
#[derive(Debug, thiserror::Error)]
#[error("the answer broke off")]
pub(crate) struct BrokenBody;

impl TrackedBody {
    pub(super) fn new(body: BoxBody, mut record: AccessRecord, ending: Ending) -> Self {
        // The framework drops a body without content without asking for its end.
        record.whole = matches!(body.size(), BodySize::None | BodySize::Sized(0));
        Self { body, record, broken: false, _ending: ending }
    }

    /// Fails at the next poll. Failing at once would throw away what the framework has not written yet, even the head.
    fn break_off(&mut self, cx: &Context<'_>) -> Poll<Option<Result<Bytes, BrokenBody>>> {
        self.broken = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl MessageBody for TrackedBody {
    type Error = BrokenBody;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if this.broken {
            return Poll::Ready(Some(Err(BrokenBody)));
        }
        // The head is on its way, so all that a panic leaves to do is to cut the answer.
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut this.body).poll_next(cx)));
        match polled {
            Ok(Poll::Ready(Some(Ok(bytes)))) => {
                this.record.bytes += bytes.len() as u64;
                Poll::Ready(Some(Ok(bytes)))
            }
            Ok(Poll::Ready(None)) => {
                this.record.whole = true;
                Poll::Ready(None)
            }
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Some(Err(_)))) => this.break_off(cx),
            Err(_) => {
                tracing::error!(request_id = this.record.id.as_str(), "a panic broke off an answer");
                this.break_off(cx)
            }
        }
    }
}
