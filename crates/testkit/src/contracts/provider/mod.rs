//! What every provider does with what its upstream does to it, in whatever dialect it is called. Run it with
//! [`provider_contract!`](crate::provider_contract).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a suite fails by panicking, and watches the time that passes on real sockets"
)]

mod answers;
mod attempt;
mod deadlines;
mod disguises;
mod errors;
mod network;
mod probes;
mod requests;
mod streams;
mod subject;
mod usage;

pub use answers::*;
pub use deadlines::*;
pub use disguises::*;
pub use errors::*;
pub use network::*;
pub use probes::*;
pub use requests::*;
pub use streams::*;
pub use subject::Subject;
pub use usage::*;

/// Makes a test of each case. The arguments are a function that gives a [`Subject`], and which cases hold for it besides those
/// for all: `canonical`, where no client speaks its dialect; `verbatim`, where clients do, in server-sent events;
/// `openai_chat`, for that dialect.
#[macro_export]
macro_rules! provider_contract {
    ($subject:path, canonical) => {
        $crate::provider_contract!(@cases $subject,
            a_call_in_canonical_form_is_answered_in_it,
            tools_are_called_streamed_and_buffered,
            a_request_carries_what_it_should_and_its_id,
            a_credential_that_can_not_be_sent_is_told,
            a_probe_lists_the_models_and_times_each_step,
            a_probe_tells_where_the_way_ends,
            a_probe_tells_a_refused_credential_from_a_wrong_answer,
            a_probe_is_bounded_in_time_and_size,
            a_probe_never_tells_the_credential,
            error_statuses_have_their_kinds,
            waits_that_the_provider_asks_for_are_read,
            messages_of_errors_are_cleaned,
            redirects_are_never_followed,
            an_error_before_the_first_content_fails_the_attempt,
            an_error_after_it_interrupts_the_answer,
            an_answer_that_is_none_is_invalid,
            a_stream_that_is_cut_is_interrupted_and_what_came_is_recorded,
            what_came_of_a_buffered_answer_is_recorded_wherever_it_was_cut,
            a_prompt_that_was_counted_before_the_answer_is_recorded_of_a_cut_stream,
            events_that_are_no_json_are_dropped_up_to_three,
            bytes_come_in_any_pieces,
            invalid_utf8_is_repaired,
            compressed_answers_are_read,
            http_in_all_its_forms_is_read,
            only_listed_headers_pass,
            usage_is_recorded_as_the_provider_says_it,
            counts_that_make_no_sense_are_marked,
            a_late_first_byte_is_a_timeout,
            silence_within_a_stream_is_a_timeout,
            the_whole_time_is_bounded,
            unreachable_upstreams_are_told_apart,
            a_connection_closed_before_reuse_is_hidden,
            a_finished_stream_leaves_its_connection_for_the_next_call,
            dropping_cancels_the_upstream_call,
        );
    };
    ($subject:path, verbatim) => {
        $crate::provider_contract!($subject, canonical);
        $crate::provider_contract!(@cases $subject,
            a_stream_goes_on_byte_for_byte_and_is_recorded,
            a_buffered_answer_goes_on_byte_for_byte_and_is_recorded,
            noise_between_events_does_no_harm,
            the_other_kind_of_answer_is_converted,
        );
    };
    ($subject:path, openai_chat) => {
        $crate::provider_contract!($subject, verbatim);
        $crate::provider_contract!(@cases $subject,
            the_count_at_the_end_is_seen_by_those_who_ask,
            refusals_and_reasoning_are_content,
            several_choices_come_interleaved,
            only_what_the_vendor_needs_changes_in_the_body,
            a_stream_without_its_last_word_is_whole_if_every_choice_ended,
            nothing_after_the_end_counts,
            a_line_without_end_is_given_up,
        );
    };
    (@cases $subject:path, $($case:ident,)+) => {$(
        #[tokio::test]
        async fn $case() {
            $crate::contracts::provider::$case($subject()).await;
        }
    )+};
}
