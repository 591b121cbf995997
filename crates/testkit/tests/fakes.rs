//! The fakes keep the contracts of their ports, or tests that stand on them would show nothing.

use std::sync::Arc;
use switchyard_ports::idempotency::IdempotencyStore;
use switchyard_ports::journal::Journal;
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::contracts::repositories::{
    audit_contract, configuration_contract, credential_contract, keyring_contract, quota_contract,
    session_contract, usage_contract, user_contract, virtual_key_contract,
};
use switchyard_testkit::fakes::backup_file::MemoryBackupFile;
use switchyard_testkit::fakes::idempotency::NameBook;
use switchyard_testkit::fakes::journal::ScriptedJournal;
use switchyard_testkit::fakes::store::MemoryStore;

fn journal() -> ((), Arc<dyn Journal>) {
    ((), Arc::new(ScriptedJournal::default()))
}

switchyard_testkit::journal_contract!(journal);

const KEPT: usize = 40;

#[tokio::test]
async fn the_store_keeps_configuration_as_a_database_does() {
    configuration_contract(&MemoryStore::keeping(KEPT), KEPT as i64).await;
}

#[tokio::test]
async fn the_store_keeps_keys_as_a_database_does() {
    let store = MemoryStore::default();
    virtual_key_contract(&store, &store, &store, &store).await;
    keyring_contract(&store, &store, &store).await;
    credential_contract(&store, &store).await;
}

#[test]
fn a_backup_in_memory_is_kept_as_one_in_a_file_is() {
    switchyard_testkit::contracts::backup_file::contract(|| ((), MemoryBackupFile::default()));
}

#[tokio::test]
async fn the_store_keeps_people_as_a_database_does() {
    let store = Arc::new(MemoryStore::default());
    user_contract(store.as_ref(), store.as_ref(), store.as_ref()).await;
    session_contract(store).await;
}

#[tokio::test]
async fn the_store_keeps_usage_as_a_database_does() {
    let store = MemoryStore::default();
    usage_contract(&store, &store).await;
    quota_contract(&store, &store, &store).await;
}

#[tokio::test]
async fn the_store_keeps_the_audit_log_as_a_database_does() {
    let store = MemoryStore::default();
    audit_contract(&store, &store, &store).await;
}

fn names() -> (Arc<dyn IdempotencyStore>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    (Arc::new(NameBook::new(Arc::clone(&clock) as _)), clock)
}

mod idempotency {
    use super::names;

    switchyard_testkit::idempotency_contract!(names);
}
