//! The only place that reads the process environment, `./.env` and the configuration file.

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;
use std::path::Path;
use std::sync::Arc;
use switchyard::orchestrator::admin::{FileNow, FileReader};
use switchyard::settings::{
    DeclaredDocument, DotEnv, Environment, Listed, Loaded, Settings, Sources, Warning,
};

/// Reads every source of settings.
pub(crate) fn load(arguments: &Arguments) -> Result<Loaded, Failure> {
    let loaded = read(arguments.settings())?;
    // A check leaves nothing behind.
    if !matches!(arguments.command, Some(Command::Check(_))) {
        loaded.settings.make_directories()?;
    }
    Ok(loaded)
}

/// Reads the same sources whenever it is called. What differs among the settings is noted: a process keeps those that it began with.
pub(crate) fn reader(arguments: &Arguments, begun: &Loaded) -> FileReader {
    let (flags, begun) = (arguments.settings(), begun.listing.clone());
    Arc::new(move || {
        let now = read(flags.clone()).map_err(|failure| failure.to_string())?;
        let is_other = |(before, after): &(&Listed, &Listed)| before.text != after.text;
        let others = begun.iter().zip(&now.listing).filter(is_other);
        let note = |(_, after): (&Listed, &Listed)| {
            format!("{} is now another, which takes effect with the next start", after.variable)
        };
        Ok(FileNow {
            notes: others.map(note).collect(),
            declared: now.declared,
            lines: now.lines,
            says_nothing: now.says_nothing,
        })
    })
}

/// What a document declares; `-` is standard input. `${VARIABLE}`s are those of the environment and of `.env`.
pub(crate) fn document(path: &Path) -> Result<DeclaredDocument, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::configuration(format!("the document {} can't be read: {error}", path.display()))
    };
    let text = if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin().lock()).map_err(unreadable)?
    } else {
        std::fs::read_to_string(path).map_err(unreadable)?
    };
    let sources = Sources {
        dotenv: DotEnv::read(Path::new(".env"))?,
        environment: Environment::new(std::env::vars_os()),
        ..Sources::default()
    };
    let read = sources.declared(path, &text);
    read.map_err(|errors| {
        let problems: Vec<String> = errors.problems().iter().map(ToString::to_string).collect();
        Failure::configuration(format!("the document can't be used: {}", problems.join("; ")))
    })
}

fn read(flags: Vec<(String, String)>) -> Result<Loaded, Failure> {
    let mut sources = Sources {
        file: None,
        dotenv: DotEnv::read(Path::new(".env"))?,
        environment: Environment::new(std::env::vars_os()),
        flags,
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
    Ok(loaded)
}

/// Tells what is odd but no error.
pub(crate) fn tell(warnings: &[Warning]) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}
