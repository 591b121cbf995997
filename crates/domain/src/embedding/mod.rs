//! The canonical form of embeddings: the hub between the dialects that turn texts into vectors.

mod answer;
mod request;
mod vector;

pub use answer::{Embedding, EmbeddingAnswer, Misaligned};
pub use request::{EmbeddingInput, EmbeddingRequest, EmbeddingTask, VectorForm};
pub use vector::{NotAVector, Vector};
