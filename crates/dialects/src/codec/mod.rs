//! A dialect as others use it: one trait for the side that speaks to providers, one for the side that clients speak to; of
//! chats two, and of all other operations two.
//!
//! Whoever drives a provider or serves a client knows these traits only, so that a further dialect is a module here and a
//! line where dialects are listed.

mod answer;
mod billed;
mod client;
mod foreign;
mod look;
mod operation;
mod provider;
mod rules;

pub use answer::{AnswerFault, AnswerForm, DecodedAnswer, StreamFraming};
pub use billed::{Billed, salvage};
pub use client::{Address, ClientCodec, ClientError, StreamWriter};
pub use look::{DecodingWatcher, Look, StreamWatcher, glance_at_decoded, service_tier};
pub use operation::{EmbeddingClient, EmbeddingCodec, OperationClient, OperationCodec, Passage, Unstreamed};
pub use provider::{Framing, LastWord, ProviderCodec, StreamReader, Taken, Unsupported};
pub use rules::MemberRule;

pub(crate) use foreign::{crossing, note_foreign_function, note_foreign_members, note_foreign_message};
pub use foreign::{fit_answer, fit_events};
pub(crate) use rules::{Source, joined, quoted};
