//! Accepting connections and serving each until one side has enough.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::book::ScriptBook;
use super::connection::{ReadError, read_request};
use super::delivery::{After, deliver};
use super::dispatch;
use super::errors;
use super::record::{CallLog, CallPen};
use super::replay::Fixtures;
use super::reply::Reply;
use super::script::Script;
use super::socket::Socket;

/// What all connections share.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) log: Arc<CallLog>,
    pub(crate) book: ScriptBook,
    pub(crate) fixtures: Option<Fixtures>,
    pub(crate) required_key: Option<String>,
    pub(crate) records: bool,
    pub(crate) last_seq: AtomicU64,
    pub(crate) open: AtomicUsize,
    pub(crate) accepted: AtomicUsize,
}

/// Starts to listen; must be called within a runtime.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // So that a simulator can be stopped and started again on its port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    // Bursts of hundreds of connections must not wait for a SYN to be sent again.
    socket.listen(4_096)
}

/// Serves until told to stop; all connections are dropped then.
pub(crate) async fn serve(listener: TcpListener, state: Arc<State>, mut stop: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stop => return,
            accepted = listener.accept() => {
                // An error here is the peer's (it left the queue) or passes (too many open files).
                let Ok((stream, _)) = accepted else {
                    tokio::task::yield_now().await;
                    continue;
                };
                state.accepted.fetch_add(1, Ordering::Relaxed);
                if !state.book.default().refuse {
                    connections.spawn(connection(stream, Arc::clone(&state)));
                }
            }
            _ = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// Counts an open connection while it lives.
struct Open(Arc<State>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    state.open.fetch_add(1, Ordering::Relaxed);
    let open = Open(Arc::clone(&state));
    let Ok(mut socket) = Socket::new(stream) else { return };
    let after = loop {
        match exchange(&mut socket, &state).await {
            After::KeepAlive => {}
            After::DropNext => {
                // It may have been read while the answer went out, when the peer was looked at.
                if socket.input.is_empty() {
                    let _ = socket.fill().await;
                }
                break After::Close;
            }
            after => break after,
        }
    };
    if after == After::Reset {
        socket.reset();
    }
    drop(open);
}

/// One request and its answer.
async fn exchange(socket: &mut Socket, state: &Arc<State>) -> After {
    match read_request(socket).await {
        Ok(request) => dispatch::answer(socket, request, state).await,
        Err(ReadError::Gone) => After::Close,
        Err(ReadError::Malformed(why)) => {
            let reply = Reply::json(400, &errors::body("invalid_request_error", None, None, why));
            let pen = CallPen::idle(Arc::clone(&state.log));
            deliver(socket, reply, &Script::default(), &pen, false).await
        }
    }
}
