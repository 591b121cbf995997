//! Both journals keep the journal's contract.

use std::sync::Arc;
use switchyard_ports::journal::Journal;

mod in_memory {
    use super::{Arc, Journal};
    use switchyard_journal::MemoryJournal;

    fn open() -> ((), Arc<dyn Journal>) {
        ((), Arc::new(MemoryJournal::default()))
    }

    switchyard_testkit::journal_contract!(open);
}

mod in_files {
    use super::{Arc, Journal};
    use switchyard_journal::{FileJournal, Options};
    use tempfile::TempDir;

    #[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    fn open() -> (TempDir, Arc<dyn Journal>) {
        let dir = TempDir::new().unwrap();
        let journal = FileJournal::open(dir.path(), Options::default()).unwrap();
        (dir, Arc::new(journal))
    }

    switchyard_testkit::journal_contract!(open);
}

mod in_files_read_back {
    use super::{Arc, Journal};
    use switchyard_journal::{FileJournal, Options};
    use tempfile::TempDir;

    #[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    fn open() -> (TempDir, Arc<dyn Journal>) {
        let dir = TempDir::new().unwrap();
        let options = Options { remembered_bytes: 0, ..Options::default() };
        let journal = FileJournal::open(dir.path(), options).unwrap();
        (dir, Arc::new(journal))
    }

    switchyard_testkit::journal_contract!(open);
}

mod in_files_synced_at_once {
    use super::{Arc, Journal};
    use switchyard_journal::{FileJournal, Fsync, Options};
    use tempfile::TempDir;

    #[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    fn open() -> (TempDir, Arc<dyn Journal>) {
        let dir = TempDir::new().unwrap();
        // Small segments too, so that the cases meet rotation.
        let options = Options { fsync: Fsync::Always, segment_bytes: 20_000, ..Options::default() };
        let journal = FileJournal::open(dir.path(), options).unwrap();
        (dir, Arc::new(journal))
    }

    switchyard_testkit::journal_contract!(open);
}
