//! Every vendor that is reached over HTTP keeps the providers' contract.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use secrecy::SecretString;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::fault::FaultKind;
use switchyard_ports::provider::{
    AttemptContext, Deadlines, Provider, ProviderConfig, ProviderFactory, Received,
};
use switchyard_providers::transport::egress::{AllowList, EgressPolicy, Purpose};
use switchyard_providers::transport::{SystemLookup, TransportSettings, Trust};
use switchyard_providers::vendors::{Reach, VENDORS};
use switchyard_providers::{FactorySettings, VendorFactory};
use switchyard_testkit::call::WireCall;
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::simulator::Simulator;

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
        name: format!("my-{vendor}"),
        vendor: vendor.to_owned(),
        base_url: Some(base_url.to_owned()),
    };
    factory.build(&config).unwrap()
}

macro_rules! vendors {
    ($($vendor:ident,)+) => {
        $(
            mod $vendor {
                use switchyard_ports::provider::Provider;

                fn build(base_url: &str) -> std::sync::Arc<dyn Provider> {
                    super::provider(stringify!($vendor), base_url)
                }

                switchyard_testkit::provider_contract!(build);
            }
        )+

        #[test]
        fn every_vendor_is_under_contract() {
            let listed: HashSet<&str> = VENDORS
                .iter()
                .filter(|vendor| matches!(vendor.reach, Reach::Http(_)))
                .map(|vendor| vendor.key)
                .collect();
            assert_eq!(listed, HashSet::from([$(stringify!($vendor)),+]));
        }
    };
}

vendors! {
    openai,
    openai_compatible,
    mistral,
    xai,
    groq,
    deepseek,
    openrouter,
    together,
    fireworks,
    perplexity,
    cerebras,
    huggingface,
    moonshot,
    zai,
    zhipu,
    dashscope,
    ollama,
    vllm,
    lmstudio,
    ngrok,
}

/// Megabytes through a build without optimisation: once is enough, as no fact of a vendor has a part in it.
#[tokio::test]
async fn bodies_without_end_are_cut_at_their_caps() {
    let upstream = Simulator::start();
    let provider = provider("openai", &upstream.base_url());
    let patient = Duration::from_secs(120);
    for (stream, script, cap) in [
        (true, "endless", 32),
        (false, "endless", 16),
        (false, "huge_body=17000000", 16),
        (false, "huge_body=17000000&chunked", 16),
    ] {
        let body = serde_json::json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": stream});
        let prepared = provider.prepare(&WireCall::json(&body), &format!("m?{script}")).unwrap();
        let context = AttemptContext {
            request_id: "r".to_owned(),
            deadlines: Deadlines { first_content: patient, idle: patient, total: patient },
            credential: Some(Arc::new(SecretString::from("sk-1"))),
            received: Arc::new(Received::default()),
        };
        let fault = match provider.send(prepared, context).await {
            Ok(answer) => last_fault(answer).await,
            Err(fault) => fault,
        };
        assert_eq!(fault.kind, FaultKind::TooLarge, "{script}: {fault}");
        let sent = upstream.until_ended_calls(1, Duration::from_secs(10)).await[0].bytes_sent;
        upstream.take_calls();
        assert!(sent < (cap << 20) + in_the_kernel(), "{script}: {sent} bytes were taken");
    }
}

/// Bytes that the kernel may hold between a sender and a reader that has stopped: sent, but never taken by us.
fn in_the_kernel() -> u64 {
    let largest = |name: &str| {
        let limits = std::fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap_or_default();
        limits.split_whitespace().nth(2).and_then(|bytes| bytes.parse::<u64>().ok()).unwrap_or(32 << 20)
    };
    largest("tcp_rmem") + largest("tcp_wmem")
}

async fn last_fault(answer: switchyard_ports::provider::Answer) -> switchyard_domain::fault::ProviderFault {
    use futures_util::StreamExt;
    use switchyard_ports::provider::AnswerBody;
    let AnswerBody::Stream(mut frames) = answer.body else { panic!("a body without end was taken whole") };
    let mut last = None;
    while let Some(frame) = frames.next().await {
        last = frame.err();
    }
    last.unwrap()
}
