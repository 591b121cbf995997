//! The file of the backup.

#![expect(clippy::unwrap_used, reason = "test code may panic")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use switchyard_ports::backup_file::{BackupFile, MOST_BACKUP_BYTES};
use switchyard_security::backup_file::PlainBackupFile;
use switchyard_testkit::contracts::backup_file::contract;

fn fresh() -> (tempfile::TempDir, PlainBackupFile) {
    let dir = tempfile::tempdir().unwrap();
    let file = PlainBackupFile::new(dir.path().join("deep").join("backup.json"));
    (dir, file)
}

#[test]
fn a_backup_in_a_file_keeps_the_contract() {
    contract(fresh);
}

#[test]
fn only_its_owner_can_read_it_and_nothing_is_left_beside_it() {
    let (dir, file) = fresh();
    file.write("one").unwrap();
    file.write("two").unwrap();
    let path = dir.path().join("deep/backup.json");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn what_is_no_plain_file_is_neither_read_nor_replaced() {
    let (dir, _) = fresh();
    let target = dir.path().join("target");
    fs::write(&target, "theirs").unwrap();
    symlink(&target, dir.path().join("link")).unwrap();
    fs::create_dir(dir.path().join("directory")).unwrap();
    for name in ["link", "directory"] {
        let file = PlainBackupFile::new(dir.path().join(name));
        assert!(file.write("ours").is_err() && file.read().is_err() && file.set_aside().is_err(), "{name}");
    }
    assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
    assert!(dir.path().join("link").symlink_metadata().unwrap().is_symlink());
}

#[test]
fn what_is_longer_than_any_backup_is_not_read_to_its_end() {
    let (dir, file) = fresh();
    file.write("small").unwrap();
    let path = dir.path().join("deep/backup.json");
    fs::File::options().write(true).open(&path).unwrap().set_len(1 << 30).unwrap();
    assert!(file.read().unwrap_err().to_string().contains(&MOST_BACKUP_BYTES.to_string()));
}

#[test]
fn a_write_that_fails_leaves_the_file_of_before() {
    let (dir, file) = fresh();
    file.write("before").unwrap();
    let blocked = dir.path().join("deep").join(format!("backup.json.{}.tmp", std::process::id()));
    fs::create_dir(&blocked).unwrap();
    assert!(file.write("after").is_err());
    assert_eq!(file.read().unwrap().as_deref(), Some("before"));
}

/// The names of what stands beside the backup.
fn beside(dir: &tempfile::TempDir) -> Vec<String> {
    let entries = fs::read_dir(dir.path().join("deep")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != "backup.json");
    names.sort();
    names
}

#[test]
fn what_dead_writers_left_behind_is_swept_by_the_next_write_and_nothing_else_is() {
    let (dir, file) = fresh();
    file.write("before").unwrap();
    let own = format!("backup.json.{}.tmp", std::process::id());
    let others = [
        "backup.json.x.tmp",
        "backup.json.1.kept",
        "backup.json..tmp",
        "backup.json.tmp",
        "other.json.7.tmp",
    ];
    for name in ["backup.json.4194305.tmp", "backup.json.7.2.tmp", own.as_str()].iter().chain(&others) {
        fs::write(dir.path().join("deep").join(name), "half of a ba").unwrap();
    }
    symlink(dir.path().join("deep/other.json.7.tmp"), dir.path().join("deep/backup.json.8.tmp")).unwrap();
    file.write("after").unwrap();
    let mut left: Vec<&str> = others.to_vec();
    left.push("backup.json.8.tmp");
    left.sort_unstable();
    assert_eq!(beside(&dir), left);
    assert_eq!(file.read().unwrap().as_deref(), Some("after"));
}

#[test]
fn a_live_writers_file_stays_even_under_the_number_of_this_process() {
    let (dir, file) = fresh();
    file.write("before").unwrap();
    let own = format!("backup.json.{}.tmp", std::process::id());
    let mut held: Vec<fs::File> = Vec::new();
    for name in ["backup.json.7.tmp", own.as_str()] {
        let live = fs::File::create_new(dir.path().join("deep").join(name)).unwrap();
        live.lock().unwrap();
        held.push(live);
    }
    file.write("after").unwrap();
    assert_eq!(file.read().unwrap().as_deref(), Some("after"));
    let mut expected = vec!["backup.json.7.tmp".to_owned(), own];
    expected.sort();
    assert_eq!(beside(&dir), expected);
    drop(held);
    file.write("last").unwrap();
    assert_eq!(beside(&dir), Vec::<String>::new(), "their writers are gone");
}

#[test]
fn many_who_write_at_once_all_write_and_leave_nothing_beside_it() {
    let (dir, file) = fresh();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let file = &file;
            scope.spawn(move || {
                for round in 0..20 {
                    file.write(&format!("{writer}/{round}")).unwrap();
                }
            });
        }
    });
    assert_eq!(beside(&dir), Vec::<String>::new());
    assert!(file.read().unwrap().unwrap().ends_with("/19"));
}
