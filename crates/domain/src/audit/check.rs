//! Whether a log is whole.

use super::chain::end_bytes;
use super::{AuditEntry, AuditHead};
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::fmt;

/// What is wrong with a place of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditFlaw {
    /// There is no entry there, though there are later ones.
    Missing,
    /// It is not what was written, or stands elsewhere than it was written.
    Changed,
    /// The log ends before it.
    Truncated,
    /// The log's end was recorded before it: it was not added by this program.
    Behind,
    /// The record of the log's end is not what was written.
    HeadChanged,
    /// The end of the log is under a key that is not given.
    HeadUnproven(String),
    /// A checkpoint says that another entry stood there.
    Replaced,
    /// A checkpoint is not what was written.
    CheckpointChanged,
}

impl fmt::Display for AuditFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the entry is missing",
            Self::Changed => "the entry was changed or moved",
            Self::Truncated => "the log was cut off: this entry and those after it are missing",
            Self::Behind => "the entry stands behind the recorded end of the log",
            Self::HeadChanged => "the record of the log's end was changed",
            Self::HeadUnproven(key) => {
                return write!(f, "the end of the log is sealed under key {key}, which is not given");
            }
            Self::Replaced => "a checkpoint shows that another entry stood here",
            Self::CheckpointChanged => "a checkpoint of the data directory was changed",
        })
    }
}

/// The first place of a log that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditProblem {
    /// The place.
    pub sequence: i64,
    /// What is wrong.
    pub flaw: AuditFlaw,
}

/// What a check of the log found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditCheck {
    /// Entries that were looked at.
    pub entries: u64,
    /// Entries that are sealed under a key that is not given, by the key's id: that they follow each other is shown by those
    /// that came after them under a known key, their content is not.
    pub unproven: BTreeMap<String, u64>,
    /// The first wrong place.
    pub problem: Option<AuditProblem>,
}

/// Seals under the key of an id; `None` where that key is not at hand.
pub type Sealing<'a> = &'a dyn Fn(&str, &[u8]) -> Option<[u8; 32]>;

/// Looks at a log's entries one after the other, by place.
#[derive(Debug, Default)]
pub struct ChainWalk {
    check: AuditCheck,
    /// The entry before: its place, hash, key.
    last: (i64, Vec<u8>, String),
    /// The first of the unproven entries right before, which may be what breaks the next one.
    doubtful: Option<i64>,
}

impl ChainWalk {
    /// Looks at the next entry. After the first wrong one nothing more is judged.
    pub fn step(&mut self, entry: &AuditEntry, sealing: Sealing<'_>) {
        self.check.entries += 1;
        if self.check.problem.is_some() {
            return;
        }
        let place = self.last.0.saturating_add(1);
        if entry.sequence != place {
            return self.wrong(place, AuditFlaw::Missing);
        }
        match sealing(&entry.key_id, &entry.sealed_bytes(&self.last.2)) {
            // What stands before under a key that nobody gave may be what was changed.
            Some(hash) if hash[..] != entry.hash || entry.previous != self.last.1 => {
                return self.wrong(self.doubtful.unwrap_or(place), AuditFlaw::Changed);
            }
            Some(_) => self.doubtful = None,
            None if entry.previous != self.last.1 => {
                return self.wrong(self.doubtful.unwrap_or(place), AuditFlaw::Changed);
            }
            None => {
                *self.check.unproven.entry(entry.key_id.clone()).or_default() += 1;
                self.doubtful.get_or_insert(place);
            }
        }
        self.last = (place, entry.hash.clone(), entry.key_id.clone());
    }

    /// Compares with the recorded end.
    #[must_use]
    pub fn finish(mut self, head: &AuditHead, sealing: Sealing<'_>) -> AuditCheck {
        if self.check.problem.is_none()
            && let Some((place, flaw)) = self.flaw_of(head, sealing)
        {
            self.wrong(place, flaw);
        }
        self.check
    }

    fn flaw_of(&self, head: &AuditHead, sealing: Sealing<'_>) -> Option<(i64, AuditFlaw)> {
        let (last, hash, key) = &self.last;
        if head.sequence > *last {
            return Some((last.saturating_add(1), AuditFlaw::Truncated));
        }
        if head.sequence < *last {
            return Some((head.sequence.saturating_add(1), AuditFlaw::Behind));
        }
        if head.hash != *hash || head.key_id != *key {
            return Some((*last, AuditFlaw::HeadChanged));
        }
        if *last == 0 {
            return (*head != AuditHead::EMPTY).then_some((0, AuditFlaw::HeadChanged));
        }
        match sealing(&head.key_id, &head.sealed_bytes()) {
            Some(seal) if seal[..] == head.seal => None,
            Some(_) => Some((*last, AuditFlaw::HeadChanged)),
            None => Some((*last, AuditFlaw::HeadUnproven(head.key_id.clone()))),
        }
    }

    fn wrong(&mut self, sequence: i64, flaw: AuditFlaw) {
        self.check.problem = Some(AuditProblem { sequence, flaw });
    }
}

/// What stood at the log's end at some moment, kept outside of the database: a log that is cut off together with the record of its
/// end, or put back to an older state whole, does not hold it any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The place of the last entry.
    pub sequence: i64,
    /// Its hash.
    pub hash: Vec<u8>,
    /// When it was looked at.
    pub at: Timestamp,
    /// The key that the seal is under.
    pub key_id: String,
    /// The seal over all that.
    pub seal: Vec<u8>,
}

impl Checkpoint {
    /// Takes note of an end of the log. `seal` hashes under the key `key_id`.
    #[must_use]
    pub fn of(head: &AuditHead, at: Timestamp, key_id: &str, seal: impl Fn(&[u8]) -> [u8; 32]) -> Self {
        let (sequence, hash, key_id) = (head.sequence, head.hash.clone(), key_id.to_owned());
        let mut checkpoint = Self { sequence, hash, at, key_id, seal: Vec::new() };
        checkpoint.seal = seal(&checkpoint.sealed_bytes()).to_vec();
        checkpoint
    }

    fn sealed_bytes(&self) -> Vec<u8> {
        let mut bytes = end_bytes(b"switchyard/audit-checkpoint/v1", self.sequence, &self.hash, &self.key_id);
        bytes.extend_from_slice(&self.at.0.to_be_bytes());
        bytes
    }

    /// What is wrong with the log if this stood at its end once. `found` is the hash of the entry that stands there now. A
    /// checkpoint under a key that is not given proves nothing.
    #[must_use]
    pub fn flaw(&self, found: Option<&[u8]>, sealing: Sealing<'_>) -> Option<AuditFlaw> {
        let seal = sealing(&self.key_id, &self.sealed_bytes())?;
        if seal[..] != self.seal {
            return Some(AuditFlaw::CheckpointChanged);
        }
        match found {
            None => Some(AuditFlaw::Truncated),
            Some(hash) if hash != self.hash => Some(AuditFlaw::Replaced),
            Some(_) => None,
        }
    }
}
