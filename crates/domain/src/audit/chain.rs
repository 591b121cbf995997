//! How an entry joins the chain, and what stands at its end.

use super::{AuditEntry, AuditRecord};

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

/// Puts a record behind the end of the log: the entry, and the new end. `seal` hashes under the key `key_id`.
pub fn append(
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
