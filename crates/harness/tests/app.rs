//! What tests rely on in the server under test.

use std::time::Duration;
use switchyard_harness::TestApp;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_server_that_is_dropped_ends() {
    let app = TestApp::start().await;
    assert_eq!(app.anonymous().get("/ping").await.status, 200);
    let address = app.address();
    drop(app);
    for _ in 0..100 {
        if TcpStream::connect(address).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(TcpStream::connect(address).await.is_err(), "it still listens");
}
