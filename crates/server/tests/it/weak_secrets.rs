//! The start is refused with secrets that can be guessed, are malformed, serve two purposes, or lie open, and the name of what is
//! wrong is said, never the secret.

use crate::place::Place;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const GOOD: &str = "9f1c7a52e0b84d36a1f3c85d7e29b604f8d1327ac95be06417da83bc4e50962f";
const COMMANDS: [&str; 3] = ["check", "keys list", "serve"];

#[track_caller]
fn is_refused(place: &Place, name: &str, secret: &str, case: &str) {
    for command in COMMANDS {
        let ended = place.say(command);
        assert_eq!(ended.code, 78, "{case}: {command}: {ended:?}");
        assert!(ended.err.contains(name), "{case}: {command}: {}", ended.err);
        let is_said = secret.len() > 8 && (ended.err.contains(secret) || ended.out.contains(secret));
        assert!(!is_said, "{case}: {command}: {ended:?}");
    }
}

#[test]
fn a_given_secret_that_is_malformed_short_a_placeholder_or_guessable_ends_with_78_and_its_name() {
    let (zeros, ones) = ("0".repeat(64), "f".repeat(64));
    let (a_lot, zeros_in_base64) = ("a".repeat(48), "A".repeat(43));
    let cases: [(&str, &str); 35] = [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "change-me"),
        ("SECRET_KEY", "change-me-in-production-please-0001"),
        ("SECRET_KEY", "your-strong-secret"),
        ("SECRET_KEY", "your-secret-key-here-please-change-it"),
        ("SECRET_KEY", &zeros),
        ("SECRET_KEY", &a_lot),
        ("SECRET_KEY", "0123456789abcdef0123456789abcdef"),
        ("SWITCHYARD_SECRET_KEY", "change-me"),
        ("JWT_SECRET_KEY", ""),
        ("JWT_SECRET_KEY", "short"),
        ("JWT_SECRET_KEY", "your-strong-secret"),
        ("SWITCHYARD_JWT_SECRET", &ones),
        ("SWITCHYARD_JWT_SECRET", &a_lot),
        ("SWITCHYARD_JWT_SECRET_PREVIOUS", "change-me"),
        ("SWITCHYARD_JWT_SECRET_PREVIOUS", ""),
        ("ENCRYPTION_KEY", ""),
        ("ENCRYPTION_KEY", "change-me"),
        ("ENCRYPTION_KEY", "not-a-key-at-all-but-long-enough-to-be-one"),
        ("ENCRYPTION_KEY", &GOOD[..62]),
        ("ENCRYPTION_KEY", &zeros),
        ("ENCRYPTION_KEY", &ones),
        ("ENCRYPTION_KEY", &zeros_in_base64),
        ("ENCRYPTION_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
        ("SWITCHYARD_ENCRYPTION_KEY_PREVIOUS", &zeros),
        ("SWITCHYARD_ENCRYPTION_KEY_PREVIOUS", "short"),
        ("BACKEND_API_KEY_SECRET", ""),
        ("BACKEND_API_KEY_SECRET", "fifteen-letters"),
        ("BACKEND_API_KEY_SECRET", "change-me"),
        ("BACKEND_API_KEY_SECRET", "change-me-change-me"),
        ("REGISTRATION_TOKEN", "change-me"),
        ("SWITCHYARD_REGISTRATION_TOKEN", "password"),
        ("SWITCHYARD_ADMIN_PASSWORD", "password"),
        ("SWITCHYARD_ADMIN_PASSWORD", ""),
    ];
    for (name, secret) in cases {
        let place = Place::new().set(name, secret).set("SWITCHYARD_ADMIN_USERNAME", "ada");
        is_refused(&place, name, secret, &format!("{name}={secret}"));
        assert_eq!(place.content(), Vec::<String>::new(), "{name}: nothing is written");
    }
    let commands = COMMANDS.len();
    println!("{tried} of {tried} weak secrets were refused by {commands} commands each", tried = cases.len());
}

#[test]
fn a_placeholder_of_the_documents_ends_with_78_and_says_what_makes_a_good_secret() {
    for name in ["SECRET_KEY", "JWT_SECRET_KEY", "BACKEND_API_KEY_SECRET"] {
        for placeholder in ["change-me", "your-strong-secret"] {
            let ended = Place::new().set(name, placeholder).say("serve");
            assert_eq!(ended.code, 78, "{name}={placeholder}: {ended:?}");
            assert!(ended.err.contains(name) && ended.err.contains("openssl rand -hex 32"), "{}", ended.err);
        }
    }
}

#[test]
fn one_secret_for_two_purposes_ends_with_78() {
    let pairs = [
        ["SECRET_KEY", "JWT_SECRET_KEY"],
        ["JWT_SECRET_KEY", "ENCRYPTION_KEY"],
        ["SECRET_KEY", "ENCRYPTION_KEY"],
        ["SECRET_KEY", "BACKEND_API_KEY_SECRET"],
        ["ENCRYPTION_KEY", "SWITCHYARD_ENCRYPTION_KEY_PREVIOUS"],
    ];
    for [one, other] in pairs {
        let place = Place::new().set(one, GOOD).set(other, GOOD);
        is_refused(&place, other, GOOD, &format!("{one} and {other}"));
    }
    println!("{tried} of {tried} secrets for two purposes were refused", tried = pairs.len());
}

type Spoil = fn(&Path);

#[test]
fn a_key_file_that_lies_open_is_cut_short_or_is_none_ends_with_78_and_its_name() {
    let spoils: [(&str, Spoil); 9] = [
        ("others may read it", |path| std::fs::set_permissions(path, Permissions::from_mode(0o604)).unwrap()),
        ("the group may read it", |path| {
            std::fs::set_permissions(path, Permissions::from_mode(0o640)).unwrap();
        }),
        ("others may write it", |path| {
            std::fs::set_permissions(path, Permissions::from_mode(0o602)).unwrap();
        }),
        ("empty", |path| std::fs::write(path, "").unwrap()),
        ("cut short", |path| std::fs::write(path, &GOOD[..40]).unwrap()),
        ("no key", |path| std::fs::write(path, "x".repeat(64)).unwrap()),
        ("all zero", |path| std::fs::write(path, format!("{}\n", "0".repeat(64))).unwrap()),
        ("a directory", |path| {
            std::fs::remove_file(path).unwrap();
            std::fs::create_dir(path).unwrap();
        }),
        ("a link", |path| {
            let target = path.with_extension("real");
            std::fs::rename(path, &target).unwrap();
            std::os::unix::fs::symlink(target, path).unwrap();
        }),
    ];
    let files = ["master.key", "secret.key", "jwt.key"];
    for name in files {
        for (case, spoil) in spoils {
            let place = Place::new();
            place.say("keys list").good();
            let path = place.path("data").join(name);
            let key = std::fs::read_to_string(&path).unwrap();
            spoil(&path);
            is_refused(&place, name, key.trim(), &format!("{name}: {case}"));
        }
    }
    let tried = files.len() * spoils.len();
    println!("{tried} of {tried} key files that lie open or are none were refused");
}
