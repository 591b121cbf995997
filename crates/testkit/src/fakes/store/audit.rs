//! The audit log.

use super::{MemoryStore, State};
use crate::fakes::audit_seal::PlainSeal;
use async_trait::async_trait;
use switchyard_domain::audit::{
    self, AuditCheck, AuditEntry, AuditFilter, AuditHead, AuditRecord, ChainWalk,
};
use switchyard_domain::time::Timestamp;
use switchyard_ports::audit_seal::AuditSeal;
use switchyard_ports::repositories::{AuditLog, RepositoryError};

impl State {
    pub(super) fn append(&mut self, record: AuditRecord) -> Result<(), RepositoryError> {
        let seal = PlainSeal::default();
        let (entry, end) = audit::append(&self.end(), record, seal.key_id(), |message| seal.seal(message))
            .map_err(|unsound| RepositoryError::Corrupt(unsound.to_string()))?;
        self.audit.push(entry);
        self.audit_head = Some(end);
        Ok(())
    }

    fn end(&self) -> AuditHead {
        self.audit_head.clone().unwrap_or(AuditHead::EMPTY)
    }
}

impl MemoryStore {
    /// Changes the audit log behind everybody's back.
    pub fn tamper_with_audit(&self, tamper: impl FnOnce(&mut Vec<AuditEntry>, &mut Option<AuditHead>)) {
        let mut state = self.state();
        let state = &mut *state;
        tamper(&mut state.audit, &mut state.audit_head);
    }

    /// All entries of the audit log, the oldest first.
    #[must_use]
    pub fn audit_entries(&self) -> Vec<AuditEntry> {
        self.state().audit.clone()
    }
}

#[async_trait]
impl AuditLog for MemoryStore {
    async fn record(&self, record: AuditRecord) -> Result<(), RepositoryError> {
        self.write(|state| state.append(record))
    }

    async fn take_over(&self, at: Timestamp) -> Result<Option<AuditHead>, RepositoryError> {
        self.write(|state| {
            let (seal, before) = (PlainSeal::default(), state.end());
            let joint = audit::join(&before, at, seal.key_id(), |message| seal.seal(message));
            Ok(joint.map(|(entry, end)| {
                state.audit.push(entry);
                state.audit_head = Some(end);
                before
            }))
        })
    }

    async fn page(
        &self,
        filter: AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, RepositoryError> {
        self.read(|state| {
            let earlier = state.audit.iter().rev();
            let earlier = earlier.filter(|entry| before.is_none_or(|before| entry.sequence < before));
            earlier.filter(|entry| filter.admits(entry)).take(limit as usize).cloned().collect()
        })
    }

    async fn head(&self) -> Result<AuditHead, RepositoryError> {
        self.read(State::end)
    }

    async fn hashes_at(&self, places: &[i64]) -> Result<Vec<Option<Vec<u8>>>, RepositoryError> {
        self.read(|state| {
            let at = |place: &i64| state.audit.iter().find(|entry| entry.sequence == *place);
            places.iter().map(|place| at(place).map(|entry| entry.hash.clone())).collect()
        })
    }

    async fn verify(&self) -> Result<AuditCheck, RepositoryError> {
        let seal = PlainSeal::default();
        let sealing = |key_id: &str, message: &[u8]| seal.seal_under(key_id, message);
        self.read(|state| {
            let mut walk = ChainWalk::default();
            state.audit.iter().for_each(|entry| walk.step(entry, &sealing));
            walk.finish(&state.end(), &sealing)
        })
    }
}
