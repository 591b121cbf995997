//! The body of a request to a provider.

use crate::client_call::Upload;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, iter, once};
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// An exact body. Cheap to clone.
#[derive(Clone, Debug)]
pub enum RequestBody {
    /// In memory.
    Held(Pieces),
    /// A client's upload, of which one place is replaced.
    Upload(EditedUpload),
}

impl RequestBody {
    /// How many bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Held(pieces) => pieces.length() as u64,
            Self::Upload(edited) => edited.length(),
        }
    }

    /// The bytes in one piece, which are copied if they are in several; `None` where they are not in memory.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Bytes> {
        match self {
            Self::Held(pieces) => Some(pieces.to_bytes()),
            Self::Upload(_) => None,
        }
    }
}

impl From<Bytes> for RequestBody {
    fn from(whole: Bytes) -> Self {
        Self::Held(Pieces(Few::One(whole)))
    }
}

impl From<Vec<Bytes>> for RequestBody {
    fn from(pieces: Vec<Bytes>) -> Self {
        Self::Held(pieces.into())
    }
}

/// Bytes in the pieces that they are sent in, so that a long body of a client's need not be copied to be changed in a few
/// places. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pieces(Few);

#[derive(Clone, Debug)]
enum Few {
    One(Bytes),
    Many(Arc<[Bytes]>),
}

impl Pieces {
    /// The pieces, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Bytes] {
        match &self.0 {
            Few::One(piece) => std::slice::from_ref(piece),
            Few::Many(pieces) => pieces,
        }
    }

    /// Bytes in all.
    #[must_use]
    pub fn length(&self) -> usize {
        self.as_slice().iter().map(Bytes::len).sum()
    }

    /// The bytes in one piece, which are copied if they are in several.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match &self.0 {
            Few::One(piece) => piece.clone(),
            Few::Many(pieces) => pieces.concat().into(),
        }
    }
}

impl From<Vec<Bytes>> for Pieces {
    fn from(mut pieces: Vec<Bytes>) -> Self {
        match (pieces.pop(), pieces.is_empty()) {
            (None, _) => Self(Few::One(Bytes::new())),
            (Some(only), true) => Self(Few::One(only)),
            (Some(last), false) => {
                pieces.push(last);
                Self(Few::Many(pieces.into()))
            }
        }
    }
}

/// The same bytes, however they are cut.
impl PartialEq for Pieces {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice().iter().flatten().eq(other.as_slice().iter().flatten())
    }
}

impl Eq for Pieces {}

/// A client's upload with other bytes in one place.
#[derive(Clone, Debug)]
pub struct EditedUpload {
    /// What the client sent.
    pub upload: Arc<dyn Upload>,
    /// What is replaced.
    pub place: Range<u64>,
    /// By what.
    pub with: Bytes,
}

impl EditedUpload {
    /// How many bytes it has as it goes out.
    #[must_use]
    pub fn length(&self) -> u64 {
        let replaced = self.place.end.saturating_sub(self.place.start);
        self.upload.length().saturating_sub(replaced).saturating_add(self.with.len() as u64)
    }

    /// The bytes as they go out. May be called again, for another attempt.
    #[must_use]
    pub fn read(&self) -> BoxStream<'static, io::Result<Bytes>> {
        let (with, upload) = (self.with.clone(), Arc::clone(&self.upload));
        let rest = self.place.end..upload.length();
        let rest = once(async move { upload.read(rest) }).flatten();
        self.upload.read(0..self.place.start).chain(iter([Ok(with)])).chain(rest).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_the_same_however_it_is_cut() {
        let of = |pieces: &[&'static str]| -> Pieces {
            pieces.iter().map(|piece| Bytes::from_static(piece.as_bytes())).collect::<Vec<_>>().into()
        };
        let (whole, cut, other) = (of(&["abcdef"]), of(&["ab", "cdef"]), of(&["ab", "cdeg"]));
        assert_eq!(whole, cut);
        assert_ne!(whole, other);
        assert_ne!(whole, of(&[]));
        assert_eq!((cut.length(), cut.to_bytes()), (6, whole.to_bytes()));
        assert_eq!((cut.as_slice().len(), whole.as_slice().len()), (2, 1));
        assert_eq!((of(&[]).length(), RequestBody::from(vec![Bytes::new()]).length()), (0, 0));
    }
}
