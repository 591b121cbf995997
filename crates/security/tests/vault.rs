//! The vault: what it seals opens in its place only.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and prints how much it tried"
)]

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use secrecy::{ExposeSecret, SecretString};
use std::cell::Cell;
use std::sync::LazyLock;
use switchyard_domain::provider::{CredentialOwner, SharedPlace};
use switchyard_ports::vault::{Binding, Vault, VaultError};
use switchyard_security::keyring::{EncryptionKey, Keyring};
use switchyard_security::vault::KeyringVault;

const OLD_KEY: &str = "9f1c7a52e0b84d36a1f3c85d7e29b604f8d1327ac95be06417da83bc4e50962f";
const NEW_KEY: &str = "0b61f5d2c7e84a39b0d41e6fa2c3958874d2e0b16c5f9a3be7418d02f6ac935e";
const TABLES: [&str; 3] = ["credentials", "credential", "providers"];
const COLUMNS: [&str; 3] = ["sealed", "secret", "s"];

fn key(hex: &str) -> EncryptionKey {
    EncryptionKey::from_hex_or_base64(&SecretString::from(hex)).unwrap()
}

/// Seals under the new key and opens under both.
static VAULT: LazyLock<KeyringVault> =
    LazyLock::new(|| KeyringVault::new(Keyring::new(key(NEW_KEY)).with_retired(key(OLD_KEY)).unwrap()));

fn place(row: i64) -> Binding {
    Binding { table: "credentials", row, owner: "shared".to_owned(), column: "sealed" }
}

fn seal(secret: &str, binding: &Binding) -> String {
    VAULT.seal(&SecretString::from(secret), binding).unwrap()
}

#[test]
fn what_was_sealed_opens_in_its_place() {
    for secret in ["", "sk-1", "schlüssel \u{1F511}", &"x".repeat(100_000)] {
        let sealed = seal(secret, &place(7));
        assert_eq!(VAULT.open(&sealed, &place(7)).unwrap().expose_secret(), secret);
        assert!(secret.is_empty() || !sealed.contains(secret));
    }
}

#[test]
fn of_two_shared_credentials_neither_opens_in_the_others_place() {
    let at = |place: SharedPlace| Binding {
        table: "credentials",
        row: 7,
        owner: CredentialOwner::Shared(place).to_word(),
        column: "sealed",
    };
    let sealed: Vec<String> = SharedPlace::all().map(|place| seal("sk-shared", &at(place))).collect();
    for (own, sealed) in SharedPlace::all().zip(&sealed) {
        for place in SharedPlace::all() {
            let opened = VAULT.open(sealed, &at(place)).is_ok();
            assert_eq!(opened, place == own, "sealed at {own}, opened at {place}");
        }
    }
}

#[test]
fn a_sealed_text_names_version_key_and_nonce() {
    let sealed = seal("sk-secret", &place(7));
    let parts: Vec<_> = sealed.split('.').collect();
    let [version, key_id, nonce, ciphertext] = parts.as_slice() else { panic!("{sealed}") };
    assert_eq!((*version, *key_id), ("v1", VAULT.active_key_id().as_str()));
    assert_eq!((nonce.len(), ciphertext.len()), (32, 34));
}

#[test]
fn the_same_secret_is_never_sealed_twice_alike() {
    let sealed: std::collections::BTreeSet<_> = (0..1000).map(|_| seal("sk-secret", &place(7))).collect();
    assert_eq!(sealed.len(), 1000);
}

#[test]
fn a_retired_key_opens_what_it_sealed() {
    let before = KeyringVault::new(Keyring::new(key(OLD_KEY)));
    let sealed = before.seal(&SecretString::from("sk-old"), &place(1)).unwrap();
    assert_eq!(VAULT.open(&sealed, &place(1)).unwrap().expose_secret(), "sk-old");
    assert_ne!(before.active_key_id(), VAULT.active_key_id());
}

#[test]
fn a_key_that_is_not_there_is_named() {
    let sealed = seal("sk-secret", &place(1));
    let other = KeyringVault::new(Keyring::new(key(OLD_KEY)));
    let error = other.open(&sealed, &place(1)).unwrap_err();
    assert_eq!(error, VaultError::UnknownKey { key_id: VAULT.active_key_id() });
}

#[test]
fn a_check_value_is_given_for_held_keys_only_and_differs_by_key() {
    let old = KeyringVault::new(Keyring::new(key(OLD_KEY)));
    let old_id = old.active_key_id();
    assert_eq!(VAULT.check_value(&old_id), old.check_value(&old_id));
    assert_ne!(VAULT.check_value(&old_id), VAULT.check_value(&VAULT.active_key_id()));
    assert_eq!(old.check_value(&VAULT.active_key_id()), None);
}

#[test]
fn places_whose_parts_run_together_alike_are_different_places() {
    let glued = |owner: &str, column| Binding { owner: owner.to_owned(), column, ..place(1) };
    let sealed = seal("sk-secret", &glued("user:1", "sealed"));
    assert_eq!(VAULT.open(&sealed, &glued("user:1s", "ealed")).unwrap_err(), VaultError::Tampered);
}

#[test]
fn other_texts_are_no_sealed_texts() {
    let sealed = seal("sk-secret", &place(1));
    let (head, ciphertext) = sealed.rsplit_once('.').unwrap();
    let (head_of_nonce, nonce) = head.rsplit_once('.').unwrap();
    for bad in [
        String::new(),
        "sk-secret".to_owned(),
        "....".to_owned(),
        sealed.replacen("v1", "v2", 1),
        sealed.replacen("v1", "V1", 1),
        format!("{sealed}."),
        format!("{sealed}="),
        format!(" {sealed}"),
        format!("{head}.AAAA"),
        format!("{head}."),
        format!("{head_of_nonce}.{}.{ciphertext}", nonce.get(..28).unwrap()),
        format!("v1.{}.{nonce}.{ciphertext}", VAULT.active_key_id().to_uppercase() + "x"),
        format!("v1.../etc.{nonce}.{ciphertext}"),
    ] {
        assert_eq!(VAULT.open(&bad, &place(1)).unwrap_err(), VaultError::Malformed, "{bad}");
    }
}

#[test]
fn a_vault_and_its_errors_print_no_secret() {
    let printed =
        format!("{:?} {:?}", *VAULT, VAULT.open(&seal("sk-secret", &place(1)), &place(2)).unwrap_err());
    assert!(!printed.contains("sk-secret") && !printed.contains(&NEW_KEY[..8]), "{printed}");
}

/// Every single character of a sealed text replaced by every other one of the alphabet.
#[test]
fn no_changed_character_leaves_a_text_that_opens() {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=";
    let sealed = seal("sk-secret-0123456789", &place(7));
    let mut tried = 0;
    for (position, original) in sealed.char_indices() {
        for other in ALPHABET.chars().filter(|other| *other != original) {
            let mut changed = sealed.clone();
            changed.replace_range(position..=position, &other.to_string());
            assert!(VAULT.open(&changed, &place(7)).is_err(), "{changed}");
            tried += 1;
        }
    }
    println!("{tried} of {tried} changed characters were refused");
    assert!(tried > 5_000);
}

fn binding() -> impl Strategy<Value = Binding> {
    let owner = prop_oneof![Just("shared".to_owned()), "user:[0-9]{1,3}", "[a-z:0-9]{0,12}"];
    let row = prop_oneof![0_i64..20, any::<i64>()];
    (0..3_usize, row, owner, 0..3_usize).prop_map(|(table, row, owner, column)| Binding {
        table: TABLES[table],
        row,
        owner,
        column: COLUMNS[column],
    })
}

/// What a hand in the tables may do to a sealed text.
#[derive(Clone, Debug)]
enum Mutation {
    FlipBit(prop::sample::Index),
    Cut(prop::sample::Index),
    Double(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    /// Head of this text, tail of another row's.
    Splice(prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        4 => at().prop_map(Mutation::FlipBit),
        1 => at().prop_map(Mutation::Cut),
        1 => at().prop_map(Mutation::Double),
        1 => (at(), at()).prop_map(|(one, other)| Mutation::Swap(one, other)),
        2 => at().prop_map(Mutation::Splice),
    ]
}

impl Mutation {
    fn apply(&self, sealed: &str, other_row: &str) -> String {
        let mut bytes = sealed.as_bytes().to_vec();
        match self {
            Self::FlipBit(bit) => {
                let bit = bit.index(bytes.len() * 7);
                bytes[bit / 7] ^= 1 << (bit % 7);
            }
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Double(at) => bytes.insert(at.index(bytes.len()), bytes[at.index(bytes.len())]),
            Self::Swap(one, other) => {
                let length = bytes.len();
                bytes.swap(one.index(length), other.index(length));
            }
            Self::Splice(at) => {
                let at = at.index(bytes.len().min(other_row.len()));
                bytes = [&bytes[..at], &other_row.as_bytes()[at..]].concat();
            }
        }
        String::from_utf8(bytes).unwrap()
    }
}

/// Tries so many of what is drawn, and says how many there were.
fn of_ten_thousand<S: Strategy>(
    drawn: &S,
    what: &str,
    is_refused: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    const CASES: u32 = 10_000;
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    let refused = Cell::new(0_u32);
    let outcome = TestRunner::new(config).run(drawn, |drawn| {
        is_refused(drawn)?;
        refused.set(refused.get() + 1);
        Ok(())
    });
    outcome.unwrap();
    println!("{} of {CASES} {what} were refused", refused.get());
    assert_eq!(refused.get(), CASES);
}

#[test]
fn no_mutated_text_opens() {
    let drawn = ("[ -~]{0,40}", "[ -~]{0,40}", binding(), mutation());
    of_ten_thousand(&drawn, "mutated texts", |(secret, other_secret, place, mutation)| {
        let sealed = seal(&secret, &place);
        let neighbour = Binding { row: place.row.wrapping_add(1), ..place.clone() };
        let mutated = mutation.apply(&sealed, &seal(&other_secret, &neighbour));
        // A swap of equal characters, or a splice at the end, changes nothing.
        prop_assume!(mutated != sealed);
        prop_assert!(VAULT.open(&mutated, &place).is_err());
        Ok(())
    });
}

#[test]
fn no_text_opens_in_another_place() {
    let drawn = ("[ -~]{0,40}", binding(), binding());
    of_ten_thousand(&drawn, "texts in another's place", |(secret, place, elsewhere)| {
        prop_assume!(place != elsewhere);
        let sealed = seal(&secret, &place);
        prop_assert_eq!(VAULT.open(&sealed, &elsewhere).unwrap_err(), VaultError::Tampered);
        Ok(())
    });
}
