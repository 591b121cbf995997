//! `switchyard providers credentials`

use super::KeySource;
use clap::Subcommand;
use switchyard_domain::provider::SharedPlace;

#[derive(Debug, Subcommand)]
pub(crate) enum CredentialAction {
    /// Store another key at the first free place. It comes from standard input, a file or the environment, never from an argument.
    Add {
        /// The provider.
        name: String,
        #[command(flatten)]
        key: KeySource,
        /// Put it in the place of the key that stands there.
        #[arg(long, value_name = "PLACE", value_parser = place)]
        replace: Option<SharedPlace>,
    },
    /// List the keys: their places, their last characters, and when they were stored. How a running server finds them is told by
    /// its `/api/v1/status`.
    List {
        /// The provider.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Forget a key. The others stay at their places.
    Remove {
        /// The provider.
        name: String,
        /// The key's place, as `list` shows it.
        #[arg(value_parser = place)]
        place: SharedPlace,
    },
}

/// Reads a place.
pub(super) fn place(text: &str) -> Result<SharedPlace, String> {
    let place = text.parse().ok().and_then(SharedPlace::new);
    place.ok_or_else(|| format!("a place is a number from 1 to {}", SharedPlace::MOST))
}
