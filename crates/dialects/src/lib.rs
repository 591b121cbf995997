//! Wire bytes to and from canonical chat, as pure functions over bytes.
//!
//! This crate does not know about sockets, async runtimes, HTTP, vendors, routes or money: bytes come in, facts and
//! bytes go out, and the same input always gives the same output. The layers, lowest first:
//!
//! - [`scan`]: one strict pass over a JSON request body, which leaves a table of where everything stands;
//! - [`splice`]: a new body from an old one, in which only the members that we own differ;
//! - [`sse`], [`json_lines`], [`aws_event_stream`]: bounded readers and encoders of streams, and [`framing`], which reads
//!   any of them as one;
//! - [`request`], [`error`]: what all dialects have in common on the clients' and on the providers' side;
//! - [`codec`]: a dialect as others use it, and beside it the dialects themselves:
//! - [`openai_chat`]: OpenAI's chat completions, both ways;
//! - [`anthropic_messages`]: Anthropic's messages, both ways;
//! - [`gemini`]: Google's `generateContent`, both ways;
//! - [`openai_responses`]: OpenAI's Responses, both ways;
//! - [`ollama`], [`cohere`], [`bedrock_converse`]: Ollama's, Cohere's and Amazon Bedrock's own, spoken to providers;
//! - [`openai_operations`]: what else OpenAI's models are asked to do, both ways; under it [`skim`] and [`multipart`].

pub mod anthropic_messages;
pub mod aws_event_stream;
pub mod bedrock_converse;
pub mod codec;
pub mod cohere;
mod counts;
pub mod error;
pub mod framing;
pub mod gemini;
mod json;
pub mod json_lines;
mod logprobs;
pub mod multipart;
pub mod ollama;
pub mod openai_chat;
mod openai_error;
pub mod openai_operations;
pub mod openai_responses;
mod outbound;
mod proof;
mod reasoning;
pub mod request;
pub mod scan;
pub mod skim;
pub mod splice;
pub mod sse;
mod tool_call_id;
mod vectors;
mod whole_answer;
