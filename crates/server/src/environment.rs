//! The only place that reads the process environment, `./.env` and the configuration file.

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;
use std::path::Path;
use switchyard::settings::{DotEnv, Environment, Loaded, Settings, Sources, Warning};

/// Reads every source of settings.
pub(crate) fn load(arguments: &Arguments) -> Result<Loaded, Failure> {
    let mut sources = Sources {
        file: None,
        dotenv: DotEnv::read(Path::new(".env"))?,
        environment: Environment::new(std::env::vars_os()),
        flags: arguments.settings(),
    };
    if let Some(path) = sources.configuration_file() {
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Failure::configuration(format!(
                "the configuration file {} can't be read: {error}",
                path.display()
            ))
        })?;
        sources.file = Some((path, text));
    }
    let loaded = Settings::load(&sources)?;
    loaded.settings.check_private_files()?;
    loaded.settings.check_database_transport(switchyard::POSTGRES_TLS)?;
    // A check leaves nothing behind.
    if !matches!(arguments.command, Some(Command::Check(_))) {
        loaded.settings.make_directories()?;
    }
    Ok(loaded)
}

/// Tells what is odd but no error.
pub(crate) fn tell(warnings: &[Warning]) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}
