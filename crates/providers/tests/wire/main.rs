//! The driver against bytes as they stand: recorded ones and made ones.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod corpus;
mod endings;
mod made;
mod reuse;
mod upstream;

use futures_util::StreamExt;
use secrecy::SecretString;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::fault::ProviderFault;
use switchyard_ports::provider::{
    AnswerBody, AttemptContext, Deadlines, Frame, Payload, Provider, ProviderConfig, ProviderFactory,
    Received, ReceivedParts,
};
use switchyard_providers::transport::egress::{AllowList, EgressPolicy, Purpose};
use switchyard_providers::transport::{SystemLookup, TransportSettings, Trust};
use switchyard_providers::{FactorySettings, VendorFactory};
use switchyard_testkit::call::WireCall;
use switchyard_testkit::clock::ManualClock;

fn factory() -> VendorFactory {
    VendorFactory::new(FactorySettings {
        egress: Arc::new(EgressPolicy::new(Purpose::Provider, &AllowList::default(), true)),
        trust: Trust::load([]).unwrap(),
        lookup: Arc::new(SystemLookup),
        transport: TransportSettings { worker_threads: 1, ..TransportSettings::default() },
        clock: Arc::new(ManualClock::default()),
        base_urls: HashMap::new(),
    })
}

fn provider(factory: &VendorFactory, vendor: &str, port: u16) -> Arc<dyn Provider> {
    provider_at(factory, vendor, port, "/v1")
}

fn provider_at(factory: &VendorFactory, vendor: &str, port: u16, path: &str) -> Arc<dyn Provider> {
    let config = ProviderConfig {
        name: format!("{vendor}-{port}"),
        vendor: vendor.to_owned(),
        base_url: Some(format!("http://127.0.0.1:{port}{path}")),
    };
    factory.build(&config).unwrap()
}

/// What came of an attempt.
struct Heard {
    answered: bool,
    payload: Option<Payload>,
    frames: Vec<Frame>,
    fault: Option<ProviderFault>,
    parts: ReceivedParts,
}

fn request(stream: bool) -> serde_json::Value {
    serde_json::json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": stream})
}

async fn ask(provider: &dyn Provider, stream: bool) -> Heard {
    send(provider, &WireCall::json(&request(stream))).await
}

async fn send(provider: &dyn Provider, call: &WireCall) -> Heard {
    let prepared = provider.prepare(call, "m").unwrap();
    let (patient, received) = (Duration::from_secs(20), Arc::new(Received::default()));
    let context = AttemptContext {
        request_id: "r".to_owned(),
        deadlines: Deadlines { first_content: patient, idle: patient, total: patient },
        credential: Some(Arc::new(SecretString::from("sk-corpus-4711"))),
        connect_timeout: None,
        received: Arc::clone(&received),
    };
    let sent = provider.send(prepared, context).await;
    let mut heard = Heard {
        answered: sent.is_ok(),
        payload: None,
        frames: Vec::new(),
        fault: None,
        parts: ReceivedParts::default(),
    };
    match sent.map(|answer| answer.body) {
        Err(fault) => heard.fault = Some(fault),
        Ok(AnswerBody::Buffered(payload)) => heard.payload = Some(payload),
        Ok(AnswerBody::Stream(mut frames)) => {
            while let Some(frame) = frames.next().await {
                match frame {
                    Ok(frame) => heard.frames.push(frame),
                    Err(fault) => heard.fault = Some(fault),
                }
            }
        }
    }
    heard.parts = received.lock().clone();
    heard
}
