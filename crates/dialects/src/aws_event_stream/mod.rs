//! Amazon's binary event streams (`application/vnd.amazon.eventstream`): a bounded incremental reader, and an encoder.
//!
//! A message is, all numbers big-endian: its total length and the length of its headers, 4 bytes each; the CRC-32 of these
//! two; the headers; the payload; the CRC-32 of all before. A header is the length of its name (1 byte), the name, its
//! type (1 byte) and its value. What Bedrock sends is named by `:message-type` (`event`, `exception`, `error`) and
//! `:event-type` or `:exception-type` (`bedrock-converse-stream-02aff0b239`, 2025).
//!
//! Nothing here knows what a payload means.

mod encode;
mod headers;
mod reader;

pub use encode::{encode_event, encode_exception, encode_message};
pub use headers::HeaderValue;
pub use reader::AwsReader;

/// Total length, length of the headers, and their checksum.
const PRELUDE: usize = 12;
/// The checksum at the end.
const TRAILER: usize = 4;
