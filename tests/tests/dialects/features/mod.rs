//! The table's rows, a file each: how each client asks, what each vendor must be told, what the client must see, what is lost.

mod answers;
mod cache_markers;
mod cancellation;
mod document;
mod errors;
mod image;
mod json_schema;
mod parallel_tools;
mod reasoning;
mod signed_tool_loop;
mod stop_reasons;
mod stream;
mod text;
mod tool_loop;
mod tools;
mod usage;

use crate::case::Feature;
use crate::run::check;

/// All rows, as they stand in the table, and a test for each.
macro_rules! rows {
    ($($row:ident: $name:ident,)*) => {
        pub(crate) static FEATURES: &[&Feature] = &[$(&$row::FEATURE),*];
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                check(&$row::FEATURE).await;
            }
        )*
    };
}

rows! {
    text: a_question_and_its_answer_are_the_same_in_every_dialect,
    stream: a_stream_says_piece_by_piece_what_the_vendor_says,
    tools: a_tool_is_offered_and_called,
    parallel_tools: two_tools_are_called_in_one_turn,
    tool_loop: results_reach_the_calls_that_they_belong_to,
    signed_tool_loop: proofs_of_calls_go_back_to_their_maker_and_to_nobody_else,
    image: a_picture_arrives_byte_by_byte,
    document: a_document_arrives_byte_by_byte_or_the_call_is_refused,
    json_schema: a_schema_binds_the_vendor_or_the_call_is_refused,
    reasoning: the_wish_to_reason_arrives_and_the_reasoning_comes_back_with_its_proof,
    cache_markers: marks_for_the_cache_arrive_or_are_told,
    usage: tokens_of_each_kind_are_what_the_vendor_billed,
    stop_reasons: every_reason_to_stop_has_its_word,
    errors: a_vendors_error_is_one_of_the_clients_dialect,
    cancellation: a_client_that_leaves_ends_the_vendors_work_and_pays_what_it_received,
}
