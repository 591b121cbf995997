//! Wire bytes to and from canonical chat, as pure functions over bytes.
//!
//! This crate does not know about sockets, async runtimes, HTTP, vendors, routes or money: bytes come in, facts and
//! bytes go out, and the same input always gives the same output. The layers, lowest first:
//!
//! - [`scan`]: one strict pass over a JSON request body, which leaves a table of where everything stands;
//! - [`splice`]: a new body from an old one, in which only the members that we own differ;
//! - [`sse`]: a bounded reader and an encoder of event streams;
//! - [`request`], [`error`]: what all dialects have in common on the clients' and on the providers' side;
//! - [`codec`]: a dialect as others use it, and beside it the dialects themselves:
//! - [`openai_chat`]: OpenAI's chat completions, both ways;
//! - [`anthropic_messages`]: Anthropic's messages, both ways;
//! - [`gemini`]: Google's `generateContent`, both ways;
//! - [`openai_responses`]: OpenAI's Responses, both ways.

pub mod anthropic_messages;
pub mod codec;
mod counts;
pub mod error;
pub mod gemini;
mod json;
mod logprobs;
pub mod openai_chat;
mod openai_error;
pub mod openai_responses;
mod proof;
mod reasoning;
pub mod request;
pub mod scan;
pub mod splice;
pub mod sse;
mod tool_call_id;
