//! Every recorded answer of a real provider, served again over a socket in odd pieces, comes out as what the official SDKs
//! made of it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use futures_util::StreamExt;
use secrecy::SecretString;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::fault::ProviderFault;
use switchyard_ports::provider::{
    AnswerBody, AttemptContext, Deadlines, Provider, ProviderConfig, ProviderFactory, Received, ReceivedParts,
};
use switchyard_providers::transport::egress::{AllowList, EgressPolicy, Purpose};
use switchyard_providers::transport::{SystemLookup, TransportSettings, Trust};
use switchyard_providers::vendors::{Reach, find};
use switchyard_providers::{FactorySettings, VendorFactory};
use switchyard_testkit::call::WireCall;
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::corpus::{Exchange, openai_chat};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Serves one answer to the next connection, in pieces of odd lengths.
async fn serve(listener: TcpListener, exchange: &Exchange) {
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut request = [0; 16 * 1024];
    socket.read(&mut request).await.unwrap();
    let response = &exchange.response;
    let kind =
        if exchange.stream && response.status == 200 { "text/event-stream" } else { "application/json" };
    let kind = response.headers.get("content-type").map_or(kind, String::as_str);
    let head = format!(
        "HTTP/1.1 {} x\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n",
        response.status
    );
    let mut out = head.into_bytes();
    let odd = exchange.id.len() % 5 * 97 + 31;
    for piece in response.body.as_bytes().chunks(odd) {
        out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    // The client may have heard enough.
    let _ = socket.write_all(&out).await;
    let _ = socket.shutdown().await;
}

fn provider(factory: &VendorFactory, exchange: &Exchange, port: u16) -> Arc<dyn Provider> {
    let known = find(exchange.provider()).filter(|vendor| matches!(vendor.reach, Reach::Http(_)));
    let config = ProviderConfig {
        name: exchange.id.clone(),
        vendor: known.map_or("openai_compatible", |vendor| vendor.key).to_owned(),
        base_url: Some(format!("http://127.0.0.1:{port}/v1")),
    };
    factory.build(&config).unwrap()
}

/// Whether an answer came, what was received of it, and why it broke off.
async fn ask(provider: &dyn Provider, stream: bool) -> (bool, ReceivedParts, Option<ProviderFault>) {
    let body =
        serde_json::json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": stream});
    let prepared = provider.prepare(&WireCall::json(&body), "m").unwrap();
    let (patient, received) = (Duration::from_secs(20), Arc::new(Received::default()));
    let context = AttemptContext {
        request_id: "r".to_owned(),
        deadlines: Deadlines { first_content: patient, idle: patient, total: patient },
        credential: Some(Arc::new(SecretString::from("sk-corpus-4711"))),
        received: Arc::clone(&received),
    };
    let (answered, fault) = match provider.send(prepared, context).await {
        Err(fault) => (false, Some(fault)),
        Ok(answer) => match answer.body {
            AnswerBody::Buffered(_) => (true, None),
            AnswerBody::Stream(frames) => {
                (true, frames.filter_map(|frame| std::future::ready(frame.err())).next().await)
            }
        },
    };
    let parts = received.lock().clone();
    (answered, parts, fault)
}

/// What the official SDKs read has come, and nothing went wrong on the way.
fn check_answer(exchange: &Exchange, parts: &ReceivedParts, fault: Option<&ProviderFault>) {
    let id = &exchange.id;
    assert_eq!(fault, None, "{id}");
    for choice in &exchange.expected.choices {
        // Choices interleave in what was received; a text of one choice stands there in one piece.
        if exchange.expected.choices.len() == 1 && choice.tool_calls.is_empty() {
            assert!(parts.output_text.contains(choice.text.trim()), "{id}: {:?}", parts.output_text);
        }
        for call in &choice.tool_calls {
            assert!(parts.output_text.contains(&call.name), "{id}: {}", call.name);
        }
    }
    let counted = |name: &str| exchange.expected.usage.as_ref().and_then(|usage| usage.get(name)).copied();
    if let (Some(input), Some(output)) = (counted("prompt_tokens"), counted("completion_tokens")) {
        let usage = parts.usage.unwrap_or_else(|| panic!("{id}: no usage"));
        let pair = (usage.input, usage.output);
        assert!(pair == (input, output) || exchange.expected.usage_alt.contains(&pair), "{id}: {pair:?}");
    }
}

#[tokio::test]
async fn recorded_answers_come_out_as_the_official_sdks_read_them() {
    let factory = VendorFactory::new(FactorySettings {
        egress: Arc::new(EgressPolicy::new(Purpose::Provider, &AllowList::default(), true)),
        trust: Trust::load([]).unwrap(),
        lookup: Arc::new(SystemLookup),
        transport: TransportSettings { worker_threads: 1, ..TransportSettings::default() },
        clock: Arc::new(ManualClock::default()),
        base_urls: HashMap::new(),
    });
    let mut answers = 0;
    let mut failures = 0;
    for exchange in openai_chat().unwrap() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let provider = provider(&factory, &exchange, port);
        let ((), (answered, parts, fault)) =
            tokio::join!(serve(listener, &exchange), ask(provider.as_ref(), exchange.stream));
        match exchange.expected.ok {
            Some(true) => {
                check_answer(&exchange, &parts, fault.as_ref());
                answers += 1;
            }
            Some(false) => {
                let fault = fault.unwrap_or_else(|| panic!("{}: no fault", exchange.id));
                assert!(answered || !parts.finished, "{}", exchange.id);
                assert!(!fault.message.is_empty() && fault.message.chars().count() <= 500, "{fault}");
                failures += 1;
            }
            None => {}
        }
    }
    assert!(answers > 500 && failures > 25, "{answers} answers, {failures} failures");
}
