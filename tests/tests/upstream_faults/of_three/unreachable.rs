//! The rows of the matrix whose first target can't be connected to.

use super::three::Gets::Next;
use super::three::Health::{Failure, OpenAtOnce};
use super::three::{IN_A_ROW, Three};
use crate::scene::BOTH;
use std::net::SocketAddr;
use std::time::Duration;
use switchyard_domain::usage::Outcome;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

/// U1 to U4, at addresses that nobody answers at. Failures there can't be followed by others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_target_that_can_not_be_connected_to_is_hidden_by_the_second() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (full, _waiting) = full_listener().await;
    let nobodys_tls = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = nobodys_tls.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = nobodys_tls.accept().await {
            tokio::spawn(async move {
                let mut stream = stream;
                // Not a word of TLS.
                tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await
            });
        }
    });
    let rows = [
        ("U1", format!("http://{closed}/v1"), "connect", Failure),
        ("U2", "https://nowhere.invalid/v1".to_owned(), "dns", Failure),
        ("U3", format!("http://{full}/v1"), "connect_timeout", Failure),
        ("U4", format!("https://{plain}/v1"), "tls", OpenAtOnce),
    ];
    for (row, address, fault, health) in rows {
        for mode in BOTH {
            let three = Three::begin_at(Some(&address), row, mode).await;
            let heard = three.ask(mode).await;
            three.got(&heard, Next);
            three.is_recorded(&heard, Next, (Outcome::Failed, Some(fault))).await;
            if health == OpenAtOnce {
                three.is_open("after one").await;
                continue;
            }
            for _ in 2..IN_A_ROW {
                three.ask(mode).await;
            }
            three.is_closed("one failure before the last").await;
            three.ask(mode).await;
            three.is_open("the last failure").await;
        }
    }
}

/// A machine that is there, and drops who asks for a connection, as its queue is full; and those who stand in it.
async fn full_listener() -> (SocketAddr, (TcpListener, Vec<TcpStream>)) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(connection) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        waiting.push(connection.unwrap());
        assert!(waiting.len() < 64, "the queue is never full");
    }
    (address, (listener, waiting))
}
