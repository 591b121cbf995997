//! The dialect of OpenAI's chat completions, as OpenAI defined it and as the vendors that copied it vary it; both ways.

pub mod answer;
mod chunk;
pub mod error;
mod finish;
mod json;
mod places;
pub mod request;
pub mod stream;
mod usage;

pub use answer::AnswerForm;
pub use usage::{UsageReading, UsageRule};
