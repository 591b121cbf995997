//! One attempt at the simulated upstream, and what came of it.

use super::subject::Subject;
use crate::call::WireCall;
use crate::simulator::Simulator;
use bytes::Bytes;
use futures_util::StreamExt;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use switchyard_dialects::sse::{SseItem, SseReader};
use switchyard_domain::chat::{ChatAnswer, Collector};
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_ports::provider::{
    Answer, AnswerBody, AttemptContext, Deadlines, Frame, Payload, Provider, Received, ReceivedParts,
};

/// What is sent as the provider's key.
pub(super) const KEY: &str = "sk-contract-0123456789abcdef";

/// Deadlines that no case is meant to meet.
pub(super) const PATIENT: Deadlines = Deadlines {
    first_content: Duration::from_secs(20),
    idle: Duration::from_secs(20),
    total: Duration::from_secs(20),
};

/// A provider and its upstream.
pub(super) struct Scene {
    pub(super) upstream: Simulator,
    pub(super) provider: Arc<dyn Provider>,
    pub(super) subject: Subject,
}

/// What came of an attempt.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) frames: Vec<Frame>,
    pub(super) payload: Option<Payload>,
    /// Before the first content, or as the stream's last item.
    pub(super) fault: Option<ProviderFault>,
    pub(super) received: ReceivedParts,
    subject: Option<Subject>,
}

pub(super) fn context(deadlines: Deadlines) -> AttemptContext {
    AttemptContext {
        request_id: "req-contract-1".to_owned(),
        deadlines,
        credential: Some(Arc::new(SecretString::from(KEY))),
        connect_timeout: None,
        received: Arc::new(Received::default()),
    }
}

/// A call of one short message.
pub(super) fn ask(stream: bool) -> Value {
    json!({"model": "client/name", "messages": [{"role": "user", "content": "say some words"}], "stream": stream})
}

impl Scene {
    pub(super) fn new(subject: Subject) -> Self {
        let upstream = Simulator::start();
        let provider = (subject.build)(&upstream.root_url());
        Self { upstream, provider, subject }
    }

    /// An attempt at the model `m` with this script.
    pub(super) async fn attempt(&self, script: &str, body: &Value) -> Outcome {
        self.attempt_within(script, body, PATIENT).await
    }

    pub(super) async fn stream(&self, script: &str) -> Outcome {
        self.attempt(script, &ask(true)).await
    }

    pub(super) async fn buffered(&self, script: &str) -> Outcome {
        self.attempt(script, &ask(false)).await
    }

    pub(super) async fn attempt_within(&self, script: &str, body: &Value, deadlines: Deadlines) -> Outcome {
        self.run(&self.subject.call(body), script, deadlines).await
    }

    pub(super) async fn run(&self, call: &WireCall, script: &str, deadlines: Deadlines) -> Outcome {
        let context = context(deadlines);
        let received = Arc::clone(&context.received);
        let prepared = self.provider.prepare(call, &format!("m?{script}")).unwrap();
        let mut outcome = match self.provider.send(prepared, context).await {
            Ok(answer) => Outcome::of(answer).await,
            Err(fault) => Outcome { fault: Some(fault), ..Outcome::default() },
        };
        outcome.received = received.lock().clone();
        outcome.subject = Some(self.subject);
        outcome
    }

    /// The text that the upstream sent in its last call.
    pub(super) fn text_sent(&self) -> String {
        self.upstream.calls().last().unwrap().text_sent.clone()
    }
}

impl Outcome {
    async fn of(answer: Answer) -> Self {
        let mut outcome = Self { status: answer.status, headers: answer.headers, ..Self::default() };
        match answer.body {
            AnswerBody::Buffered(payload) => outcome.payload = Some(payload),
            AnswerBody::Stream(mut frames) => {
                while let Some(frame) = frames.next().await {
                    assert!(outcome.fault.is_none(), "something came after the stream's failure");
                    match frame {
                        Ok(frame) => outcome.frames.push(frame),
                        Err(fault) => outcome.fault = Some(fault),
                    }
                }
            }
        }
        outcome
    }

    pub(super) fn kind(&self) -> Option<FaultKind> {
        self.fault.as_ref().map(|fault| fault.kind)
    }

    /// The outcome, which is a whole answer.
    #[track_caller]
    pub(super) fn whole(self) -> Self {
        assert_eq!(self.fault, None);
        assert!(self.payload.is_some() || !self.frames.is_empty(), "an answer without anything");
        self
    }

    /// The outcome, which has failed in this way.
    #[track_caller]
    pub(super) fn failed(self, kind: FaultKind) -> Self {
        assert_eq!(self.kind(), Some(kind), "{self:?}");
        self
    }

    /// The bytes that went on as they came.
    pub(super) fn bytes(&self) -> Bytes {
        match &self.payload {
            Some(Payload::Verbatim(bytes)) => bytes.clone(),
            _ => {
                let verbatim = self.frames.iter().filter_map(|frame| match frame {
                    Frame::Verbatim(bytes) | Frame::Closing(bytes) => Some(&bytes[..]),
                    Frame::Events(_) => None,
                });
                verbatim.collect::<Vec<_>>().concat().into()
            }
        }
    }

    /// The chunks of the stream, as a client reads them.
    pub(super) fn chunks(&self) -> Vec<Value> {
        let mut reader = SseReader::default();
        reader.push(self.bytes()).unwrap();
        let mut chunks = Vec::new();
        while let Some(item) = reader.finish().unwrap() {
            if let SseItem::Event(event) = item {
                chunks.push(serde_json::from_slice(&event.data).unwrap());
            }
        }
        chunks
    }

    /// The answer, where it came in canonical form.
    pub(super) fn answer(&self) -> ChatAnswer {
        if let Some(Payload::Canonical(answer)) = &self.payload {
            return answer.clone();
        }
        let mut collector = Collector::default();
        for frame in &self.frames {
            match frame {
                Frame::Events(events) => collector.extend(events.clone()),
                Frame::Verbatim(_) | Frame::Closing(_) => panic!("bytes where events were due"),
            }
        }
        collector.finish()
    }

    /// The text of the first choice, in whatever form it came.
    pub(super) fn text(&self) -> String {
        let said = |value: &Value| self.subject.map(|subject| subject.said(value)).unwrap_or_default();
        match (&self.payload, self.frames.first()) {
            (Some(Payload::Verbatim(bytes)), _) => said(&serde_json::from_slice(bytes).unwrap()),
            (None, Some(Frame::Verbatim(_) | Frame::Closing(_))) => self.chunks().iter().map(said).collect(),
            _ => self.answer().text(),
        }
    }
}
