//! How many tokens a request would read: `POST /v1/messages/count_tokens`. The request is one for an answer without limits;
//! see [`AnthropicMessages::encode_count`](super::AnthropicMessages::encode_count) and
//! [`AnthropicMessagesClient::check_count`](super::AnthropicMessagesClient::check_count).

use bytes::{Bytes, BytesMut};

use crate::codec::AnswerFault;
use crate::error::{announces_error, from_members};
use crate::json::{ObjectWriter, integer, object};

/// The path, below the provider's base address.
pub const ENDPOINT: &str = "messages/count_tokens";

/// Reads a provider's answer.
///
/// # Errors
/// When it is no JSON, an error, or says no number of tokens ([`AnswerFault::NoChoices`]).
pub fn read(body: &[u8]) -> Result<u64, AnswerFault> {
    let body = String::from_utf8_lossy(body);
    let top = object(body.trim()).ok_or(AnswerFault::NotJson)?;
    let count = top.get("input_tokens").and_then(integer).and_then(|count| u64::try_from(count).ok());
    match count {
        Some(count) => Ok(count),
        None if announces_error(&top) => Err(AnswerFault::Error(from_members(&top))),
        None => Err(AnswerFault::NoChoices),
    }
}

/// Writes the answer to a client.
#[must_use]
pub fn write(input_tokens: u64) -> Bytes {
    let mut out = BytesMut::with_capacity(32);
    let mut object = ObjectWriter::begin(&mut out);
    object.plain("input_tokens", input_tokens);
    object.end();
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_comes_back_and_nothing_else_is_one() {
        assert_eq!(read(&write(1581)), Ok(1581));
        assert_eq!(read(b"<html>"), Err(AnswerFault::NotJson));
        for body in [r#"{"input_tokens":-1}"#, r#"{"input_tokens":"7"}"#, "{}"] {
            assert_eq!(read(body.as_bytes()), Err(AnswerFault::NoChoices), "{body}");
        }
        let error = r#"{"type":"error","error":{"type":"not_found_error","message":"model: x"}}"#;
        assert!(
            matches!(read(error.as_bytes()), Err(AnswerFault::Error(error)) if error.message == "model: x")
        );
    }
}
