//! What the crate promises to the crates above it, through its public interface.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail loudly too")]

mod aws_event_stream;
mod billed;
mod fitting;
mod foreign;
mod json;
mod json_lines;
mod recorded;
mod scan_bad_input;
mod scan_document;
mod scan_oracle;
mod splice_edits;
mod splice_property;
mod sse_encode;
mod sse_property;
mod sse_reader;
mod unseen_input;
