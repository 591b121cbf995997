//! The dialect of OpenAI's chat completions, as OpenAI defined it and as the vendors that copied it vary it; both ways.

pub mod answer;
mod chunk;
mod client_messages;
mod codec;
mod finish;
mod places;
pub mod request;
pub mod stream;
pub(crate) mod usage;

pub use codec::{OpenAiChat, OpenAiChatClient};
pub use usage::{UsageReading, UsageRule};
