//! An upstream for one answer.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Listens for one call.
pub(crate) async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Answers it with a body in pieces of `length` bytes each.
pub(crate) async fn answer(listener: TcpListener, status: u16, kind: &str, body: &[u8], length: usize) {
    serve(listener, status, kind, body, length, b"0\r\n\r\n").await;
}

/// Answers it with the beginning of a stream, after which the connection ends.
pub(crate) async fn break_off(listener: TcpListener, body: &[u8]) {
    end_with(listener, body, b"").await;
}

/// Answers it with a stream in whose last chunk these bytes stand, where the length of another is due.
pub(crate) async fn end_with(listener: TcpListener, body: &[u8], end: &[u8]) {
    serve(listener, 200, "text/event-stream", body, 50, end).await;
}

async fn serve(listener: TcpListener, status: u16, kind: &str, body: &[u8], length: usize, end: &[u8]) {
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut request = vec![0; 16 * 1024];
    assert!(socket.read(&mut request).await.unwrap() > 0, "no request came");
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    );
    let mut out = head.into_bytes();
    for piece in body.chunks(length) {
        out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(end);
    // The client may have heard enough.
    let _ = socket.write_all(&out).await;
    let _ = socket.shutdown().await;
}
