//! Passwords, tokens, values against forged requests, secrets of one use.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::time::Timestamp;
use switchyard_ports::passwords::{PasswordHash, Passwords, Verdict};
use switchyard_ports::tokens::{Claims, CsrfValues, OneTimeSecrets, TokenFault, TokenKind, Tokens};
use switchyard_security::csrf::SessionCsrf;
use switchyard_security::derive::{Purpose, SubKey};
use switchyard_security::one_time::HashedSecrets;
use switchyard_security::passwords::{Argon2Passwords, Cost};
use switchyard_security::tokens::JwtTokens;
use uuid::Uuid;

const SECRET: &str = "9f1c7a52e0b84d36a1f3c85d7e29b604f8d1327ac95be06417da83bc4e50962f";
const OTHER: &str = "0b84d36a1f3c85d7e29b604f8d1327ac95be06417da83bc4e50962f9f1c7a52e";
/// 2026-11-20T08:00:00Z
const NOW: i64 = 1_795_161_600;

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn tokens() -> JwtTokens {
    JwtTokens::new(&secret(SECRET), None).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1000)
}

fn claims(kind: TokenKind) -> Claims {
    Claims {
        kind,
        user: UserId(7),
        session: SessionId(Uuid::from_u128(1)),
        id: Uuid::from_u128(2),
        issued_at: at(NOW),
        expires_at: at(NOW + 900),
    }
}

/// What our own tokens say.
fn body() -> Value {
    json!({
        "iss": "switchyard", "aud": "switchyard", "sub": "7", "sid": Uuid::from_u128(1), "jti": Uuid::from_u128(2),
        "iat": NOW, "nbf": NOW, "exp": NOW + 900, "type": "access",
    })
}

/// The key id that our tokens name.
fn kid() -> String {
    let token = tokens().sign(&claims(TokenKind::Access));
    let header = token.expose_secret().split('.').next().unwrap().to_owned();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

fn signed(header: &Header, body: &Value, key: &str) -> String {
    encode(header, body, &EncodingKey::from_secret(key.as_bytes())).unwrap()
}

fn our_header() -> Header {
    Header { typ: Some("at+jwt".to_owned()), kid: Some(kid()), ..Header::new(Algorithm::HS256) }
}

fn verdict(token: &str) -> Result<Claims, TokenFault> {
    tokens().verify(token, TokenKind::Access, at(NOW))
}

#[test]
fn a_token_says_what_was_signed() {
    for kind in [TokenKind::Access, TokenKind::Refresh] {
        let token = tokens().sign(&claims(kind));
        assert_eq!(tokens().verify(token.expose_secret(), kind, at(NOW)), Ok(claims(kind)));
    }
    // The corpus below differs from this one in one thing each.
    assert_eq!(verdict(&signed(&our_header(), &body(), SECRET)), Ok(claims(TokenKind::Access)));
}

#[test]
fn a_token_ends_and_begins_by_our_clock_give_or_take_half_a_minute() {
    let tokens = tokens();
    let token = tokens.sign(&claims(TokenKind::Access));
    let judged =
        |seconds| tokens.verify(token.expose_secret(), TokenKind::Access, at(NOW + seconds)).map(|_| ());
    assert_eq!(judged(929), Ok(()));
    assert_eq!(judged(930), Err(TokenFault::Expired));
    assert_eq!(judged(-30), Ok(()));
    assert_eq!(judged(-31), Err(TokenFault::Invalid));
}

#[test]
fn a_token_of_one_kind_is_none_of_the_other() {
    for (made, asked) in [(TokenKind::Access, TokenKind::Refresh), (TokenKind::Refresh, TokenKind::Access)] {
        let token = tokens().sign(&claims(made));
        assert_eq!(tokens().verify(token.expose_secret(), asked, at(NOW)), Err(TokenFault::Invalid));
    }
}

#[test]
fn the_previous_secrets_tokens_are_taken_and_a_third_ones_are_not() {
    let old = JwtTokens::new(&secret(OTHER), None).unwrap().sign(&claims(TokenKind::Access));
    let with = JwtTokens::new(&secret(SECRET), Some(&secret(OTHER))).unwrap();
    assert_eq!(with.verify(old.expose_secret(), TokenKind::Access, at(NOW)), Ok(claims(TokenKind::Access)));
    assert_eq!(verdict(old.expose_secret()), Err(TokenFault::Invalid));
    let new = with.sign(&claims(TokenKind::Access));
    assert_eq!(
        verdict(new.expose_secret()),
        Ok(claims(TokenKind::Access)),
        "what is new is under the new secret"
    );
}

#[test]
fn no_token_that_is_not_ours_is_taken() {
    let header = our_header();
    let with = |change: fn(&mut Value)| {
        let mut body = body();
        change(&mut body);
        signed(&our_header(), &body, SECRET)
    };
    let headed = |change: fn(&mut Header)| {
        let mut header = our_header();
        change(&mut header);
        signed(&header, &body(), SECRET)
    };
    let raw = |header: &str, body: &str, signature: &str| {
        format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(body))
    };
    let good = signed(&header, &body(), SECRET);
    let (unsigned, signature) = good.rsplit_once('.').unwrap();
    let (head, payload) = unsigned.split_once('.').unwrap();
    let admin = URL_SAFE_NO_PAD.encode(body().to_string().replace("\"7\"", "\"1\""));
    let mut corpus = vec![
        // The algorithm is none, or another.
        raw(r#"{"alg":"none"}"#, &body().to_string(), ""),
        raw(r#"{"typ":"at+jwt","alg":"none"}"#, &body().to_string(), signature),
        raw(r#"{"alg":"nOnE","typ":"at+jwt"}"#, &body().to_string(), ""),
        signed(&Header { alg: Algorithm::HS384, ..header.clone() }, &body(), SECRET),
        signed(&Header { alg: Algorithm::HS512, ..header.clone() }, &body(), SECRET),
        raw(r#"{"alg":"RS256","typ":"at+jwt"}"#, &body().to_string(), signature),
        raw(r#"{"alg":"ES256","typ":"at+jwt"}"#, &body().to_string(), "AAAA"),
        // Another secret, none, the key's id as the secret, the public parts as the secret.
        signed(&header, &body(), OTHER),
        signed(&header, &body(), ""),
        signed(&header, &body(), &kid()),
        signed(&header, &body(), "switchyard"),
        // Heads that would choose a key.
        headed(|header| header.kid = None),
        headed(|header| header.kid = Some("../../dev/null".to_owned())),
        headed(|header| header.kid = Some("' OR 1=1 --".to_owned())),
        headed(|header| header.kid = Some(String::new())),
        headed(|header| header.jku = Some("https://evil.example/jwks".to_owned())),
        headed(|header| header.x5u = Some("https://evil.example/x5u".to_owned())),
        headed(|header| header.cty = Some("JWT".to_owned())),
        // Types.
        headed(|header| header.typ = None),
        headed(|header| header.typ = Some("JWT".to_owned())),
        headed(|header| header.typ = Some("rt+jwt".to_owned())),
        headed(|header| header.typ = Some("AT+JWT".to_owned())),
        // What it says.
        with(|body| body["iss"] = json!("evil")),
        with(|body| body["aud"] = json!("another")),
        with(|body| body["aud"] = json!(["switchyard", "another"])),
        with(|body| body["sub"] = json!("admin")),
        with(|body| body["sub"] = json!("7 ")),
        with(|body| body["sub"] = json!(7)),
        with(|body| body["sid"] = json!("x")),
        with(|body| body["type"] = json!("refresh")),
        with(|body| body["type"] = json!("ACCESS")),
        with(|body| body["exp"] = json!("never")),
        with(|body| body["exp"] = json!(1e300)),
        with(|body| body["exp"] = json!(NOW - 31)),
        with(|body| body["nbf"] = json!(NOW + 31)),
        with(|body| body["iat"] = json!(NOW + 31)),
        with(|body| body["role"] = json!("admin")),
        with(|body| body["exp"] = json!(i64::MIN)),
        // The parts.
        format!("{head}.{admin}.{signature}"),
        format!("{head}.{payload}."),
        format!("{head}.{payload}"),
        format!("{head}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{good}."),
        format!("{good}.{signature}"),
        format!("{good}="),
        format!("{good} "),
        format!(" {good}"),
        format!("{head}.{payload}.{}", &signature[..signature.len() - 1]),
        format!("{head}.{payload}.{}A", signature),
        good.replace('.', "-"),
        raw(&serde_json::to_string(&header).unwrap(), "[]", signature),
        raw(&serde_json::to_string(&header).unwrap(), "null", signature),
        // The same head, spelled otherwise.
        raw(&format!(" {}", serde_json::to_string(&header).unwrap()), &body().to_string(), signature),
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        "\u{0}.\u{0}.\u{0}".to_owned(),
        "é.é.é".to_owned(),
        "x".repeat(100_000),
        format!("{head}.{}.{signature}", "A".repeat(5000)),
    ];
    for member in ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp", "type"] {
        let mut body = body();
        body.as_object_mut().unwrap().remove(member);
        corpus.push(signed(&header, &body, SECRET));
    }
    // The same signature in another spelling: the last character's spare bits.
    let last = signature.chars().last().unwrap();
    for other in
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars().filter(|c| *c != last)
    {
        corpus.push(format!("{head}.{payload}.{}{other}", &signature[..signature.len() - 1]));
    }
    assert!(corpus.len() > 120, "{}", corpus.len());
    for token in corpus {
        assert!(verdict(&token).is_err(), "{}", token.chars().take(300).collect::<String>());
    }
}

#[test]
fn a_password_is_right_whoever_made_the_hash_and_a_cheap_hash_is_told() {
    let cheap = Argon2Passwords::new(Cost::TRIVIAL).unwrap();
    let dear = Argon2Passwords::new(Cost { memory_kib: 128, passes: 2 }).unwrap();
    let hash = cheap.hash(&secret("correct horse")).unwrap();
    assert!(hash.0.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{}", hash.0);
    assert_ne!(hash, cheap.hash(&secret("correct horse")).unwrap(), "each has a salt of its own");
    assert_eq!(cheap.verify(&secret("correct horse"), &hash), Verdict::Right);
    assert_eq!(dear.verify(&secret("correct horse"), &hash), Verdict::RightButWeakly);
    let strong = dear.hash(&secret("correct horse")).unwrap();
    assert_eq!(cheap.verify(&secret("correct horse"), &strong), Verdict::Right);
    for wrong in ["", "correct horse ", "Correct horse", "correct horse\u{0}", "correct hors"] {
        assert_eq!(cheap.verify(&secret(wrong), &hash), Verdict::Wrong, "{wrong:?}");
        assert_eq!(cheap.verify(&secret(wrong), cheap.decoy()), Verdict::Wrong);
    }
    for garbage in ["", "x", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv", "correct horse"] {
        assert_eq!(cheap.verify(&secret("correct horse"), &PasswordHash(garbage.to_owned())), Verdict::Wrong);
    }
}

#[test]
fn passwords_are_hashed_at_the_recommended_cost() {
    let hash = Argon2Passwords::new(Cost::STANDARD).unwrap().decoy().clone();
    assert!(hash.0.starts_with("$argon2id$v=19$m=65536,t=3,p=1$"), "{}", hash.0);
    assert_eq!(format!("{hash:?}"), "PasswordHash(..)");
    let real = Argon2Passwords::new(Cost::STANDARD).unwrap().hash(&secret("correct horse")).unwrap();
    assert_eq!(hash.0.len(), real.0.len());
    // One that could not be read would be refused without the work.
    let read = argon2::password_hash::phc::PasswordHash::new(&hash.0).unwrap();
    assert!(read.salt.is_some() && read.hash.is_some_and(|output| output.len() == 32));
}

#[test]
fn a_csrf_value_is_of_one_session_one_kind_and_one_server() {
    let of = |key: &str| SessionCsrf::new(&SubKey::of(&secret(key), Purpose::Csrf));
    let (ours, theirs) = (of(SECRET), of(OTHER));
    let (one, two) = (SessionId(Uuid::from_u128(1)), SessionId(Uuid::from_u128(2)));
    let value = ours.value(one, TokenKind::Access);
    assert!(ours.is_value(&value, one, TokenKind::Access));
    assert!(!ours.is_value(&value, two, TokenKind::Access));
    assert!(!ours.is_value(&value, one, TokenKind::Refresh));
    assert!(!theirs.is_value(&value, one, TokenKind::Access));
    for forged in ["", "x", &value[1..], &format!("{value}="), &value.to_lowercase()] {
        assert!(!ours.is_value(forged, one, TokenKind::Access), "{forged}");
    }
}

#[test]
fn a_one_time_secret_is_known_by_its_keyed_hash_alone() {
    let of = |key: &str| HashedSecrets::new(&SubKey::of(&secret(key), Purpose::OneTimeSecrets));
    let (made, hash) = of(SECRET).mint();
    assert_eq!(made.expose_secret().len(), 43);
    assert!(of(SECRET).hash(made.expose_secret()) == hash);
    assert!(of(OTHER).hash(made.expose_secret()) != hash);
    assert!(of(SECRET).mint().1 != hash);
    assert_eq!(format!("{hash:?}"), "SecretHash(..)");
}
