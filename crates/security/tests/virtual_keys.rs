//! Virtual keys: their form, their uniqueness, and what is never taken for one.

use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeSet;
use std::sync::LazyLock;
use switchyard_domain::virtual_key::KeyHash;
use switchyard_ports::virtual_keys::KeyMint;
use switchyard_security::derive::{Purpose, SubKey};
use switchyard_security::virtual_keys::{KEY_CHARS, PepperedMint, same_hash};

fn mint_of(secret: &str) -> PepperedMint {
    PepperedMint::new(&SubKey::of(&SecretString::from(secret), Purpose::VirtualKeyPepper))
}

static MINT: LazyLock<PepperedMint> = LazyLock::new(|| mint_of("one secret of more than thirty-two letters"));

fn mint_key() -> String {
    MINT.mint().key.expose_secret().to_owned()
}

#[test]
fn a_key_has_a_known_form() {
    let minted = MINT.mint();
    let key = minted.key.expose_secret();
    assert_eq!(key.len(), KEY_CHARS);
    let body = key.strip_prefix("sy-").unwrap();
    assert!(body.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{key}");
    assert!(key.starts_with(&minted.prefix));
    // 32 characters of 62 are 190 bits; what is shown of them leaves more than 150 unknown.
    assert_eq!((body.len(), minted.prefix.len()), (38, 9));
}

#[test]
fn a_key_is_recognised_by_the_hash_it_was_made_with() {
    let minted = MINT.mint();
    let hash = MINT.hash(minted.key.expose_secret()).unwrap();
    assert!(hash == minted.hash && same_hash(&hash, &minted.hash));
}

#[test]
fn keys_do_not_repeat_and_use_the_whole_alphabet() {
    let keys: BTreeSet<_> = (0..20_000).map(|_| mint_key()).collect();
    assert_eq!(keys.len(), 20_000);
    let mut counts = std::collections::BTreeMap::<u8, u32>::new();
    for key in &keys {
        for byte in key.bytes().skip(3).take(32) {
            *counts.entry(byte).or_default() += 1;
        }
    }
    // 640,000 draws of 62: about 10,323 each, with a deviation of 101.
    assert_eq!(counts.len(), 62);
    assert!(counts.values().all(|count| (9_700..11_000).contains(count)), "{counts:?}");
}

#[test]
fn another_pepper_gives_another_hash() {
    let key = mint_key();
    let other = mint_of("another secret of more than thirty-two letters");
    assert!(MINT.hash(&key).unwrap() != other.hash(&key).unwrap());
}

#[test]
fn a_hash_never_changes_because_it_stands_in_the_database() {
    // The checksum is the CRC-32 (IEEE) in base 62, the hash HMAC-SHA256; both computed by other means.
    let key = "sy-0123456789ABCDEFabcdefghijXYZ01248i5kt";
    let hash = MINT.hash(key).unwrap();
    assert_eq!(
        hash.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        "9fb797308aadfa19f5e08d0aa3dddbe3308938d2d030527b76257c427c988727"
    );
}

#[test]
fn hashes_that_differ_in_one_bit_are_not_the_same() {
    let hash = MINT.mint().hash;
    for bit in 0..256 {
        let mut other = hash.0;
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(!same_hash(&hash, &KeyHash(other)));
    }
}

#[test]
fn what_we_never_made_has_no_hash() {
    let key = mint_key();
    let mut bad = vec![
        String::new(),
        "sy-".to_owned(),
        "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789".to_owned(),
        "' OR '1'='1".to_owned(),
        "%".to_owned(),
        key.replacen("sy-", "sk-", 1),
        key.replacen("sy-", "SY-", 1),
        format!("{key} "),
        format!(" {key}"),
        format!("Bearer {key}"),
        format!("{key}x"),
        key[..KEY_CHARS - 1].to_owned(),
        "a".repeat(KEY_CHARS),
        format!("sy-{}", "0".repeat(KEY_CHARS - 3)),
        format!("sy-{}", "é".repeat((KEY_CHARS - 3) / 2)),
        "x".repeat(50_000_000),
        format!("{key}{}", "x".repeat(50_000_000)),
    ];
    for position in 0..KEY_CHARS {
        for other in ['-', '!', '\u{0}', if &key[position..=position] == "q" { 'r' } else { 'q' }] {
            let mut changed = key.clone();
            changed.replace_range(position..=position, &other.to_string());
            bad.extend((changed != key).then_some(changed));
        }
    }
    for text in bad {
        assert!(MINT.hash(&text).is_none(), "{}", text.chars().take(80).collect::<String>());
    }
}

#[test]
fn neighbours_that_are_swapped_are_noticed() {
    let key = mint_key();
    for at in 3..KEY_CHARS - 1 {
        let mut swapped = key.clone().into_bytes();
        swapped.swap(at, at + 1);
        let swapped = String::from_utf8(swapped).unwrap();
        assert!(swapped == key || MINT.hash(&swapped).is_none(), "{swapped}");
    }
}

#[test]
fn a_minted_key_does_not_print() {
    let minted = MINT.mint();
    let printed = format!("{minted:?} {:?}", *MINT);
    assert!(!printed.contains(&minted.key.expose_secret()[10..]), "{printed}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered_and_garbage_has_no_hash(text in "\\PC{0,80}", body in "[0-9A-Za-z]{38}") {
        prop_assert!(MINT.hash(&text).is_none());
        // One in 2^32 bodies ends with its own checksum.
        let like_a_key = format!("sy-{body}");
        prop_assert!(MINT.hash(&like_a_key).is_none());
    }
}
