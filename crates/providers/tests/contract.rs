//! Every vendor that is reached over HTTP keeps the providers' contract.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use secrecy::SecretString;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::chat::Dialect;
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
use switchyard_testkit::contracts::provider::Subject;
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

/// Vendors with OpenAI's chat at `/v1`, and vendors that are called otherwise, each in all its dialects.
macro_rules! vendors {
    (chat: $($vendor:ident,)+; other: $($key:ident: { $($module:ident: $kind:ident = $subject:expr,)+ },)+) => {
        $(
            mod $vendor {
                use switchyard_ports::provider::Provider;
                use switchyard_testkit::contracts::provider::Subject;

                fn build(host: &str) -> std::sync::Arc<dyn Provider> {
                    super::provider(stringify!($vendor), &format!("{host}/v1"))
                }

                fn subject() -> Subject {
                    Subject::openai_chat(build)
                }

                switchyard_testkit::provider_contract!(subject, openai_chat);
            }
        )+
        $($(
            mod $module {
                use super::*;

                fn subject() -> Subject {
                    $subject
                }

                switchyard_testkit::provider_contract!(subject, $kind);
            }
        )+)+

        #[test]
        fn every_vendor_is_under_contract_in_every_dialect() {
            let mut listed = HashSet::new();
            for vendor in VENDORS {
                let Reach::Http(facts) = &vendor.reach else { continue };
                for codec in facts.dialects {
                    listed.insert((vendor.key, codec.dialect().0));
                }
            }
            let mut tested = HashSet::from([$((stringify!($vendor), "openai-chat")),+]);
            $($(
                let subject: Subject = $subject;
                tested.insert((stringify!($key), subject.dialect.0));
            )+)+
            assert_eq!(listed, tested);
        }
    };
}

/// A vendor at a path of its host.
macro_rules! at {
    ($vendor:literal, $path:literal) => {
        |host| provider($vendor, &format!(concat!("{}", $path), host))
    };
}

const BEARER: (&str, &str) = ("authorization", "Bearer ");

fn responses(build: fn(&str) -> Arc<dyn Provider>) -> Subject {
    Subject {
        dialect: Dialect::OPENAI_RESPONSES,
        path: |_| "/v1/responses".to_owned(),
        ..Subject::openai_chat(build)
    }
}

fn gemini_path(before: &str, stream: bool) -> String {
    let operation = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
    format!("{before}/models/{{model}}:{operation}")
}

vendors! {
    chat:
        openai_compatible,
        mistral,
        groq,
        together,
        fireworks,
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
    ;
    other:
        openai: {
            openai: openai_chat = Subject::openai_chat(at!("openai", "/v1")),
            openai_responses: verbatim = responses(at!("openai", "/v1")),
        },
        perplexity: {
            perplexity: openai_chat = Subject {
                path: |_| "/chat/completions".to_owned(),
                ..Subject::openai_chat(at!("perplexity", ""))
            },
        },
        xai: {
            xai: openai_chat = Subject::openai_chat(at!("xai", "/v1")),
            xai_responses: verbatim = responses(at!("xai", "/v1")),
        },
        openrouter: {
            openrouter: openai_chat = Subject::openai_chat(at!("openrouter", "/v1")),
            openrouter_responses: verbatim = responses(at!("openrouter", "/v1")),
        },
        deepseek: {
            deepseek: openai_chat = Subject::openai_chat(at!("deepseek", "/v1")),
            deepseek_responses: verbatim = responses(at!("deepseek", "/v1")),
        },
        azure: {
            azure: openai_chat = Subject {
                path: |_| "/openai/deployments/{model}/chat/completions?api-version=2024-10-21".to_owned(),
                listing: "/openai/models?api-version=2024-10-21",
                credential: ("api-key", ""),
                ..Subject::openai_chat(at!("azure", ""))
            },
            azure_v1: openai_chat = Subject {
                path: |_| "/openai/v1/chat/completions".to_owned(),
                listing: "/openai/v1/models",
                credential: ("api-key", ""),
                ..Subject::openai_chat(at!("azure", "/openai/v1"))
            },
            azure_foundry: openai_chat = Subject {
                path: |_| "/models/chat/completions?api-version=2024-05-01-preview".to_owned(),
                listing: "/openai/v1/models",
                credential: ("api-key", ""),
                ..Subject::openai_chat(at!("azure", "/models"))
            },
            azure_responses: verbatim = Subject {
                path: |_| "/openai/responses?api-version=2025-03-01-preview".to_owned(),
                listing: "/openai/models?api-version=2024-10-21",
                credential: ("api-key", ""),
                ..responses(at!("azure", ""))
            },
        },
        anthropic: {
            anthropic: verbatim = Subject {
                dialect: Dialect::ANTHROPIC_MESSAGES,
                path: |_| "/v1/messages".to_owned(),
                listing: "/v1/models?limit=1000",
                credential: ("x-api-key", ""),
                ..Subject::openai_chat(at!("anthropic", "/v1"))
            },
        },
        gemini: {
            gemini: verbatim = Subject {
                dialect: Dialect::GEMINI,
                path: |stream| gemini_path("/v1beta", stream),
                listing: "/v1beta/models?pageSize=1000",
                credential: ("x-goog-api-key", ""),
                ..Subject::openai_chat(at!("gemini", "/v1beta"))
            },
        },
        vertex: {
            vertex: verbatim = Subject {
                dialect: Dialect::GEMINI,
                path: |stream| gemini_path("/v1/projects/p/locations/l/publishers/google", stream),
                listing: "/v1beta1/publishers/google/models",
                credential: BEARER,
                ..Subject::openai_chat(at!("vertex", "/v1/projects/p/locations/l"))
            },
        },
        bedrock: {
            bedrock: canonical = Subject {
                dialect: Dialect::BEDROCK_CONVERSE,
                path: |stream| format!("/model/{{model}}/converse{}", if stream { "-stream" } else { "" }),
                listing: "/foundation-models",
                credential: BEARER,
                ..Subject::openai_chat(at!("bedrock", ""))
            },
        },
        cohere: {
            cohere: canonical = Subject {
                dialect: Dialect::COHERE,
                path: |_| "/v2/chat".to_owned(),
                listing: "/v1/models?page_size=1000",
                credential: BEARER,
                ..Subject::openai_chat(at!("cohere", "/v2"))
            },
        },
        ollama_native: {
            ollama_native: canonical = Subject {
                dialect: Dialect::OLLAMA,
                path: |_| "/api/chat".to_owned(),
                listing: "/api/tags",
                credential: BEARER,
                ..Subject::openai_chat(at!("ollama_native", ""))
            },
        },
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
            connect_timeout: None,
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
