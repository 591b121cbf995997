//! Every client dialect at every vendor dialect with every feature: each cell of this table passes, passes with losses that are
//! told, or is refused with its reason. `docs/dialects.md` is made from the same table; `UPDATE=1` writes it anew.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that can not go on fails where it stands, and reads its environment and its time"
)]

mod ask;
mod case;
mod cell;
mod client;
mod features;
mod outcome;
mod page;
mod run;
mod scene;
mod seen;
mod streams;
mod vendor;
