//! What dialects have in common when a request is written for a provider that can't be given all of it.

mod arguments;
mod claude;
mod closed;
mod content;
mod lacking;
mod origin;
mod results;
mod tools;

pub(crate) use arguments::object_of;
pub(crate) use claude::ClaudeSampling;
pub(crate) use closed::closed;
pub(crate) use content::{document_as_text, note_detail, note_moved, note_signatures};
pub(crate) use lacking::{NO_PLACE, note_lacking, note_name, note_visible, one_choice, within};
pub(crate) use origin::Origin;
pub(crate) use results::{Split, calls_of};
pub(crate) use tools::{NO_PARAMETERS, function_tools, is_never, note_strict};
