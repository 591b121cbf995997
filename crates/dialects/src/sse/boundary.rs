use super::SseEnding;

/// Finds where blocks end, over chunks cut anywhere. Sees each byte once, and remembers of the open block no more than
/// how its last line ended.
///
/// Lines end with LF, CR LF or CR. A CR at the end of a chunk is ambiguous; waiting for the next byte would hold back
/// the events of a server that ends lines with CR alone. So one rule decides, the same wherever the chunks are cut: if
/// the line before ended with a bare CR, a blank line's CR ends the block at once; otherwise an LF after it belongs
/// to it.
#[derive(Debug, Default)]
pub(super) struct Boundary {
    /// Whether the open block has a line with something in it.
    content: bool,
    /// Whether the current line has something in it.
    line: bool,
    /// Whether the last line of the open block ended with a CR alone.
    bare_cr: bool,
    /// The last byte was a CR that may be half of a CR LF.
    pending: Option<Pending>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pending {
    LineEnd,
    BlockEnd,
}

impl Boundary {
    /// The offset after the open block's end, if that is in `chunk`; `chunk` is what follows the bytes seen before.
    /// Zero if the block ended with the chunk before, as only the first byte of this one tells.
    pub(super) fn find(&mut self, chunk: &[u8]) -> Option<usize> {
        let mut at = self.settle_pending(chunk)?;
        if let Resumed::Ended(end) = at {
            return Some(end);
        }
        loop {
            let start = at.offset();
            let rest = chunk.get(start..)?;
            let Some(length) = memchr::memchr2(b'\n', b'\r', rest) else {
                self.line |= !rest.is_empty();
                return None;
            };
            let mark = start + length;
            self.line |= length > 0;
            let ends_block = !self.line && self.content;
            self.content |= self.line;
            self.line = false;
            let (end, bare_cr) = match (chunk.get(mark), chunk.get(mark + 1)) {
                (Some(b'\n'), _) => (mark + 1, false),
                _ if ends_block && self.bare_cr => (mark + 1, true),
                (_, Some(b'\n')) => (mark + 2, false),
                (_, Some(_)) => (mark + 1, true),
                (_, None) => {
                    self.pending = Some(if ends_block { Pending::BlockEnd } else { Pending::LineEnd });
                    return None;
                }
            };
            if ends_block {
                *self = Self::default();
                return Some(end);
            }
            self.bare_cr = bare_cr;
            at = Resumed::At(end);
        }
    }

    /// How the open block would end if the stream ended here.
    pub(super) fn ending(&self) -> SseEnding {
        if self.pending == Some(Pending::BlockEnd) {
            SseEnding::Whole
        } else if self.line {
            SseEnding::Cut
        } else {
            SseEnding::LineEnd
        }
    }

    /// Decides what the CR at the end of the chunk before was; `None` if there is still nothing to decide by.
    fn settle_pending(&mut self, chunk: &[u8]) -> Option<Resumed> {
        let Some(pending) = self.pending else { return Some(Resumed::At(0)) };
        let line_feed = *chunk.first()? == b'\n';
        let end = usize::from(line_feed);
        if pending == Pending::BlockEnd {
            *self = Self::default();
            return Some(Resumed::Ended(end));
        }
        self.pending = None;
        self.bare_cr = !line_feed;
        Some(Resumed::At(end))
    }
}

/// Where the search goes on.
#[derive(Clone, Copy)]
enum Resumed {
    At(usize),
    Ended(usize),
}

impl Resumed {
    fn offset(self) -> usize {
        match self {
            Self::At(offset) | Self::Ended(offset) => offset,
        }
    }
}
