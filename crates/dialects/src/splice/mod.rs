//! A new body from an old one, in which only the members that we own differ.
//!
//! The verbatim path forwards what the client wrote, byte for byte, save for a few members at the top level. Numbers
//! keep their spelling, members their order, unknown fields their place: nothing goes through a parser's idea of a
//! value. The new body is written into one allocation of exactly its size, or, where it is long, left in pieces that share
//! the old one's memory.

mod check;
mod inner;
mod member;
mod write;

use bytes::{Bytes, BytesMut};
use switchyard_domain::wire::Member;
use thiserror::Error;

use inner::InnerObjects;
pub use member::find;
use write::Piece;

/// One change at the top level of a body. Names are those of the body as it came, in plain text; they match however
/// the body spells them.
///
/// A `value` MUST be the complete spelling of one JSON value. It is written as given: take it from `serde_json` or
/// from a scanned document, never from unchecked input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit<'a> {
    /// Replaces the value of a member, or adds the member as the last one.
    Set {
        /// The member.
        name: &'a str,
        /// Its new value.
        value: &'a [u8],
    },
    /// [`Set`](Self::Set) inside the object that a member is. An absent member, or one that is `null`, becomes an
    /// object with this one member.
    SetIn {
        /// The member at the top level.
        object: &'a str,
        /// The member of that object.
        name: &'a str,
        /// Its new value.
        value: &'a [u8],
    },
    /// Takes a member out, with the comma that it needed. Nothing happens if it is absent.
    Remove {
        /// The member.
        name: &'a str,
    },
    /// Gives a member another name, its value and place unchanged. Nothing happens if it is absent, unless another edit
    /// sets it: it is then added under the new name.
    Rename {
        /// The member.
        from: &'a str,
        /// Its new name.
        to: &'a str,
    },
}

/// Why no body was made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SpliceError {
    /// Two of the edits speak of the same place. Depends on the edits alone, never on the body.
    #[error("two edits of `{name}`")]
    Conflict {
        /// The member that both speak of.
        name: String,
    },
    /// A member cannot be renamed, because the body has another one of the new name.
    #[error("both `{from}` and `{to}` are given")]
    Occupied {
        /// The member to be renamed.
        from: String,
        /// The name that is taken.
        to: String,
    },
    /// The member to be edited inside is neither an object nor `null`.
    #[error("`{name}` is not an object")]
    NotAnObject {
        /// The member.
        name: String,
    },
    /// A name that JSON would spell with escapes. The members that we own have plain names.
    #[error("`{name}` is not a plain name")]
    NotPlain {
        /// The name.
        name: String,
    },
    /// The members are not those of the body: a defect of the caller's.
    #[error("the members are not of this body")]
    Misplaced,
}

/// Makes the edited body. Every byte that no edit speaks of is copied unchanged, white space included.
///
/// `members` are the members at the top level of `body`, as the scan found them
/// ([`Document::wire_members`](crate::scan::Document::wire_members)). Only a member that [`Edit::SetIn`] edits inside is
/// looked at again. With no edits, the body itself is returned, sharing its memory.
///
/// # Errors
/// If the edits contradict each other or cannot be applied to this body; see [`SpliceError`]. The edits are checked
/// before anything is written.
pub fn splice(body: &Bytes, members: &[Member], edits: &[Edit<'_>]) -> Result<Bytes, SpliceError> {
    if edits.is_empty() {
        return Ok(body.clone());
    }
    check::check(body, members, edits)?;
    let inner = InnerObjects::find(body, members, edits)?;
    let source = write::Source { body, members, inner: &inner };
    let mut length = 0;
    source.write(edits, &mut |piece| length += piece.bytes().len());
    let mut edited = BytesMut::with_capacity(length);
    source.write(edits, &mut |piece| edited.extend_from_slice(piece.bytes()));
    Ok(edited.freeze())
}

/// The edited body as [`splice`] makes it, in the pieces that it consists of: what no edit speaks of shares the memory of `body`.
/// No piece is empty.
///
/// # Errors
/// As [`splice`].
pub fn splice_pieces(
    body: &Bytes,
    members: &[Member],
    edits: &[Edit<'_>],
) -> Result<Vec<Bytes>, SpliceError> {
    check::check(body, members, edits)?;
    let inner = InnerObjects::find(body, members, edits)?;
    let source = write::Source { body, members, inner: &inner };
    let (mut pieces, mut new) = (Vec::with_capacity(8), BytesMut::new());
    source.write(edits, &mut |piece| match piece {
        Piece::New(bytes) => new.extend_from_slice(bytes),
        Piece::Kept { bytes: [], .. } => {}
        Piece::Kept { start, bytes } => {
            if !new.is_empty() {
                pieces.push(new.split().freeze());
            }
            pieces.push(body.slice(start..start + bytes.len()));
        }
    });
    if !new.is_empty() {
        pieces.push(new.freeze());
    }
    Ok(pieces)
}
