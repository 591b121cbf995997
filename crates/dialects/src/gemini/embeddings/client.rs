//! The dialects as clients speak them.

use bytes::Bytes;
use switchyard_domain::chat::Dialect;
use switchyard_domain::embedding::{EmbeddingAnswer, EmbeddingRequest};

use super::{Texts, answer, request};
use crate::codec::{Address, AnswerFault, EmbeddingClient, OperationClient};
use crate::request::{CheckedRequest, RequestError, RequestLimits};
use crate::scan::Document;

/// Vectors as clients of Google's dialect ask for them. The model stands in the path ([`Address`]).
#[derive(Clone, Copy, Debug)]
pub struct GeminiEmbeddingsClient {
    /// How many texts a call has.
    pub texts: Texts,
}

impl OperationClient for GeminiEmbeddingsClient {
    fn dialect(&self) -> Dialect {
        self.texts.dialect()
    }

    fn surface(&self) -> Dialect {
        Dialect::GEMINI
    }

    fn check(
        &self,
        body: Bytes,
        address: Address<'_>,
        limits: &RequestLimits,
    ) -> Result<CheckedRequest, RequestError> {
        request::check(self.texts, body, address, limits)
    }

    fn as_embedding(&self) -> Option<&dyn EmbeddingClient> {
        Some(self)
    }
}

impl EmbeddingClient for GeminiEmbeddingsClient {
    fn decode(&self, document: &Document, address: Address<'_>) -> Result<EmbeddingRequest, RequestError> {
        request::decode(self.texts, document, address)
    }

    fn encode(
        &self,
        answer: &EmbeddingAnswer,
        _request: &EmbeddingRequest,
        _model: &str,
    ) -> Result<Bytes, AnswerFault> {
        answer::encode(self.texts, answer)
    }
}
