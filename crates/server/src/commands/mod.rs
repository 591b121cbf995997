//! The commands of the command line, a file each. They work on the database directly; a running server sees their changes
//! within a second.

pub(crate) mod admin;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod budgets;
pub(crate) mod check;
mod credentials;
pub(crate) mod document;
pub(crate) mod explain;
pub(crate) mod keys;
pub(crate) mod ledger;
pub(crate) mod migrate;
pub(crate) mod providers;
pub(crate) mod rekey;
pub(crate) mod routes;
pub(crate) mod seed;
pub(crate) mod usage;

use crate::failure::Failure;
use switchyard::settings::Loaded;
use switchyard::{Administration, Builder, Name};
use switchyard_domain::meta::Writer;

/// The administrative use cases over the configured database. What the file declares is the server's to apply.
async fn open(loaded: &Loaded) -> Result<Administration, Failure> {
    open_with(loaded, |builder| builder).await
}

/// The same, built a little differently.
async fn open_with(
    loaded: &Loaded,
    change: impl FnOnce(Builder) -> Builder,
) -> Result<Administration, Failure> {
    let builder = change(Builder::from_settings(&loaded.settings, None)?);
    let administration = builder.open_administration().await?;
    for path in administration.generated_secrets() {
        tracing::warn!(path = %path.display(), "a secret was generated: back this file up");
    }
    Ok(administration)
}

/// Who writes through the command line: this user of the machine.
fn writer() -> Writer {
    #[expect(clippy::disallowed_methods, reason = "the process environment is this crate's to read")]
    let user = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    Writer::cli(&user.filter(|user| !user.is_empty()).unwrap_or_default())
}

fn name(text: &str) -> Result<Name, Failure> {
    Name::new(text).map_err(|error| Failure::usage(format!("`{text}`: {error}")))
}
