//! A document as text.

use crate::error::AdminError;
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
