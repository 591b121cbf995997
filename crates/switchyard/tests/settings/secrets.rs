//! Secrets that an attacker would try first don't start the server, and no message repeats one.

use crate::{GOOD_KEY, OTHER_KEY, load, load_environment, refuse, refuse_environment, warnings};
use secrecy::ExposeSecret;
use switchyard::settings::{EncryptionKey, SettingsErrors};

/// Texts that stand in documents, tutorials and word lists where a signing secret should be.
const WEAK: [&str; 45] = [
    "",
    " ",
    "change-me",
    "CHANGE_ME",
    "changeme",
    "change-this-in-production",
    "change-me-to-a-long-random-string-please",
    "your-strong-secret",
    "your_strong_secret_of_32_characters_or_more",
    "your-secret-key",
    "your-secret-key-here-at-least-32-characters",
    "your-256-bit-secret",
    "your-jwt-secret-key-change-in-production",
    "a-string-secret-at-least-256-bits-long",
    "<generate with openssl rand -hex 32>",
    "${SECRET_KEY}",
    "{{ secret_key_of_the_vault_goes_here }}",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "replace-this-with-a-real-secret-value",
    "placeholder-placeholder-placeholder-1",
    "secret",
    "password",
    "supersecret",
    "super-secret-jwt-key-for-development-only-123",
    "dev-secret-key-dev-secret-key-dev-secret",
    "test-secret-key-for-testing-only-1234567",
    "django-insecure-secret-key-for-testing-only",
    "keyboard cat",
    "notsosecret-notsosecret-notsosecret",
    "admin",
    "12345678901234567890123456789012",
    "01234567890123456789012345678901234",
    "abcdefghijklmnopqrstuvwxyz012345",
    "0123456789abcdef0123456789abcdef",
    "qwertyuiopqwertyuiopqwertyuiopqwertyuiop",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "aabbaabbaabbaabbaabbaabbaabbaabbabab",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
    "6368616e676520746869732070617373776f726420746f206120736563726574",
    "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
    "9f1c7a52e0b84d36a1f3c85d7e29b60",
];

fn assert_names_without_showing(errors: &SettingsErrors, variable: &str, secret: &str) {
    let text = errors.to_string();
    assert_eq!(errors.exit_code(), 78);
    assert!(text.contains(variable), "{variable} in {text}");
    assert!(secret.trim().len() < 6 || !text.contains(secret.trim()), "{text}");
}

#[test]
fn no_weak_default_or_empty_secret_starts_the_server() {
    for variable in
        ["SECRET_KEY", "SWITCHYARD_JWT_SECRET", "SWITCHYARD_JWT_SECRET_PREVIOUS", "ENCRYPTION_KEY"]
    {
        for weak in WEAK {
            let errors = refuse_environment(&[(variable, weak)]);
            assert_names_without_showing(&errors, variable, weak);
            assert!(errors.to_string().contains("openssl rand -hex 32"), "{weak}: {errors}");
            assert_eq!(errors.problems().len(), 1, "{weak}: {errors}");
        }
    }
}

#[test]
fn a_secret_to_derive_from_may_be_shorter_but_not_weaker() {
    for weak in WEAK.iter().filter(|weak| **weak != "9f1c7a52e0b84d36a1f3c85d7e29b60") {
        let errors = refuse_environment(&[("BACKEND_API_KEY_SECRET", weak)]);
        assert_names_without_showing(&errors, "BACKEND_API_KEY_SECRET", weak);
    }
    let errors = refuse_environment(&[("BACKEND_API_KEY_SECRET", "q7#mZp2!vKx9Lw4")]);
    assert!(errors.to_string().contains("16 or more characters"), "{errors}");
    load_environment(&[("BACKEND_API_KEY_SECRET", "q7#mZp2!vKx9Lw4c")]);
}

#[test]
fn secrets_as_generators_make_them_are_taken() {
    for good in [
        GOOD_KEY,
        OTHER_KEY,
        "3b1f0c9de2a74865b7d08e5fa1c94263",
        "Yk3vQm8ZtR5nXw2LpB7hJc4GdF9sK6aE",
        "Zr0m5T+Qh8uD1vYk/3pWcN7xJbLs2gEa9fKiOq4HtXw=",
        "V8s!k2#Lq9@Zr4$Tn6%Wy1^Hd3&Gm5*Pj7",
        "correct-zebra-lantern-orbit-mustard-77",
    ] {
        load_environment(&[("SECRET_KEY", good)]);
        load_environment(&[("SWITCHYARD_JWT_SECRET", good)]);
    }
}

#[test]
fn the_sealing_key_is_taken_in_the_three_documented_spellings() {
    let bytes = |text: &str| {
        let key = load_environment(&[("ENCRYPTION_KEY", text)]).settings.secrets.encryption_key.unwrap();
        match key {
            EncryptionKey::Bytes(bytes) => *bytes.expose_secret(),
            EncryptionKey::Passphrase(_) => panic!("expected bytes"),
        }
    };
    let expected: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&GOOD_KEY[2 * at..2 * at + 2], 16).unwrap()).collect();
    assert_eq!(bytes(GOOD_KEY).to_vec(), expected);
    assert_eq!(bytes(&GOOD_KEY.to_uppercase()).to_vec(), expected);
    assert_eq!(bytes("nxx6UuC4TTah88hdfim2BPjRMnrJW-BkF9qDvE5Qli8").to_vec(), expected);
    assert_eq!(bytes("nxx6UuC4TTah88hdfim2BPjRMnrJW-BkF9qDvE5Qli8=").to_vec(), expected);
}

#[test]
fn a_malformed_sealing_key_is_refused() {
    for wrong in
        [&GOOD_KEY[..62], &GOOD_KEY[..32], "nxx6UuC4TTah88hdfim2BPjRMnrJW-BkF9qDvE5Ql", &"zq".repeat(32)]
    {
        let errors = refuse_environment(&[("SWITCHYARD_ENCRYPTION_KEY", wrong)]);
        assert_names_without_showing(&errors, "SWITCHYARD_ENCRYPTION_KEY", wrong);
    }
}

#[test]
fn a_sealing_key_wins_over_a_secret_to_derive_from() {
    let pairs = [("ENCRYPTION_KEY", GOOD_KEY), ("BACKEND_API_KEY_SECRET", "q7#mZp2!vKx9Lw4c")];
    let loaded = load_environment(&pairs);
    assert!(matches!(loaded.settings.secrets.encryption_key, Some(EncryptionKey::Bytes(_))));
    assert_eq!(
        warnings(&loaded),
        "BACKEND_API_KEY_SECRET: seals nothing: ENCRYPTION_KEY is given, and wins. What stands under it opens still"
    );
}

#[test]
fn one_secret_for_two_purposes_is_refused_in_whatever_spelling() {
    let same = "nxx6UuC4TTah88hdfim2BPjRMnrJW-BkF9qDvE5Qli8=";
    for pairs in [
        [("SECRET_KEY", GOOD_KEY), ("JWT_SECRET_KEY", GOOD_KEY)],
        [("SECRET_KEY", GOOD_KEY), ("ENCRYPTION_KEY", same)],
        [("JWT_SECRET_KEY", GOOD_KEY), ("ENCRYPTION_KEY", GOOD_KEY)],
        [("SECRET_KEY", GOOD_KEY), ("REGISTRATION_TOKEN", GOOD_KEY)],
        [("SWITCHYARD_JWT_SECRET_PREVIOUS", GOOD_KEY), ("SECRET_KEY", GOOD_KEY)],
    ] {
        let errors = refuse_environment(&pairs);
        let text = errors.to_string();
        assert_eq!(errors.problems().len(), 1, "{text}");
        assert!(
            text.contains(pairs[0].0) && text.contains(pairs[1].0) && text.contains("the same secret"),
            "{text}"
        );
        assert!(!text.contains(GOOD_KEY) && !text.contains(same));
    }
    load_environment(&[("SECRET_KEY", GOOD_KEY), ("JWT_SECRET_KEY", OTHER_KEY)]);
}

#[test]
fn the_previous_secret_may_equal_the_present_one_but_then_does_nothing() {
    let pairs = [("SWITCHYARD_JWT_SECRET", GOOD_KEY), ("SWITCHYARD_JWT_SECRET_PREVIOUS", GOOD_KEY)];
    assert!(warnings(&load_environment(&pairs)).contains("it changes nothing"));
}

#[test]
fn the_fixed_iv_of_one_origin_is_ignored_with_a_warning_that_does_not_show_it() {
    let text = warnings(&load_environment(&[("IV", "00112233445566778899aabbccddeeff")]));
    assert!(text.starts_with("IV: ignored") && !text.contains("0011"), "{text}");
}

#[test]
fn a_first_administrator_has_a_name_and_a_password_that_is_not_guessed_first() {
    let refused = |password: &str, more: &[(&str, &str)]| {
        let pairs = [("SWITCHYARD_ADMIN_USERNAME", "Margaret"), ("SWITCHYARD_ADMIN_PASSWORD", password)];
        refuse_environment(&[pairs.as_slice(), more].concat())
    };
    for weak in [
        "",
        "short",
        "password",
        "Password-1",
        "12345678",
        "zzzzzzzzz",
        "change-me",
        "margaret",
        "letmein123",
    ] {
        assert_names_without_showing(&refused(weak, &[]), "SWITCHYARD_ADMIN_PASSWORD", weak);
    }
    assert_names_without_showing(
        &refused(&"q9!".repeat(50), &[]),
        "SWITCHYARD_ADMIN_PASSWORD",
        &"q9!".repeat(50),
    );
    let strict = refused("blue-kettle-77", &[("SWITCHYARD_PASSWORD_POLICY", "strict")]);
    assert!(strict.to_string().contains("15 or more characters"), "{strict}");
    for half in [("SWITCHYARD_ADMIN_USERNAME", "ada"), ("SWITCHYARD_ADMIN_PASSWORD", "blue-kettle-77")] {
        assert!(refuse_environment(&[half]).to_string().contains("beside it"));
    }
}

#[test]
fn placeholders_are_no_tokens_and_no_vendor_keys_but_short_real_ones_are() {
    for (variable, placeholder) in [
        ("REGISTRATION_TOKEN", "change-me"),
        ("REGISTRATION_TOKEN", "secret"),
        ("REGISTRATION_TOKEN", "your-registration-secret"),
        ("GEMINI_API_KEY", "your_gemini_api_key"),
        ("GROK_API_KEY", "<your key>"),
        ("XAI_API_KEY", "${XAI_API_KEY}"),
        ("NGROK_API_KEY", "a key with spaces"),
    ] {
        assert_names_without_showing(&refuse_environment(&[(variable, placeholder)]), variable, placeholder);
    }
    load_environment(&[("REGISTRATION_TOKEN", "let-the-team-in-42"), ("GEMINI_API_KEY", "test-key")]);
}

#[test]
fn a_secret_in_the_file_or_in_dotenv_is_no_more_shown_than_one_in_the_environment() {
    let weak = "super-secret-jwt-key-for-development-only-123";
    let in_file = refuse(&crate::file(&format!("settings:\n  secret_key: {weak}\n")));
    assert_names_without_showing(&in_file, "settings.secret_key (switchyard.yaml line 2)", weak);
    let mut sources = crate::environment(&[]);
    sources.dotenv = Some(crate::dotenv(&format!("SECRET_KEY={weak}\n")));
    assert_names_without_showing(&refuse(&sources), "SECRET_KEY (.env line 1)", weak);
    sources.dotenv = Some(crate::dotenv(&format!("SECRET_KEY={GOOD_KEY}\n")));
    assert!(!format!("{:?}", load(&sources)).contains(GOOD_KEY));
}
