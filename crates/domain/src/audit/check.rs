//! Whether a log is whole.

use super::chain::told_end;
use super::{AuditAction, AuditEntry, AuditHead};
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
    /// The log goes on under another key over an end that was not what was written: entries before may be missing.
    JoinedUnsound,
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
            Self::JoinedUnsound => {
                "the log goes on under another key over an end that was changed: entries before this one may be missing"
            }
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
    /// The place of the last of them.
    pub unproven_to: Option<i64>,
    /// How many checkpoints the log was compared with. None: that it was cut off or put back whole would not be seen.
    pub checkpoints: u64,
    /// When the newest of them was taken.
    pub newest_checkpoint: Option<Timestamp>,
    /// The first wrong place.
    pub problem: Option<AuditProblem>,
}

impl AuditCheck {
    /// Whether it is shown that every entry is what was written; of entries up to `accepted`, that they follow each other is enough.
    #[must_use]
    pub fn is_whole(&self, accepted: Option<i64>) -> bool {
        self.problem.is_none() && self.unproven_to <= accepted
    }
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
        if place > 1 && entry.key_id != self.last.2 && !self.is_joined_by(entry) {
            return self.wrong(self.doubtful.unwrap_or(place), AuditFlaw::Changed);
        }
        match sealing(&entry.key_id, &entry.sealed_bytes(&self.last.2)) {
            // What stands before under a key that nobody gave may be what was changed.
            Some(hash) if hash[..] != entry.hash || entry.previous != self.last.1 => {
                return self.wrong(self.doubtful.unwrap_or(place), AuditFlaw::Changed);
            }
            Some(_) if self.joins_unsound(entry, sealing) => {
                return self.wrong(place, AuditFlaw::JoinedUnsound);
            }
            Some(_) => self.doubtful = None,
            None if entry.previous != self.last.1 => {
                return self.wrong(self.doubtful.unwrap_or(place), AuditFlaw::Changed);
            }
            None => {
                *self.check.unproven.entry(entry.key_id.clone()).or_default() += 1;
                self.check.unproven_to = Some(place);
                self.doubtful.get_or_insert(place);
            }
        }
        self.last = (place, entry.hash.clone(), entry.key_id.clone());
    }

    /// The last entry as the end of the log.
    fn end(&self) -> AuditHead {
        let (sequence, hash, key_id) = self.last.clone();
        AuditHead { sequence, hash, key_id, seal: Vec::new() }
    }

    /// Whether an entry under another key than the one before it tells that the log goes on over it. Nothing else may.
    fn is_joined_by(&self, entry: &AuditEntry) -> bool {
        let Ok(mut told) = serde_json::from_str::<BTreeMap<String, String>>(&entry.details) else {
            return false;
        };
        let mut expected = told_end(&self.end(), &[]);
        let has_seal = told.remove("seal").is_some();
        expected.remove("seal");
        has_seal && entry.action == AuditAction::Continue.as_str() && told == expected
    }

    /// Whether an entry goes on over an end whose seal is known not to have been right.
    fn joins_unsound(&self, entry: &AuditEntry, sealing: Sealing<'_>) -> bool {
        let end = self.end();
        if self.last.0 == 0 || entry.key_id == end.key_id {
            return false;
        }
        let Some(seal) = sealing(&end.key_id, &end.sealed_bytes()) else { return false };
        let told: Result<BTreeMap<String, String>, _> = serde_json::from_str(&entry.details);
        told.is_ok_and(|told| told != told_end(&end, &seal))
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
