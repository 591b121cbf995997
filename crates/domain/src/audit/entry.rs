//! An entry of the log, and how entries are looked for.

use super::{AuditAction, AuditRecord};
use crate::time::Timestamp;

/// An entry in its place. Words stand as they are stored, so that an entry of a newer version, or one that somebody changed, can
/// still be read and judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place: the first entry's is 1, and no place is left out.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What, as [`AuditAction::as_str`].
    pub action: String,
    /// To which object.
    pub object: String,
    /// Whether it was let, as [`super::AuditOutcome::as_str`].
    pub outcome: String,
    /// From which address.
    pub address: Option<String>,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// What else matters, as a JSON object of texts.
    pub details: String,
    /// The id of the key that sealed it.
    pub key_id: String,
    /// The hash of the entry before it.
    pub previous: Vec<u8>,
    /// Its own hash.
    pub hash: Vec<u8>,
}

impl AuditEntry {
    /// A record in its place, not sealed yet.
    pub(super) fn unsealed(record: AuditRecord, sequence: i64, key_id: &str, previous: Vec<u8>) -> Self {
        let details: serde_json::Map<String, serde_json::Value> =
            record.details.into_iter().map(|(name, value)| (name, value.into())).collect();
        Self {
            sequence,
            at: record.at,
            actor: record.actor,
            action: record.action.as_str().to_owned(),
            object: record.object,
            outcome: record.outcome.as_str().to_owned(),
            address: record.address.map(|address| address.to_string()),
            request_id: record.request_id,
            details: serde_json::Value::Object(details).to_string(),
            key_id: key_id.to_owned(),
            previous,
            hash: Vec::new(),
        }
    }

    /// What its hash is over: everything in it, and the id of the key that the entry before it was sealed under. Each part is
    /// preceded by its length, so that no two entries have the same bytes.
    pub(super) fn sealed_bytes(&self, key_before: &str) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        let mut put = |part: Option<&[u8]>| match part {
            Some(part) => {
                bytes.push(1);
                bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
                bytes.extend_from_slice(part);
            }
            None => bytes.push(0),
        };
        put(Some(b"switchyard/audit-entry/v1"));
        put(Some(&self.sequence.to_be_bytes()));
        put(Some(&self.at.0.to_be_bytes()));
        for text in [&self.actor, &self.action, &self.object, &self.outcome, &self.details, &self.key_id] {
            put(Some(text.as_bytes()));
        }
        put(self.address.as_deref().map(str::as_bytes));
        put(self.request_id.as_deref().map(str::as_bytes));
        put(Some(key_before.as_bytes()));
        put(Some(&self.previous));
        bytes
    }
}

/// Which entries are wanted. What is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Who, exactly.
    pub actor: Option<String>,
    /// What.
    pub action: Option<AuditAction>,
    /// To which object, exactly.
    pub object: Option<String>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
}

impl AuditFilter {
    /// Whether an entry is one of those.
    #[must_use]
    pub fn admits(&self, entry: &AuditEntry) -> bool {
        self.actor.as_ref().is_none_or(|actor| *actor == entry.actor)
            && self.action.is_none_or(|action| action.as_str() == entry.action)
            && self.object.as_ref().is_none_or(|object| *object == entry.object)
            && self.from.is_none_or(|from| from <= entry.at)
            && self.to.is_none_or(|to| entry.at < to)
    }
}
