//! Cohere's dialect against what it really sent and was sent.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests may fail loudly too, and the scores are to be seen"
)]

#[path = "../canonical/mod.rs"]
mod canonical;
mod corpus;
mod embeddings;
#[path = "../expected/mod.rs"]
mod expected;
mod property;
mod request_encoding;
#[path = "../openai_chat/score.rs"]
mod score;
mod streams;
