//! Checkpoints in memory.

use std::io;
use std::sync::{Mutex, PoisonError};
use switchyard_domain::audit::Checkpoint;
use switchyard_ports::audit_seal::{CheckpointStore, Thinning};

/// Checkpoints in memory. A test may change them.
#[derive(Debug, Default)]
pub struct CheckpointList(pub Mutex<Vec<Checkpoint>>);

impl CheckpointStore for CheckpointList {
    fn add(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(checkpoint.clone());
        Ok(())
    }

    fn all(&self) -> io::Result<Vec<Checkpoint>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn thin(&self, thinning: Thinning<'_>) -> io::Result<()> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = thinning(std::mem::take(&mut *kept));
        Ok(())
    }
}
