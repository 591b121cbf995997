//! A request of one dialect on its way into another, and its answer on the way back: what must not go on is refused, and what
//! can't be carried is told, in one place for all pairs of dialects.
//!
//! [`crossing`] stands before every encoder of requests; whoever writes messages and tools calls [`note_foreign_message`] and
//! [`note_foreign_function`] for a foreign request, and [`note_foreign_members`] last. [`fit_events`] and [`fit_answer`] stand
//! before every encoder of answers.

mod answers;
mod content;
mod members;
mod tools;

use switchyard_domain::chat::{ChatRequest, Dialect, LossReport};

use super::Unsupported;

pub use answers::{fit_answer, fit_events};
use content::{refuse_files_elsewhere, refuse_lost_content};
use members::refuse_foreign;
pub(crate) use members::{note_foreign_function, note_foreign_members, note_foreign_message};
use tools::Functions;

/// Has a request that came in the dialect `source` written in the dialect `target` by `write`. A request of another dialect
/// comes to `write` without tools and choices in native forms, and one of which `write` tells that the model would not see a part
/// of it is refused.
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
    refuse_files_elsewhere(request, (source, target))?;
    let functions = Functions::of(request, source, losses)?;
    let told = losses.losses.len();
    let written = write(functions.as_ref().map_or(request, |functions| &functions.request), losses)?;
    if let Some(functions) = functions {
        for loss in losses.losses.iter_mut().skip(told) {
            functions.restore_place(&mut loss.member);
        }
    }
    refuse_lost_content(request, source, losses.losses.get(told..).unwrap_or_default())?;
    Ok(written)
}
