//! Reading the whole configuration again.

use super::declare::DeclaredConfiguration;
use crate::error::AdminError;
use crate::snapshot::ConfigurationKeeper;
use std::collections::BTreeMap;
use std::sync::Arc;
use switchyard_domain::declared::Declared;
use switchyard_domain::meta::{Owner, Writer};
use tokio::sync::Mutex;

/// A configuration file as it is now.
#[derive(Clone, Debug, Default)]
pub struct FileNow {
    /// What it declares; nothing where there is no file.
    pub declared: Option<Declared>,
    /// The lines where that begins, by `providers.<name>` and `routes.<name>`.
    pub lines: BTreeMap<String, u64>,
    /// Whether it says nothing of providers and routes, not even that there are none.
    pub says_nothing: bool,
    /// What whoever asks should know of it, such as a setting that takes effect with the next start only.
    pub notes: Vec<String>,
}

/// Reads the file; an error says what is wrong and where, and holds no secret. May wait for the disk.
pub type FileReader = Arc<dyn Fn() -> Result<FileNow, String> + Send + Sync>;

/// Reads the configuration again on request. Every write is seen without it; it is for what was written past us, in the file and by
/// hand in the database.
pub struct Reloading {
    keeper: Arc<ConfigurationKeeper>,
    file: Option<(FileReader, Arc<DeclaredConfiguration>)>,
    turn: Mutex<()>,
}

impl Reloading {
    /// Of what this keeper keeps.
    #[must_use]
    pub fn new(keeper: Arc<ConfigurationKeeper>) -> Self {
        Self { keeper, file: None, turn: Mutex::new(()) }
    }

    /// The same with a file that is applied first.
    #[must_use]
    pub fn with_file(self, reader: FileReader, configuration: Arc<DeclaredConfiguration>) -> Self {
        Self { file: Some((reader, configuration)), ..self }
    }

    /// Reads the file, applies it, and reads providers, models, prices, routes, keys and people again. Calls that run go on under what
    /// they began with. Answers what whoever asked should know.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] with line and reason when the file can't be used: nothing of it is applied then. Else when the database
    /// can't be read or written; the last good configuration serves on.
    pub async fn reload(&self, by: &Writer) -> Result<Vec<String>, AdminError> {
        let _alone = self.turn.lock().await;
        let notes = match &self.file {
            Some((reader, configuration)) => apply(reader, configuration, by).await?,
            None => Vec::new(),
        };
        self.keeper.reload().await?;
        Ok(notes)
    }
}

async fn apply(
    reader: &FileReader,
    configuration: &DeclaredConfiguration,
    by: &Writer,
) -> Result<Vec<String>, AdminError> {
    let reader = Arc::clone(reader);
    let read = tokio::task::spawn_blocking(move || reader()).await;
    let read = read.unwrap_or_else(|_| Err("it can't be read".to_owned()));
    let FileNow { declared, lines, says_nothing, mut notes } =
        read.map_err(|said| AdminError::invalid("configuration file", said))?;
    let Some(declared) = declared else { return Ok(notes) };
    let by = Writer { owner: Owner::File, ..by.clone() };
    let applied = configuration
        .apply_file(declared, says_nothing, &by)
        .await
        .map_err(|error| at_its_line(error, &lines))?;
    tracing::info!(?applied, "the configuration file was applied again");
    notes.extend(applied.conflicts);
    notes.extend(applied.losses);
    Ok(notes)
}

/// The error with the line of what it is about, where that is known: `lines` are those where objects begin, by `providers.<name>`
/// and `routes.<name>`.
#[must_use]
pub fn at_its_line(error: AdminError, lines: &BTreeMap<String, u64>) -> AdminError {
    let AdminError::Invalid { message, param: Some(place) } = error else { return error };
    let is_of =
        |label: &str| place.strip_prefix(label).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    // A name may hold dots, so that one may begin with another: the longest is meant.
    let line = lines.iter().filter(|(label, _)| is_of(label)).max_by_key(|(label, _)| label.len());
    let message = line.map_or(message.clone(), |(_, line)| format!("{message} (line {line})"));
    AdminError::Invalid { message, param: Some(place) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_the_line_of_what_it_is_about() {
        let lines = BTreeMap::from([("providers.a".to_owned(), 3), ("providers.a.b".to_owned(), 9)]);
        for (place, said) in [
            ("providers.a.base_url", "no (line 3)"),
            ("providers.a.b.models", "no (line 9)"),
            ("providers.ab", "no"),
            ("routes.a", "no"),
        ] {
            let told = at_its_line(AdminError::invalid(place, "no"), &lines);
            assert_eq!(told.to_string(), said, "{place}");
        }
    }
}
