//! The rows of the matrix whose faults the simulator plays.

use super::three::Gets::{self, Beginning, Error, First, Next};
use super::three::Health::{self, Cooled, Failure, Neutral, Success};
use super::three::Three;
use crate::scene::BOTH;
use crate::scene::Mode::{self, Buffered, Streamed};
use futures_util::{StreamExt, stream};
use std::ops::RangeInclusive;
use switchyard_domain::usage::Outcome;

/// Rows at the same time.
pub(crate) const LANES: usize = 6;

/// A row of the matrix.
type Row = (&'static str, &'static str, &'static [Mode], Gets, (Outcome, Option<&'static str>), Health);

const FAILED: Outcome = Outcome::Failed;
const FIVE_MINUTES: RangeInclusive<u64> = 290_000..=300_000;

fn rows() -> Vec<Row> {
    let ends = (Outcome::Complete, None);
    let (refused, throttled) = ((FAILED, Some("connect")), (Outcome::Throttled, Some("throttled")));
    let (server_error, silent) =
        ((FAILED, Some("server_error")), (Outcome::TimedOut, Some("first_byte_timeout")));
    let (rejected, auth) = ((Outcome::Rejected, Some("rejected")), (FAILED, Some("auth_failed")));
    let (transient, quota) = ((FAILED, Some("transient")), (Outcome::Throttled, Some("quota_exhausted")));
    let (invalid, cut) = ((FAILED, Some("invalid_response")), (FAILED, Some("interrupted")));
    let (redirect, cut_later) = ((FAILED, Some("redirect")), (Outcome::Partial, Some("interrupted")));
    let over = (Outcome::Partial, Some("too_large"));
    vec![
        ("U1", "refuse", &BOTH, Next, refused, Failure),
        ("U5", "status=429&retry_after=2", &BOTH, Next, throttled, Cooled(500..=2_000)),
        ("U5", "status=429&retry_after=30", &BOTH, Next, throttled, Cooled(25_000..=30_000)),
        ("U5", "status=429&retry_after=garbage", &[Buffered], Next, throttled, Cooled(1..=1_000)),
        ("U6", "status=429", &BOTH, Next, throttled, Cooled(1..=1_000)),
        ("U6", "status=429&error_code=insufficient_quota", &BOTH, Next, quota, Cooled(FIVE_MINUTES)),
        ("U7", "status=500", &BOTH, Next, server_error, Failure),
        ("U7", "status=502", &[Buffered], Next, server_error, Failure),
        ("U7", "status=503", &[Buffered], Next, server_error, Failure),
        ("U7", "status=504", &[Buffered], Next, server_error, Failure),
        ("U7", "status=529", &[Buffered], Next, server_error, Failure),
        ("U8", "status=400", &BOTH, Error(400, ""), rejected, Success),
        ("U8", "status=404", &[Buffered], Error(404, ""), rejected, Success),
        ("U8", "status=413", &[Buffered], Error(413, ""), rejected, Success),
        ("U8", "status=422", &[Buffered], Error(422, ""), rejected, Success),
        ("U9", "status=401", &BOTH, Next, auth, Cooled(FIVE_MINUTES)),
        ("U9", "status=403", &[Buffered], Next, auth, Cooled(FIVE_MINUTES)),
        ("U10", "status=408", &BOTH, Next, transient, Neutral),
        ("U10", "status=425", &[Buffered], Next, transient, Neutral),
        ("U11", "latency_ms=60000", &BOTH, Next, silent, Failure),
        ("U12", "stall_before_first", &[Streamed], Next, silent, Failure),
        ("U13", "stall_after=4", &[Streamed], Beginning, (Outcome::Partial, Some("idle_timeout")), Failure),
        ("U14", "cut_after=3", &[Streamed], Beginning, cut_later, Failure),
        ("U14", "rst_after=3", &[Streamed], Beginning, cut_later, Failure),
        ("U14", "cut_after=0", &BOTH, Next, cut, Failure),
        ("U15", "no_done", &[Streamed], First, ends, Success),
        ("U16", "malformed_json", &[Buffered], Next, invalid, Failure),
        ("U17", "bad_events=3", &[Streamed], First, ends, Success),
        ("U17", "bad_events=4", &[Streamed], Next, invalid, Failure),
        ("U17", "big_line=1200000", &[Streamed], Next, invalid, Failure),
        (
            "U17",
            "tokens=9&bad_events_within=5",
            &[Streamed],
            Beginning,
            (Outcome::Partial, Some("invalid_response")),
            Failure,
        ),
        ("U17", "comments&unknown_events&line_ending=cr", &[Streamed], First, ends, Success),
        ("U18", "split_utf8&byte_at_a_time&tokens=4", &BOTH, First, ends, Success),
        ("U19", "invalid_utf8", &[Streamed], First, ends, Success),
        ("U20", "html", &BOTH, Next, invalid, Failure),
        ("U20", "json_for_stream", &[Streamed], First, ends, Success),
        ("U21", "gzip", &BOTH, First, ends, Success),
        ("U21", "deflate", &BOTH, First, ends, Success),
        ("U21", "br", &BOTH, First, ends, Success),
        ("U21", "gzip_bomb=200000000", &BOTH, Error(502, "upstream_error"), over, Failure),
        ("U21", "truncated_gzip", &[Buffered], Next, cut, Failure),
        ("U21", "wrong_length=+7", &[Buffered], Next, cut, Failure),
        ("U21", "wrong_length=-7", &[Buffered], Next, invalid, Failure),
        ("U21", "gzip&cut_after=5", &[Streamed], Beginning, cut_later, Failure),
        ("U22", "huge_body=20000000", &[Buffered], Error(502, "upstream_error"), over, Failure),
        ("U22", "endless", &[Buffered], Error(502, "upstream_error"), over, Failure),
        ("U23", "redirect=302", &BOTH, Error(502, "upstream_redirect"), redirect, Neutral),
        ("U25", "double_done&data_after_done", &[Streamed], First, ends, Success),
        ("U27", "http10", &BOTH, First, ends, Success),
        ("U27", "continue_100", &BOTH, First, ends, Success),
        ("U27", "hints_103&trailers&chunked", &BOTH, First, ends, Success),
        ("U28", "close_on_reuse", &BOTH, First, ends, Success),
    ]
}

async fn holds((row, script, modes, gets, record, health): Row) {
    for mode in modes {
        let three = Three::begin(&format!("{row} `{script}`"), *mode).await;
        three.script(script);
        let heard = three.ask(*mode).await;
        three.got(&heard, gets);
        three.is_recorded(&heard, gets, record).await;
        three.says(*mode, script, &health).await;
    }
}

/// U1, U5 to U28 but for those that ask for more than words (`asking`); P7, P9.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_row_holds_where_the_target_that_fails_is_the_first_of_three() {
    let rows = stream::iter(rows()).map(|row| Box::pin(tokio::spawn(holds(row)))).buffer_unordered(LANES);
    let failures: Vec<String> =
        rows.filter_map(async |ended| ended.err().map(|error| message(error.into_panic()))).collect().await;
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

pub(crate) fn message(panic: Box<dyn std::any::Any + Send>) -> String {
    panic.downcast::<String>().map_or_else(|_| "a row does not hold".to_owned(), |text| *text)
}
