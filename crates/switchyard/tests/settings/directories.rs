//! Missing directories are made, and what stands in their way is named.

use crate::{load_environment, refuse_environment};
use std::path::Path;

fn settings_below(root: &Path) -> switchyard::settings::Settings {
    let text = |path: &str| root.join(path).display().to_string();
    let database = format!("sqlite:///{}", text("db/deep/a.db"));
    let pairs = [
        ("SWITCHYARD_DATA_DIR", text("data")),
        ("SWITCHYARD_BACKUP_FILE", text("backup/b.json")),
        ("SWITCHYARD_LOG_DIR", text("logs")),
        ("DATABASE_URL", database),
    ];
    load_environment(&pairs.each_ref().map(|(name, value)| (*name, value.as_str()))).settings
}

#[test]
fn the_directories_of_data_database_backup_journal_and_logs_are_made() {
    let root = tempfile::tempdir().unwrap();
    let settings = settings_below(root.path());
    settings.make_directories().unwrap();
    settings.make_directories().unwrap();
    for made in ["data", "data/journal", "db/deep", "backup", "logs"] {
        assert!(root.path().join(made).is_dir(), "{made}");
    }
}

#[cfg(unix)]
#[test]
fn made_directories_are_their_owner_s_alone_and_present_ones_stay_as_they_are() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let logs = root.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    std::fs::set_permissions(&logs, std::fs::Permissions::from_mode(0o755)).unwrap();
    settings_below(root.path()).make_directories().unwrap();
    let mode = |name: &str| std::fs::metadata(root.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("data"), mode("data/journal"), mode("logs")), (0o700, 0o700, 0o755));
}

#[test]
fn directories_that_can_not_be_made_are_named_by_their_settings_all_at_once() {
    let root = tempfile::tempdir().unwrap();
    for file in ["backup", "logs"] {
        std::fs::write(root.path().join(file), "").unwrap();
    }
    let errors = settings_below(root.path()).make_directories().unwrap_err();
    let names: Vec<_> = errors.problems().iter().map(|problem| problem.name.as_str()).collect();
    assert_eq!(names, ["SWITCHYARD_BACKUP_FILE", "SWITCHYARD_LOG_DIR"]);
    assert_eq!(errors.exit_code(), 78);
}

#[cfg(unix)]
#[test]
fn a_tls_key_that_is_missing_or_that_every_user_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name).display().to_string();
    let (certificate, key) = (path("c.pem"), path("k.pem"));
    let pairs =
        [("SWITCHYARD_TLS_CERT_FILE", certificate.as_str()), ("SWITCHYARD_TLS_KEY_FILE", key.as_str())];
    let settings = load_environment(&pairs).settings;
    assert_eq!(settings.check_private_files().unwrap_err().problems().len(), 2);

    std::fs::write(&certificate, "c").unwrap();
    std::fs::write(&key, "hunter2").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let errors = settings.check_private_files().unwrap_err().to_string();
    assert!(errors.contains("SWITCHYARD_TLS_KEY_FILE") && errors.contains("chmod 600"), "{errors}");
    assert!(!errors.contains("hunter2"));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    settings.check_private_files().unwrap();
}

#[test]
fn an_unreadable_path_is_refused_before_anything_is_made() {
    let errors = refuse_environment(&[("SWITCHYARD_LOG_DIR", "a\0b")]);
    assert!(errors.to_string().contains("SWITCHYARD_LOG_DIR"), "{errors}");
}
