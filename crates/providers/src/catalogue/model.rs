//! What the catalogue holds of one model.

use serde::Deserialize;
use std::sync::Arc;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::price::ModelPrice;
use switchyard_domain::provider::Capabilities;
use switchyard_domain::time::Timestamp;
use switchyard_ports::prices::ModelFacts;

/// A model at a vendor. Members that are not known are absent.
#[derive(Debug)]
pub struct CatalogueModel {
    pub(super) vendor: Arc<str>,
    pub(super) id: Box<str>,
    pub(super) aliases: Box<[Box<str>]>,
    pub(super) mode: Option<Mode>,
    pub(super) context_window: Option<u64>,
    pub(super) max_output_tokens: Option<u64>,
    pub(super) capabilities: Capabilities,
    pub(super) price: Option<Arc<ModelPrice>>,
    /// For each set of `price`, what it charges besides tokens.
    pub(super) units: Box<[Box<[UnitPrice]>]>,
}

impl CatalogueModel {
    /// The vendor's key.
    #[must_use]
    pub fn vendor(&self) -> &str {
        &self.vendor
    }

    /// The upstream id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Other exact upstream ids of the same model at the same price.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.aliases.iter().map(|alias| &**alias)
    }

    /// What it is called for.
    #[must_use]
    pub fn mode(&self) -> Option<Mode> {
        self.mode
    }

    /// What the prices port tells of it. A model of which only other units have a price (searches, pages) is unpriced there.
    #[must_use]
    pub fn facts(&self) -> ModelFacts {
        ModelFacts {
            price: self.price.clone().filter(|price| prices_calls(price)),
            context_window: self.context_window,
            max_output_tokens: self.max_output_tokens,
            capabilities: self.capabilities,
        }
    }

    /// What it charges besides tokens at an instant.
    #[must_use]
    pub fn units_at(&self, at: Timestamp) -> &[UnitPrice] {
        let units = self.price.as_ref().and_then(|price| {
            let holding = price.at(at)?;
            let position = price.sets.iter().position(|set| std::ptr::eq(set, holding))?;
            self.units.get(position)
        });
        units.map_or(&[], |units| units)
    }
}

fn prices_calls(price: &ModelPrice) -> bool {
    price.sets.iter().any(|set| set.rates.price_something())
}

/// What a model is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A conversation.
    Chat,
    /// A text goes on.
    Completion,
    /// Vectors of texts.
    Embedding,
    /// An order of documents.
    Rerank,
    /// A judgement on content.
    Moderation,
    /// Pictures.
    Image,
    /// Speech to text.
    Transcription,
    /// Text to speech.
    Speech,
    /// A live session.
    Realtime,
    /// Videos.
    Video,
    /// Text from pages.
    Ocr,
}

/// The price of something that is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitPrice {
    /// What.
    pub unit: Unit,
    /// For each.
    pub price: NanoUsd,
}

/// Things besides tokens that vendors charge for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A page with annotations, read.
    AnnotatedPage,
    /// An hour of sound.
    AudioHour,
    /// A search in stored files.
    FileSearch,
    /// A picture made.
    ImageOutput,
    /// A million characters of text, spoken.
    MillionCharacters,
    /// A page read.
    Page,
    /// A query with its documents, ranked.
    RerankSearch,
    /// A second of video made.
    VideoSecond,
    /// A search in the web.
    WebSearch,
}
