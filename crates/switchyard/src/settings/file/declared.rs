//! The declared providers and routes of the configuration file, their credentials resolved.

use super::ConfigurationFile;
use super::json_lines::JsonLines;
use crate::settings::private_file::read_secret;
use crate::settings::problem::{Findings, Reason};
use crate::settings::secrets::ApiKey;
use crate::settings::setting::Shape;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::path::PathBuf;
use switchyard_domain::declared::{Declared, DeclaredModel, DeclaredProvider, DeclaredRoute};
use switchyard_domain::meta::Owner;
use switchyard_domain::name::Name;

/// Where each of what is declared begins, by `providers.<name>` and `routes.<name>`.
pub(in crate::settings) type Lines = BTreeMap<String, u64>;

/// What a file says of providers and routes.
#[derive(Default)]
pub(in crate::settings) struct Said {
    pub(in crate::settings) declared: Declared,
    pub(in crate::settings) lines: Lines,
    /// Whether it says nothing, not even that there are none.
    pub(in crate::settings) says_nothing: bool,
}

/// The whole file. Its settings are read elsewhere, where a wrong one doesn't hide the next.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DeclaredDocument {
    #[serde(rename = "settings")]
    _settings: IgnoredAny,
    whole: bool,
    providers: Option<Vec<Spanned<FileProvider>>>,
    routes: Option<Vec<Spanned<DeclaredRoute>>>,
}

/// A provider as the file writes it: beside the key itself, the name of a variable or a file that holds it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileProvider {
    name: Name,
    vendor: String,
    #[serde(default)]
    owner: Option<Owner>,
    #[serde(default)]
    base_url: Option<String>,
    #[serde(default)]
    api_key: Option<Spanned<String>>,
    #[serde(default)]
    api_key_file: Option<Spanned<PathBuf>>,
    #[serde(default)]
    api_keys: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    models: Vec<DeclaredModel>,
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

impl ConfigurationFile<'_> {
    /// What the file declares.
    pub(in crate::settings) fn declared(&self, findings: &mut Findings) -> Option<Said> {
        let document = self.read::<DeclaredDocument>(findings)?;
        let says_nothing = document.providers.is_none() && document.routes.is_none();
        let mut declared = Declared { whole: document.whole, ..Declared::default() };
        let mut lines = Lines::new();
        let in_json = if self.is_json() { JsonLines::of(self.text) } else { JsonLines::default() };
        let mut line_of = in_json.providers.into_iter();
        for Spanned { value, referenced, .. } in document.providers.unwrap_or_default() {
            let line = line_of.next().unwrap_or(referenced.line());
            lines.insert(format!("providers.{}", value.name), line);
            declared.providers.push(self.provider(value, line, findings));
        }
        let mut line_of = in_json.routes.into_iter();
        for Spanned { value, referenced, .. } in document.routes.unwrap_or_default() {
            lines.insert(format!("routes.{}", value.name), line_of.next().unwrap_or(referenced.line()));
            declared.routes.push(value);
        }
        Some(Said { declared, lines, says_nothing })
    }

    /// The provider that begins at this line.
    fn provider(&self, provider: FileProvider, line: u64, findings: &mut Findings) -> DeclaredProvider {
        let api_key = self.api_key(&provider, line, findings);
        let api_keys = self.api_keys(&provider, line, findings);
        let FileProvider { name, vendor, owner, base_url, models, enabled, .. } = provider;
        DeclaredProvider { name, vendor, owner, base_url, api_key, api_keys, models, enabled }
    }

    /// The provider's list of credentials; a finding stands for each that can't be had.
    fn api_keys(&self, provider: &FileProvider, begin: u64, findings: &mut Findings) -> Vec<SecretString> {
        let Some(Spanned { value: keys, referenced, .. }) = &provider.api_keys else { return Vec::new() };
        let field = format!("providers.{}.api_keys", provider.name);
        let mut refuse = |field: &str, line, reason| {
            findings.problem(field.to_owned(), self.line(known(line, begin)), reason);
        };
        if provider.api_key.is_some() || provider.api_key_file.is_some() {
            let reason = "stands beside `api_key`: only one of them can be meant";
            refuse(&field, referenced.line(), Reason::new(reason));
        } else if keys.is_empty() {
            refuse(
                &field,
                referenced.line(),
                Reason::new("is empty; leave it out to leave stored keys alone"),
            );
        }
        let mut read = Vec::with_capacity(keys.len());
        for (index, key) in keys.iter().enumerate() {
            match self.resolve(&key.value).and_then(|text| parsed(&text)) {
                Ok(secret) => read.push(secret),
                Err(reason) => refuse(&format!("{field}[{index}]"), key.referenced.line(), reason),
            }
        }
        read
    }

    /// The provider's credential; a finding stands for one that is named and can't be had.
    fn api_key(&self, provider: &FileProvider, begin: u64, findings: &mut Findings) -> Option<SecretString> {
        let (field, line, text) = match (&provider.api_key, &provider.api_key_file) {
            (None, None) => return None,
            (Some(key), None) => ("api_key", key.referenced.line(), self.resolve(&key.value)),
            (None, Some(file)) => ("api_key_file", file.referenced.line(), read_secret(&file.value)),
            (Some(_), Some(file)) => {
                let reason = Err(Reason::new("stands beside `api_key`: only one of them can be meant"));
                ("api_key_file", file.referenced.line(), reason)
            }
        };
        text.and_then(|text| parsed(&text))
            .map_err(|reason| {
                let line = self.line(known(line, begin));
                findings.problem(format!("providers.{}.{field}", provider.name), line, reason);
            })
            .ok()
    }
}

/// The line of a member, or that where its object begins: of JSON only this is known.
fn known(line: u64, begin: u64) -> u64 {
    if line == 0 { begin } else { line }
}

fn parsed(text: &str) -> Result<SecretString, Reason> {
    if text.is_empty() { Err(Reason::new("is empty")) } else { ApiKey.parse(text) }
}
