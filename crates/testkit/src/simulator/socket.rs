//! A connection's bytes, with full control over how they go out, and a constant watch on whether the
//! peer is still there.

use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::BytesMut;
use tokio::net::TcpStream;

/// How much a peer may pipeline while it is being answered; more is left in the kernel.
const PIPELINE_MAX: usize = 1 << 20;

/// The peer closed or reset the connection.
#[derive(Debug)]
pub(crate) struct Gone {
    /// Bytes of the interrupted write that the socket had taken.
    pub(crate) sent: usize,
}

/// One accepted connection.
pub(crate) struct Socket {
    stream: TcpStream,
    /// What was read and not consumed yet.
    pub(crate) input: BytesMut,
    /// Each byte is its own write.
    pub(crate) singly: bool,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, input: BytesMut::new(), singly: false })
    }

    /// Reads more into `input`; `false` at the peer's end.
    pub(crate) async fn fill(&mut self) -> io::Result<bool> {
        loop {
            self.stream.readable().await?;
            match read_some(&self.stream, &mut self.input) {
                Ok(count) => return Ok(count > 0),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes all bytes.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        let step = if self.singly { 1 } else { usize::MAX };
        let mut sent = 0;
        while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
            let piece = rest.get(..step.min(rest.len())).unwrap_or(rest);
            match self.stream.try_write(piece) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => tokio::select! {
                    _ = self.stream.writable() => {}
                    () = peer_gone(&self.stream, &mut self.input) => return Err(Gone { sent }),
                },
                Err(_) => return Err(Gone { sent }),
            }
            if self.singly {
                self.breathe().await.map_err(|_| Gone { sent })?;
            }
        }
        Ok(())
    }

    /// Waits, if the peer does.
    pub(crate) async fn pause(&mut self, duration: Duration) -> Result<(), Gone> {
        tokio::select! {
            () = tokio::time::sleep(duration) => Ok(()),
            () = peer_gone(&self.stream, &mut self.input) => Err(Gone { sent: 0 }),
        }
    }

    /// Lets others run, and looks whether the peer left in the meantime.
    pub(crate) async fn breathe(&mut self) -> Result<(), Gone> {
        tokio::task::yield_now().await;
        if self.input.len() > PIPELINE_MAX {
            return Ok(());
        }
        match read_some(&self.stream, &mut self.input) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Ok(count) if count > 0 => Ok(()),
            _ => Err(Gone { sent: 0 }),
        }
    }

    /// Waits until the peer leaves.
    pub(crate) async fn silence(&mut self) -> Gone {
        peer_gone(&self.stream, &mut self.input).await;
        Gone { sent: 0 }
    }

    /// Closes with RST in place of FIN.
    pub(crate) fn reset(self) {
        // If the option is refused, the close is an ordinary one: a test of it then fails by itself.
        let _ = self.stream.set_zero_linger();
    }
}

fn read_some(stream: &TcpStream, input: &mut BytesMut) -> io::Result<usize> {
    input.reserve(8 * 1024);
    stream.try_read_buf(input)
}

async fn peer_gone(stream: &TcpStream, input: &mut BytesMut) {
    loop {
        if input.len() > PIPELINE_MAX {
            pending::<()>().await;
        }
        if stream.readable().await.is_err() {
            return;
        }
        match read_some(stream, input) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
