//! A document as text.

use crate::error::AdminError;
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

fn place(line: impl fmt::Display, column: impl fmt::Display) -> String {
    format!(" (line {line}, column {column})")
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

    /// What a text in this format says. Of YAML no more is taken than the configuration file may have: its parser bounds the depth, the
    /// count of nodes and what aliases stand for.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] with the place of what is wrong, and nothing of what stands there: it may be a secret.
    pub fn read(self, text: &str) -> Result<Declared, AdminError> {
        let read = match self {
            Self::Json => serde_json::from_str(text).map_err(|error| place(error.line(), error.column())),
            Self::Yaml => serde_saphyr::from_str(text).map_err(|error| {
                let at = error.location();
                at.map_or_else(String::new, |at| place(at.line(), at.column()))
            }),
        };
        // A text without a word in it was hardly meant to say that there is to be nothing.
        read.and_then(|read: Option<Declared>| read.ok_or_else(String::new)).map_err(|at| {
            AdminError::invalid("body", format!("this is no document of providers and routes in {self}{at}"))
        })
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
