use super::vector::Vector;
use crate::chat::{Json, TokenUsage};

/// A whole answer to a request for vectors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmbeddingAnswer {
    /// The model that answered, in the vendor's word; empty where it said none.
    pub model: String,
    /// The vectors.
    pub embeddings: Vec<Embedding>,
    /// What the vendor counted.
    pub usage: Option<TokenUsage>,
    /// Members beside the vectors that have no canonical form.
    pub extensions: Vec<(String, Json)>,
}

/// The vector of one input.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// Which input, from 0.
    pub index: u64,
    /// Its vector.
    pub vector: Vector,
}
