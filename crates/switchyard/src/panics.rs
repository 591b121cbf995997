use std::panic::{PanicHookInfo, set_hook};
use std::thread;

/// From now on a panic of this process is logged as an error with its place and its thread, and with none of its words: those of a
/// slice out of bounds, for one, repeat the text that was to be cut. Nothing else is written anywhere.
///
/// For processes that do nothing but serve. It concerns all of the process, so a library never calls it.
pub fn panics_tell_their_place_only() {
    set_hook(Box::new(tell_place));
}

fn tell_place(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    let thread = thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    tracing::error!(panic.place = %place, panic.thread = thread, "a defect: a thread of this program panicked");
}
