//! Kept connections that the provider closes just as they are used again.

use super::{ask, factory, provider, upstream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use switchyard_ports::provider::Payload;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// So many connections are kept at once.
const KEPT: usize = 3;

const ANSWER: &str =
    r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}"#;

/// Whether a request came, rather than the connection's end.
async fn heard_request(stream: &mut TcpStream) -> bool {
    stream.read(&mut vec![0; 16 * 1024]).await.is_ok_and(|length| length > 0)
}

/// Answers one request of each connection and hangs up at the next. The first connections answer once all of them were asked, and
/// count the requests at which they hung up.
async fn serve(listener: TcpListener, hung_up: Arc<AtomicUsize>) {
    let all_asked = Arc::new(Barrier::new(KEPT));
    let mut connections = JoinSet::new();
    for number in 0.. {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (all_asked, hung_up) = (Arc::clone(&all_asked), Arc::clone(&hung_up));
        connections.spawn(async move {
            assert!(heard_request(&mut stream).await);
            if number < KEPT {
                all_asked.wait().await;
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                ANSWER.len()
            );
            stream.write_all([&head, ANSWER].concat().as_bytes()).await.unwrap();
            if heard_request(&mut stream).await {
                hung_up.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
}

#[tokio::test]
async fn the_new_try_does_not_go_over_another_connection_that_may_be_dead_as_well() {
    let (listener, port) = upstream::listen().await;
    let hung_up = Arc::new(AtomicUsize::new(0));
    let provider = provider(&factory(), "openai", port);
    let asking = || ask(provider.as_ref(), false);
    let calls = async {
        let _ = tokio::join!(asking(), asking(), asking());
        for call in 1..=KEPT {
            let heard = asking().await;
            assert_eq!(heard.fault, None, "call {call}");
            assert!(matches!(heard.payload, Some(Payload::Verbatim(body)) if body == ANSWER));
            assert_eq!(hung_up.load(Ordering::Relaxed), call, "one dead connection is met by each call");
        }
    };
    tokio::select! {
        () = serve(listener, Arc::clone(&hung_up)) => {}
        () = calls => {}
    }
}
