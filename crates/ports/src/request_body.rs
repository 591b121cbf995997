//! The body of a request to a provider.

use bytes::Bytes;
use std::sync::Arc;

/// An exact body, in the pieces that it is sent in, so that a long one of a client's need not be copied to be changed in a few
/// places. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RequestBody(Pieces);

#[derive(Clone, Debug)]
enum Pieces {
    One(Bytes),
    Many(Arc<[Bytes]>),
}

impl RequestBody {
    /// The pieces, in order.
    #[must_use]
    pub fn pieces(&self) -> &[Bytes] {
        match &self.0 {
            Pieces::One(piece) => std::slice::from_ref(piece),
            Pieces::Many(pieces) => pieces,
        }
    }

    /// Bytes in all.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces().iter().map(Bytes::len).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes in one piece, which are copied if they are in several.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match &self.0 {
            Pieces::One(piece) => piece.clone(),
            Pieces::Many(pieces) => pieces.concat().into(),
        }
    }
}

impl From<Bytes> for RequestBody {
    fn from(whole: Bytes) -> Self {
        Self(Pieces::One(whole))
    }
}

impl From<Vec<Bytes>> for RequestBody {
    fn from(mut pieces: Vec<Bytes>) -> Self {
        match (pieces.pop(), pieces.is_empty()) {
            (None, _) => Self(Pieces::One(Bytes::new())),
            (Some(only), true) => Self(Pieces::One(only)),
            (Some(last), false) => {
                pieces.push(last);
                Self(Pieces::Many(pieces.into()))
            }
        }
    }
}

/// The same bytes, however they are cut.
impl PartialEq for RequestBody {
    fn eq(&self, other: &Self) -> bool {
        self.pieces().iter().flatten().eq(other.pieces().iter().flatten())
    }
}

impl Eq for RequestBody {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_the_same_however_it_is_cut() {
        let whole = RequestBody::from(Bytes::from_static(b"abcdef"));
        let cut = RequestBody::from(vec![Bytes::from_static(b"ab"), Bytes::from_static(b"cdef")]);
        let other = RequestBody::from(vec![Bytes::from_static(b"ab"), Bytes::from_static(b"cdeg")]);
        assert_eq!(whole, cut);
        assert_ne!(whole, other);
        assert_ne!(whole, RequestBody::from(Vec::new()));
        assert_eq!((cut.len(), cut.to_bytes()), (6, whole.to_bytes()));
        assert_eq!((cut.pieces().len(), RequestBody::from(vec![whole.to_bytes()]).pieces().len()), (2, 1));
        assert!(RequestBody::from(Vec::new()).is_empty() && !cut.is_empty());
    }
}
