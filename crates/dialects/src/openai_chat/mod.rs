//! The dialect of OpenAI's chat completions, as OpenAI defined it and as the vendors that copied it vary it; both ways.

pub mod answer;
mod chunk;
mod client_messages;
mod codec;
mod error;
mod finish;
mod places;
pub mod request;
pub mod stream;
mod usage;

pub(crate) use client_messages::UNBOUNDED;
pub use codec::{OpenAiChat, OpenAiChatClient};
pub use usage::{UsageReading, UsageRule};
