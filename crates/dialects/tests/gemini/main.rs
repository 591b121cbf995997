//! Google's dialect against what Google's services really sent and were sent.
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
mod corpus_requests;
mod corpus_rewriting;
mod counting;
mod cross;
#[path = "../openai_chat/differing.rs"]
mod differing;
mod embeddings;
mod made;
mod message_encoding;
mod odd;
mod property;
mod request_encoding;
#[path = "../openai_chat/score.rs"]
mod score;
mod stream_writing;
#[path = "../canonical/text.rs"]
mod text;
mod tools;
mod turns;
