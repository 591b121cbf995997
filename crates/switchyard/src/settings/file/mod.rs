//! The configuration file: YAML, or JSON, with the map `settings`, and the declared `providers` and `routes`.

mod declared;
mod entries;
mod json_lines;

use super::layers::{lay, unknown};
use super::problem::{Findings, Origin, Reason};
use super::table::row_named;
use super::values::{Given, Values};
pub(super) use declared::Said;
use entries::{Entry, SettingsDocument};
use json_lines::lines_before;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::path::Path;
use switchyard_orchestrator::admin::yaml_bounds;
use switchyard_orchestrator::misread::{self, Misread};

/// The file with what its `${VARIABLE}`s stand for.
pub(super) struct ConfigurationFile<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
    pub(super) variables: &'a dyn Fn(&str) -> Option<String>,
}

/// A file in JSON, seen for its settings alone.
#[derive(Deserialize)]
struct SettingsPart<'a> {
    #[serde(borrow, default)]
    settings: Option<&'a RawValue>,
}

impl ConfigurationFile<'_> {
    /// Lays the file's settings over the values, and gives what it declares. Nothing if the file is not well formed:
    /// what it would have set is then unknown.
    pub(super) fn apply(&self, values: &mut Values, findings: &mut Findings) -> Option<Said> {
        let document = self.settings(findings)?;
        for entry in document.settings.iter().flat_map(|entries| &entries.0) {
            self.apply_entry(entry, values, findings);
        }
        self.declared(findings)
    }

    fn apply_entry(&self, entry: &Entry, values: &mut Values, findings: &mut Findings) {
        let shown = format!("settings.{}", entry.name);
        let origin = self.line(entry.line);
        let name = entry.name.to_ascii_uppercase();
        let row = row_named(&name).filter(|_| entry.name == name.to_ascii_lowercase());
        let Some(facts) = row.map(|row| row.facts()) else {
            findings.problem(shown, origin, unknown(&name, str::to_ascii_lowercase));
            return;
        };
        if !facts.in_file {
            findings.problem(shown, origin, Reason::new("must be known before the file is read"));
            return;
        }
        match self.resolve(&entry.text) {
            Ok(text) => lay(values, facts, Given::new(&text, shown, origin)),
            Err(reason) => findings.problem(shown, origin, reason),
        }
    }

    /// The variable's value if the text is `${VARIABLE}`, else the text itself.
    fn resolve(&self, text: &str) -> Result<String, Reason> {
        if !text.contains("${") {
            return Ok(text.to_owned());
        }
        let whole = text.trim().strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        let is_name = |name: &&str| {
            name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && !name.starts_with(|c: char| c.is_ascii_digit())
        };
        match whole.filter(is_name) {
            Some(name) => (self.variables)(name)
                .ok_or_else(|| Reason::new(format!("the environment has no variable {name}"))),
            None => Err(Reason::new("`${VARIABLE}` must be the whole value")),
        }
    }

    fn line(&self, line: u64) -> Origin {
        Origin::File { path: self.path.to_owned(), line }
    }

    /// Whether it is JSON. Most of JSON is YAML too, but strings may hold what YAML takes in none.
    fn is_json(&self) -> bool {
        self.text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(self.text).is_ok()
    }

    /// The settings, which YAML reads in JSON too: any scalar is a setting's text, names stand there once, and each has its line.
    fn settings(&self, findings: &mut Findings) -> Option<SettingsDocument> {
        if !self.is_json() {
            return self.read_yaml(self.text, findings);
        }
        let settings = self.read_json_part(findings)?;
        settings.map_or_else(|| Some(SettingsDocument::default()), |alone| self.read_yaml(&alone, findings))
    }

    /// A document of the settings alone, on the lines where they stand; nothing where there are none.
    fn read_json_part(&self, findings: &mut Findings) -> Option<Option<String>> {
        match serde_json::from_str::<SettingsPart<'_>>(self.text) {
            Ok(SettingsPart { settings }) => Some(settings.map(|part| {
                let before = "\n".repeat(lines_before(self.text, part.get()));
                format!("{before}{{\"settings\": {part}}}")
            })),
            Err(error) => {
                let said = "its member `settings` stands there more than once";
                findings.problem("configuration file", self.line(error.line() as u64), Reason::new(said));
                None
            }
        }
    }

    fn read_json<T: serde::de::DeserializeOwned + Default>(&self, findings: &mut Findings) -> Option<T> {
        match misread::json::<Option<T>>(self.text.as_bytes()) {
            Ok(document) => Some(document.unwrap_or_default()),
            Err(misread) => {
                let line = misread.place.map_or(0, |(line, _)| line);
                let said = Misread { place: None, ..misread }.to_string();
                findings.problem("configuration file", self.line(line), Reason::new(said));
                None
            }
        }
    }

    /// Reads the whole file as a `T`. The parser's message goes without the snippet that it likes to show: there may be
    /// a secret in it.
    fn read<T: serde::de::DeserializeOwned + Default>(&self, findings: &mut Findings) -> Option<T> {
        if self.is_json() { self.read_json(findings) } else { self.read_yaml(self.text, findings) }
    }

    fn read_yaml<T: serde::de::DeserializeOwned + Default>(
        &self,
        text: &str,
        findings: &mut Findings,
    ) -> Option<T> {
        match serde_saphyr::from_str_with_options::<Option<T>>(text, yaml_bounds(text)) {
            Ok(document) => Some(document.unwrap_or_default()),
            Err(error) => {
                let message =
                    error.without_snippet().render_with_formatter(&serde_saphyr::UserMessageFormatter);
                let (line, place) = error.location().map_or((0, String::new()), |location| {
                    (location.line(), format!(" at line {}, column {}", location.line(), location.column()))
                });
                let message = message.strip_suffix(&place).unwrap_or(&message);
                findings.problem("configuration file", self.line(line), Reason::new(message));
                None
            }
        }
    }
}
