//! What holds of every dialect and between any two: tool calls go there and back, a stream says what a whole answer says, and
//! where a stream is cut makes no difference.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a codec that does not do what it should fails the test, and the number of cases is to be seen"
)]

mod answers;
mod conversations;
mod splitting;
mod spoken;
mod streaming;
#[path = "../canonical/text.rs"]
mod text;
mod tool_calls;
mod values;

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

/// Makes 1,000 cases, or as many more as `PROPTEST_CASES` asks for (`make properties`: 10,000), and tells how many were found to
/// hold.
pub(crate) fn hold<S: Strategy>(cases: S, test: impl Fn(S::Value) -> TestCaseResult) {
    let config = Config::default();
    let config = Config { cases: config.cases.max(1_000), failure_persistence: None, ..config };
    let (wanted, held) = (config.cases, Cell::new(0));
    let outcome = TestRunner::new(config).run(&cases, |case| {
        test(case)?;
        held.set(held.get() + 1);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    assert!(held.get() >= wanted, "only {} of {wanted} cases were made", held.get());
    println!("{} cases hold", held.get());
}
