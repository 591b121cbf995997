//! What an answer rests on.

use super::request::Json;
use serde::{Deserialize, Serialize};

/// A source of a piece of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// What is cited.
    pub source: CitationSource,
    /// The words of the source, where the vendor gives them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// The piece of the choice's text that rests on it, in characters from the text's beginning, half open; where the vendor
    /// says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<(u32, u32)>,
    /// The citation as the vendor wrote it, with the dialect in whose words: nothing is lost on the way back to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native: Option<(String, Json)>,
}

/// What is cited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CitationSource {
    /// A page of the web.
    Url {
        /// Its address.
        url: String,
        /// Its title.
        title: Option<String>,
    },
    /// A document of the request.
    Document {
        /// Its place among the documents of the request, from 0.
        index: Option<u32>,
        /// Its title, file name or id.
        title: Option<String>,
    },
}
