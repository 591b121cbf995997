//! The dialect of Anthropic's messages against what the vendor sent and was sent.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests may fail loudly too, and the scores are to be seen"
)]

mod bad_requests;
mod clients;
mod corpus_answers;
mod corpus_errors;
mod corpus_requests;
mod corpus_rewriting;
mod counting;
mod cross;
#[path = "../openai_chat/differing.rs"]
mod differing;
mod own_requests;
mod property;
mod request_encoding;
#[path = "../openai_chat/score.rs"]
mod score;
mod streams;
