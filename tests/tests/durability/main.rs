//! The promises of durability, each with small numbers; `make prove-p1` and its like try them at full size.

#![expect(clippy::print_stdout, reason = "the figures are worth reading, also where all is well")]

mod billing;
mod budgets;
mod crashes;
mod databases;
mod disconnects;
mod disks;
mod large_bodies;
mod rotation;

/// Fails with everything that breaks a promise, below the figures.
#[track_caller]
fn holds(figures: &impl std::fmt::Display, broken: &[String]) {
    println!("{figures}");
    assert!(broken.is_empty(), "{figures}\n{}", broken.join("\n"));
}
