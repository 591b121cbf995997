//! Embeddings: `embedContent` for one text, `batchEmbedContents` for several, both ways.
//!
//! | canonical | here |
//! |---|---|
//! | texts | `content`, a content of one part; in a batch one in each of the `requests` |
//! | a text as tokens | none: refused |
//! | model | in the path, and again in each of the `requests` |
//! | length of the vectors | `outputDimensionality` |
//! | what they are for | `taskType`: `RETRIEVAL_QUERY`, `RETRIEVAL_DOCUMENT`, ... |
//! | `title`, of a document | extensions, `title` or `requests[2].title` |
//! | the end user | none: reported |
//! | counts | `usageMetadata`, which newer models tell (`google-batchembedcontents-9446cd0a82`, 2026) and others leave out |
//!
//! The two have a dialect each, as their answers differ in shape (`embedding`, `embeddings`) and pass as they are to whoever asked.
//! Vertex has the first of them alone (`vertex-embedcontent-977ab53a89`, 2026): a call for several texts is refused there.

mod answer;
mod client;
mod provider;
mod request;
mod task;

pub use client::GeminiEmbeddingsClient;
pub use provider::GeminiEmbeddings;

use switchyard_domain::chat::Dialect;

/// How many texts a call has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texts {
    /// One, by `embedContent`.
    One,
    /// One or more, by `batchEmbedContents`.
    Several,
}

impl Texts {
    /// The dialect.
    #[must_use]
    pub fn dialect(self) -> Dialect {
        match self {
            Self::One => Dialect::GEMINI_EMBED_CONTENT,
            Self::Several => Dialect::GEMINI_EMBEDDINGS,
        }
    }

    /// The operation, as it stands in paths.
    #[must_use]
    pub fn operation(self) -> &'static str {
        match self {
            Self::One => "embedContent",
            Self::Several => "batchEmbedContents",
        }
    }
}
