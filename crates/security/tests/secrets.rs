//! Generated secrets: made once, whole, for their owner only.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use secrecy::{ExposeSecret, SecretString};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier};
use switchyard_security::keyring::EncryptionKey;
use switchyard_security::secrets::{
    ENCRYPTION_KEY_FILE, GivenSecrets, JWT_SECRET_FILE, SECRET_KEY_FILE, SecretError, SecretStore, Secrets,
};
use tempfile::TempDir;

const GOOD: &str = "9f1c7a52e0b84d36a1f3c85d7e29b604f8d1327ac95be06417da83bc4e50962f";

fn load(dir: &Path) -> Result<Secrets, SecretError> {
    SecretStore::load_or_generate(dir, GivenSecrets::default())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A data directory with both key files.
fn prepared() -> (TempDir, PathBuf) {
    let root = TempDir::new().unwrap();
    let dir = root.path().join("data");
    load(&dir).unwrap();
    let file = dir.join(ENCRYPTION_KEY_FILE);
    (root, file)
}

#[test]
fn the_first_start_generates_and_the_second_reads() {
    let root = TempDir::new().unwrap();
    let dir = root.path().join("deep/data");
    let expected = vec![dir.join(SECRET_KEY_FILE), dir.join(JWT_SECRET_FILE), dir.join(ENCRYPTION_KEY_FILE)];
    assert_eq!(SecretStore::missing(&dir, &GivenSecrets::default()), expected);
    let first = load(&dir).unwrap();
    assert_eq!(first.generated, expected);
    assert!(SecretStore::missing(&dir, &GivenSecrets::default()).is_empty());
    let second = load(&dir).unwrap();
    assert!(second.generated.is_empty());
    assert_eq!(second.secret_key.expose_secret(), first.secret_key.expose_secret());
    assert_eq!(second.jwt_secret.expose_secret(), first.jwt_secret.expose_secret());
    assert_ne!(first.jwt_secret.expose_secret(), first.secret_key.expose_secret());
    assert_eq!(second.keyring.active().check_value(), first.keyring.active().check_value());
}

#[test]
fn two_servers_do_not_generate_the_same() {
    let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (one, other) = (load(one.path()).unwrap(), load(other.path()).unwrap());
    assert_ne!(one.secret_key.expose_secret(), other.secret_key.expose_secret());
    assert_ne!(one.keyring.active().id(), other.keyring.active().id());
}

#[test]
fn only_the_owner_may_read_what_is_generated() {
    let (_root, file) = prepared();
    let dir = file.parent().unwrap();
    assert_eq!(mode(dir), 0o700);
    let names: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(names.len() >= 2 && names.iter().all(|path| mode(path) == 0o600), "{names:?}");
    assert!(!names.iter().any(|path| path.extension().is_some_and(|end| end == "tmp")), "{names:?}");
}

#[test]
fn what_is_given_is_taken_and_its_file_is_neither_made_nor_read() {
    let root = TempDir::new().unwrap();
    let given = || GivenSecrets {
        secret_key: Some(SecretString::from("Jx2mvQ8rT5zLkW7nB4cH9dF6gS3pY1aE0uRo")),
        jwt_secret: Some(SecretString::from("pY1aE0uRoJx2mvQ8rT5zLkW7nB4cH9dF6gS3")),
        jwt_secret_previous: None,
        encryption_key: Some(EncryptionKey::from_hex_or_base64(&SecretString::from(GOOD)).unwrap()),
        ..GivenSecrets::default()
    };
    fs::write(root.path().join(ENCRYPTION_KEY_FILE), "garbage").unwrap();
    let secrets = SecretStore::load_or_generate(root.path(), given()).unwrap();
    assert_eq!(secrets.secret_key.expose_secret(), given().secret_key.unwrap().expose_secret());
    assert_eq!(secrets.keyring.active().id(), "0b9c4516");
    assert!(secrets.generated.is_empty());
    assert!(!root.path().join(SECRET_KEY_FILE).exists());
}

#[test]
fn a_given_secret_that_is_weak_is_refused_by_its_settings_name() {
    let root = TempDir::new().unwrap();
    let weak = || Some(SecretString::from("change-me"));
    for (name, given) in [
        ("JWT_SECRET", GivenSecrets { jwt_secret: weak(), ..GivenSecrets::default() }),
        ("JWT_SECRET_PREVIOUS", GivenSecrets { jwt_secret_previous: weak(), ..GivenSecrets::default() }),
    ] {
        let error = SecretStore::load_or_generate(root.path(), given).unwrap_err().to_string();
        assert!(error.contains(name) && !error.contains("change-me"), "{error}");
    }
    let given = GivenSecrets { secret_key: weak(), ..GivenSecrets::default() };
    let error = SecretStore::load_or_generate(root.path(), given).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("SECRET_KEY") && message.contains("openssl rand -hex 32"), "{message}");
    assert!(!message.contains("change-me"), "{message}");
    assert_eq!(SecretError::EXIT_CODE, 78);
}

#[test]
fn many_that_start_at_once_get_the_same_secrets_and_one_of_them_made_each() {
    for _ in 0..20 {
        let root = TempDir::new().unwrap();
        let barrier = Arc::new(Barrier::new(8));
        let starting: Vec<_> = (0..8)
            .map(|_| {
                let (dir, barrier) = (root.path().join("data"), Arc::clone(&barrier));
                std::thread::spawn(move || {
                    barrier.wait();
                    load(&dir).unwrap()
                })
            })
            .collect();
        let started: Vec<_> = starting.into_iter().map(|thread| thread.join().unwrap()).collect();
        let first = &started[0];
        for other in &started {
            assert_eq!(other.secret_key.expose_secret(), first.secret_key.expose_secret());
            assert_eq!(other.jwt_secret.expose_secret(), first.jwt_secret.expose_secret());
            assert_eq!(other.keyring.active().check_value(), first.keyring.active().check_value());
        }
        assert_eq!(started.iter().map(|secrets| secrets.generated.len()).sum::<usize>(), 3);
    }
}

#[test]
fn a_key_file_that_others_may_access_is_refused() {
    for exposed in [0o644, 0o640, 0o604, 0o660, 0o620, 0o602, 0o601] {
        let (_root, file) = prepared();
        fs::set_permissions(&file, fs::Permissions::from_mode(exposed)).unwrap();
        let error = load(file.parent().unwrap()).unwrap_err();
        assert!(matches!(&error, SecretError::Exposed { mode, .. } if *mode == exposed), "{error}");
        let message = error.to_string();
        assert!(message.contains("chmod 600") && message.contains(file.to_str().unwrap()), "{message}");
    }
}

#[test]
fn a_key_file_of_less_than_a_key_is_refused_at_every_length() {
    let (_root, file) = prepared();
    let whole = fs::read(&file).unwrap();
    assert_eq!(whole.len(), 65);
    for length in 0..64 {
        fs::write(&file, &whole[..length]).unwrap();
        let error = load(file.parent().unwrap()).unwrap_err();
        assert!(matches!(error, SecretError::Malformed { .. }), "{length}: {error}");
    }
    fs::write(&file, &whole[..64]).unwrap();
    load(file.parent().unwrap()).unwrap();
}

#[test]
fn a_key_file_of_something_else_is_refused_without_showing_it() {
    for content in [
        format!("{GOOD}0\n"),
        format!("{GOOD}\n\n"),
        format!(" {GOOD}\n"),
        format!("{GOOD}\n{GOOD}\n"),
        GOOD.replace('a', "g"),
        "-----BEGIN PRIVATE KEY-----".to_owned(),
        "\u{0}".repeat(65),
        GOOD.repeat(100_000),
    ] {
        let (_root, file) = prepared();
        fs::write(&file, &content).unwrap();
        let error = load(file.parent().unwrap()).unwrap_err();
        assert!(matches!(error, SecretError::Malformed { .. } | SecretError::Keys { .. }), "{error}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(ENCRYPTION_KEY_FILE) && !shown.contains(&GOOD[..16]), "{shown}");
    }
}

#[test]
fn a_key_file_with_a_key_that_can_be_guessed_is_refused() {
    let (_root, file) = prepared();
    for weak in ["00".repeat(32), "ff".repeat(32), hex::encode("an honest ASCII text of 32 bytes")] {
        fs::write(&file, format!("{weak}\n")).unwrap();
        let error = load(file.parent().unwrap()).unwrap_err();
        assert!(matches!(error, SecretError::WeakFile { .. }), "{error}");
    }
}

#[test]
fn a_link_or_a_directory_in_a_key_files_place_is_refused() {
    let (root, file) = prepared();
    let elsewhere = root.path().join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    assert!(matches!(load(file.parent().unwrap()).unwrap_err(), SecretError::NotAFile { .. }));
    // Also when it leads nowhere: writing through it would put the key where its maker wants it.
    fs::remove_file(&elsewhere).unwrap();
    assert!(matches!(load(file.parent().unwrap()).unwrap_err(), SecretError::NotAFile { .. }));
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(matches!(load(file.parent().unwrap()).unwrap_err(), SecretError::NotAFile { .. }));
}

#[test]
fn a_leftover_of_a_start_that_was_killed_does_no_harm() {
    let root = TempDir::new().unwrap();
    fs::write(root.path().join(format!(".{ENCRYPTION_KEY_FILE}.tmp")), "half a k").unwrap();
    let secrets = load(root.path()).unwrap();
    assert_eq!(secrets.generated.len(), 3);
    assert_eq!(mode(&root.path().join(ENCRYPTION_KEY_FILE)), 0o600);
}

#[test]
fn a_directory_that_can_not_be_made_is_named() {
    let root = TempDir::new().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let error = load(&file.join("data")).unwrap_err();
    assert!(matches!(error, SecretError::Io { .. }), "{error}");
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
}
