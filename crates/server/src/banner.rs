//! What a person at a terminal sees first. A log collector gets none of it.

use crate::output;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::Path;
use switchyard::settings::Settings;

/// Prints the banner if standard output is a terminal.
pub(crate) fn show(settings: &Settings, bound: &[SocketAddr], generated: &[&Path]) {
    if std::io::stdout().is_terminal() {
        text(settings, bound, generated).lines().for_each(output::line);
    }
}

fn text(settings: &Settings, bound: &[SocketAddr], generated: &[&Path]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let scheme = if settings.server.tls.is_some() { "https" } else { "http" };
    let address = bound.first().map_or_else(String::new, |address| format!("{scheme}://{address}"));
    let mut lines = vec![format!("  Switchyard {version}   {}", settings.describe_startup(bound))];
    for path in generated {
        lines.push(format!("  {} (created now: back it up)", path.display()));
    }
    if settings.server.listen.is_loopback_only() {
        lines.push(String::new());
        lines.push("  Try the API now (simulated model, no key needed on this machine):".to_owned());
        lines.push(format!("             curl -s {address}/v1/chat/completions \\"));
        lines.push(
            "               -H 'Authorization: Bearer sy-demo' -H 'Content-Type: application/json' \\"
                .to_owned(),
        );
        lines.push(
            r#"               -d '{"model":"sim/swift","messages":[{"role":"user","content":"hello"}]}'"#
                .to_owned(),
        );
        lines.push(String::new());
        lines.push("  Listening on loopback only. To serve others, set LISTEN and TLS, or put a trusted proxy in front.".to_owned());
    }
    lines.push(format!(
        "  Ctrl-C stops; running requests get {} s to finish.",
        settings.server.drain.as_secs_f64()
    ));
    lines.join("\n")
}
