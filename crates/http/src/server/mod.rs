//! From addresses and use cases to a running server.

mod bind;
mod config;
mod pipeline;
mod tls;

pub use bind::{BindError, BoundServer, ServerControl, bind};
pub use config::{GatewayAuth, Limits, ServerConfig, Timeouts};
pub use tls::{Tls, TlsError};
