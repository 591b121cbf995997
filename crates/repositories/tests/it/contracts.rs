//! The ports' contract suites, on every database.

use crate::databases::{self, Opened};
use std::sync::Arc;
use switchyard_ports::repositories::DatabaseState as _;
use switchyard_testkit::contracts::repositories::{
    absurd_usage_contract, audit_contract, configuration_contract, credential_contract, keyring_contract,
    provider_health_contract, quota_contract, session_contract, usage_contract, user_contract,
    virtual_key_contract,
};

async fn every_suite(opened: &Opened) {
    let database = &opened.database;
    configuration_contract(database, databases::KEPT_CHANGES).await;
    provider_health_contract(database, database, database).await;
    virtual_key_contract(database, database, database, database).await;
    keyring_contract(database, database, database).await;
    credential_contract(database, database).await;
    audit_contract(database, database, database).await;
    usage_contract(database, database).await;
    quota_contract(database, database, database).await;
    user_contract(database, database, database).await;
    session_contract(Arc::new(database.clone())).await;
    assert!(database.is_connected());
}

#[tokio::test]
async fn sqlite_in_memory_keeps_the_contracts() {
    every_suite(&databases::memory().await).await;
    absurd_usage_contract(&databases::memory().await.database).await;
}

#[tokio::test]
async fn sqlite_in_a_file_keeps_the_contracts() {
    every_suite(&databases::file().await).await;
    absurd_usage_contract(&databases::file().await.database).await;
}

#[tokio::test]
async fn postgres_keeps_the_contracts() {
    let Some(opened) = databases::postgres().await else { return };
    every_suite(&opened).await;
    absurd_usage_contract(&databases::postgres().await.unwrap().database).await;
}
