//! Disks that are full, read-only or torn away: nothing goes unrecorded, and the journal comes back without a restart.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod disk;

use disk::{Faults, FaultyDisk};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use switchyard_domain::usage::UsageEvent;
use switchyard_journal::{FileJournal, Fsync, Options};
use switchyard_ports::journal::{Journal, JournalError};
use switchyard_testkit::contracts::journal::sample_event;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// Longer than a test waits: what it needs synced it syncs by another policy.
const SELDOM: Fsync = Fsync::Group(Duration::from_secs(60));

/// A failed journal tries again soon.
/// What is drained is what the disk holds.
fn quick() -> Options {
    Options { probe_interval: Duration::from_millis(20), remembered_bytes: 0, ..Options::default() }
}

struct Scene {
    dir: TempDir,
    faults: Arc<Faults>,
    journal: Arc<FileJournal>,
}

impl Scene {
    fn with(options: Options) -> Self {
        let dir = TempDir::new().unwrap();
        let disk = FaultyDisk::default();
        let faults = Arc::clone(&disk.faults);
        let journal =
            Arc::new(FileJournal::open_on(Arc::new(disk), &dir.path().join("journal"), options).unwrap());
        Self { dir, faults, journal }
    }

    fn new() -> Self {
        Self::with(quick())
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("journal")
    }

    fn segments(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut segments: Vec<_> =
            entries.filter(|path| path.extension().is_some_and(|end| end == "seg")).collect();
        segments.sort();
        segments
    }

    async fn append(&self, number: u128) -> Result<(), JournalError> {
        self.journal.reserve()?.append(&events([number])).await
    }

    async fn until(&self, what: impl Fn(&FileJournal) -> bool) {
        let waited = tokio::time::timeout(Duration::from_secs(10), async {
            while !what(&self.journal) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        waited.await.unwrap();
    }

    async fn drain(&self) -> Vec<UsageEvent> {
        let mut drained = Vec::new();
        while let Some(segment) = self.journal.sealed().await.unwrap() {
            assert_eq!(segment.damaged, 0);
            drained.extend(segment.events);
            self.journal.release(&segment.id).await.unwrap();
        }
        drained
    }
}

fn events(numbers: impl IntoIterator<Item = u128>) -> Vec<UsageEvent> {
    numbers.into_iter().map(sample_event).collect()
}

fn is_unwritable(result: &Result<(), JournalError>) -> bool {
    matches!(result, Err(JournalError::Unwritable(_)))
}

#[tokio::test]
async fn a_full_disk_refuses_calls_and_is_left_without_a_restart() {
    for fits in [0, 1, 7, 8, 9, 300] {
        let scene = Scene::new();
        scene.append(0).await.unwrap();
        scene.faults.set_room(Some(fits));
        let mut admitted = scene.journal.reserve().unwrap();
        assert!(is_unwritable(&scene.append(1).await));
        assert!(!scene.journal.is_writable());
        assert!(is_unwritable(&scene.journal.reserve().map(drop)));
        assert!(is_unwritable(&admitted.append(&events([2])).await), "admitted before, and told as well");
        assert_eq!(scene.drain().await, events([0]), "what was written before can be drained meanwhile");
        scene.faults.set_room(None);
        scene.until(|journal| journal.is_writable()).await;
        scene.append(3).await.unwrap();
        admitted.append(&events([4])).await.unwrap();
        assert_eq!(scene.drain().await, events([3, 4]));
    }
}

#[tokio::test]
async fn a_part_of_a_record_hides_nothing_behind_it_even_if_it_can_not_be_cut_off() {
    for truncate_fails in [false, true] {
        let scene = Scene::new();
        scene.append(0).await.unwrap();
        scene.faults.set(&scene.faults.truncate, truncate_fails);
        scene.faults.set_room(Some(100));
        assert!(is_unwritable(&scene.append(1).await));
        scene.faults.set_room(None);
        scene.until(|journal| journal.is_writable()).await;
        scene.append(2).await.unwrap();
        assert_eq!(scene.segments().len(), 1 + usize::from(truncate_fails));
        assert_eq!(scene.drain().await, events([0, 2]));
    }
}

#[tokio::test]
async fn a_part_of_a_record_that_an_earlier_process_left_is_reported() {
    let scene = Scene::new();
    scene.append(0).await.unwrap();
    scene.faults.set(&scene.faults.truncate, true);
    scene.faults.set_room(Some(100));
    assert!(is_unwritable(&scene.append(1).await));
    let dir = scene.path();
    drop(scene.journal);
    let journal = FileJournal::open(&dir, Options::default()).unwrap();
    let segment = journal.sealed().await.unwrap().unwrap();
    assert_eq!((segment.events, segment.damaged), (events([0]), 1));
}

#[tokio::test]
async fn while_the_disk_stays_full_the_journal_stays_refused() {
    let scene = Scene::new();
    scene.append(0).await.unwrap();
    scene.faults.set_room(Some(0));
    assert!(is_unwritable(&scene.append(1).await));
    // Room for a record, but not for a probe: it would be full again at once.
    scene.faults.set_room(Some(2_000));
    let before = scene.faults.writes.load(Ordering::SeqCst);
    scene.until(|_| scene.faults.writes.load(Ordering::SeqCst) >= before + 3).await;
    assert!(!scene.journal.is_writable());
}

#[tokio::test]
async fn what_nobody_waits_for_is_kept_and_written_in_order_when_the_disk_works_again() {
    let scene = Scene::new();
    let mut permits: Vec<_> = (0..4).map(|_| scene.journal.reserve().unwrap()).collect();
    scene.faults.set_room(Some(50));
    for (number, permit) in permits.iter_mut().enumerate() {
        permit.append_detached(events([number as u128]));
    }
    drop(permits);
    assert!(!scene.journal.is_writable());
    assert_eq!(scene.journal.backlog(), 4);
    // Room for the probe and one record and a half: recovery fails once more on the way.
    scene.faults.set_room(Some((64 << 10) + 1_200));
    scene.until(|_| !scene.segments().is_empty() && scene.faults.room() < Some(400)).await;
    assert!(!scene.journal.is_writable());
    scene.faults.set_room(None);
    scene.until(|journal| journal.is_writable()).await;
    scene.append(4).await.unwrap();
    assert_eq!(scene.drain().await, events(0..5));
    assert_eq!(scene.journal.backlog(), 0);
}

#[tokio::test]
async fn an_append_that_failed_can_still_be_handed_over() {
    let scene = Scene::new();
    let mut permit = scene.journal.reserve().unwrap();
    scene.faults.set_room(Some(50));
    assert!(is_unwritable(&permit.append(&events([1])).await));
    permit.append_detached(events([1]));
    drop(permit);
    scene.faults.set_room(None);
    scene.until(|journal| journal.is_writable()).await;
    assert_eq!(scene.drain().await, events([1]));
}

#[tokio::test]
async fn what_is_kept_back_is_bounded_and_survives_closing_if_the_disk_works_by_then() {
    let scene = Scene::with(Options { permits: 3, probe_interval: Duration::from_secs(60), ..quick() });
    let mut permits: Vec<_> = (0..3).map(|_| scene.journal.reserve().unwrap()).collect();
    assert_eq!(scene.journal.reserve().err(), Some(JournalError::Full(3)));
    scene.faults.set_room(Some(50));
    for (number, permit) in permits.iter_mut().enumerate() {
        permit.append_detached(events([number as u128]));
        // There is room again, but what came first goes first.
        scene.faults.set_room(None);
    }
    drop(permits);
    assert!(!scene.journal.is_writable());
    let dir = scene.path();
    drop(scene.journal);
    let journal = FileJournal::open(&dir, Options::default()).unwrap();
    let segment = journal.sealed().await.unwrap().unwrap();
    assert_eq!((segment.events, segment.damaged), (events(0..3), 0));
}

#[tokio::test]
async fn closing_over_a_full_disk_ends() {
    let scene = Scene::new();
    let mut permit = scene.journal.reserve().unwrap();
    scene.faults.set_room(Some(50));
    permit.append_detached(events([1]));
    drop(permit);
    scene.journal.close();
    assert_eq!(scene.journal.reserve().err(), Some(JournalError::Closed));
}

#[tokio::test]
async fn a_disk_that_makes_no_files_is_waited_for() {
    let scene = Scene::new();
    scene.faults.set(&scene.faults.create, true);
    assert!(is_unwritable(&scene.append(1).await));
    scene.faults.set(&scene.faults.create, false);
    scene.until(|journal| journal.is_writable()).await;
    scene.append(2).await.unwrap();
    assert_eq!(scene.drain().await, events([2]));
}

#[tokio::test]
async fn a_sync_that_fails_is_told_to_who_waits_for_it_and_ends_the_segment() {
    let scene = Scene::with(Options { fsync: Fsync::Always, ..quick() });
    scene.append(0).await.unwrap();
    scene.faults.set(&scene.faults.sync, true);
    assert!(is_unwritable(&scene.append(1).await));
    assert!(is_unwritable(&scene.append(2).await));
    scene.faults.set(&scene.faults.sync, false);
    scene.until(|journal| journal.is_writable()).await;
    scene.append(3).await.unwrap();
    assert_eq!(scene.segments().len(), 2);
    // The second was written and only not synced: recorded though refused, which the events' ids make harmless.
    assert_eq!(scene.drain().await, events([0, 1, 3]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn records_that_wait_at_the_same_time_share_a_sync() {
    let scene = Scene::with(Options { fsync: Fsync::Always, ..quick() });
    scene.faults.sync_millis.store(5, Ordering::SeqCst);
    let mut writers = JoinSet::new();
    for writer in 0..32 {
        let journal = Arc::clone(&scene.journal);
        writers.spawn(async move {
            for call in 0..10 {
                journal.reserve().unwrap().append(&events([writer * 10 + call])).await.unwrap();
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }
    let syncs = scene.faults.syncs.load(Ordering::SeqCst);
    assert!((10..160).contains(&syncs), "320 records took {syncs} syncs");
    assert_eq!(scene.drain().await.len(), 320);
}

#[tokio::test]
async fn the_names_of_new_directories_are_synced_and_known_ones_are_left_alone() {
    let root = TempDir::new().unwrap();
    let dir = root.path().join("deep/journal");
    for made in [vec![root.path().join("deep"), root.path().to_owned()], vec![]] {
        let disk = FaultyDisk::default();
        let faults = Arc::clone(&disk.faults);
        drop(FileJournal::open_on(Arc::new(disk), &dir, Options::default()).unwrap());
        assert_eq!(*faults.synced_dirs.lock().unwrap(), made);
    }
}

#[tokio::test]
async fn an_append_is_answered_before_its_group_is_synced() {
    let scene = Scene::with(Options { fsync: SELDOM, ..quick() });
    scene.append(0).await.unwrap();
    assert_eq!(scene.faults.syncs.load(Ordering::SeqCst), 0);
    scene.journal.close();
    assert_eq!(scene.faults.syncs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn recovery_does_not_wait_for_a_long_group() {
    let scene = Scene::with(Options { fsync: SELDOM, ..quick() });
    scene.append(0).await.unwrap();
    scene.faults.set_room(Some(10));
    assert!(is_unwritable(&scene.append(1).await));
    scene.faults.set_room(None);
    scene.until(|journal| journal.is_writable()).await;
    assert_eq!(scene.drain().await, events([0]));
}

#[tokio::test]
async fn a_group_is_synced_by_itself_once() {
    let scene = Scene::with(Options { fsync: Fsync::Group(Duration::from_millis(10)), ..quick() });
    for number in 0..20 {
        scene.append(number).await.unwrap();
    }
    scene.until(|_| scene.faults.syncs.load(Ordering::SeqCst) > 0).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(scene.faults.syncs.load(Ordering::SeqCst) < 10);
}

#[tokio::test]
async fn a_deleted_segment_is_written_again_before_anyone_notices() {
    let scene = Scene::with(Options { fsync: SELDOM, ..quick() });
    scene.append(0).await.unwrap();
    fs::remove_file(&scene.segments()[0]).unwrap();
    scene.append(1).await.unwrap();
    assert_eq!(scene.drain().await, events([0, 1]));
}

#[tokio::test]
async fn a_deleted_directory_is_made_again() {
    let scene = Scene::with(Options { fsync: Fsync::Group(Duration::from_millis(5)), ..quick() });
    scene.append(0).await.unwrap();
    fs::remove_dir_all(scene.path()).unwrap();
    scene.append(1).await.unwrap();
    scene
        .until(|journal| journal.is_writable() && scene.path().exists() && !scene.segments().is_empty())
        .await;
    let copy = scene.dir.path().join("copy");
    copy_segments(&scene.path(), &copy);
    let journal = FileJournal::open(&copy, Options::default()).unwrap();
    assert_eq!(
        journal.sealed().await.unwrap().unwrap().events,
        events([0, 1]),
        "on the disk, not only in our hands"
    );
}

fn copy_segments(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "seg") {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

#[tokio::test]
async fn a_deleted_segment_on_a_full_disk_is_written_again_when_there_is_room() {
    let scene = Scene::with(Options { fsync: Fsync::Group(Duration::from_millis(5)), ..quick() });
    scene.append(0).await.unwrap();
    scene.faults.set_room(Some(10));
    fs::remove_file(&scene.segments()[0]).unwrap();
    scene.until(|journal| !journal.is_writable()).await;
    scene.faults.set_room(None);
    scene.until(|journal| journal.is_writable()).await;
    scene.append(1).await.unwrap();
    assert_eq!(scene.drain().await, events([0, 1]));
}

#[tokio::test]
async fn a_closed_segment_that_somebody_deleted_is_drained_all_the_same_while_it_is_remembered() {
    let scene = Scene::with(Options { segment_bytes: 900, remembered_bytes: 1 << 20, ..quick() });
    for number in 0..6 {
        scene.append(number).await.unwrap();
    }
    fs::remove_file(&scene.segments()[0]).unwrap();
    assert_eq!(scene.drain().await, events(0..6));
    assert_eq!(scene.journal.backlog(), 0);
}

#[tokio::test]
async fn a_closed_segment_that_somebody_deleted_is_reported_and_does_not_stop_the_rest() {
    let scene = Scene::with(Options { segment_bytes: 900, ..quick() });
    for number in 0..6 {
        scene.append(number).await.unwrap();
    }
    let first = scene.segments().remove(0);
    let records = fs::metadata(&first).unwrap().len() / (fs::metadata(&first).unwrap().len() / 2).max(1);
    fs::remove_file(&first).unwrap();
    let segment = scene.journal.sealed().await.unwrap().unwrap();
    assert_eq!((segment.events.len(), segment.damaged as u64), (0, records));
    scene.journal.release(&segment.id).await.unwrap();
    assert_eq!(scene.drain().await, events(u128::from(records)..6));
    assert_eq!(scene.journal.backlog(), 0);
}

#[tokio::test]
async fn a_segment_that_can_not_be_removed_is_drained_again() {
    let scene = Scene::new();
    scene.append(0).await.unwrap();
    let segment = scene.journal.sealed().await.unwrap().unwrap();
    scene.faults.set(&scene.faults.remove, true);
    scene.journal.release(&segment.id).await.unwrap_err();
    assert_eq!(scene.journal.sealed().await.unwrap(), Some(segment));
    scene.faults.set(&scene.faults.remove, false);
    assert_eq!(scene.drain().await, events([0]));
}
