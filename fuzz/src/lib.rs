//! What must hold of a dialect for any bytes at all: one fuzz target per dialect calls [`run`], and one [`operations::run`].
//!
//! Beside them stand targets for what else reads texts of strangers: the egress guard ([`guard`]), sealed columns ([`sealed`]), the
//! journal ([`segment`]), signed tokens and what goes with them ([`tokens`]), and the cookies of sessions ([`cookies`]).
//!
//! This crate does not know about sockets, vendors or routes: it feeds bytes to the codecs and compares what comes out.
//!
//! An input is two bytes and a body. The first says what the body is (see [`Input`]), so that one corpus and one coverage map
//! serve a whole dialect; the second varies how it is handled: where a stream is cut, which status an error has. Seeds are made
//! from the recorded corpus by `scripts/fuzz_seeds.py`, which knows this form too.
#![forbid(unsafe_code)]

mod answer;
pub mod cookies;
mod error;
mod frames;
mod gist;
pub mod guard;
pub mod operations;
mod request;
pub mod sealed;
pub mod segment;
mod stream;
pub mod subject;
pub mod tokens;
mod twice;
mod written;

use subject::Subject;

/// What a body is, by the first byte of an input: the digits 0 to 4, and all others in turn.
enum Input {
    /// A client's request: in the dialect, or, where no client speaks it, in the one that the second byte names.
    Request,
    /// A provider's whole answer.
    Answer,
    /// A provider's stream. Binary frames are made of lines in turn, a name and its data, so that their checksums are right.
    Stream,
    /// A provider's error.
    Error,
    /// A provider's stream in which even binary frames are taken as they are.
    RawStream,
}

impl Input {
    fn of(byte: u8) -> Self {
        match byte.wrapping_sub(b'0') % 5 {
            0 => Self::Request,
            1 => Self::Answer,
            2 => Self::Stream,
            3 => Self::Error,
            _ => Self::RawStream,
        }
    }
}

/// Feeds one input to a dialect.
///
/// # Panics
/// When something does not hold.
pub fn run(subject: &Subject, data: &[u8]) {
    let [kind, variation, body @ ..] = data else { return };
    match Input::of(*kind) {
        Input::Request => request::run(subject, *variation, body),
        Input::Answer => answer::run(subject, body),
        Input::Stream => stream::run(subject, *variation, &frames::framed(subject.codec(), body)),
        Input::Error => error::run(subject, *variation, body),
        Input::RawStream => stream::run(subject, *variation, body),
    }
}
