//! Amazon Bedrock's Converse (`POST /model/{model}/converse`), as it is spoken to providers. No client speaks it to us.
//!
//! | canonical | here |
//! |---|---|
//! | instructions | `system`; later ones move to the front |
//! | texts, pictures, documents, moving pictures, sound | blocks of their own, with bytes or an `s3://` address; other addresses are refused, for nobody would fetch them |
//! | name of a document | without the characters that are not allowed, and no two alike |
//! | reasoning | `reasoningContent`; Claude's only with its proof, which has the issuer `anthropic` wherever Claude runs |
//! | tool calls and results | `toolUse`, `toolResult`, with ids that fit; results of one turn in one message, first |
//! | marks for the cache | `cachePoint`, for Claude and Nova |
//! | tokens, temperature, `top_p`, stop texts | `inferenceConfig` |
//! | `top_k`, wish for reasoning | `additionalModelRequestFields` in the words of the model's maker, told by its id; effort of newer Claude: `outputConfig.effort` |
//! | tool choice | `toolConfig.toolChoice`; never is said by leaving the tools out, unless the history has calls |
//! | answer of a schema | `outputConfig.textFormat`; JSON without a schema is refused |
//! | labels, tier | `requestMetadata`, `serviceTier` |
//! | `guardrailConfig`, `performanceConfig`, ... | the dialect's own members |
//!
//! Answers come whole, or as Amazon's binary frames: text blocks begin without a start, usage comes after the stop
//! (`bedrock-converse-stream-02aff0b239`, 2025). `inputTokens` leaves out what the cache gave and took
//! (`bedrock-converse-987b9d0ecb`, 2026). Exceptions in the middle of a stream are frames of their own.
//!
//! The model stands in the path, and so does whether to stream. The path is percent-encoded here; who signs must take it as
//! it is.

mod answer;
mod codec;
mod model;
mod request;

pub use codec::BedrockConverse;
