//! The whole server in-process, for integration tests: on a free port, with a simulated provider beside it, a store and a
//! journal of its own, a clock that the test may move, and one client object for each identity.
//!
//! ```no_run
//! # #[tokio::main] async fn main() {
//! use switchyard_harness::TestApp;
//!
//! let app = TestApp::start().await;
//! let client = app.client_with_key("ci").await;
//! let answer = client.chat(serde_json::json!({
//!     "model": "upstream/gpt-sim",
//!     "messages": [{"role": "user", "content": "hello"}],
//! })).await;
//! assert_eq!(answer.status, 200);
//! # }
//! ```
//!
//! This crate does not know about processes, signals or the environment; it is only ever a dev-dependency, and it panics
//! where a test could not go on.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a harness fails the test that it can not serve"
)]
#![expect(clippy::disallowed_methods, reason = "tests own their tasks")]

mod app;
mod client;
mod databases;
mod raw;

pub use app::{PASSWORD, TestApp, TestAppBuilder};
pub use client::{Answer, StreamedAnswer, TestClient};
pub use databases::Database;
pub use raw::RawConnection;
pub use switchyard;
pub use switchyard_http::server::{GatewayAuth, Limits, ServerConfig, Timeouts};
pub use switchyard_http::services::DemoSwitch;
pub use switchyard_testkit as testkit;
