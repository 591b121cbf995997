//! Keys in a file: changed by one process, followed by the others.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use secrecy::{ExposeSecret, SecretString};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use switchyard_ports::vault::{Binding, KeyRotation, RotationError, Vault, VaultError};
use switchyard_security::keyring::{EncryptionKey, Keyring};
use switchyard_security::secrets::{ENCRYPTION_KEY_FILE, GivenSecrets, SecretError, SecretStore};
use switchyard_security::vault::KeyringVault;

fn load(dir: &Path) -> Result<KeyringVault, SecretError> {
    let secrets = SecretStore::load_or_generate(dir, GivenSecrets::default())?;
    Ok(KeyringVault::over_file(secrets.keyring, secrets.keyring_file.unwrap()))
}

fn place() -> Binding {
    Binding { table: "credentials", row: 7, owner: "shared".to_owned(), column: "sealed" }
}

fn seal(vault: &KeyringVault) -> String {
    vault.seal(&SecretString::from("sk-rotated"), &place()).unwrap()
}

fn opens(vault: &KeyringVault, sealed: &str) -> bool {
    vault.open(sealed, &place()).is_ok_and(|secret| secret.expose_secret() == "sk-rotated")
}

fn under(sealed: &str) -> String {
    sealed.split('.').nth(1).unwrap().to_owned()
}

#[test]
fn a_new_key_seals_at_once_in_every_process_of_the_directory_and_the_old_one_still_opens() {
    let dir = tempfile::tempdir().unwrap();
    let (server, command) = (load(dir.path()).unwrap(), load(dir.path()).unwrap());
    let old = seal(&server);
    let new_id = command.begin().unwrap();
    assert_eq!(command.key_ids().unwrap(), [new_id.clone(), under(&old)]);
    assert_eq!(server.key_ids().unwrap(), [new_id.clone(), under(&old)]);
    assert_eq!((under(&seal(&command)), under(&seal(&server))), (new_id.clone(), new_id));
    assert!(opens(&command, &old) && opens(&server, &old));
    // One that only opens follows too.
    let reader = load(dir.path()).unwrap();
    let newest = command.begin().unwrap();
    let sealed = seal(&command);
    assert_eq!(under(&sealed), newest);
    assert!(opens(&reader, &sealed));
    let mode = std::fs::metadata(dir.path().join(ENCRYPTION_KEY_FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_retired_key_is_out_of_the_file_and_opens_until_the_process_ends() {
    let dir = tempfile::tempdir().unwrap();
    let vault = load(dir.path()).unwrap();
    let sealed = seal(&vault);
    let old = under(&sealed);
    let new = vault.begin().unwrap();
    assert_eq!(vault.retire(&new), Err(RotationError::InUse(new.clone())));
    vault.retire(&old).unwrap();
    assert_eq!(vault.retire(&old), Err(RotationError::InUse(old.clone())));
    assert!(opens(&vault, &sealed));
    let later = load(dir.path()).unwrap();
    // Who still opens with it does not call it a key in use: a change of keys that is done is done.
    assert_eq!(vault.key_ids().unwrap(), std::slice::from_ref(&new));
    assert_eq!(vault.file_key_ids().unwrap(), Some(vec![new.clone()]));
    let newer = vault.begin().unwrap();
    assert_eq!(vault.key_ids().unwrap(), [newer.clone(), new.clone()]);
    assert!(opens(&vault, &sealed));
    assert_eq!(later.key_ids().unwrap(), [newer, new]);
    assert_eq!(later.open(&sealed, &place()).unwrap_err(), VaultError::UnknownKey { key_id: old });
}

#[test]
fn a_file_has_room_for_sixteen_keys_and_a_key_twice_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let vault = load(dir.path()).unwrap();
    for _ in 1..16 {
        vault.begin().unwrap();
    }
    assert!(matches!(vault.begin(), Err(RotationError::File(why)) if why.contains("retire")));
    assert_eq!(load(dir.path()).unwrap().key_ids().unwrap().len(), 16);
    let path = dir.path().join(ENCRYPTION_KEY_FILE);
    let text = std::fs::read_to_string(&path).unwrap();
    let first = text.lines().next().unwrap();
    std::fs::write(&path, format!("{first}\n{first}\n")).unwrap();
    let error = load(dir.path()).unwrap_err();
    assert!(error.to_string().contains(ENCRYPTION_KEY_FILE) && !error.to_string().contains(first), "{error}");
    for broken in [format!("{first}\n\n{first}\n"), format!("{first}\n{}\n", &first[..62])] {
        std::fs::write(&path, broken).unwrap();
        assert!(matches!(load(dir.path()), Err(SecretError::Malformed { .. })));
    }
}

#[test]
fn a_file_that_is_broken_while_the_process_runs_changes_nothing_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let vault = load(dir.path()).unwrap();
    let id = under(&seal(&vault));
    std::fs::write(dir.path().join(ENCRYPTION_KEY_FILE), "nonsense\n").unwrap();
    assert_eq!(under(&seal(&vault)), id);
    assert!(matches!(vault.begin(), Err(RotationError::File(_))));
    assert!(matches!(vault.key_ids(), Err(RotationError::File(_))), "which key seals elsewhere is not known");
}

#[test]
fn a_key_that_is_given_beside_the_file_is_in_use_and_not_a_change_that_is_not_done() {
    let dir = tempfile::tempdir().unwrap();
    let given = || GivenSecrets {
        previous_encryption_keys: vec![("ENCRYPTION_KEY_PREVIOUS", EncryptionKey::from_bytes(&[7; 32]))],
        ..GivenSecrets::default()
    };
    let secrets = SecretStore::load_or_generate(dir.path(), given()).unwrap();
    let vault = KeyringVault::over_file(secrets.keyring, secrets.keyring_file.unwrap());
    let previous = EncryptionKey::from_bytes(&[7; 32]).id().to_owned();
    let [first] = <[String; 1]>::try_from(vault.file_key_ids().unwrap().unwrap()).unwrap();
    assert_eq!(vault.key_ids().unwrap(), [first.clone(), previous.clone()]);
    let second = vault.begin().unwrap();
    assert_eq!(vault.key_ids().unwrap(), [second, first, previous]);
}

#[test]
fn a_key_that_is_given_is_not_changed_and_the_one_before_it_opens() {
    let dir = tempfile::tempdir().unwrap();
    let old = KeyringVault::new(Keyring::new(EncryptionKey::from_bytes(&[7; 32])));
    let given = GivenSecrets {
        encryption_key: Some(EncryptionKey::from_bytes(&[8; 32])),
        previous_encryption_keys: vec![("ENCRYPTION_KEY_PREVIOUS", EncryptionKey::from_bytes(&[7; 32]))],
        ..GivenSecrets::default()
    };
    let secrets = SecretStore::load_or_generate(dir.path(), given).unwrap();
    assert!(secrets.keyring_file.is_none() && !dir.path().join(ENCRYPTION_KEY_FILE).exists());
    let vault = KeyringVault::new(secrets.keyring);
    assert!(opens(&vault, &seal(&old)));
    assert_eq!(vault.begin(), Err(RotationError::Given));
    assert_eq!((vault.file_key_ids(), vault.key_ids().unwrap().len()), (Ok(None), 2));
    let twice = GivenSecrets {
        encryption_key: Some(EncryptionKey::from_bytes(&[8; 32])),
        previous_encryption_keys: vec![("ENCRYPTION_KEY_PREVIOUS", EncryptionKey::from_bytes(&[8; 32]))],
        ..GivenSecrets::default()
    };
    let error = SecretStore::load_or_generate(dir.path(), twice).unwrap_err();
    assert!(error.to_string().contains("ENCRYPTION_KEY_PREVIOUS"), "{error}");
}
