//! What is known of the log outside of the database.

use super::chain::end_bytes;
use super::{AuditFlaw, AuditHead, Sealing};
use crate::time::Timestamp;

/// As old as this, checkpoints are kept one a day.
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

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

/// What stays of checkpoints that agree with the log: all of the last 24 hours, and the last of each day before. What an earlier one
/// shows, a later one shows too: its hash hangs on all entries before it.
#[must_use]
pub fn thinned(checkpoints: Vec<Checkpoint>, now: Timestamp) -> Vec<Checkpoint> {
    let day = |checkpoint: &Checkpoint| checkpoint.at.0.div_euclid(DAY_MILLIS);
    let after: Vec<Option<i64>> =
        checkpoints.iter().skip(1).map(|next| Some(day(next))).chain([None]).collect();
    let stays = |(checkpoint, next): &(Checkpoint, Option<i64>)| {
        checkpoint.at.0 > now.0.saturating_sub(DAY_MILLIS) || *next != Some(day(checkpoint))
    };
    checkpoints.into_iter().zip(after).filter(stays).map(|(checkpoint, _)| checkpoint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_of_minutes_is_thinned_to_its_days_and_the_last_ones_minutes() {
        const MINUTE: i64 = 60 * 1_000;
        let taken = |minute: i64| Checkpoint {
            sequence: minute + 1,
            hash: Vec::new(),
            at: Timestamp(minute * MINUTE),
            key_id: String::new(),
            seal: Vec::new(),
        };
        let year: Vec<Checkpoint> = (0..365 * 1_440).map(taken).collect();
        let now = Timestamp(365 * DAY_MILLIS);
        let kept = thinned(year.clone(), now);
        assert_eq!(kept.len(), 364 + 1_439);
        assert_eq!(kept.first(), year.get(1_439), "a day's last one");
        assert_eq!(kept.last(), year.last());
        assert_eq!(thinned(kept.clone(), now), kept, "thinned once is thinned");
        assert_eq!(thinned(Vec::new(), now), []);
    }
}
