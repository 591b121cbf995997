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
use std::path::{Path, PathBuf};
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
        // That of an earlier start opens nothing any more.
        forget(settings);
        return Ok(());
    }
    write(settings, &url)?;
    tracing::warn!(
        path = %path(settings).display(),
        "there is no administrator: the link in this file makes the first one, once, within an hour"
    );
    Ok(())
}

/// Where the server of this data directory wrote that its links lead; `None` where it wrote none.
pub(crate) fn told_server(settings: &Settings) -> Option<String> {
    let text = std::fs::read_to_string(path(settings)).ok()?;
    let (server, _) = text.lines().next()?.split_once("/setup#")?;
    Some(server.to_owned())
}

/// Writes a link with how to use it, in place of an earlier one, which stays where this fails.
pub(crate) fn write(settings: &Settings, url: &str) -> Result<(), Failure> {
    let path = path(settings);
    let new = path.with_extension("new");
    let written = || {
        // One that is there may be readable by others: a new file takes its place.
        remove(&new)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        writeln!(file, "{url}\n\n{}", setup_advice(url))?;
        std::fs::rename(&new, &path)
    };
    written().map_err(|error| Failure::runtime(format!("{} can't be written: {error}", path.display())))
}

/// Takes the file away that a start without an administrator left.
pub(crate) fn forget(settings: &Settings) {
    let path = path(settings);
    if let Err(error) = remove(&path) {
        tracing::debug!(path = %path.display(), %error, "a used link stays behind");
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn path(settings: &Settings) -> PathBuf {
    settings.data_dir.join(FILE)
}
