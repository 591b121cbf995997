//! The dialect of OpenAI's chat completions against what real providers sent and were sent.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests may fail loudly too, and the scores are to be seen"
)]

mod answer_quirks;
mod bad_requests;
mod comparing;
mod corpus_answers;
mod corpus_errors;
mod corpus_peek;
mod corpus_requests;
mod corpus_rewriting;
mod counted;
mod differing;
mod property;
mod request_encoding;
mod score;
mod stream_quirks;
