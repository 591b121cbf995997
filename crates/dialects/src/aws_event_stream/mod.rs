//! Amazon's binary event streams (`application/vnd.amazon.eventstream`): a bounded incremental reader over Amazon's own
//! library for single messages.
//!
//! A message is, all numbers big-endian: its total length and the length of its headers, 4 bytes each; the CRC-32 of these
//! two; the headers; the payload; the CRC-32 of all before. What Bedrock sends is named by `:message-type` (`event`,
//! `exception`, `error`) and `:event-type` or `:exception-type` (`bedrock-converse-stream-02aff0b239`, 2025).
//!
//! Nothing here knows what a payload means.

mod reader;

pub use reader::AwsReader;
