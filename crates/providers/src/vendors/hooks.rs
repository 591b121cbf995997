//! What a vendor does that no fact can say.

use crate::transport::{OutboundRequest, Transports, secret_header};
use async_trait::async_trait;
use http::HeaderName;
use secrecy::SecretString;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use switchyard_domain::chat::Dialect;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::Clock;
use url::Url;

/// Where a vendor departs from the usual: an address below the base, and a credential that stands in a header. Whatever is not
/// told otherwise is as usual.
pub trait Hooks: fmt::Debug + Send + Sync {
    /// The base address to work with, of the one that was given and that the egress guard admits.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with the provider.
    fn base(&self, given: &Url) -> Result<Url, String> {
        Ok(given.clone())
    }

    /// Where a call goes. It must stay at the base's origin.
    fn address(&self, base: &Url, call: &Called<'_>) -> Url {
        below(base, call.endpoint)
    }

    /// Where the models are listed, of which the facts say `listing`. At another origin, it is called under the same egress
    /// rule.
    fn models(&self, base: &Url, listing: &str) -> Url {
        below(base, listing)
    }

    /// Who authorizes the requests to the provider at `base`; made once for each provider. `None`: the facts' own scheme does.
    fn authorizer(&self, base: &Url, means: &Means) -> Option<Box<dyn Authorizer>> {
        let _ = (base, means);
        None
    }
}

/// What an authorizer may use that has to ask somebody.
#[derive(Clone)]
pub struct Means {
    /// The ways to others than the provider itself, under the same guard and trust.
    pub transports: Transports,
    /// Dates what is signed and what is kept.
    pub clock: Arc<dyn Clock>,
}

/// A call, as far as it decides about its address.
#[derive(Clone, Copy, Debug)]
pub struct Called<'a> {
    /// The dialect that is spoken.
    pub dialect: Dialect,
    /// The dialect's own path below the base, and its query if it has one.
    pub endpoint: &'a str,
    /// The model in the vendor's word: untrusted text.
    pub model: &'a str,
}

/// Authorizes the requests to one provider.
#[async_trait]
pub trait Authorizer: Send + Sync {
    /// Adds to a request that is otherwise final what makes the vendor take it. MUST only be called for requests to the
    /// provider's own origins. Gives what was sent as the secret, which is hidden wherever an answer repeats it.
    ///
    /// # Errors
    /// When the credential is none that the vendor knows ([`FaultKind::NoCredential`]), or whoever gives tokens refuses it or
    /// can't be reached.
    async fn authorize(
        &self,
        request: &mut OutboundRequest,
        credential: &Arc<SecretString>,
        now: Timestamp,
    ) -> Result<Arc<SecretString>, ProviderFault>;
}

/// A path, and its query if it has one, below the base, whatever query the base has.
#[must_use]
pub fn below(base: &Url, place: &str) -> Url {
    let (path, query) = place.split_once('?').map_or((place, None), |(path, query)| (path, Some(query)));
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url.set_query(query);
    url
}

/// A name as one segment of a path, whatever is in it.
#[must_use]
pub fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into memory that grows can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Puts a secret into a header, after `prefix`.
///
/// # Errors
/// [`FaultKind::NoCredential`] when it has characters that no header can carry.
pub fn put_secret(
    request: &mut OutboundRequest,
    name: HeaderName,
    prefix: &str,
    secret: &SecretString,
) -> Result<(), ProviderFault> {
    let value = secret_header(prefix, secret)
        .map_err(|_| unusable("the stored credential has characters that can't be sent; store it again"))?;
    request.headers.insert(name, value);
    Ok(())
}

/// A credential that can't be used. The message must not repeat it.
#[must_use]
pub fn unusable(message: impl Into<String>) -> ProviderFault {
    ProviderFault::new(FaultKind::NoCredential, message)
}
