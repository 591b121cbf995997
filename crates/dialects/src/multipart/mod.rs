//! Forms with files (`multipart/form-data`), read while they pass: which parts there are, and where the values of those stand that
//! must be known. Strict, so that nobody behind us can read a form in another way: no preamble, no epilogue, no folded headers.

mod boundary;
mod header;
mod scanner;

use std::ops::Range;

pub use boundary::boundary_of;
pub use scanner::FormScanner;

/// A part of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Whether it is a file: it has a file name.
    pub is_file: bool,
    /// Where its value stands in the form.
    pub place: Range<u64>,
    /// Its value, of those that were asked for.
    pub value: Option<String>,
}

/// Why bytes are no form. Says nothing of what is in them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormFault {
    /// They do not keep to the format.
    #[error("the form is not well-formed: {0}")]
    Malformed(&'static str),
    /// It has more parts than anybody needs.
    #[error("the form has more than {0} parts")]
    TooManyParts(usize),
    /// A part's headers are too long.
    #[error("a part of the form has more than {0} bytes of headers")]
    LongHeaders(usize),
    /// The value of a part that must be read is too long.
    #[error("{name}: must have at most {limit} bytes")]
    LongValue {
        /// The part.
        name: String,
        /// The bound.
        limit: usize,
    },
    /// The value of a part that must be read is no text.
    #[error("{0}: must be text in UTF-8")]
    NotText(String),
    /// A part whose name is that of one that must be read, in other letters.
    #[error(
        "{0}: differs from a known part in the case of its letters alone, and some providers would read it as that"
    )]
    Respelled(String),
    /// Two parts of a name that may stand there once.
    #[error("{0}: is given more than once")]
    Repeated(String),
}

impl FormFault {
    /// The part that is wrong.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        match self {
            Self::LongValue { name, .. }
            | Self::NotText(name)
            | Self::Repeated(name)
            | Self::Respelled(name) => Some(name),
            Self::Malformed(_) | Self::TooManyParts(_) | Self::LongHeaders(_) => None,
        }
    }
}
