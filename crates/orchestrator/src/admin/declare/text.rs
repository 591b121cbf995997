//! A document as text.

use crate::error::AdminError;
use crate::misread;
use std::fmt;
use switchyard_domain::declared::Declared;

/// How a document is written. Both are read by whatever reads documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DocumentFormat {
    /// Indented JSON.
    #[default]
    Json,
    /// YAML.
    Yaml,
}

impl fmt::Display for DocumentFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "JSON",
            Self::Yaml => "YAML",
        })
    }
}

/// The bounds of a text in YAML: no more nodes than it has bytes, which whatever the product exports is within, and all others as they
/// are by default; what aliases stand for has bounds of its own.
#[must_use]
pub fn yaml_bounds(text: &str) -> serde_saphyr::Options {
    let least = serde_saphyr::Budget::default();
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: least.max_nodes.max(text.len()),
            max_events: least.max_events.max(text.len().saturating_mul(2)),
            max_total_scalar_bytes: least.max_total_scalar_bytes.max(text.len()),
        },
    }
}

impl DocumentFormat {
    /// The format of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "json" => Some(Self::Json),
            "yaml" => Some(Self::Yaml),
            _ => None,
        }
    }

    /// What a text in this format says. Of YAML no more is taken than the configuration file may have ([`yaml_bounds`]).
    ///
    /// # Errors
    /// [`AdminError::Invalid`] with the member, the reason and the place of what is wrong, and nothing of what stands there: it may be a secret.
    pub fn read(self, text: &str) -> Result<Declared, AdminError> {
        let read = match self {
            Self::Json => misread::json::<Option<Declared>>(text.as_bytes()),
            Self::Yaml => serde_saphyr::from_str_with_options(text, yaml_bounds(text))
                .map_err(|error| misread::of_yaml(&error)),
        };
        let what = format!("this is no document of providers and routes in {self}");
        match read {
            Ok(Some(read)) => Ok(read),
            // A text without a word in it was hardly meant to say that there is to be nothing.
            Ok(None) => Err(AdminError::invalid("body", format!("{what}: it says nothing"))),
            Err(misread) => Err(AdminError::invalid("body", format!("{what}: {misread}"))),
        }
    }

    /// A document as text, which is the same whenever the document is, with a line end at its end.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] where the format has no words for it.
    pub fn write(self, document: &Declared) -> Result<String, AdminError> {
        let written = match self {
            Self::Json => serde_json::to_string_pretty(document).map_err(|error| error.to_string()),
            Self::Yaml => serde_saphyr::to_string(document).map_err(|error| error.to_string()),
        };
        let mut text = written.map_err(|error| AdminError::invalid("document", error))?;
        if !text.ends_with('\n') {
            text.push('\n');
        }
        Ok(text)
    }
}
