use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use secrecy::SecretString;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use switchyard_domain::chat::{
    ChatAnswer, ChatEvent, Choice, Delta, Dialect, FinishReason, LossReport, Part, TokenUsage, Units,
};
use switchyard_domain::embedding::{Embedding, EmbeddingAnswer, Vector};
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::operation::Operation;
use switchyard_ports::client_call::{Canonical, ClientCall};
use switchyard_ports::probe::ProbeReport;
use switchyard_ports::provider::{
    Answer, AnswerBody, AttemptContext, Carriage, Frame, InvalidProvider, Payload, Prepared, Provider,
    ProviderConfig, ProviderFactory, VendorSummary,
};

/// The models of `acme`: each behaves as it is called.
pub(crate) const MODELS: &[&str] = &[
    "say",
    "tell",
    "cut",
    "hang",
    "pause",
    "late-end",
    "flood",
    "panic",
    "late-panic",
    "reject",
    "throttle",
    "down",
    "canon",
    "canon-tell",
    "lossy",
];

/// What `say` says.
pub(crate) const ANSWER: &str =
    r#"{ "id":"x1", "choices":[{"index":0,"message":{"role":"assistant","content":"hé"}}] }"#;

/// Pieces of `tell`, the last of them the end of what is said.
pub(crate) const PIECES: [&str; 2] = ["data: {\"a\":1}\n\n", "data: {\"b\":2}\n\n"];

pub(crate) struct Factory(pub(crate) Arc<AtomicUsize>);

impl ProviderFactory for Factory {
    fn build(&self, config: &ProviderConfig) -> Result<Arc<dyn Provider>, InvalidProvider> {
        Ok(Arc::new(Acme { open: Arc::clone(&self.0), simulated: config.vendor == "sim" }))
    }

    fn vendors(&self) -> Vec<VendorSummary> {
        Vec::new()
    }
}

struct Acme {
    open: Arc<AtomicUsize>,
    simulated: bool,
}

/// Counts an open upstream call for as long as it lives.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl Provider for Acme {
    fn dialects(&self) -> Vec<Dialect> {
        vec![Dialect::OPENAI_CHAT]
    }

    fn offers(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Chat | Operation::Embedding)
    }

    fn works_without_credential(&self) -> bool {
        true
    }

    fn is_simulated(&self) -> bool {
        self.simulated
    }

    fn reasons_beside_limit(&self) -> bool {
        false
    }

    fn prepare(&self, call: &dyn ClientCall, model: &str) -> Result<Prepared, ProviderFault> {
        let mut losses = LossReport::default();
        let dialect = match call.canonical() {
            Ok(Canonical::Embedding(_)) => Dialect::GEMINI_EMBEDDINGS,
            _ => Dialect::OPENAI_CHAT,
        };
        if model == "lossy" {
            losses.dropped("logit_bias", "it has none");
            losses.degraded("messages[0].content[1]", "as text");
        }
        if model.starts_with("canon") {
            let chat = call.canonical().and_then(Canonical::into_chat);
            chat.map_err(|error| ProviderFault::new(FaultKind::Unsupported, error.message))?;
        }
        Ok(Prepared {
            url: "https://acme.example".into(),
            headers: Vec::new(),
            body: call.wire().unwrap().bytes.clone().into(),
            carriage: Carriage::Verbatim,
            dialect,
            stream: call.facts().stream,
            hide_usage_chunk: false,
            model: model.to_owned(),
            losses,
            units: Units::default(),
            pieces: 1,
        })
    }

    async fn send(&self, prepared: Prepared, context: AttemptContext) -> Result<Answer, ProviderFault> {
        let open = Open::new(&self.open);
        {
            let mut received = context.received.lock();
            received.began = true;
            received.output_text = "said".into();
            received.usage = Some(TokenUsage { input: 3, output: 4, ..TokenUsage::default() });
        }
        let body = match prepared.model.as_str() {
            _ if prepared.dialect == Dialect::GEMINI_EMBEDDINGS => {
                AnswerBody::Buffered(Payload::Embeddings(vectors()))
            }
            "hang" => pending().await,
            "panic" => panic!("a defect with a secret sy-canary in it"),
            "reject" => return Err(rejection()),
            "throttle" => return Err(throttle()),
            "down" => return Err(down()),
            "canon" => AnswerBody::Buffered(Payload::Canonical(canonical())),
            "canon-tell" => AnswerBody::Stream(held(open, events())),
            "tell" => AnswerBody::Stream(held(open, pieces())),
            "cut" => AnswerBody::Stream(held(open, pieces().chain(cut()).boxed())),
            "pause" => AnswerBody::Stream(held(open, pieces().chain(stream::pending()).boxed())),
            "late-panic" => AnswerBody::Stream(held(open, pieces().chain(defect()).boxed())),
            "late-end" => AnswerBody::Stream(held(open, pieces().chain(late_end()).boxed())),
            "flood" => AnswerBody::Stream(held(open, flood())),
            _ => AnswerBody::Buffered(Payload::Verbatim(Bytes::from_static(ANSWER.as_bytes()))),
        };
        let headers = vec![("request-id".to_owned(), "up-1".to_owned())];
        Ok(Answer { status: 200, headers, media_type: None, body })
    }

    async fn probe(&self, _: Option<Arc<SecretString>>, _: Duration) -> ProbeReport {
        ProbeReport::default()
    }
}

type Frames = BoxStream<'static, Result<Frame, ProviderFault>>;

fn held(open: Open, frames: Frames) -> Frames {
    frames
        .map(move |frame| {
            let _open = &open;
            frame
        })
        .boxed()
}

fn pieces() -> Frames {
    stream::iter(PIECES.map(|piece| Ok(Frame::Verbatim(Bytes::from_static(piece.as_bytes()))))).boxed()
}

fn cut() -> Frames {
    stream::iter([Err(ProviderFault::new(FaultKind::Interrupted, "the connection closed"))]).boxed()
}

fn defect() -> Frames {
    stream::once(async { panic!("a defect with a secret sy-canary in it") }).boxed()
}

fn late_end() -> Frames {
    stream::once(tokio::time::sleep(Duration::from_millis(400))).filter_map(|()| async { None }).boxed()
}

fn flood() -> Frames {
    let piece = Bytes::from(vec![b'x'; 16 * 1024]);
    stream::repeat_with(move || Ok(Frame::Verbatim(piece.clone()))).boxed()
}

fn events() -> Frames {
    let started =
        ChatEvent::Started { id: "up".into(), model: "m".into(), created: Some(5), extensions: vec![] };
    let said = ChatEvent::Delta { choice: 0, delta: Delta::Text("hé".into()) };
    let finished = ChatEvent::Finished { choice: 0, reason: FinishReason::Stop };
    stream::iter([Ok(Frame::Events(vec![started])), Ok(Frame::Events(vec![said, finished]))]).boxed()
}

fn canonical() -> ChatAnswer {
    let choice = Choice {
        parts: vec![Part::Text { text: "hé".into() }],
        finish: Some(FinishReason::Stop),
        ..Choice::default()
    };
    ChatAnswer { choices: vec![choice], ..ChatAnswer::default() }
}

fn rejection() -> ProviderFault {
    ProviderFault {
        status: Some(422),
        code: Some("too_hot".into()),
        param: Some("temperature".into()),
        ..ProviderFault::new(FaultKind::Rejected, "it is too hot")
    }
}

/// For good, so that nobody waits for a clock that stands still.
fn down() -> ProviderFault {
    ProviderFault {
        status: Some(500),
        should_retry: Some(false),
        ..ProviderFault::new(FaultKind::ServerError, "it answered 500")
    }
}

fn throttle() -> ProviderFault {
    ProviderFault {
        status: Some(429),
        retry_after: Some(Duration::from_secs(3600)),
        ..ProviderFault::new(FaultKind::Throttled, "slow down")
    }
}

/// Two vectors that a provider of another dialect made.
fn vectors() -> EmbeddingAnswer {
    let vector = |index, floats: &[f32]| Embedding { index, vector: Vector::Packed(floats.to_vec()) };
    EmbeddingAnswer {
        embeddings: vec![vector(0, &[0.1, -1.5]), vector(1, &[16_777_216.0, 0.0])],
        usage: Some(TokenUsage { input: 3, ..TokenUsage::default() }),
        ..EmbeddingAnswer::default()
    }
}
