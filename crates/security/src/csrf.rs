//! Values against forged requests: an HMAC over the session and the kind of its tokens. Nobody who can't read the session's cookies
//! knows it, and none that was planted into a cookie from elsewhere is one.

use crate::derive::SubKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use subtle::ConstantTimeEq;
use switchyard_domain::ids::SessionId;
use switchyard_ports::tokens::{CsrfValues, TokenKind};

/// Values under the sub-key of their own.
pub struct SessionCsrf {
    keyed: Hmac<Sha256>,
}

impl SessionCsrf {
    /// Values under this key.
    #[must_use]
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    pub fn new(key: &SubKey) -> Self {
        Self { keyed: Hmac::new_from_slice(key.expose()).expect("HMAC takes 32 bytes") }
    }
}

impl CsrfValues for SessionCsrf {
    fn value(&self, session: SessionId, kind: TokenKind) -> String {
        let word: &[u8] = match kind {
            TokenKind::Access => b"access",
            TokenKind::Refresh => b"refresh",
        };
        let tag = self.keyed.clone().chain_update(session.0.as_bytes()).chain_update(word).finalize();
        URL_SAFE_NO_PAD.encode(tag.into_bytes())
    }

    fn is_value(&self, presented: &str, session: SessionId, kind: TokenKind) -> bool {
        self.value(session, kind).as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

impl fmt::Debug for SessionCsrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionCsrf(..)")
    }
}
