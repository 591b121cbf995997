//! Whole answers: reading a provider's, writing a client's.

mod decode;
mod encode;

pub use decode::{AnswerFault, DecodedAnswer, decode};
pub use encode::{AnswerForm, encode};
