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
