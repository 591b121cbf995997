//! Files that only their owner should be able to read.

use super::groups::TlsFiles;
use super::problem::{Findings, Origin, Reason};
use super::{Settings, SettingsErrors};
use std::io;
use std::path::Path;

/// Whether every user of the machine can read the file. False where files have no such permission.
pub(super) fn is_world_readable(path: &Path) -> io::Result<bool> {
    let metadata = std::fs::metadata(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        Ok(metadata.permissions().mode() & 0o004 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        Ok(false)
    }
}

/// The content of a file that holds one secret, without the line break at its end.
pub(super) fn read_secret(path: &Path) -> Result<String, Reason> {
    let unreadable = |error: io::Error| Reason::new(format!("{}: {error}", path.display()));
    if is_world_readable(path).map_err(unreadable)? {
        return Err(exposed(path));
    }
    let content = std::fs::read_to_string(path).map_err(unreadable)?;
    Ok(content.trim_end_matches(['\n', '\r']).to_owned())
}

fn exposed(path: &Path) -> Reason {
    let place = path.display();
    Reason::new(format!("every user of this machine can read {place}")).hint(format!("chmod 600 {place}"))
}

impl Settings {
    /// Checks that the certificate and its key are there, and that the key is its owner's alone.
    ///
    /// # Errors
    /// Every file that isn't so.
    pub fn check_private_files(&self) -> Result<(), SettingsErrors> {
        let mut findings = Findings::default();
        if let Some(TlsFiles { certificate, key }) = &self.server.tls {
            if let Err(error) = std::fs::File::open(certificate) {
                let reason = Reason::new(format!("{}: {error}", certificate.display()));
                findings.problem("SWITCHYARD_TLS_CERT_FILE", Origin::Machine, reason);
            }
            if let Err(reason) = read_secret(key) {
                findings.problem("SWITCHYARD_TLS_KEY_FILE", Origin::Machine, reason);
            }
        }
        if findings.problems.is_empty() { Ok(()) } else { Err(SettingsErrors(findings.problems)) }
    }
}
