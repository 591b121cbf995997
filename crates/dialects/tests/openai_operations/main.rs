//! The dialects of OpenAI's other operations, against what real providers sent and were sent.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly too")]

mod corpus;
mod embeddings;
mod forms;
mod requests;
