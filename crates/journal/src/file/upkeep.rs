//! The journal's own thread: it syncs, notices deleted files, and brings a failed journal back.

use super::Shared;
use super::options::Fsync;
use super::writer::{Unsynced, Writer};
use crate::record;
use std::io;
use std::sync::PoisonError;
use std::time::Duration;

/// How often an idle journal looks whether its file is still there.
const IDLE: Duration = Duration::from_secs(1);

/// Runs until the journal is closed and everything is synced.
pub(super) fn run(shared: &Shared) {
    loop {
        shared.wait_for_work();
        let is_last = shared.status.is_closed();
        if !shared.status.is_failed() {
            shared.look_after_open();
        }
        shared.sync_unlocked();
        if shared.status.is_failed() {
            shared.try_to_recover();
        }
        shared.count_one();
        if is_last && shared.leave() {
            return;
        }
    }
}

impl Shared {
    fn wait_for_work(&self) {
        let wait = |writer, pause, goes_on: &dyn Fn(&Writer) -> bool| {
            let waited = self
                .work
                .wait_timeout_while(writer, pause, |writer| !self.status.is_closed() && goes_on(writer));
            waited.unwrap_or_else(PoisonError::into_inner).0
        };
        let writer = self.writer();
        if self.status.is_failed() {
            drop(wait(writer, self.options.probe_interval, &|_| true));
            return;
        }
        let is_counting = writer.sealed.values().any(|sealed| sealed.records.is_none());
        let pause = if is_counting { Duration::from_millis(1) } else { IDLE };
        let writer = wait(writer, pause, &|writer| writer.unsynced.is_empty() && !self.status.is_failed());
        if let Fsync::Group(time) = self.options.fsync
            && !writer.unsynced.is_empty()
        {
            drop(wait(writer, time, &|_| !self.status.is_failed()));
        }
    }

    /// Syncs with the lock let go meanwhile, so that nobody who writes waits for the disk.
    fn sync_unlocked(&self) {
        let unsynced = self.writer().take_unsynced();
        if unsynced.is_empty() {
            return;
        }
        let synced = self.sync_all(&unsynced);
        if synced.is_err() {
            // What the system could not write it may have dropped; nothing more is put behind it. A segment that was deleted
            // and can't be written again now stays open, for recovery.
            let _ = self.writer().seal();
        }
        let synced = self.or_fail(synced);
        for waiter in unsynced.waiters {
            // Whoever waited may be gone.
            let _ = waiter.send(synced.clone());
        }
    }

    /// Syncs under the lock, for who writes when the thread has ended.
    pub(super) fn sync(&self, writer: &mut Writer) -> io::Result<()> {
        let unsynced = writer.take_unsynced();
        self.sync_all(&unsynced)
    }

    fn sync_all(&self, unsynced: &Unsynced) -> io::Result<()> {
        for file in &unsynced.files {
            file.sync()?;
        }
        if unsynced.has_new_names { self.store.sync_names() } else { Ok(()) }
    }

    /// Probes the disk without the lock; if it works, writes first what was kept back.
    fn try_to_recover(&self) {
        let result = self.store.probe().and_then(|()| {
            let mut writer = self.writer();
            writer.rescue()?;
            writer.write_kept()?;
            self.status.recover();
            Ok(())
        });
        if let Err(error) = result {
            self.status.fail(&error);
        }
    }

    fn look_after_open(&self) {
        let file = self.writer().open_file();
        if file.is_some_and(|file| file.is_deleted().unwrap_or(true)) {
            let rescued = self.writer().rescue();
            // The failure is noted, and recovery tries again.
            let _ = self.or_fail(rescued);
        }
    }

    /// Counts the records of one segment that an earlier process left, for the backlog.
    fn count_one(&self) {
        let uncounted =
            |(number, sealed): (&u64, &super::writer::Sealed)| sealed.records.is_none().then_some(*number);
        let Some(number) = self.writer().sealed.iter().find_map(uncounted) else { return };
        // One that can't be read counts for nothing here; draining it will say so.
        let records = self.store.read(number).map_or(0, |bytes| record::count(&bytes));
        self.note_records(number, records);
    }

    pub(super) fn note_records(&self, number: u64, records: u64) {
        if let Some(sealed) = self.writer().sealed.get_mut(&number)
            && sealed.records.is_none()
        {
            sealed.records = Some(records);
            self.status.add_backlog(records);
        }
    }

    /// Whether nothing is left to do; from then on whoever still writes syncs by himself.
    fn leave(&self) -> bool {
        let mut writer = self.writer();
        if !writer.unsynced.is_empty() {
            return false;
        }
        writer.is_alone = true;
        if writer.kept() > 0 {
            self.finish(&mut writer);
        }
        true
    }
}
