//! The provider behind everything that is measured, as lean as can be: it reads a request, looks at the few bytes that say
//! what answer is wanted, and writes bytes that were made beforehand. One thread serves all connections.
//!
//! It answers at the same paths and to the same model names as the simulator (`any?tokens=200&chunk_ms=5`), in the same
//! shape, so that either can stand behind the benchmark.

mod answers;
mod wish;

use crate::wire::{Body, Framing, Head, request_head};
use answers::{Answers, Reply, Stream};
use anyhow::Result;
use bytes::BytesMut;
use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;
use wish::Wish;

const READ: usize = 64 * 1024;

/// Serves until killed; prints where.
pub(crate) fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(std::io::stdout(), "listening on {}", listener.local_addr()?)?;
        let answers = Rc::new(RefCell::new(Answers::default()));
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let answers = Rc::clone(&answers);
            // A connection ends when its peer has enough.
            tokio::task::spawn_local(async move { connection(stream, &answers).await.ok() });
        }
    })
}

async fn connection(mut stream: TcpStream, answers: &RefCell<Answers>) -> Result<()> {
    let (mut input, mut decoded) = (BytesMut::with_capacity(READ), BytesMut::new());
    while let Some(head) = next_head(&mut stream, &mut input).await? {
        let wish = match head.framing {
            Framing::Length(length) => {
                while input.len() < length {
                    if !more(&mut stream, &mut input).await? {
                        return Ok(());
                    }
                }
                Wish::of(&head.path, &input.split_to(length))
            }
            Framing::Chunked => {
                decoded.clear();
                let mut body = Body::new(head.framing);
                while !body.take(&mut input, &mut decoded)? {
                    if !more(&mut stream, &mut input).await? {
                        return Ok(());
                    }
                }
                Wish::of(&head.path, &decoded)
            }
        };
        let reply = answers.borrow_mut().to(wish);
        match reply {
            Reply::Whole(bytes) => stream.write_all(&bytes).await?,
            Reply::Stream(frames) => deliver(&mut stream, &frames, wish).await?,
        }
    }
    Ok(())
}

async fn next_head(stream: &mut TcpStream, input: &mut BytesMut) -> Result<Option<Head>> {
    loop {
        if let Some(head) = request_head(input)? {
            drop(input.split_to(head.length));
            return Ok(Some(head));
        }
        if !more(stream, input).await? {
            return Ok(None);
        }
    }
}

async fn more(stream: &mut TcpStream, input: &mut BytesMut) -> Result<bool> {
    input.reserve(READ);
    Ok(stream.read_buf(input).await? > 0)
}

/// Each event is a write of its own, as with a provider that has just thought of it.
async fn deliver(stream: &mut TcpStream, frames: &Stream, wish: Wish) -> Result<()> {
    stream.write_all(&frames.opening).await?;
    for chunk in &frames.chunks {
        stream.write_all(chunk).await?;
        if !wish.pace.is_zero() {
            tokio::time::sleep(wish.pace).await;
        }
    }
    Ok(stream.write_all(&frames.end).await?)
}
