//! The link for the first administrator, told at start while there is none: on a terminal as it is, otherwise in a file, so that no log
//! collector gets it.

use crate::commands::admin::setup_advice;
use crate::failure::Failure;
use crate::output;
use secrecy::ExposeSecret;
use std::fs::OpenOptions;
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use switchyard::orchestrator::accounts::IssuedLink;
use switchyard::settings::Settings;

const FILE: &str = "setup-link";

/// Shows the link on a terminal, or writes it to `setup-link` in the data directory (0600) and names the file.
pub(crate) fn tell(settings: &Settings, bound: &[SocketAddr], link: &IssuedLink) -> Result<(), Failure> {
    let scheme = if settings.server.tls.is_some() { "https" } else { "http" };
    let address = bound.first().map_or_else(String::new, ToString::to_string);
    // Behind the `#`, which no browser sends and no log sees.
    let url = format!("{scheme}://{address}/setup#{}", link.token.expose_secret());
    if std::io::stdout().is_terminal() {
        output::line("");
        output::line("  First admin (one use, expires in an hour; lost it? switchyard admin link):");
        output::line(format!("             {url}"));
        output::line(format!("  {}", setup_advice(&url)));
        return Ok(());
    }
    let path = settings.data_dir.join(FILE);
    let written = || {
        // One that is there may be readable by others: a new file takes its place.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        writeln!(file, "{url}")
    };
    written().map_err(|error| Failure::runtime(format!("{} can't be written: {error}", path.display())))?;
    tracing::warn!(
        path = %path.display(),
        "there is no administrator: the link in this file makes the first one, once, within an hour"
    );
    Ok(())
}
