//! Signed tokens: JSON web tokens by HMAC-SHA256, and by nothing else.

use crate::derive::expand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::fmt;
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::time::Timestamp;
use switchyard_ports::tokens::{Claims, TokenFault, TokenKind, Tokens};
use uuid::Uuid;

/// Who makes the tokens, and for whom: this server both.
const ISSUER: &str = "switchyard";
const KID_SALT: &[u8] = b"switchyard/jwt-secret/v1";
/// How far the clocks of replicas may be apart.
const LEEWAY_SECONDS: i64 = 30;
/// A token of ours has some 450 characters.
const LONGEST: usize = 1024;

/// Tokens of the present secret, and of the one before it until they end.
pub struct JwtTokens {
    encoding: EncodingKey,
    present: Verifier,
    previous: Option<Verifier>,
    validation: Validation,
}

struct Verifier {
    key: DecodingKey,
    access: Head,
    refresh: Head,
}

/// The head of a token, which is the same for all tokens of one key and kind.
struct Head {
    header: Header,
    /// As it stands before the token's first dot.
    text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    iss: String,
    aud: String,
    sub: String,
    sid: Uuid,
    jti: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(rename = "type")]
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Access,
    Refresh,
}

impl JwtTokens {
    /// Tokens under `secret`; those that were made under `previous` are still taken.
    ///
    /// # Errors
    /// When a head can't be written, which no key is the cause of.
    pub fn new(
        secret: &SecretString,
        previous: Option<&SecretString>,
    ) -> Result<Self, jsonwebtoken::errors::Error> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        // Judged by our own clock below.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Ok(Self {
            encoding: EncodingKey::from_secret(secret.expose_secret().as_bytes()),
            present: Verifier::new(secret)?,
            previous: previous.map(Verifier::new).transpose()?,
            validation,
        })
    }
}

impl Verifier {
    fn new(secret: &SecretString) -> Result<Self, jsonwebtoken::errors::Error> {
        let secret = secret.expose_secret().as_bytes();
        let id = expand(KID_SALT, secret, b"key-id");
        let id: String = id.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let head = |kind: TokenKind| -> Result<Head, jsonwebtoken::errors::Error> {
            let header = Header {
                typ: Some(type_of(kind).to_owned()),
                kid: Some(id.clone()),
                ..Header::new(Algorithm::HS256)
            };
            let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header)?);
            Ok(Head { header, text })
        };
        Ok(Self {
            key: DecodingKey::from_secret(secret),
            access: head(TokenKind::Access)?,
            refresh: head(TokenKind::Refresh)?,
        })
    }

    fn head(&self, kind: TokenKind) -> &Head {
        match kind {
            TokenKind::Access => &self.access,
            TokenKind::Refresh => &self.refresh,
        }
    }
}

/// RFC 9068's word for access tokens, and its like.
fn type_of(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Access => "at+jwt",
        TokenKind::Refresh => "rt+jwt",
    }
}

impl From<TokenKind> for Kind {
    fn from(kind: TokenKind) -> Self {
        match kind {
            TokenKind::Access => Self::Access,
            TokenKind::Refresh => Self::Refresh,
        }
    }
}

impl Tokens for JwtTokens {
    #[expect(
        clippy::expect_used,
        reason = "an HMAC under a key of any length, over nine plain members, can't fail"
    )]
    fn sign(&self, claims: &Claims) -> SecretString {
        let issued = claims.issued_at.unix_seconds();
        let body = Body {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub: claims.user.to_string(),
            sid: claims.session.0,
            jti: claims.id,
            iat: issued,
            nbf: issued,
            exp: claims.expires_at.unix_seconds(),
            kind: claims.kind.into(),
        };
        let head = &self.present.head(claims.kind).header;
        SecretString::from(encode(head, &body, &self.encoding).expect("a token can be signed"))
    }

    /// The head is compared with the only ones that we write, letter by letter: no algorithm, key or type of somebody else's choice
    /// is ever looked at.
    fn verify(&self, token: &str, kind: TokenKind, now: Timestamp) -> Result<Claims, TokenFault> {
        if token.len() > LONGEST {
            return Err(TokenFault::Invalid);
        }
        let (head, _) = token.split_once('.').ok_or(TokenFault::Invalid)?;
        let mut ours = [Some(&self.present), self.previous.as_ref()].into_iter().flatten();
        let verifier = ours.find(|verifier| verifier.head(kind).text == head).ok_or(TokenFault::Invalid)?;
        let body: Body =
            decode(token, &verifier.key, &self.validation).map_err(|_| TokenFault::Invalid)?.claims;
        if body.kind != kind.into() {
            return Err(TokenFault::Invalid);
        }
        let user = body.sub.parse().map_err(|_| TokenFault::Invalid)?;
        let seconds = now.unix_seconds();
        if seconds.saturating_sub(LEEWAY_SECONDS) >= body.exp {
            return Err(TokenFault::Expired);
        }
        let begins = body.nbf.max(body.iat);
        if seconds.saturating_add(LEEWAY_SECONDS) < begins {
            return Err(TokenFault::Invalid);
        }
        Ok(Claims {
            kind,
            user: UserId(user),
            session: SessionId(body.sid),
            id: body.jti,
            issued_at: at(body.iat),
            expires_at: at(body.exp),
        })
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds.saturating_mul(1000))
}

impl fmt::Debug for JwtTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JwtTokens(..)")
    }
}
