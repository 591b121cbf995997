use super::Place;
use super::ahead::{Ahead, Turn};
use super::alarm::Alarm;
use super::first_head::FirstHead;
use super::phase::{Connection, Phase};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How long a refused body is read and thrown away before the connection closes: long enough for the client to see the
/// refusal, which closing at once would destroy (unread bytes make the kernel reset the connection).
const LINGER: Duration = Duration::from_secs(1);

/// How long a peer may keep us waiting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// From the first byte of a request's head to its end.
    pub(crate) head: Duration,
    /// For the reader to take any byte at all.
    pub(crate) write_stall: Duration,
}

/// A socket that gives up on a peer that keeps us waiting. Giving up looks like the peer's own end of the connection, so
/// that whatever is served on it is dropped and its upstream call cancelled.
pub(crate) struct GuardedIo<T> {
    io: T,
    connection: Rc<Connection>,
    patience: Patience,
    head: Alarm,
    head_of: u64,
    stall: Alarm,
    /// The same for bytes that a layer below us, such as TLS, has taken and can't pass on.
    held: Alarm,
    ahead: Ahead,
    first_head: FirstHead,
    half_closed: bool,
    _place: Place,
}

impl<T> GuardedIo<T> {
    pub(crate) fn new(io: T, patience: Patience, place: Place) -> Self {
        Self {
            io,
            connection: Rc::new(Connection::new()),
            patience,
            head: Alarm::default(),
            head_of: 0,
            stall: Alarm::default(),
            held: Alarm::default(),
            ahead: Ahead::default(),
            first_head: FirstHead::default(),
            half_closed: false,
            _place: place,
        }
    }

    /// What the requests on this connection share with its socket.
    pub(crate) fn connection(&self) -> Rc<Connection> {
        Rc::clone(&self.connection)
    }

    /// Sets the alarm of this wait, forgetting that of an earlier one.
    fn await_head(&mut self, patience: Duration) {
        let requests = self.connection.requests();
        if self.head_of != requests {
            self.head.clear();
            self.head_of = requests;
        }
        self.head.set(patience);
    }

    /// Whether a refused body has gone on for long enough. Asked before every read: such a peer may never let us wait.
    fn has_lingered(&mut self, cx: &mut Context<'_>) -> bool {
        if self.connection.phase() != Phase::Leaving {
            return false;
        }
        self.await_head(LINGER);
        self.head.rings(cx).is_ready()
    }

    /// Whether a head has begun and does not come to its end. A wait without a first byte is the keep-alive's.
    fn head_is_late(&mut self, cx: &mut Context<'_>) -> bool {
        self.connection.phase() == Phase::Waiting
            && self.head_of == self.connection.requests()
            && self.head.rings(cx).is_ready()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for GuardedIo<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let turn = if this.has_lingered(cx) { Turn::GiveUp } else { this.ahead.turn() };
        match turn {
            Turn::Read => this.read(cx, buffer),
            Turn::Yield => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Turn::GiveUp => this.give_up(),
        }
    }
}

impl<T: AsyncRead + Unpin> GuardedIo<T> {
    fn read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        match (&read, buffer.filled().len() - before) {
            (Poll::Ready(Ok(())), 0) => self.half_closed = true,
            (Poll::Ready(Ok(())), bytes) => {
                self.first_head.screen(buffer.filled_mut().get_mut(before..).unwrap_or_default());
                self.took(bytes);
            }
            (Poll::Ready(Err(_)), _) => {}
            (Poll::Pending, _) if self.head_is_late(cx) => return self.give_up(),
            (Poll::Pending, _) => {
                self.ahead.paused();
                self.connection.awaits_peer(cx);
            }
        }
        read
    }

    fn took(&mut self, bytes: usize) {
        self.ahead.note(bytes, self.connection.requests(), self.connection.belonging());
        if self.connection.phase() == Phase::Waiting {
            self.await_head(self.patience.head);
        }
    }

    /// As if the peer had closed its side.
    fn give_up(&mut self) -> Poll<io::Result<()>> {
        self.half_closed = true;
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for GuardedIo<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write(cx, bytes);
        if written.is_ready() {
            this.stall.clear();
            return written;
        }
        // A peer that ended its side and takes nothing is gone: there is no reason to keep its call for the whole stall.
        if this.half_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        this.stall.set(this.patience.write_stall);
        given_up(&mut this.stall, cx).map(Err)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.io).poll_flush(cx);
        if flushed.is_ready() {
            this.held.clear();
            return flushed;
        }
        this.held.set(this.patience.write_stall);
        given_up(&mut this.held, cx).map(Err)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}

/// Fails once the alarm rings.
fn given_up(alarm: &mut Alarm, cx: &mut Context<'_>) -> Poll<io::Error> {
    alarm.rings(cx).map(|()| io::ErrorKind::TimedOut.into())
}

#[cfg(test)]
mod tests {
    use super::super::Sources;
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use tokio::io::AsyncWriteExt;
    use tokio::time::timeout;

    /// Takes every byte, and passes them on only while a switch is on.
    struct Holding(Arc<AtomicBool>);

    impl AsyncWrite for Holding {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            if self.0.load(Ordering::Relaxed) { Poll::Ready(Ok(())) } else { Poll::Pending }
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn bytes_that_a_layer_below_holds_are_waited_for_as_long_as_those_that_it_refuses() {
        let passes = Arc::new(AtomicBool::new(false));
        let stall = Duration::from_millis(50);
        let patience = Patience { head: stall, write_stall: stall };
        let place = Arc::new(Sources::new(1, Vec::new())).enter([127, 0, 0, 1].into()).unwrap();
        let mut io = GuardedIo::new(Holding(Arc::clone(&passes)), patience, place);
        io.write_all(b"answer").await.unwrap();
        let flushed = timeout(stall * 100, io.flush()).await.unwrap();
        assert_eq!(flushed.unwrap_err().kind(), io::ErrorKind::TimedOut);
        passes.store(true, Ordering::Relaxed);
        io.flush().await.unwrap();
        passes.store(false, Ordering::Relaxed);
        assert!(timeout(stall / 10, io.flush()).await.is_err(), "the next wait begins anew");
    }
}
