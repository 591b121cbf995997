//! Segments on the disk: what a crash, a power cut or a hand leaves of them, and what is read of it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use switchyard_domain::usage::UsageEvent;
use switchyard_journal::{FileJournal, Fsync, OpenError, Options};
use switchyard_ports::journal::{Journal, JournalError, Segment};
use switchyard_testkit::contracts::journal::sample_event;
use tempfile::TempDir;

fn open(dir: &Path) -> FileJournal {
    FileJournal::open(dir, from_disk()).unwrap()
}

/// What is drained is what the disk holds.
fn from_disk() -> Options {
    Options { remembered_bytes: 0, ..Options::default() }
}

async fn append(journal: &FileJournal, number: u128) {
    journal.reserve().unwrap().append(&[sample_event(number)]).await.unwrap();
}

fn events(numbers: impl IntoIterator<Item = u128>) -> Vec<UsageEvent> {
    numbers.into_iter().map(sample_event).collect()
}

fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(ending));
    files.sort();
    files
}

/// A directory with one segment of these records, and where each record begins and ends in it.
async fn segment_of(count: u128) -> (TempDir, PathBuf, Vec<u8>, Vec<usize>) {
    let dir = TempDir::new().unwrap();
    let journal = open(dir.path());
    for number in 0..count {
        append(&journal, number).await;
    }
    drop(journal);
    let file = files(dir.path(), ".seg").remove(0);
    let bytes = fs::read(&file).unwrap();
    let mut bounds = vec![0];
    while *bounds.last().unwrap() < bytes.len() {
        let at = *bounds.last().unwrap();
        bounds.push(at + 8 + u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize);
    }
    assert_eq!(bounds.len() as u128, count + 1);
    (dir, file, bytes, bounds)
}

async fn read_back(dir: &Path) -> Segment {
    open(dir).sealed().await.unwrap().unwrap()
}

#[tokio::test]
async fn what_an_earlier_process_left_is_drained_first_and_in_order() {
    let dir = TempDir::new().unwrap();
    for run in 0..3 {
        let journal = open(dir.path());
        append(&journal, run * 2).await;
        append(&journal, run * 2 + 1).await;
    }
    let journal = open(dir.path());
    append(&journal, 6).await;
    let mut drained = Vec::new();
    while let Some(segment) = journal.sealed().await.unwrap() {
        assert_eq!(segment.damaged, 0);
        drained.extend(segment.events);
        journal.release(&segment.id).await.unwrap();
    }
    assert_eq!(drained, events(0..7));
    assert!(files(dir.path(), ".seg").is_empty());
}

// Members came to the events with time; what waited in a journal meanwhile must not count as damaged.
#[tokio::test]
async fn records_of_an_earlier_version_are_read() {
    let dir = TempDir::new().unwrap();
    let mut old = serde_json::to_value([sample_event(1)]).unwrap();
    for newer in ["service_tier", "user"] {
        old[0].as_object_mut().unwrap().remove(newer).unwrap();
    }
    let payload = serde_json::to_vec(&old).unwrap();
    let length = u32::try_from(payload.len()).unwrap();
    let header = [length.to_le_bytes(), crc32fast::hash(&payload).to_le_bytes()].concat();
    fs::write(dir.path().join("000000000001.seg"), [header, payload].concat()).unwrap();
    let segment = read_back(dir.path()).await;
    let expected = UsageEvent { service_tier: None, user: None, ..sample_event(1) };
    assert_eq!((segment.events, segment.damaged), (vec![expected], 0));
}

#[tokio::test]
async fn the_backlog_counts_what_an_earlier_process_left() {
    let dir = TempDir::new().unwrap();
    for number in 0..3 {
        append(&open(dir.path()), number).await;
    }
    let journal = open(dir.path());
    append(&journal, 3).await;
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while journal.backlog() != 4 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    waited.await.unwrap();
    let segment = journal.sealed().await.unwrap().unwrap();
    journal.release(&segment.id).await.unwrap();
    assert_eq!(journal.backlog(), 3);
}

#[tokio::test]
async fn a_directory_has_one_journal_at_a_time() {
    let dir = TempDir::new().unwrap();
    let first = open(dir.path());
    let second = FileJournal::open(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(&second, OpenError::Locked { .. }), "{second}");
    assert!(second.to_string().contains(dir.path().to_str().unwrap()), "{second}");
    let permit = first.reserve().unwrap();
    drop(first);
    FileJournal::open(dir.path(), Options::default()).unwrap_err();
    drop(permit);
    open(dir.path());
}

#[tokio::test]
async fn a_permit_that_outlives_its_journal_still_writes() {
    for fsync in [Fsync::Always, Fsync::Group(Duration::from_secs(9))] {
        let dir = TempDir::new().unwrap();
        let journal = FileJournal::open(dir.path(), Options { fsync, ..Options::default() }).unwrap();
        append(&journal, 0).await;
        let (mut awaited, mut detached) = (journal.reserve().unwrap(), journal.reserve().unwrap());
        journal.close();
        assert_eq!(journal.reserve().err(), Some(JournalError::Closed));
        assert!(!journal.is_writable());
        awaited.append(&events([1])).await.unwrap();
        detached.append_detached(events([2]));
        drop((awaited, detached, journal));
        assert_eq!(read_back(dir.path()).await.events, events(0..3));
    }
}

#[tokio::test]
async fn only_the_owner_may_read_a_journal() {
    let root = TempDir::new().unwrap();
    let dir = root.path().join("deep/journal");
    let journal = open(&dir);
    append(&journal, 1).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    let files = files(&dir, "");
    assert!(files.len() >= 2 && files.iter().all(|file| mode(file) == 0o600), "{files:?}");
}

#[tokio::test]
async fn a_segment_that_would_grow_too_large_is_closed() {
    let dir = TempDir::new().unwrap();
    let journal = FileJournal::open(dir.path(), Options { segment_bytes: 2_000, ..from_disk() }).unwrap();
    for number in 0..50 {
        append(&journal, number).await;
    }
    let segments = files(dir.path(), ".seg");
    assert!(segments.len() > 5);
    assert!(segments.iter().all(|file| fs::metadata(file).unwrap().len() <= 2_000));
    let mut drained = Vec::new();
    while let Some(segment) = journal.sealed().await.unwrap() {
        drained.extend(segment.events);
        journal.release(&segment.id).await.unwrap();
    }
    assert_eq!(drained, events(0..50));
}

#[tokio::test]
async fn a_backlog_is_drained_in_pieces_of_a_few_megabytes() {
    for options in [from_disk(), Options::default()] {
        let dir = TempDir::new().unwrap();
        let journal = FileJournal::open(dir.path(), options).unwrap();
        let call: Vec<UsageEvent> = events(0..1_000);
        for _ in 0..20 {
            journal.reserve().unwrap().append(&call).await.unwrap();
        }
        let (mut pieces, mut drained) = (0, 0);
        while let Some(segment) = journal.sealed().await.unwrap() {
            assert!(serde_json::to_vec(&segment.events).unwrap().len() <= 8 << 20);
            pieces += 1;
            drained += segment.events.len();
            journal.release(&segment.id).await.unwrap();
        }
        assert!(pieces > 2, "so little is no backlog");
        assert_eq!(drained, 20_000);
    }
}

#[tokio::test]
async fn a_record_larger_than_a_segment_has_one_of_its_own() {
    let dir = TempDir::new().unwrap();
    let journal = FileJournal::open(dir.path(), Options { segment_bytes: 10, ..Options::default() }).unwrap();
    for number in 0..3 {
        append(&journal, number).await;
    }
    assert_eq!(files(dir.path(), ".seg").len(), 3);
}

#[tokio::test]
async fn a_last_record_that_was_cut_at_any_byte_costs_nothing_but_itself() {
    let (dir, file, bytes, bounds) = segment_of(3).await;
    for length in bounds[2]..=bytes.len() {
        fs::write(&file, &bytes[..length]).unwrap();
        let journal = open(dir.path());
        let segment = journal.sealed().await.unwrap().unwrap();
        let is_whole = length == bytes.len();
        assert_eq!(segment.events, events(0..if is_whole { 3 } else { 2 }), "{length}");
        assert_eq!(segment.damaged, usize::from(!is_whole && length > bounds[2]), "{length}");
        journal.release(&segment.id).await.unwrap();
        assert_eq!(journal.sealed().await.unwrap(), None);
        // What a crash leaves is nothing to look at.
        assert!(files(dir.path(), ".damaged").is_empty(), "{length}");
    }
}

#[tokio::test]
async fn a_bit_that_flipped_anywhere_costs_its_record_only_and_is_reported() {
    let (dir, file, bytes, bounds) = segment_of(4).await;
    for at in bounds[1]..bounds[2] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&file, &flipped).unwrap();
        let segment = read_back(dir.path()).await;
        assert_eq!((segment.events, segment.damaged), (events([0, 2, 3]), 1), "{at}");
    }
}

#[tokio::test]
async fn a_damaged_segment_is_put_aside_and_its_number_is_not_used_again() {
    let (dir, file, mut bytes, bounds) = segment_of(4).await;
    bytes[bounds[1] + 30] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let journal = open(dir.path());
    let segment = journal.sealed().await.unwrap().unwrap();
    journal.release(&segment.id).await.unwrap();
    assert_eq!(journal.sealed().await.unwrap(), None);
    drop(journal);
    let aside = files(dir.path(), ".damaged");
    assert_eq!(aside.len(), 1);
    assert_eq!(fs::read(&aside[0]).unwrap(), bytes);
    let journal = open(dir.path());
    append(&journal, 9).await;
    assert_ne!(journal.sealed().await.unwrap().unwrap().id, segment.id);
}

#[tokio::test]
async fn zeros_or_garbage_behind_the_last_record_are_reported_and_put_aside() {
    let garbage: Vec<u8> = (0..100_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for tail in [vec![0; 4096], vec![0xff; 5], b"[]".repeat(50), garbage] {
        let (dir, file, mut bytes, _) = segment_of(2).await;
        bytes.extend_from_slice(&tail);
        fs::write(&file, &bytes).unwrap();
        let segment = read_back(dir.path()).await;
        assert_eq!((segment.events, segment.damaged), (events([0, 1]), 1));
    }
}

#[tokio::test]
async fn a_record_that_is_whole_but_not_understood_is_reported_and_put_aside() {
    let (dir, file, mut bytes, bounds) = segment_of(2).await;
    let foreign = br#"[{"written_by":"a later version"}]"#;
    let mut record = (foreign.len() as u32).to_le_bytes().to_vec();
    record.extend_from_slice(&crc32fast::hash(foreign).to_le_bytes());
    record.extend_from_slice(foreign);
    bytes.splice(bounds[1]..bounds[1], record);
    fs::write(&file, &bytes).unwrap();
    let journal = open(dir.path());
    let segment = journal.sealed().await.unwrap().unwrap();
    assert_eq!((&segment.events, segment.damaged), (&events([0, 1]), 1));
    journal.release(&segment.id).await.unwrap();
    assert_eq!(files(dir.path(), ".damaged").len(), 1);
}

#[tokio::test]
async fn empty_segments_and_foreign_files_are_no_segments_to_drain() {
    let (dir, file, _, _) = segment_of(1).await;
    fs::write(dir.path().join("000000000000.seg"), "").unwrap();
    fs::write(dir.path().join("notes.txt"), "hello").unwrap();
    fs::write(dir.path().join("12.seg"), "hello").unwrap();
    fs::write(dir.path().join("probe.tmp"), "hello").unwrap();
    let journal = open(dir.path());
    let segment = journal.sealed().await.unwrap().unwrap();
    assert_eq!(format!("{}.seg", segment.id), file.file_name().unwrap().to_str().unwrap());
    journal.release(&segment.id).await.unwrap();
    assert_eq!(journal.sealed().await.unwrap(), None);
    assert_eq!(files(dir.path(), "hello").len() + files(dir.path(), ".txt").len(), 1);
}

#[tokio::test]
async fn a_segment_that_cannot_be_read_is_an_error_and_stays() {
    let (dir, file, bytes, _) = segment_of(1).await;
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let journal = open(dir.path());
    let error = journal.sealed().await.unwrap_err();
    assert!(matches!(error, JournalError::Unreadable(_)), "{error}");
    fs::remove_dir(&file).unwrap();
    fs::write(&file, bytes).unwrap();
    assert_eq!(journal.sealed().await.unwrap().unwrap().events, events([0]));
}

/// A record in the form that stands on disks: what an earlier version left there must be read, so this text never changes.
const FORM: &str = "[[\"00000000-0000-0000-0000-000000000001\",\"00000000-0000-0001-0000-000000000000\",2,true,\"req-1\",\
    1795161600000,7,\"openai-chat\",\"fast \\\"é\u{1F600}\\n\",\"fast\",3,\"acme\",\"gpt-4o-mini\",true,true,\"partial\",200,\
    \"idle_timeout\",[18446744073709551615,0,0,0,0,0,17,0,0,0],\"counted\",9223372036854775807,\"2026-11-01\",\
    [[\"output\",17,600000000]],\"logit_bias\",120,4321,\"priority\",9,\"key\",\"/chat/completions\",5,\
    \"cheapest\",[[\"acme/tiny\",\"lacks_tools\"]]]]";

#[tokio::test]
async fn a_record_is_read_in_the_form_that_stands_on_disks_and_with_names() {
    let (_dir, _, bytes, _) = segment_of(2).await;
    let length = FORM.len();
    let second = &bytes[bytes.len() - length..];
    assert_eq!(str::from_utf8(second).unwrap(), FORM, "what is written now is the same");
    let named = serde_json::to_string(&events([2])).unwrap();
    assert!(named.starts_with("[{\"id\":"), "{named}");
    let dir = TempDir::new().unwrap();
    let mut segment = Vec::new();
    // Before the rule was noted, a record ended with the target, before that with the address, before that with the credential, and before
    // the class of service, the user and the credential were, with the time.
    let ruleless = FORM.replace(",\"cheapest\",[[\"acme/tiny\",\"lacks_tools\"]]]]", "]]");
    let targetless = ruleless.replace(",5]]", "]]");
    let addressless = targetless.replace(",\"/chat/completions\"]]", "]]");
    let earlier = addressless.replace(",\"priority\",9,\"key\"]]", "]]");
    for payload in [FORM, &named, &ruleless, &targetless, &addressless, &earlier] {
        segment.extend_from_slice(&u32::try_from(payload.len()).unwrap().to_le_bytes());
        segment.extend_from_slice(&crc32fast::hash(payload.as_bytes()).to_le_bytes());
        segment.extend_from_slice(payload.as_bytes());
    }
    fs::write(dir.path().join("000000000001.seg"), segment).unwrap();
    let read = read_back(dir.path()).await;
    let mut expected = events([1, 2, 1, 1, 1, 1]);
    expected[2..].iter_mut().for_each(|event| (event.rule, event.passed_over) = (None, Vec::new()));
    expected[3..].iter_mut().for_each(|event| event.target = None);
    expected[4..].iter_mut().for_each(|event| event.address = None);
    (expected[5].service_tier, expected[5].user, expected[5].credential) = (None, None, None);
    assert_eq!((read.events, read.damaged), (expected, 0));
}
