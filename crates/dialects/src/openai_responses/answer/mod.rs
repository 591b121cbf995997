//! Whole answers: reading a provider's, writing a client's.

mod decode;
mod encode;
mod item;
mod progress;
mod reading;
mod response;

pub(super) use decode::decode;
pub(super) use encode::encode;
pub(super) use encode::length;
pub(super) use item::{
    Call, words, write_call, write_message, write_picture, write_reasoning, write_refusal, write_text,
};
pub(super) use progress::Progress;
pub(super) use reading::Reading;
pub(super) use response::{FAILED, Head, ResponseWriter};
