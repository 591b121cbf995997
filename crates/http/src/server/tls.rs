use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;

/// Why a certificate can't be served. Never holds a part of a key.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TlsError {
    /// There is none, or one of the chain is malformed.
    #[error("expected a chain of certificates in PEM form")]
    NoCertificate,
    /// There is none, or it is malformed or sealed with a passphrase.
    #[error("expected a private key in PEM form, without a passphrase")]
    NoKey,
    /// The two can't be used, or not together.
    #[error("the certificate and its key can't be served: {0}")]
    Unusable(#[from] rustls::Error),
}

/// TLS 1.2 and 1.3 on every listener, with a certificate that can be replaced while the server runs. Clones share it.
#[derive(Clone, Debug)]
pub struct Tls {
    config: Arc<ServerConfig>,
    identity: Arc<Identity>,
}

impl Tls {
    /// With a certificate, its issuers after it, and its key, both in PEM form.
    ///
    /// # Errors
    /// [`TlsError`] when the two can't be read or do not belong together.
    pub fn new(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let identity = Arc::new(Identity(RwLock::new(certified(chain, key)?)));
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&identity) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), identity })
    }

    /// Presents another certificate to those who connect from now on.
    ///
    /// # Errors
    /// As [`Tls::new`]; the certificate stays as it is then.
    pub fn replace(&self, chain: &[u8], key: &[u8]) -> Result<(), TlsError> {
        let certified = certified(chain, key)?;
        *self.identity.0.write().unwrap_or_else(PoisonError::into_inner) = certified;
        Ok(())
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

/// The certificate of the moment.
struct Identity(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

fn certified(chain: &[u8], key: &[u8]) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
        .map(|certificate| certificate.map_err(|_| TlsError::NoCertificate))
        .collect::<Result<_, _>>()?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey)?;
    Ok(Arc::new(CertifiedKey::from_der(chain, key, &default_provider())?))
}
