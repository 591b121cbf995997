//! Cohere's second chat API (`POST /v2/chat`), as it is spoken to providers. No client speaks it to us.
//!
//! | canonical | here |
//! |---|---|
//! | texts, pictures | `content`: a text, or parts as OpenAI's |
//! | documents of plain text in a message of the user | `documents` beside the messages, by ids that citations name; others are refused, as is sound |
//! | documents of plain text in a result | parts of the type `document` |
//! | reasoning beside tool calls | `tool_plan` |
//! | other reasoning | parts of the type `thinking`; proofs have no place |
//! | `top_p`, `top_k`, stop texts | `p` (0.01 to 0.99), `k` (up to 500), `stop_sequences` |
//! | penalties | as they are, from 0 to 1 |
//! | `tool_choice` | `REQUIRED`, `NONE`; one function: `REQUIRED` with this function alone |
//! | all tools strict | `strict_tools` |
//! | answer in JSON, or of a schema | `response_format` of the type `json_object`, with the schema as `json_schema` |
//! | wish for reasoning | `thinking`: on or off, with a `token_budget` |
//!
//! **`tool_plan` is reasoning.** The vendor calls it a chain of thought, and its SDK keeps it apart from the text; as text it
//! would stand in answers that have none.
//!
//! **The usage is what is billed** (`billed_units`), not what the model read (`tokens`, with a template of up to 1,500
//! tokens around the prompt that nobody pays for: `cohere-chat-18dcfc9067`, 84 of 1,501, 2026). The count of cached
//! tokens is of the latter (1,008 there, more than were billed), says nothing about the bill, and is left out.
//!
//! Calls come as an object in events and as a list in answers. A generation that failed ends with `message-end`, the reason
//! `ERROR` and a text (`cohere-chat-53400b0038`, 2025).

mod answer;
mod codec;
mod embeddings;
mod request;

pub use codec::Cohere;
pub use embeddings::CohereEmbeddings;
