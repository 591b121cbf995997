//! Trying a provider: asking it for its models over a connection of its own, and saying how far that went.

use super::models::{self, MAX_BODY};
use super::{Driver, faults, wire_deadlines};
use crate::transport::{InboundResponse, Step, Steps, TransportFault};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_ports::clock::Monotonic;
use switchyard_ports::probe::{ProbeReport, ProbeStage};
use switchyard_ports::provider::{AttemptContext, Deadlines, DiscoveredModel, Received};

/// What came of the request: the provider's status, and its models or what stood in their way.
struct Answered {
    status: u16,
    models: Result<Vec<DiscoveredModel>, ProviderFault>,
    /// From the moment at which the connection was ready to the head of the answer.
    head: Duration,
    /// From there to its end.
    body: Duration,
}

pub(super) async fn probe(
    driver: &Driver,
    credential: Option<Arc<SecretString>>,
    timeout: Duration,
) -> ProbeReport {
    let mut report = ProbeReport::default();
    let began = driver.clock.monotonic();
    let listing = driver.listing(credential.as_ref(), timeout).await;
    let authorizing = since(driver, began);
    let (request, sent) = match listing {
        Ok(ready) => ready,
        Err(fault) => {
            report.failed(ProbeStage::Auth, authorizing, faults::in_words_of(driver.facts, fault));
            return report;
        }
    };
    let left = timeout.saturating_sub(authorizing);
    let deadlines = Deadlines { first_content: left, idle: left, total: left };
    let way = driver.models.transport.as_ref().unwrap_or(&driver.transport).watched();
    let response = way.send(request, &wire_deadlines(&deadlines)).await;
    let steps = way.steps();
    note_steps(&mut report, steps);
    let response = match response {
        Ok(response) => response,
        Err(fault) => {
            break_off(&mut report, steps, &fault);
            return report;
        }
    };
    let head = steps.since_open.unwrap_or_default();
    let answered = read(driver, response, sent, deadlines, head).await;
    conclude(&mut report, driver, answered, authorizing);
    report
}

fn since(driver: &Driver, earlier: Monotonic) -> Duration {
    driver.clock.monotonic().since(earlier)
}

fn note_steps(report: &mut ProbeReport, steps: Steps) {
    let Steps { resolve, connect, tls, .. } = steps;
    for (stage, step) in
        [(ProbeStage::Resolve, resolve), (ProbeStage::Connect, connect), (ProbeStage::Tls, tls)]
    {
        if let Step::Made(took) = step {
            report.done(stage, took);
        }
    }
}

/// Tells at which step there was no going on. Once the connection is there, the models are what did not come.
fn break_off(report: &mut ProbeReport, steps: Steps, fault: &TransportFault) {
    let broken = [
        (ProbeStage::Resolve, steps.resolve),
        (ProbeStage::Connect, steps.connect),
        (ProbeStage::Tls, steps.tls),
    ]
    .into_iter()
    .find_map(|(stage, step)| if let Step::Broken(took) = step { Some((stage, took)) } else { None });
    let (stage, took) = match broken {
        Some(broken) => broken,
        // Some servers refuse a handshake only after our side of it is over.
        None if matches!(fault, TransportFault::Tls(_)) => (ProbeStage::Tls, Duration::ZERO),
        None => (ProbeStage::Models, steps.since_open.unwrap_or_default()),
    };
    report.failed(stage, took, faults::of_transport(fault));
}

async fn read(
    driver: &Driver,
    response: InboundResponse,
    sent: Option<Arc<SecretString>>,
    deadlines: Deadlines,
    head: Duration,
) -> Answered {
    let (began, status) = (driver.clock.monotonic(), response.status.as_u16());
    let models = if response.status.is_success() {
        list(response, sent.as_deref()).await
    } else {
        Err(refusal(driver, response, sent, deadlines).await)
    };
    Answered { status, models, head, body: since(driver, began) }
}

async fn list(
    response: InboundResponse,
    secret: Option<&SecretString>,
) -> Result<Vec<DiscoveredModel>, ProviderFault> {
    let body = response.body.collect(MAX_BODY).await;
    let body = body.map_err(|fault| faults::of_transport(&fault))?;
    let secret = secret.map(ExposeSecret::expose_secret);
    models::read(&body, secret)
        .ok_or_else(|| faults::invalid("the provider's list of models is not understood"))
}

/// An answer that is no success, in the dialect that the provider speaks.
async fn refusal(
    driver: &Driver,
    response: InboundResponse,
    credential: Option<Arc<SecretString>>,
    deadlines: Deadlines,
) -> ProviderFault {
    let context = AttemptContext {
        request_id: String::new(),
        deadlines,
        credential,
        connect_timeout: None,
        received: Arc::new(Received::default()),
    };
    let judge = |status, body: &[u8], hints, secret: Option<&str>| match driver.facts.dialects.first() {
        Some(codec) => codec.fault(status, body, hints, secret),
        None => switchyard_dialects::error::fault(status, body, hints, secret),
    };
    faults::of_error(&judge, response, &context, driver.clock.now()).await
}

/// Says what the answer tells of the credential, and of the models.
fn conclude(report: &mut ProbeReport, driver: &Driver, answered: Answered, authorizing: Duration) {
    let Answered { status, models, head, body } = answered;
    let judged = authorizing + head;
    report.status = Some(status);
    match models {
        Ok(models) => {
            report.done(ProbeStage::Auth, judged);
            report.done(ProbeStage::Models, body);
            report.models = models;
        }
        Err(fault) => match faults::in_words_of(driver.facts, fault) {
            fault if fault.kind == FaultKind::AuthFailed => {
                report.failed(ProbeStage::Auth, judged + body, fault);
            }
            // Whoever counts what an account uses knows the account.
            fault if fault.kind.is_of_account() => {
                report.done(ProbeStage::Auth, judged);
                report.failed(ProbeStage::Models, body, fault);
            }
            fault => report.failed(ProbeStage::Models, judged + body, fault),
        },
    }
}
