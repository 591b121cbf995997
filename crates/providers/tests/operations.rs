//! Calls of other operations than chats: which vendor takes which, what is sent, and what becomes of the answer.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use futures_util::StreamExt;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use switchyard_dialects::codec::{Address, OperationClient};
use switchyard_dialects::gemini::embeddings::{GeminiEmbeddingsClient, Texts};
use switchyard_dialects::openai_operations::{
    OpenAiCompletionsClient, OpenAiEmbeddingsClient, OpenAiImagesClient, OpenAiModerationsClient,
    OpenAiSpeechClient,
};
use switchyard_dialects::request::RequestLimits;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{Dialect, LossReport};
use switchyard_domain::embedding::EmbeddingRequest;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::operation::Operation;
use switchyard_ports::client_call::{AnswerPiece, Canonical, ClientCall, InvalidCall, WireBody, WireForm};
use switchyard_ports::provider::{
    Answer, AnswerBody, AttemptContext, Carriage, Deadlines, Frame, Payload, Provider, ProviderConfig,
    ProviderFactory, Received,
};
use switchyard_providers::transport::egress::{AllowList, EgressPolicy, Purpose};
use switchyard_providers::transport::{SystemLookup, TransportSettings, Trust};
use switchyard_providers::vendors::{Reach, VENDORS};
use switchyard_providers::{FactorySettings, VendorFactory};
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::simulator::{Script, Simulator};

struct Call {
    facts: CallFacts,
    wire: Option<WireBody>,
    embedding: Option<Arc<EmbeddingRequest>>,
}

impl Call {
    fn of(client: &dyn OperationClient, body: &Value) -> Self {
        let checked = client
            .check(Bytes::from(body.to_string()), Address::default(), &RequestLimits::default())
            .unwrap();
        let embedding = client
            .as_embedding()
            .map(|codec| Arc::new(codec.decode(&checked.document, Address::default()).unwrap()));
        let wire = WireBody { bytes: checked.document.body().clone(), members: checked.members };
        Self { facts: checked.facts, wire: Some(wire), embedding }
    }

    /// The same call as if it had come in another dialect.
    fn foreign(mut self, dialect: Dialect) -> Self {
        self.facts.dialect = dialect;
        self.wire = None;
        self
    }
}

impl ClientCall for Call {
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
        Ok(self.embedding.clone().map_or(Canonical::Verbatim, Canonical::Embedding))
    }

    fn fit(&self, _source: Dialect, _piece: AnswerPiece<'_>) -> LossReport {
        LossReport::default()
    }
}

fn provider(vendor: &str, base_url: &str) -> Arc<dyn Provider> {
    let factory = VendorFactory::new(FactorySettings {
        egress: Arc::new(EgressPolicy::new(Purpose::Provider, &AllowList::default(), true)),
        trust: Trust::load([]).unwrap(),
        lookup: Arc::new(SystemLookup),
        transport: TransportSettings { worker_threads: 1, ..TransportSettings::default() },
        clock: Arc::new(ManualClock::default()),
        base_urls: HashMap::new(),
    });
    let config = ProviderConfig {
        name: "mine".to_owned(),
        vendor: vendor.to_owned(),
        base_url: Some(base_url.to_owned()),
    };
    factory.build(&config).unwrap()
}

fn calls() -> Vec<Call> {
    vec![
        Call::of(&OpenAiEmbeddingsClient, &json!({"model": "m", "input": "x"})),
        Call::of(&OpenAiCompletionsClient, &json!({"model": "m", "prompt": "x"})),
        Call::of(&OpenAiModerationsClient, &json!({"model": "m", "input": "x"})),
        Call::of(&OpenAiImagesClient, &json!({"model": "m", "prompt": "x"})),
        Call::of(&OpenAiSpeechClient, &json!({"model": "m", "input": "x", "voice": "v"})),
        Call::of(
            &GeminiEmbeddingsClient { texts: Texts::One },
            &json!({"model": "m", "content": {"parts": [{"text": "x"}]}}),
        ),
        Call::of(
            &GeminiEmbeddingsClient { texts: Texts::Several },
            &json!({"requests": [{"model": "m", "content": {"parts": [{"text": "x"}]}}]}),
        ),
    ]
}

async fn sent(provider: &dyn Provider, call: &Call) -> Answer {
    let patient = Duration::from_secs(30);
    let context = AttemptContext {
        request_id: "r".to_owned(),
        deadlines: Deadlines { first_content: patient, idle: patient, total: patient },
        credential: Some(Arc::new(SecretString::from("sk-1"))),
        connect_timeout: None,
        received: Arc::new(Received::default()),
    };
    let prepared = provider.prepare(call, "up").unwrap();
    provider.send(prepared, context).await.unwrap()
}

/// An address as a vendor's are.
fn address(vendor: &str) -> &'static str {
    match vendor {
        "vertex" => "http://localhost:1/v1/projects/p/locations/global",
        "bedrock" => "http://localhost:1?region=eu-central-1",
        _ => "http://localhost:1/v1",
    }
}

#[test]
fn no_call_is_ever_put_into_the_words_of_another_operation() {
    let mut taken = 0;
    for vendor in VENDORS.iter().filter(|vendor| matches!(vendor.reach, Reach::Http(_))) {
        let provider = provider(vendor.key, address(vendor.key));
        for call in calls() {
            let dialect = call.facts.dialect;
            match (provider.offers(dialect.operation()), provider.prepare(&call, "up")) {
                (true, Ok(prepared)) => {
                    let is_own = provider.dialects().contains(&dialect);
                    assert_eq!(prepared.dialect == dialect, is_own, "{} {dialect}", vendor.key);
                    assert_eq!(prepared.carriage == Carriage::Verbatim, is_own, "{} {dialect}", vendor.key);
                    assert_eq!(prepared.dialect.operation(), dialect.operation());
                    assert!(is_own || dialect.operation() == Operation::Embedding);
                    assert!(!prepared.url.contains("chat"));
                    taken += 1;
                }
                (false, Err(fault)) => {
                    assert_eq!(fault.kind, FaultKind::Unsupported, "{} {dialect}", vendor.key);
                    let operation = dialect.operation().as_str();
                    assert!(fault.message.contains("`up`") && fault.message.contains(operation), "{fault}");
                }
                (offers, prepared) => panic!("{} {dialect}: {offers}, {prepared:?}", vendor.key),
            }
        }
    }
    assert!(taken > 40, "{taken}");
}

#[test]
fn what_mistral_calls_otherwise_is_renamed_and_what_it_refuses_is_told() {
    let body =
        json!({"model": "m", "input": ["x"], "dimensions": 256, "user": "u", "encoding_format": "base64"});
    let prepared = provider("mistral", "http://localhost:1/v1")
        .prepare(&Call::of(&OpenAiEmbeddingsClient, &body), "mistral-embed")
        .unwrap();
    let sent: Value = serde_json::from_slice(&prepared.body.to_bytes().unwrap()).unwrap();
    let expected = json!({"model": "mistral-embed", "input": ["x"], "output_dimension": 256, "encoding_format": "base64"});
    assert_eq!(sent, expected);
    assert_eq!(prepared.losses.to_string(), "user");
}

#[test]
fn vectors_stand_elsewhere_than_chats_at_one_vendor() {
    let call = Call::of(&OpenAiEmbeddingsClient, &json!({"model": "m", "input": "x"}));
    let prepared = provider("perplexity", "https://api.perplexity.ai").prepare(&call, "pplx").unwrap();
    assert_eq!(prepared.url, "https://api.perplexity.ai/v1/embeddings");
}

#[tokio::test]
async fn vectors_asked_for_in_another_dialect_go_through_the_canonical_form() {
    let upstream = Simulator::start();
    let provider = provider("openai", &upstream.base_url());
    let body =
        json!({"model": "m", "input": ["one two", "three"], "dimensions": 3, "encoding_format": "base64"});
    let verbatim = Call::of(&OpenAiEmbeddingsClient, &body);
    let AnswerBody::Buffered(Payload::Verbatim(bytes)) = sent(provider.as_ref(), &verbatim).await.body else {
        panic!("vectors of the client's own dialect are translated");
    };
    let call = verbatim.foreign(Dialect::GEMINI_EMBEDDINGS);
    let AnswerBody::Buffered(Payload::Embeddings(answer)) = sent(provider.as_ref(), &call).await.body else {
        panic!("vectors of another dialect are not translated");
    };
    let mut expected = body.clone();
    expected["model"] = json!("up");
    assert_eq!(upstream.calls().pop().unwrap().json, expected);
    let seen: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(answer.embeddings.len(), 2);
    assert!(answer.embeddings.iter().all(|embedding| embedding.vector.floats().unwrap().len() == 3));
    assert_eq!(answer.usage.unwrap().input, seen["usage"]["prompt_tokens"].as_u64().unwrap());
}

#[tokio::test]
async fn the_last_byte_of_what_passes_through_is_kept_apart_until_the_call_is_recorded() {
    let upstream = Simulator::start();
    let provider = provider("openai", &upstream.base_url());
    let speech = Call::of(&OpenAiSpeechClient, &json!({"model": "m", "input": "x", "voice": "v"}));
    let pictures = Call::of(&OpenAiImagesClient, &json!({"model": "m", "prompt": "x"}));
    upstream.script("up", Script::of("huge_body=3000000&tokens=5"));
    for call in [speech, pictures] {
        let answer = sent(provider.as_ref(), &call).await;
        let AnswerBody::Stream(mut frames) = answer.body else { panic!("it is held whole") };
        let (mut length, mut closing) = (0, None);
        while let Some(frame) = frames.next().await {
            assert!(closing.is_none(), "something follows the last byte");
            match frame.unwrap() {
                Frame::Verbatim(bytes) => length += bytes.len(),
                Frame::Closing(bytes) => closing = Some(bytes.len()),
                Frame::Events(_) => panic!("it is translated"),
            }
        }
        assert_eq!(closing, Some(1));
        let call = upstream.take_calls().remove(0);
        assert_eq!(length as u64 + 1, call.bytes_sent);
    }
}

#[test]
fn an_operation_that_nobody_translates_is_not_made_of_another_dialect() {
    let call =
        Call::of(&OpenAiSpeechClient, &json!({"model": "m", "input": "x"})).foreign(Dialect("other-speech"));
    // An unknown dialect is a chat's, and the call is none.
    let fault = provider("openai", "http://localhost:1/v1").prepare(&call, "up").unwrap_err();
    assert_eq!(fault.kind, FaultKind::Rejected);
}
