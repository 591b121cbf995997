//! One client's connection.

use crate::clock::now;
use crate::wire::{Body, Head, response_head};
use anyhow::{Result, bail, ensure};
use bytes::BytesMut;
use memchr::memmem;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What only a chunk with content has; the opening chunk names the role first.
pub(crate) const CONTENT: &str = r#""delta":{"content":""#;

const READ: usize = 32 * 1024;
/// Longer than any pause of an upstream: a call that takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// The times of one call, from its first byte sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    /// To the last byte of the answer.
    pub(crate) total: Duration,
    /// To the first content of a stream.
    pub(crate) first_token: Option<Duration>,
}

pub(super) struct Connection {
    stream: TcpStream,
    input: BytesMut,
    body: BytesMut,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, input: BytesMut::with_capacity(READ), body: BytesMut::with_capacity(READ) })
    }

    /// One call; an answer other than the expected one is an error.
    pub(super) async fn call(&mut self, request: &[u8], chunks: Option<usize>) -> Result<Exchange> {
        let start = now();
        let answer = tokio::time::timeout(PATIENCE, async {
            self.stream.write_all(request).await?;
            self.answer(start, chunks.is_some()).await
        });
        let (status, exchange) = match answer.await {
            Ok(answer) => answer?,
            Err(_) => bail!("no whole answer within {} s", PATIENCE.as_secs()),
        };
        self.check(status, chunks)?;
        Ok(exchange)
    }

    async fn answer(&mut self, start: Instant, stream: bool) -> Result<(u16, Exchange)> {
        self.body.clear();
        let head = self.head().await?;
        let mut body = Body::new(head.framing);
        let mut first_token = None;
        loop {
            let whole = body.take(&mut self.input, &mut self.body)?;
            if stream && first_token.is_none() && memmem::find(&self.body, CONTENT.as_bytes()).is_some() {
                first_token = Some(start.elapsed());
            }
            if whole {
                return Ok((head.status, Exchange { total: start.elapsed(), first_token }));
            }
            self.more().await?;
        }
    }

    async fn head(&mut self) -> Result<Head> {
        loop {
            if let Some(head) = response_head(&self.input)? {
                drop(self.input.split_to(head.length));
                return Ok(head);
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Result<()> {
        self.input.reserve(READ);
        ensure!(
            self.stream.read_buf(&mut self.input).await? > 0,
            "the connection was closed within an answer"
        );
        Ok(())
    }

    /// Whether all came that had to.
    fn check(&self, status: u16, chunks: Option<usize>) -> Result<()> {
        let whole = match chunks {
            None => memmem::find(&self.body, br#""finish_reason":"stop""#).is_some(),
            Some(chunks) => {
                self.body.ends_with(b"data: [DONE]\n\n")
                    && memmem::find_iter(&self.body, CONTENT.as_bytes()).count() == chunks
            }
        };
        if status != 200 || !whole {
            let start = self.body.get(..300).unwrap_or(&self.body);
            bail!("not the answer that was asked for: status {status}, {}", String::from_utf8_lossy(start));
        }
        Ok(())
    }
}
