use bytes::{BufMut, BytesMut};

use crate::json::{ArrayWriter, ObjectWriter};

/// Written blocks, one after the other.
#[derive(Debug, Default)]
pub(super) struct Blocks(BytesMut);

impl Blocks {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next block is to be written here.
    pub(super) fn next(&mut self) -> &mut BytesMut {
        if !self.0.is_empty() {
            self.0.put_u8(b',');
        }
        &mut self.0
    }

    /// A block of one member.
    pub(super) fn object(&mut self, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        let mut object = ObjectWriter::begin(self.next());
        fill(&mut object);
        object.end();
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn append(&mut self, other: &Self) {
        if !other.is_empty() {
            self.next().extend_from_slice(&other.0);
        }
    }
}

/// A message as it is written: its results stand first.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) role: &'static str,
    pub(super) results: Blocks,
    pub(super) others: Blocks,
}

/// The messages. Two of one role in a row are one, and one that says nothing is none.
#[derive(Debug, Default)]
pub(super) struct Turns(Vec<Turn>);

impl Turns {
    /// Whether nothing is said.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn push(&mut self, turn: Turn) {
        if turn.results.is_empty() && turn.others.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.role == turn.role => {
                last.results.append(&turn.results);
                last.others.append(&turn.others);
            }
            _ => self.0.push(turn),
        }
    }

    pub(super) fn write(&self, list: &mut ArrayWriter<'_>) {
        for turn in &self.0 {
            list.object(|message| {
                message.text("role", turn.role);
                let out = message.name("content");
                out.put_u8(b'[');
                out.extend_from_slice(turn.results.as_bytes());
                if !turn.results.is_empty() && !turn.others.is_empty() {
                    out.put_u8(b',');
                }
                out.extend_from_slice(turn.others.as_bytes());
                out.put_u8(b']');
            });
        }
    }
}
