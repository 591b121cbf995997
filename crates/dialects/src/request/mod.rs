//! What the requests of all client dialects have in common: the bounds, the judgement's result, how members are read.

mod checked;
mod error;
mod functions;
mod media;
mod members;
mod names;
mod references;
mod values;

pub use checked::{CheckedRequest, RequestLimits};
pub use error::{RequestCode, RequestError};

pub(crate) use checked::scanned;
pub(crate) use functions::{check_function, is_name};
pub(crate) use media::{MEDIA_BYTES_PER_TEXT_BYTE, has_known_scheme, has_url};
pub(crate) use members::{keep, note_others, optional_text, present, required_text, text, wrong};
pub(crate) use names::{CHOOSES_A_MODEL, NOT_FOR_CLIENTS, check_names, place_among};
pub(crate) use references::has_circular_reference;
pub(crate) use values::{MAX_OUTPUT_TOKENS, boolean, check_model, decimal, integer, metadata, model, word};
