//! From the sources to the settings.

use super::dotenv::DotEnv;
use super::environment::Environment;
use super::file::{ConfigurationFile, Said};
use super::layers::{Variables, apply_flags};
use super::listing::Listed;
use super::problem::{Findings, Problem, SettingsErrors, Warning};
use super::rules::Rules;
use super::setting::PREFIX;
use super::table;
use super::values::Values;
use super::{
    AccountSettings, DatabaseSettings, HealthSettings, JournalSettings, LimitSettings, LoggingSettings,
    SecretSettings, ServerSettings, Settings, SharedModelSettings, SurfaceSettings, UpstreamSettings,
};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use switchyard_domain::declared::Declared;

/// Where settings come from, the weakest first. By default nowhere: all defaults.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The configuration file's path and content.
    pub file: Option<(PathBuf, String)>,
    /// The `.env` file.
    pub dotenv: Option<DotEnv>,
    /// The environment.
    pub environment: Environment,
    /// Flags: a setting's name in any case, with `-` or `_`, and its text. `port` moves the listener.
    pub flags: Vec<(String, String)>,
}

impl Sources {
    /// The configuration file that flags, before the environment, before `.env`, name, for the caller to read into
    /// [`Sources::file`].
    #[must_use]
    pub fn configuration_file(&self) -> Option<PathBuf> {
        let name = format!("{PREFIX}CONFIG");
        let of_flags = self.flags.iter().rev().find(|(flag, _)| flag.eq_ignore_ascii_case("config"));
        let text = of_flags.map(|(_, text)| text.clone()).or_else(|| self.variable(&name));
        text.filter(|text| !text.trim().is_empty()).map(PathBuf::from)
    }

    /// What a document declares, YAML or JSON, with what its `${VARIABLE}`s stand for here. Its map `settings` is nobody's business.
    ///
    /// # Errors
    /// Everything that is wrong with it, with its lines.
    pub fn declared(&self, path: &Path, text: &str) -> Result<DeclaredDocument, SettingsErrors> {
        let mut findings = Findings::default();
        let variables = |name: &str| self.variable(name);
        let read = ConfigurationFile { path, text, variables: &variables }.declared(&mut findings);
        match read {
            Some(Said { declared, lines, says_nothing }) if findings.problems.is_empty() => {
                Ok(DeclaredDocument { declared, lines, says_nothing })
            }
            _ => Err(SettingsErrors(findings.problems)),
        }
    }

    /// A variable of the environment, else of `.env`.
    fn variable(&self, name: &str) -> Option<String> {
        let of_dotenv = || {
            let assignments = self.dotenv.as_ref()?.assignments.iter().rev();
            assignments.clone().find(|assignment| assignment.name == name).map(|found| found.value.clone())
        };
        self.environment.variables.get(name).cloned().or_else(of_dotenv)
    }
}

/// What a document declares.
#[derive(Clone, Debug)]
pub struct DeclaredDocument {
    /// Its providers and routes.
    pub declared: Declared,
    /// The lines where each of them begins, by `providers.<name>` and `routes.<name>`.
    pub lines: BTreeMap<String, u64>,
    /// Whether it says nothing of providers and routes, not even that there are none.
    pub says_nothing: bool,
}

/// What the sources say.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// The providers and routes that the configuration file declares; nothing where there is no file.
    pub declared: Option<Declared>,
    /// The lines where that begins, by `providers.<name>` and `routes.<name>`.
    pub lines: BTreeMap<String, u64>,
    /// Whether there is a file, and it says nothing of providers and routes, not even that there are none.
    pub says_nothing: bool,
    /// What works, but perhaps not as meant. Holds no secret.
    pub warnings: Vec<Warning>,
    /// Every setting with its text and giver, for `switchyard check`. Holds no secret.
    pub listing: Vec<Listed>,
}

impl Settings {
    /// Reads the settings: defaults, below the configuration file, below `.env`, below the environment, below flags.
    ///
    /// # Errors
    /// Everything that is wrong with them, at once. The process then owes its caller exit code 78.
    pub fn load(sources: &Sources) -> Result<Loaded, SettingsErrors> {
        let mut findings = Findings::default();
        let mut values = Values::default();
        let file = sources.file.as_ref().map(|(path, text)| {
            let variables = |name: &str| sources.variable(name);
            ConfigurationFile { path, text, variables: &variables }.apply(&mut values, &mut findings)
        });
        if let Some(dotenv) = &sources.dotenv {
            Variables::of_dotenv(dotenv, &mut findings).apply(&mut values, &mut findings);
        }
        Variables::of_environment(&sources.environment, &mut findings).apply(&mut values, &mut findings);
        apply_flags(&sources.flags, &mut values, &mut findings);

        let refused = check_each(&mut values, &mut findings);
        let is_file_sound = !matches!(file, Some(None));
        match Self::read(&values) {
            Ok(settings) if is_file_sound => {
                Rules { settings: &settings, values: &values, refused: &refused }.check(&mut findings);
                if findings.problems.is_empty() {
                    let listing = Listed::all(&values);
                    let said = file.flatten();
                    let declared = said.as_ref().map(|said| said.declared.clone());
                    let Said { lines, says_nothing, .. } = said.unwrap_or_default();
                    return Ok(Loaded {
                        settings,
                        declared,
                        lines,
                        says_nothing,
                        warnings: findings.warnings,
                        listing,
                    });
                }
            }
            Ok(_) => {}
            Err(problem) => findings.problems.push(problem),
        }
        Err(SettingsErrors(findings.problems))
    }

    fn read(values: &Values) -> Result<Self, Problem> {
        let data_dir = values.required(&table::DATA_DIR)?;
        let server = ServerSettings::read(values)?;
        Ok(Self {
            database: DatabaseSettings::read(values, &data_dir)?,
            journal: JournalSettings::read(values, &data_dir)?,
            secrets: SecretSettings::read(values)?,
            accounts: AccountSettings::read(values, &server)?,
            limits: LimitSettings::read(values)?,
            upstream: UpstreamSettings::read(values)?,
            shared_models: SharedModelSettings::read(values, &server)?,
            surfaces: SurfaceSettings::read(values)?,
            health: HealthSettings::read(values)?,
            logging: LoggingSettings::read(values)?,
            server,
            data_dir,
        })
    }
}

/// Checks each given text by itself. What is refused is reported and taken out, so that the rest can be looked at.
fn check_each(values: &mut Values, findings: &mut Findings) -> Vec<&'static str> {
    let mut refused = Vec::new();
    for row in table::rows() {
        let facts = row.facts();
        let Some(given) = values.of(row) else { continue };
        let text = given.text.expose_secret();
        let Err(reason) = row.check(text) else { continue };
        let reason = if facts.secret { reason } else { reason.got(text) };
        findings.problem(given.name.clone(), given.origin.clone(), reason);
        values.clear(facts);
        refused.push(facts.name);
    }
    refused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_of_its_setting() {
        for row in table::rows() {
            if let super::super::setting::Fallback::Text(text) = row.facts().fallback {
                assert_eq!(row.check(text), Ok(()), "{}", row.facts().name);
            }
        }
    }

    #[test]
    fn no_two_settings_share_a_name() {
        let mut names: Vec<_> =
            table::rows().flat_map(|row| row.facts().variables().map(|(name, _)| name)).collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn every_meaning_is_a_sentence() {
        for row in table::rows() {
            let meaning = row.facts().meaning;
            assert!(meaning.ends_with('.') && !meaning.contains('|'), "{}", row.facts().name);
        }
    }
}
