//! What a signed-in client holds: nothing opens but what we signed, letter for letter, for what it was signed, in its time.

use secrecy::{ExposeSecret, SecretString};
use std::sync::OnceLock;
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::time::Timestamp;
use switchyard_ports::tokens::{Claims, CsrfValues, OneTimeSecrets, TokenFault, TokenKind, Tokens};
use switchyard_security::csrf::SessionCsrf;
use switchyard_security::derive::{Purpose, SubKey};
use switchyard_security::one_time::HashedSecrets;
use switchyard_security::tokens::JwtTokens;
use uuid::Uuid;

/// 2026-11-20T08:00:00Z.
const NOW: Timestamp = Timestamp(1_795_161_600_000);
/// In milliseconds: how far clocks may be apart, and what tokens don't tell of a second.
const LEEWAY: i64 = 30_000;
const SECOND: i64 = 1_000;
const KINDS: [TokenKind; 2] = [TokenKind::Access, TokenKind::Refresh];

struct World {
    tokens: JwtTokens,
    csrf: SessionCsrf,
    secrets: HashedSecrets,
    /// Signed under the present secret, under the one before, and under one that was never ours; of each kind.
    ours: Vec<(TokenKind, String)>,
    foreign: Vec<String>,
    session: SessionId,
}

fn claims(kind: TokenKind) -> Claims {
    Claims {
        kind,
        user: UserId(7),
        session: SessionId(Uuid::from_u128(11)),
        id: Uuid::from_u128(13),
        issued_at: NOW,
        expires_at: Timestamp(NOW.0 + 900_000),
    }
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let [present, previous, other] = ["present", "previous", "other"]
            .map(|word| SecretString::from(format!("a secret of thirty-two characters: {word}")));
        let key = SecretString::from("a secret key of thirty-two characters");
        let signed = |secret: &SecretString, kind| {
            let signer = JwtTokens::new(secret, None).expect("a key of any length");
            signer.sign(&claims(kind)).expose_secret().to_owned()
        };
        let ours = KINDS
            .into_iter()
            .flat_map(|kind| [&present, &previous].map(|secret| (kind, signed(secret, kind))));
        World {
            ours: ours.collect(),
            foreign: KINDS.map(|kind| signed(&other, kind)).into(),
            tokens: JwtTokens::new(&present, Some(&previous)).expect("a key of any length"),
            csrf: SessionCsrf::new(&SubKey::of(&key, Purpose::Csrf)),
            secrets: HashedSecrets::new(&SubKey::of(&key, Purpose::OneTimeSecrets)),
            session: SessionId(Uuid::from_u128(11)),
        }
    })
}

/// Presents a text, changes of good tokens and values as the text says (in threes of a place, two bytes, and what is done there),
/// parts of several joined, and tokens of all times.
///
/// # Panics
/// When something does not hold.
pub fn run(data: &[u8]) {
    let world = world();
    let text = String::from_utf8_lossy(data);
    for kind in KINDS {
        // The fuzzer sees what is compared below, and learns good tokens and values from it.
        let is_ours = world.ours.iter().any(|(of, ours)| *of == kind && *ours == text);
        assert_eq!(world.tokens.verify(&text, kind, NOW).is_ok(), is_ours, "a made-up token is taken");
        let is_value = world.csrf.value(world.session, kind) == text;
        assert_eq!(world.csrf.is_value(&text, world.session, kind), is_value, "a made-up value is taken");
    }
    assert!(world.secrets.hash(&text) == world.secrets.hash(&text));
    for (kind, token) in &world.ours {
        presented(world, *kind, token, &changed(token, data));
    }
    for token in &world.foreign {
        let spliced = joined(&world.ours, token, data);
        for kind in KINDS {
            let is_ours = world.ours.iter().any(|(of, ours)| *of == kind && *ours == spliced);
            assert_eq!(
                world.tokens.verify(&spliced, kind, NOW).is_ok(),
                is_ours,
                "a joined token: {spliced}"
            );
        }
    }
    for kind in KINDS {
        let value = world.csrf.value(world.session, kind);
        let other = changed(&value, data);
        assert_eq!(world.csrf.is_value(&other, world.session, kind), other == value);
        assert!(!world.csrf.is_value(&value, SessionId(Uuid::from_u128(12)), kind), "another session's");
    }
    times(world, data);
}

fn presented(world: &World, kind: TokenKind, good: &str, token: &str) {
    for asked in KINDS {
        let taken = world.tokens.verify(token, asked, NOW);
        assert_eq!(taken.is_ok(), token == good && asked == kind, "{token}");
        if let Ok(said) = taken {
            assert_eq!(said, claims(kind));
        }
    }
}

/// A text with single bytes put in, taken out or replaced.
fn changed(text: &str, data: &[u8]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for step in data.chunks_exact(3).take(64) {
        let &[high, low, byte] = step else { continue };
        let at = usize::from(u16::from_be_bytes([high, low])) % (bytes.len() + 1);
        match (byte, bytes.get_mut(at)) {
            (0, Some(_)) => drop(bytes.remove(at)),
            (1..=127, Some(old)) => *old = byte,
            (_, _) => bytes.insert(at, byte & 0x7f),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Head, body and signature of different tokens, as the bytes say.
fn joined(ours: &[(TokenKind, String)], foreign: &str, data: &[u8]) -> String {
    let all: Vec<&str> = ours.iter().map(|(_, token)| token.as_str()).chain([foreign]).collect();
    let part = |number: usize| {
        let choice = data.get(number).copied().map_or(0, usize::from) % all.len();
        all.get(choice).and_then(|token| token.split('.').nth(number)).unwrap_or_default()
    };
    [part(0), part(1), part(2)].join(".")
}

/// A token of these moments is taken exactly in its time.
fn times(world: &World, data: &[u8]) {
    let mut numbers = data.chunks_exact(8).map(|bytes| {
        let mut number = [0; 8];
        number.copy_from_slice(bytes);
        i64::from_be_bytes(number)
    });
    let (Some(issued), Some(expires), Some(now)) = (numbers.next(), numbers.next(), numbers.next()) else {
        return;
    };
    let claims =
        Claims { issued_at: Timestamp(issued), expires_at: Timestamp(expires), ..claims(TokenKind::Access) };
    let token = world.tokens.sign(&claims);
    let verdict = world.tokens.verify(token.expose_secret(), TokenKind::Access, Timestamp(now));
    // No token tells of a time before 1970.
    if issued < 0 || expires < 0 {
        return;
    }
    match verdict {
        Ok(said) => {
            assert_eq!((said.user, said.session, said.id), (claims.user, claims.session, claims.id));
            assert!(now.saturating_sub(LEEWAY) < expires.saturating_add(SECOND), "it was over");
            assert!(now.saturating_add(LEEWAY + SECOND) > issued.saturating_sub(SECOND), "it had not begun");
        }
        Err(TokenFault::Expired) => {
            assert!(now.saturating_add(SECOND) >= expires.saturating_add(LEEWAY - SECOND))
        }
        Err(TokenFault::Invalid) => assert!(now.saturating_add(LEEWAY) < issued.saturating_add(SECOND)),
    }
}
