//! What the memory journal does beyond the contract.

use switchyard_journal::MemoryJournal;
use switchyard_ports::journal::{Journal, JournalError};
use switchyard_testkit::contracts::journal::sample_event;

#[tokio::test]
async fn calls_are_refused_rather_than_forgotten_when_nobody_drains() {
    let journal = MemoryJournal::with_capacity(3);
    for number in 0..2 {
        journal.reserve().unwrap().append(&[sample_event(number)]).await.unwrap();
    }
    let reserved = journal.reserve().unwrap();
    assert_eq!(journal.reserve().err(), Some(JournalError::Full(3)));
    drop(reserved);
    journal.reserve().unwrap().append_detached(vec![sample_event(2)]);
    assert_eq!(journal.reserve().err(), Some(JournalError::Full(3)));
    let segment = journal.sealed().await.unwrap().unwrap();
    assert_eq!(segment.events.len(), 3);
    journal.release(&segment.id).await.unwrap();
    assert!(journal.reserve().is_ok());
}
