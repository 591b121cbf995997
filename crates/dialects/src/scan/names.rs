use super::token::{Token, narrow};
use super::{ScanError, ScanErrorKind, text};

/// Up to here comparing each pair is quicker than sorting, and no request body that people write has more.
const PAIRWISE: usize = 16;

/// The member names of all objects that are open, innermost last; an object's names are judged when it closes.
///
/// Judging at the close keeps the pass free of hash tables: a hostile object costs a sort, a usual one a handful of
/// length comparisons.
#[derive(Default)]
pub(super) struct Names {
    open: Vec<Name>,
    /// The text of the names that are spelled with escapes, each decoded once.
    decoded: String,
}

/// Where the names of one object begin.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    open: usize,
    decoded: usize,
}

#[derive(Clone, Copy)]
struct Name {
    /// Offset of the opening quote in the body, for the report.
    at: u32,
    /// Span of the text: in the body, or in `decoded`.
    start: u32,
    end: u32,
    escaped: bool,
}

impl Names {
    pub(super) fn mark(&self) -> Mark {
        Mark { open: self.open.len(), decoded: self.decoded.len() }
    }

    pub(super) fn count_since(&self, mark: Mark) -> usize {
        self.open.len() - mark.open
    }

    pub(super) fn push(&mut self, body: &[u8], token: Token) {
        let contents = token.contents();
        let escaped = contents.len() != token.extra as usize;
        let span = if escaped {
            let start = self.decoded.len();
            text::decode_into(body.get(contents).unwrap_or_default(), &mut self.decoded);
            start..self.decoded.len()
        } else {
            contents
        };
        self.open.push(Name { at: token.start, start: narrow(span.start), end: narrow(span.end), escaped });
    }

    /// Judges the names since the mark and forgets them.
    pub(super) fn close(&mut self, body: &[u8], mark: Mark) -> Result<(), ScanError> {
        let decoded = self.decoded.as_bytes();
        let text = |name: &Name| {
            let source = if name.escaped { decoded } else { body };
            source.get(name.start as usize..name.end as usize).unwrap_or_default()
        };
        let names = self.open.get_mut(mark.open..).unwrap_or_default();
        let twice = if names.len() <= PAIRWISE {
            let mut later = names.iter();
            names.iter().find_map(|name| {
                later.next();
                later.clone().find(|other| text(name) == text(other)).map(|other| other.at)
            })
        } else {
            // By length first: fewer bytes to compare, whatever prefix the names share.
            names.sort_unstable_by(|a, b| (text(a).len(), text(a)).cmp(&(text(b).len(), text(b))));
            names.windows(2).find_map(|pair| match pair {
                [a, b] if text(a) == text(b) => Some(a.at.max(b.at)),
                _ => None,
            })
        };
        if let Some(at) = twice {
            return Err(ScanError::new(ScanErrorKind::DuplicateMember, at as usize));
        }
        self.open.truncate(mark.open);
        self.decoded.truncate(mark.decoded);
        Ok(())
    }
}
