//! Changes of what is stored, one after the other.

use tokio::sync::{Mutex, MutexGuard};

/// Changes that name no version wait here for each other: each is made over what the one before it left, so that none is refused because
/// many came at once. Those of other processes are met by trying again.
#[derive(Debug, Default)]
pub(super) struct InTurn(Mutex<()>);

impl InTurn {
    /// Waits for its turn, which lasts until the answer is dropped. Whoever names a version wants that one or none, and waits for nobody.
    pub(super) async fn wait(&self, expected_version: Option<i64>) -> Option<MutexGuard<'_, ()>> {
        match expected_version {
            None => Some(self.0.lock().await),
            Some(_) => None,
        }
    }
}
