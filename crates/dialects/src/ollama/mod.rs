//! Ollama's own `/api/chat`, as it is spoken to providers. No client speaks it to us.
//!
//! | canonical | here |
//! |---|---|
//! | texts of a message | `content`, joined |
//! | pictures | `images`, bare base64 beside the content; addresses are refused, for nobody would fetch them |
//! | plain documents | text of the message (told as degraded); others are refused, as is sound |
//! | reasoning | `thinking`; proofs have no place |
//! | tool calls | `tool_calls[].function`, arguments as an object; an `id`, which servers older than 0.12 pass over |
//! | results | a message of the role `tool` with the `tool_name` that the history tells |
//! | sampling, limits, stop texts | `options` |
//! | answer in JSON, or of a schema | `format`: `"json"`, or the schema |
//! | wish for reasoning | `think`: a level for models that have levels, else yes or no |
//! | `tool_choice` | none: never is said by leaving the tools out; a forced call is refused |
//!
//! The server streams unless it is told not to, so `stream` is always written. A stream is a JSON object in each line; the
//! last one has `done`, the reason and the counts. Tool calls end with `stop` like all else (`ollama-chat-3b9d8eb143`, 2026).
//! The count of the prompt is missing where all of it was cached (`ollama-chat-1728e421c4`, 2024), so that it can't be
//! believed.

mod answer;
mod codec;
mod created;
mod embeddings;
mod request;

pub use codec::Ollama;
pub use embeddings::OllamaEmbeddings;
