//! Which secrets are weak, and that generated ones never are.

use switchyard_security::weak::{Weakness, weakness, weakness_of_key};

#[test]
fn what_attackers_try_first_is_weak() {
    use Weakness::{Empty, FewCharacters, Placeholder, Published, Repetitive, Sequential, TooShort, Words};
    let rows = [
        ("", Empty),
        (" \t\n", Empty),
        ("change-me", Placeholder),
        ("CHANGE_ME_IN_PRODUCTION_PLEASE_0001", Placeholder),
        ("your-strong-secret", Placeholder),
        ("your-secret-key-here-your-secret-key-here", Placeholder),
        ("<your 32 byte encryption key, please>", Placeholder),
        ("${SECRET_KEY}", Placeholder),
        ("{{ secret_key }}", Placeholder),
        ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", Placeholder),
        ("****************************************", Placeholder),
        ("replace-this-with-a-long-random-string!!", Placeholder),
        ("secret", TooShort),
        ("password", TooShort),
        ("admin", TooShort),
        ("qwerty123", TooShort),
        ("8f3e2a1b9c7d6f5e4a3b2c1d0e9f8a7", TooShort),
        ("0000000000000000000000000000000000000000000000000000000000000000", Repetitive),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Repetitive),
        ("deadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef", Repetitive),
        ("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", Repetitive),
        ("0123456789abcdefghijklmnopqrstuvwxyz", Sequential),
        ("zyxwvutsrqponmlkjihgfedcba9876543210", Sequential),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ!", Sequential),
        ("0110100110010110100101100110100110010110", FewCharacters),
        ("aabbabbaabababbbaabbaaabbbabababbbaaabab", FewCharacters),
        ("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", Published),
        ("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", Published),
        ("FEFFE9928665731C6D6A8F9467308308FEFFE9928665731C6D6A8F9467308308", Published),
        ("a-string-secret-at-least-256-bits-long", Published),
        ("09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", Published),
        ("192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf", Published),
        ("my-super-secret-key-for-production-2026", Words),
        ("correct horse battery staple secret key", Words),
        ("switchyard-development-secret-key-test-1", Words),
        ("supersecretpasswordsupersecretpassword!", Words),
        ("litellm-master-key-sk-1234-admin-password", Words),
        ("jwt-signing-secret-token-access-refresh", Words),
    ];
    assert!(rows.len() >= 25);
    for (secret, expected) in rows {
        assert_eq!(weakness(secret), Some(expected), "{secret}");
    }
}

#[test]
fn keys_of_32_bytes_that_no_generator_made_are_weak() {
    let counting: [u8; 32] = std::array::from_fn(|at| at as u8 + 100);
    let halves: [u8; 32] = std::array::from_fn(|at| [7, 3, 9, 250, 17, 200][at % 6]);
    let few: [u8; 32] =
        std::array::from_fn(|at| [7, 3, 9, 250, 17, 200][(((at + 1) * 2_654_435_761) >> 7) % 6]);
    let tutorial = hex::decode("09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7").unwrap();
    let rows = [
        ([0; 32], Weakness::Repetitive),
        ([255; 32], Weakness::Repetitive),
        (counting, Weakness::Sequential),
        (halves, Weakness::Repetitive),
        (few, Weakness::FewCharacters),
        (*b"an honest ASCII text of 32 bytes", Weakness::Typed),
        (std::array::from_fn(|at| at as u8), Weakness::Published),
        (tutorial.try_into().unwrap(), Weakness::Published),
    ];
    for (key, expected) in rows {
        assert_eq!(weakness_of_key(&key), Some(expected), "{key:?}");
    }
}

#[test]
fn what_generators_make_is_never_weak() {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    for _ in 0..20_000 {
        let key: [u8; 32] = rand::random();
        assert_eq!(weakness_of_key(&key), None, "{key:?}");
        for text in [
            hex::encode(key),
            hex::encode(&key[..16]),
            STANDARD.encode(key),
            URL_SAFE_NO_PAD.encode(&key[..24]),
        ] {
            assert_eq!(weakness(&text), None, "{text}");
        }
    }
}

#[test]
fn a_weakness_is_explained_in_words() {
    assert_eq!(Weakness::TooShort.to_string(), "it is shorter than 32 bytes");
    assert_ne!(Weakness::Words.to_string(), Weakness::Typed.to_string());
}
