//! A client's call made of a body, as a surface would make it.

#![expect(clippy::panic, reason = "a test's own literal is wrong: the test must fail where it stands")]

use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;
use switchyard_dialects::codec::{Address, ClientCodec};
use switchyard_dialects::openai_chat::OpenAiChatClient;
use switchyard_dialects::request::{CheckedRequest, RequestLimits};
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport};
use switchyard_ports::client_call::{AnswerPiece, Canonical, ClientCall, InvalidCall, WireBody, WireForm};

/// A call in the dialect of a client, or the same call as a program makes it.
#[derive(Clone, Debug)]
pub struct WireCall {
    facts: CallFacts,
    wire: Option<WireBody>,
    request: Arc<ChatRequest>,
}

impl WireCall {
    /// The call of a body.
    ///
    /// # Panics
    /// If no surface would take the body.
    #[must_use]
    pub fn of(body: impl Into<Bytes>) -> Self {
        Self::spoken(&OpenAiChatClient, body, Address::default())
    }

    /// The call of a body in another dialect.
    ///
    /// # Panics
    /// As [`of`](Self::of).
    #[must_use]
    pub fn spoken(client: &dyn ClientCodec, body: impl Into<Bytes>, address: Address<'_>) -> Self {
        let checked = client.check(body.into(), address, &RequestLimits::default());
        let CheckedRequest { document, facts, members } =
            checked.unwrap_or_else(|error| panic!("a test's body is refused: {error}"));
        let request = client.decode(&document, address);
        let request = request.unwrap_or_else(|error| panic!("a test's body does not decode: {error}"));
        let wire = WireBody { bytes: document.body().clone(), members };
        Self { facts, wire: Some(wire), request: Arc::new(request) }
    }

    /// The call of a body, written out.
    ///
    /// # Panics
    /// As [`of`](Self::of).
    #[must_use]
    pub fn json(body: &Value) -> Self {
        Self::of(body.to_string())
    }

    /// The same call of a caller who wants a refusal rather than a loss.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.facts.strict = true;
        self
    }

    /// The same call as if it had come in this dialect.
    #[must_use]
    pub fn of_dialect(mut self, dialect: Dialect) -> Self {
        self.facts.dialect = dialect;
        self
    }

    /// The same call with these tags.
    #[must_use]
    pub fn tagged(mut self, tags: &[&str]) -> Self {
        self.facts.tags = tags.iter().map(|&tag| tag.to_owned()).collect();
        self
    }

    /// The same call with a header that its dialect lets pass.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.facts.headers.push((name, value.to_owned()));
        self
    }

    /// The same call in canonical form only, as if it had come in a dialect that no provider speaks.
    #[must_use]
    pub fn without_wire(mut self) -> Self {
        self.facts.dialect = Dialect("test");
        self.wire = None;
        self
    }
}

impl ClientCall for WireCall {
    fn facts(&self) -> &CallFacts {
        &self.facts
    }

    fn wire(&self) -> Option<&WireBody> {
        self.wire.as_ref()
    }

    fn form(&self) -> Option<&WireForm> {
        None
    }

    fn canonical(&self) -> Result<Canonical, InvalidCall> {
        Ok(Canonical::Chat(Arc::clone(&self.request)))
    }

    fn fit(&self, _source: Dialect, _piece: AnswerPiece<'_>) -> LossReport {
        LossReport::default()
    }
}
