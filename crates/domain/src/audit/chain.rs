//! How an entry joins the chain, and what stands at its end.

use super::{AuditAction, AuditEntry, AuditOutcome, AuditRecord};
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// The end of the log: its last entry, sealed apart, so that the log can't be cut shorter unseen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The place of the last entry; 0 where there is none.
    pub sequence: i64,
    /// The last entry's hash.
    pub hash: Vec<u8>,
    /// The key that the last entry was sealed under.
    pub key_id: String,
    /// The seal over all that.
    pub seal: Vec<u8>,
}

impl AuditHead {
    /// The end of a log without entries.
    pub const EMPTY: Self = Self { sequence: 0, hash: Vec::new(), key_id: String::new(), seal: Vec::new() };

    /// What stands against continuing the log behind this end under the key `key_id`, under which `seal` hashes. An end that was
    /// not checked must not be continued: the entries behind it would vouch for whatever somebody wrote before them.
    ///
    /// # Errors
    /// [`UnsoundEnd`].
    pub fn check(&self, key_id: &str, seal: impl Fn(&[u8]) -> [u8; 32]) -> Result<(), UnsoundEnd> {
        if *self == Self::EMPTY {
            Ok(())
        } else if self.key_id != key_id {
            Err(UnsoundEnd::OtherKey(self.key_id.clone()))
        } else if seal(&self.sealed_bytes())[..] == self.seal {
            Ok(())
        } else {
            Err(UnsoundEnd::Changed)
        }
    }

    /// What its seal is over.
    pub(super) fn sealed_bytes(&self) -> Vec<u8> {
        end_bytes(b"switchyard/audit-head/v1", self.sequence, &self.hash, &self.key_id)
    }
}

/// The bytes that tell an end of the log; `what` keeps seals of different things apart.
pub(super) fn end_bytes(what: &[u8], sequence: i64, hash: &[u8], key_id: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    for part in [what, &sequence.to_be_bytes(), hash, key_id.as_bytes()] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// Why a log can't be continued behind its recorded end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsoundEnd {
    /// It is not what was written.
    #[error(
        "the record of the audit log's end was changed by somebody, so that nothing can be added: `switchyard audit verify` tells \
         more; put the database back to a state from before"
    )]
    Changed,
    /// It is sealed under another key. A log goes on under another key by a [`join`] alone, which a start writes.
    #[error(
        "the audit log's end is sealed under key {0}, which this process does not seal under: either it was changed by somebody \
         (`switchyard audit verify`), or another process began with another SECRET_KEY: give all the same one and start again"
    )]
    OtherKey(String),
}

/// Puts a record behind the end of the log: the entry, and the new end. `seal` hashes under the key `key_id`.
///
/// # Errors
/// [`UnsoundEnd`] where the end is not what was written, or stands under another key.
pub fn append(
    head: &AuditHead,
    record: AuditRecord,
    key_id: &str,
    seal: impl Fn(&[u8]) -> [u8; 32],
) -> Result<(AuditEntry, AuditHead), UnsoundEnd> {
    head.check(key_id, &seal)?;
    Ok(put_behind(head, record, key_id, seal))
}

/// Lets a log whose end is under another key go on under the key `key_id`: an entry that says over which end it does, and the new
/// end. `None` where there is no other key: the log has no entries, or ends under this one.
///
/// The older key is not needed. Whoever has it can see by the entry whether that end was what was written.
pub fn join(
    head: &AuditHead,
    at: Timestamp,
    key_id: &str,
    seal: impl Fn(&[u8]) -> [u8; 32],
) -> Option<(AuditEntry, AuditHead)> {
    if *head == AuditHead::EMPTY || head.key_id == key_id {
        return None;
    }
    let record = AuditRecord {
        at,
        actor: "system".to_owned(),
        action: AuditAction::Continue,
        object: "audit_log".to_owned(),
        outcome: AuditOutcome::Done,
        address: None,
        request_id: None,
        details: told_end(head, &head.seal),
    };
    Some(put_behind(head, record, key_id, seal))
}

/// An end as the entry tells it that joins a log of another key to it.
pub(super) fn told_end(head: &AuditHead, seal: &[u8]) -> BTreeMap<String, String> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let told = [
        ("entry", head.sequence.to_string()),
        ("hash", hex(&head.hash)),
        ("key", head.key_id.clone()),
        ("seal", hex(seal)),
    ];
    told.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

fn put_behind(
    head: &AuditHead,
    record: AuditRecord,
    key_id: &str,
    seal: impl Fn(&[u8]) -> [u8; 32],
) -> (AuditEntry, AuditHead) {
    let sequence = head.sequence.saturating_add(1);
    let mut entry = AuditEntry::unsealed(record, sequence, key_id, head.hash.clone());
    entry.hash = seal(&entry.sealed_bytes(&head.key_id)).to_vec();
    let mut end =
        AuditHead { sequence, hash: entry.hash.clone(), key_id: key_id.to_owned(), seal: Vec::new() };
    end.seal = seal(&end.sealed_bytes()).to_vec();
    (entry, end)
}
