//! A request of one dialect on its way into another, and its answer on the way back: what must not go on is refused, and what
//! can't be carried is told, in one place for all pairs of dialects.
//!
//! [`crossing`] stands before every encoder of requests; whoever writes messages and tools calls [`note_foreign_message`] and
//! [`note_foreign_function`] for a foreign request, and [`note_foreign_members`] last. [`fit_events`] and [`fit_answer`] stand
//! before every encoder of answers.

mod answers;
mod members;
mod tools;

use switchyard_domain::chat::{ChatRequest, Dialect, LossReport};

use super::Unsupported;

pub use answers::{fit_answer, fit_events};
use members::refuse_foreign;
pub(crate) use members::{note_foreign_function, note_foreign_members, note_foreign_message};
use tools::Functions;

/// Has a request that came in the dialect `source` written in the dialect `target` by `write`. A request of another dialect
/// comes to `write` without tools and choices in native forms.
///
/// # Errors
/// With what can't be left out, or as `write` says.
pub(crate) fn crossing<T>(
    request: &ChatRequest,
    (source, target): (Dialect, Dialect),
    losses: &mut LossReport,
    write: impl FnOnce(&ChatRequest, &mut LossReport) -> Result<T, Unsupported>,
) -> Result<T, Unsupported> {
    if source == target {
        return write(request, losses);
    }
    refuse_foreign(request, source)?;
    let Some(functions) = Functions::of(request, source, losses)? else {
        return write(request, losses);
    };
    let told = losses.losses.len();
    let written = write(&functions.request, losses);
    for loss in losses.losses.iter_mut().skip(told) {
        functions.restore_place(&mut loss.member);
    }
    written
}
