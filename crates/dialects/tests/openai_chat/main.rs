//! The dialect of OpenAI's chat completions against what real providers sent and were sent.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests may fail loudly too, and the scores are to be seen"
)]

mod answer_quirks;
mod bad_requests;
mod corpus_answers;
mod corpus_errors;
mod corpus_peek;
mod corpus_requests;
mod corpus_rewriting;
mod differing;
mod endings;
mod given_members;
mod pieces;
mod proofs;
mod property;
mod request_encoding;
mod results;
mod score;
mod signed_calls;
mod stream_quirks;
#[path = "../canonical/text.rs"]
mod text;
mod wishes;
