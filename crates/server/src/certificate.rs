//! The certificate of the listeners: read at start, and again whenever the process is told that its files have changed.

use crate::failure::Failure;
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;
use switchyard::settings::{Settings, TlsFiles};
use switchyard_http::server::Tls;

/// The certificate and where it comes from.
pub(crate) struct Certificate<'a> {
    settings: &'a Settings,
    files: &'a TlsFiles,
    tls: Tls,
}

impl<'a> Certificate<'a> {
    /// The one that the settings name, if they name any.
    pub(crate) fn of(settings: &'a Settings) -> Result<Option<Self>, Failure> {
        let Some(files) = &settings.server.tls else { return Ok(None) };
        let (chain, key) = read(files)?;
        let tls =
            Tls::new(&chain, key.expose_secret().as_bytes()).map_err(|error| unusable(files, &error))?;
        Ok(Some(Self { settings, files, tls }))
    }

    /// What the listeners are given.
    pub(crate) fn tls(&self) -> Tls {
        self.tls.clone()
    }

    /// Reads the files again. If they can't be served, the certificate stays as it is.
    pub(crate) fn reload(&self) {
        match self.replaced() {
            Ok(()) => {
                tracing::info!(path = %self.files.certificate.display(), "the certificate was read again");
            }
            Err(failure) => tracing::error!("the certificate stays as it was: {failure}"),
        }
    }

    fn replaced(&self) -> Result<(), Failure> {
        self.settings.check_private_files()?;
        let (chain, key) = read(self.files)?;
        self.tls.replace(&chain, key.expose_secret().as_bytes()).map_err(|error| unusable(self.files, &error))
    }
}

fn read(files: &TlsFiles) -> Result<(Vec<u8>, SecretString), Failure> {
    let chain = std::fs::read(&files.certificate)
        .map_err(|error| unreadable("TLS_CERT_FILE", &files.certificate, &error))?;
    let key = std::fs::read_to_string(&files.key)
        .map_err(|error| unreadable("TLS_KEY_FILE", &files.key, &error))?;
    Ok((chain, SecretString::from(key)))
}

fn unreadable(setting: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::configuration(format!("{setting} {}: {error}", path.display()))
}

fn unusable(files: &TlsFiles, error: &switchyard_http::server::TlsError) -> Failure {
    let TlsFiles { certificate, key } = files;
    let message = format!("TLS_CERT_FILE {}, TLS_KEY_FILE {}: {error}", certificate.display(), key.display());
    Failure::configuration(message)
}
