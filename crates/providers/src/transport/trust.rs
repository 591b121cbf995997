//! Whom TLS connections to upstreams believe.

use std::sync::Arc;

use rustls::{
    ClientConfig,
    pki_types::{CertificateDer, pem::PemObject},
};

/// The TLS side of every client: the platform's certificate store, Mozilla's roots compiled in (a bare
/// container has no store of its own) and the operator's extra roots; TLS 1.2 and 1.3; HTTP/2 where
/// the upstream offers it.
///
/// Cheap to clone, and meant to be shared by all transports: loading the stores takes milliseconds,
/// and session tickets are then shared between worker threads.
#[derive(Debug, Clone)]
pub struct Trust {
    config: ClientConfig,
}

/// Why the certificates could not be put together.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TrustError {
    /// A PEM text without a readable certificate.
    #[error("an extra root certificate could not be read: {0}")]
    Pem(String),
    /// The TLS library would not take them.
    #[error("the TLS settings were not accepted: {0}")]
    Tls(#[from] rustls::Error),
}

impl Trust {
    /// Loads the stores, reading files: to be called at start, not between requests. `extra_roots` are PEM texts of one or more certificates each, for a private
    /// certificate authority; they come on top of the public ones.
    ///
    /// # Errors
    ///
    /// A PEM text that holds no certificate, or one that is not acceptable as a root.
    pub fn load<'a>(extra_roots: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, TrustError> {
        let mut roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.to_vec();
        for pem in extra_roots {
            roots.extend(certificates(pem)?);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier =
            rustls_platform_verifier::Verifier::new_with_extra_roots(roots, Arc::clone(&provider))?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { config })
    }

    pub(super) fn config(&self) -> ClientConfig {
        self.config.clone()
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| TrustError::Pem(error.to_string()))?;
    if found.is_empty() {
        return Err(TrustError::Pem("it holds no certificate".to_owned()));
    }
    Ok(found)
}
