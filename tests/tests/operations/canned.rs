//! A provider that says one thing, to the byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::scene::Scene;

/// How it ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Having said all.
    Well,
    /// With a reset, as a provider does that breaks down.
    Reset,
}

/// A provider with one model, `canned/m`.
pub(crate) struct Canned {
    asked: Arc<AtomicUsize>,
}

impl Canned {
    /// Answers each request with this body.
    pub(crate) async fn saying(
        scene: &Scene,
        vendor: &str,
        media_type: &str,
        body: &str,
        ends: Ends,
    ) -> Self {
        let length = match ends {
            Ends::Well => format!("content-length: {}", body.len()),
            Ends::Reset => "content-length: 1000000".to_owned(),
        };
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\n{length}\r\nconnection: close\r\n\r\n");
        Self::answering(scene, vendor, format!("{head}{body}"), ends).await
    }

    async fn answering(scene: &Scene, vendor: &str, answer: String, ends: Ends) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((peer, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(answered(peer, answer.clone(), ends));
            }
        });
        scene.app.add_provider("canned", vendor, &url, &["m"]).await;
        Self { asked }
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

async fn answered(mut peer: TcpStream, answer: String, ends: Ends) {
    read_request(&mut peer).await;
    if ends == Ends::Reset {
        peer.set_zero_linger().unwrap();
    }
    peer.write_all(answer.as_bytes()).await.unwrap();
    // So that the client has read it before the connection is gone.
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// Reads a request to its end.
async fn read_request(peer: &mut TcpStream) {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let body = length.map_or(0, |length| length.trim().parse::<usize>().unwrap());
            if request.len() >= head.len() + 4 + body {
                return;
            }
        }
        if peer.read_buf(&mut request).await.unwrap() == 0 {
            return;
        }
    }
}
