//! The declared providers and routes of the configuration file, their credentials resolved.

use super::ConfigurationFile;
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
        let (mut declared, mut lines) = (Declared::default(), Lines::new());
        for Spanned { value, referenced, .. } in document.providers.unwrap_or_default() {
            lines.insert(format!("providers.{}", value.name), referenced.line());
            declared.providers.push(self.provider(value, findings));
        }
        for Spanned { value, referenced, .. } in document.routes.unwrap_or_default() {
            lines.insert(format!("routes.{}", value.name), referenced.line());
            declared.routes.push(value);
        }
        Some(Said { declared, lines, says_nothing })
    }

    fn provider(&self, provider: FileProvider, findings: &mut Findings) -> DeclaredProvider {
        let api_key = self.api_key(&provider, findings);
        let api_keys = self.api_keys(&provider, findings);
        let FileProvider { name, vendor, owner, base_url, models, enabled, .. } = provider;
        DeclaredProvider { name, vendor, owner, base_url, api_key, api_keys, models, enabled }
    }

    /// The provider's list of credentials; a finding stands for each that can't be had.
    fn api_keys(&self, provider: &FileProvider, findings: &mut Findings) -> Vec<SecretString> {
        let Some(Spanned { value: keys, referenced, .. }) = &provider.api_keys else { return Vec::new() };
        let field = format!("providers.{}.api_keys", provider.name);
        let mut refuse = |field: &str, line, reason| {
            findings.problem(field.to_owned(), self.line(line), reason);
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
    fn api_key(&self, provider: &FileProvider, findings: &mut Findings) -> Option<SecretString> {
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
                findings.problem(format!("providers.{}.{field}", provider.name), self.line(line), reason);
            })
            .ok()
    }
}

fn parsed(text: &str) -> Result<SecretString, Reason> {
    if text.is_empty() { Err(Reason::new("is empty")) } else { ApiKey.parse(text) }
}
