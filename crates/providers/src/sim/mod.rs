//! The simulated vendor: models that answer in this process, without key, network or cost, and always the same to the same
//! prompt. They pace themselves by the clock port, so that a test with a clock of its own never waits.

mod instance;
mod models;
mod plan;
mod playback;
mod prose;
mod seed;

use self::models::Model;
use self::plan::{Ending, Plan};
use self::playback::Playback;
use async_trait::async_trait;
use bytes::Bytes;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport, Units};
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::operation::Operation;
use switchyard_ports::client_call::{Canonical, ClientCall};
use switchyard_ports::clock::Clock;
use switchyard_ports::probe::{ProbeReport, ProbeStage};
use switchyard_ports::provider::{
    Answer, AnswerBody, AttemptContext, Carriage, DiscoveredModel, Payload, Prepared, Provider,
};

/// No client speaks it, so that every call comes in canonical form.
const DIALECT: Dialect = Dialect("sim");

/// The simulated provider.
pub(crate) struct SimProvider {
    clock: Arc<dyn Clock>,
}

impl SimProvider {
    /// A provider that paces its answers by `clock`.
    #[must_use]
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

#[async_trait]
impl Provider for SimProvider {
    fn dialects(&self) -> Vec<Dialect> {
        vec![DIALECT]
    }

    fn offers(&self, operation: Operation) -> bool {
        operation == Operation::Chat
    }

    fn works_without_credential(&self) -> bool {
        true
    }

    fn is_simulated(&self) -> bool {
        true
    }

    fn reasons_beside_limit(&self) -> bool {
        false
    }

    fn prepare(&self, call: &dyn ClientCall, model: &str) -> Result<Prepared, ProviderFault> {
        let model = Model::find(model).ok_or_else(|| unknown(model))?;
        let request = call.canonical().and_then(Canonical::into_chat).map_err(|invalid| ProviderFault {
            param: invalid.param.clone(),
            ..ProviderFault::new(FaultKind::Rejected, invalid.message)
        })?;
        let request = ChatRequest { model: model.id.to_owned(), ..ChatRequest::clone(&request) };
        let body = serde_json::to_vec(&request).map_err(|error| internal(&error))?;
        Ok(Prepared {
            url: format!("sim:{}", model.id),
            headers: Vec::new(),
            body: Bytes::from(body).into(),
            carriage: Carriage::Canonical,
            dialect: DIALECT,
            stream: call.facts().stream,
            hide_usage_chunk: false,
            model: model.id.to_owned(),
            losses: LossReport::default(),
            units: Units::default(),
            pieces: 1,
        })
    }

    async fn send(&self, prepared: Prepared, context: AttemptContext) -> Result<Answer, ProviderFault> {
        let model = Model::find(&prepared.model).ok_or_else(|| unknown(&prepared.model))?;
        let body = prepared.body.to_bytes().unwrap_or_default();
        let request: ChatRequest = serde_json::from_slice(&body).map_err(|error| internal(&error))?;
        let plan = Plan::of(model, &request);
        if let Ending::Refused(fault) = plan.ending {
            self.wait(model.first_token, &context).await?;
            return Err(fault);
        }
        let playback = Playback::new(Arc::clone(&self.clock), plan, &context);
        let body = if prepared.stream {
            AnswerBody::Stream(playback.stream().await?)
        } else {
            AnswerBody::Buffered(Payload::Canonical(playback.whole().await?))
        };
        Ok(Answer { status: 200, headers: Vec::new(), media_type: None, body })
    }

    async fn probe(&self, _credential: Option<Arc<SecretString>>, _timeout: Duration) -> ProbeReport {
        let mut report = ProbeReport::default();
        report.done(ProbeStage::Models, Duration::ZERO);
        report.models =
            models::MODELS.iter().map(|model| DiscoveredModel { id: model.id.to_owned() }).collect();
        report
    }
}

impl SimProvider {
    async fn wait(&self, duration: Duration, context: &AttemptContext) -> Result<(), ProviderFault> {
        let most = context.deadlines.first_content.min(context.deadlines.total);
        self.clock.sleep(duration.min(most)).await;
        if duration > most { Err(playback::too_late(&context.deadlines)) } else { Ok(()) }
    }
}

fn unknown(model: &str) -> ProviderFault {
    let known: Vec<&str> = models::MODELS.iter().map(|model| model.id).collect();
    let shown: String = model.chars().take(64).collect();
    ProviderFault {
        status: Some(404),
        code: Some("model_not_found".to_owned()),
        param: Some("model".to_owned()),
        ..ProviderFault::new(
            FaultKind::Rejected,
            format!("The simulated vendor has no model `{shown}`; it has {}.", known.join(", ")),
        )
    }
}

fn internal(error: &serde_json::Error) -> ProviderFault {
    ProviderFault::new(FaultKind::Internal, format!("a simulated request could not be carried: {error}"))
}
