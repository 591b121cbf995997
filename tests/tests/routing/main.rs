//! The promises of routing, each with small numbers; `make prove-fleet`, `-p7`, `-p8`, `-p9` and `-p21` try them at full size.

#![expect(clippy::print_stdout, reason = "the figures are worth reading, also where all is well")]

mod changes;
mod failing;
mod fleet;

/// Fails with everything that breaks a promise, below the figures.
#[track_caller]
fn holds(figures: &impl std::fmt::Display, broken: &[String]) {
    println!("{figures}");
    assert!(broken.is_empty(), "{figures}\n{}", broken.join("\n"));
}
