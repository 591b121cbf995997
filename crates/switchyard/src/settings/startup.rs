//! What is asked and said when a server starts with its settings.

use super::problem::{Origin, Problem};
use super::setting::Row;
use super::{Settings, SettingsErrors, table};
use std::net::SocketAddr;

impl Settings {
    /// Checks that neither the password of the database nor its data cross a network in the clear, `tls` saying whether
    /// this build can speak TLS to PostgreSQL.
    ///
    /// # Errors
    /// If the URL asks for a TLS that the build lacks, or names another machine without saying `sslmode=disable`.
    pub fn check_database_transport(&self, tls: bool) -> Result<(), SettingsErrors> {
        self.database.url.check_transport(tls).map_err(|reason| {
            Problem { name: table::DATABASE_URL.facts().variable(), origin: Origin::Machine, reason }.into()
        })
    }

    /// `listening on <address>, database <SQLite path | PostgreSQL host/database>`, for the log at INFO. The addresses
    /// are those really bound, which the settings don't know where they say port 0. Never holds a password.
    #[must_use]
    pub fn describe_startup(&self, bound: &[SocketAddr]) -> String {
        let addresses: Vec<_> = bound.iter().map(ToString::to_string).collect();
        format!("listening on {}, database {}", addresses.join(", "), self.database.url)
    }
}
