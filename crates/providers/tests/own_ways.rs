//! Vendors with addresses, signatures and tokens of their own, against an upstream that shows what came.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures_util::future::{BoxFuture, join_all};
use secrecy::SecretString;
use serde_json::json;
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::time::Timestamp;
use switchyard_ports::provider::{
    Answer, AttemptContext, Deadlines, Provider, ProviderConfig, ProviderFactory, Received,
};
use switchyard_providers::transport::egress::{AllowList, EgressPolicy, Purpose};
use switchyard_providers::transport::{Lookup, SystemLookup, TransportSettings, Trust};
use switchyard_providers::{FactorySettings, VendorFactory};
use switchyard_testkit::call::WireCall;
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::simulator::{RecordedCall, Script, Simulator};

/// Knows no name, and which it was asked for.
#[derive(Clone, Default)]
struct Nowhere(Arc<Mutex<Vec<String>>>);

impl Nowhere {
    fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Lookup for Nowhere {
    fn lookup(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.0.lock().unwrap().push(name.to_owned());
        Box::pin(async { Err(io::ErrorKind::NotFound.into()) })
    }
}

fn factory() -> VendorFactory {
    factory_over(Arc::new(SystemLookup))
}

fn factory_over(lookup: Arc<dyn Lookup>) -> VendorFactory {
    // 2026-11-21T12:00:00Z
    let clock = ManualClock::at(Timestamp(1_795_262_400_000));
    VendorFactory::new(FactorySettings {
        egress: Arc::new(EgressPolicy::new(Purpose::Provider, &AllowList::default(), true)),
        trust: Trust::load([]).unwrap(),
        lookup,
        transport: TransportSettings { worker_threads: 1, ..TransportSettings::default() },
        clock: Arc::new(clock),
        base_urls: HashMap::new(),
    })
}

fn config(vendor: &str, base_url: &str) -> ProviderConfig {
    ProviderConfig { name: "mine".into(), vendor: vendor.into(), base_url: Some(base_url.into()) }
}

fn provider(vendor: &str, base_url: &str) -> Arc<dyn Provider> {
    factory().build(&config(vendor, base_url)).unwrap()
}

fn refusal(vendor: &str, base_url: &str) -> String {
    factory().build(&config(vendor, base_url)).err().unwrap().to_string()
}

async fn ask(provider: &dyn Provider, credential: &str) -> Result<Answer, ProviderFault> {
    let patient = Duration::from_secs(20);
    let body = json!({"model": "x", "messages": [{"role": "user", "content": "one two"}]});
    let prepared = provider.prepare(&WireCall::json(&body), "amazon.nova-lite-v1:0").unwrap();
    let context = AttemptContext {
        request_id: "r".to_owned(),
        deadlines: Deadlines { first_content: patient, idle: patient, total: patient },
        credential: Some(Arc::new(SecretString::from(credential))),
        connect_timeout: None,
        received: Arc::new(Received::default()),
    };
    provider.send(prepared, context).await
}

async fn arrived(vendor: &str, path: &str, credential: &str) -> RecordedCall {
    let upstream = Simulator::start();
    let provider = provider(vendor, &format!("{}{path}", upstream.root_url()));
    assert!(ask(provider.as_ref(), credential).await.is_ok());
    upstream.calls().remove(0)
}

#[tokio::test]
async fn an_access_key_signs_what_is_sent_and_is_not_sent_itself() {
    let call =
        arrived("bedrock", "/?region=eu-north-1", "AKIAIOSFODNN7EXAMPLE:very/secret+key:session==").await;
    assert_eq!(call.path, "/model/amazon.nova-lite-v1%3A0/converse");
    assert_eq!(call.query, "", "the region is for us");
    let authorization = call.header("authorization").unwrap();
    let expected = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261121/eu-north-1/bedrock/aws4_request, \
                    SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=";
    assert!(authorization.starts_with(expected), "{authorization}");
    assert_eq!(authorization.len(), expected.len() + 64);
    assert_eq!(call.header("x-amz-date"), Some("20261121T120000Z"));
    assert_eq!(call.header("x-amz-security-token"), Some("session=="));
    assert!(call.headers.iter().all(|(_, value)| !value.contains("very/secret")));
}

#[tokio::test]
async fn the_class_of_an_error_of_amazons_is_its_code() {
    let upstream = Simulator::start();
    upstream.set_default(Script::of("status=400"));
    let provider = provider("bedrock", &upstream.root_url());
    let fault = ask(provider.as_ref(), "ABSKQmVkcm9j").await.err().unwrap();
    assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Rejected, Some("ValidationException")));
}

#[tokio::test]
async fn a_secret_that_signed_is_hidden_where_an_error_repeats_it() {
    let upstream = Simulator::start();
    upstream.set_default(Script::of("status=403&error_message=no%20verysecretkey4711%20here"));
    let provider = provider("bedrock", &format!("{}?region=us-east-1", upstream.root_url()));
    let fault = ask(provider.as_ref(), "AKIAIOSFODNN7EXAMPLE:verysecretkey4711").await.err().unwrap();
    assert_eq!(fault.kind, FaultKind::AuthFailed);
    assert!(fault.message.contains("here") && !fault.message.contains("verysecret"), "{fault}");
}

#[tokio::test]
async fn an_entra_token_goes_to_azure_as_a_bearer_and_a_key_in_its_own_header() {
    let token = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJ4In0.c2lnbmF0dXJl";
    let call = arrived("azure", "?api-version=2025-01-01-preview", token).await;
    assert_eq!(call.header("authorization"), Some(format!("Bearer {token}").as_str()));
    assert_eq!(call.header("api-key"), None);
    assert_eq!(call.path, "/openai/deployments/amazon.nova-lite-v1%3A0/chat/completions");
    assert_eq!(call.query, "api-version=2025-01-01-preview");
    let call = arrived("azure", "/openai/v1", "0123456789abcdef").await;
    assert_eq!((call.header("api-key"), call.header("authorization")), (Some("0123456789abcdef"), None));
    assert_eq!((call.path.as_str(), call.query.as_str()), ("/openai/v1/chat/completions", ""));
}

#[tokio::test]
async fn a_service_account_that_asks_for_tokens_elsewhere_is_never_used() {
    let upstream = Simulator::start();
    let elsewhere = Simulator::start();
    let base = format!("{}/v1/projects/p/locations/global", upstream.root_url());
    let provider = provider("vertex", &base);
    let key = json!({"type": "service_account", "client_email": "x@p.iam.gserviceaccount.com",
        "private_key": "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n",
        "token_uri": format!("{}/token", elsewhere.root_url())});
    let fault = ask(provider.as_ref(), &key.to_string()).await.err().unwrap();
    assert_eq!(fault.kind, FaultKind::NoCredential);
    assert!(fault.message.contains("token_uri"), "{fault}");
    assert_eq!((upstream.accepted_connections(), elsewhere.accepted_connections()), (0, 0));
}

#[test]
fn base_urls_that_a_vendor_can_not_use_are_told_with_what_to_change() {
    for (vendor, base, expected) in [
        ("azure", "https://r.openai.azure.com?region=x", "nothing in its query but api-version"),
        ("azure", "https://r.openai.azure.com/openai/deployments/gpt", "give `https://r.openai.azure.com`"),
        (
            "azure",
            "https://r.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=1",
            "names a deployment",
        ),
        ("vertex", "https://aiplatform.googleapis.com/v1", "must name the project and the location"),
        ("vertex", "https://aiplatform.googleapis.com/v1/projects/p/locations/global?x=1", "leave that out"),
        (
            "bedrock",
            "https://bedrock-runtime.eu-west-1.amazonaws.com?api-version=1",
            "nothing in its query but region",
        ),
        ("anthropic", "https://api.anthropic.com/v1/messages", "give `https://api.anthropic.com/v1`"),
        ("openai", "https://api.openai.com/v1/responses/", "give `https://api.openai.com/v1`"),
    ] {
        let message = refusal(vendor, base);
        assert!(message.contains(expected), "{base}: {message}");
    }
}

#[tokio::test]
async fn models_at_another_origin_are_listed_there_under_the_same_guard() {
    let nowhere = Nowhere::default();
    let config = config("bedrock", "https://bedrock-runtime.us-east-1.amazonaws.com");
    let provider = factory_over(Arc::new(nowhere.clone())).build(&config).unwrap();
    let credential = Some(Arc::new(SecretString::from("ABSKQmVkcm9j")));
    let fault = provider.probe(credential, Duration::from_secs(5)).await.listed().unwrap_err();
    assert_eq!(fault.kind, FaultKind::Dns, "{fault}");
    assert_eq!(nowhere.asked(), ["bedrock.us-east-1.amazonaws.com"]);
}

#[tokio::test]
async fn many_calls_with_google_out_of_reach_ask_for_a_token_once_and_are_told_of_the_network() {
    let nowhere = Nowhere::default();
    let config = config("vertex", "https://aiplatform.googleapis.com/v1/projects/p/locations/global");
    let provider = factory_over(Arc::new(nowhere.clone())).build(&config).unwrap();
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let key = json!({"type": "service_account", "client_email": "x@p.iam.gserviceaccount.com",
        "private_key": pair.serialize_pem(), "token_uri": "https://oauth2.googleapis.com/token"});
    let key = key.to_string();
    for calls in [8, 3] {
        let asked = join_all((0..calls).map(|_| ask(provider.as_ref(), &key))).await;
        for answer in asked {
            let fault = answer.err().unwrap();
            assert_eq!(fault.kind, FaultKind::Dns, "{fault}");
            assert!(fault.message.contains("Google could not be asked for a token"), "{fault}");
        }
    }
    assert_eq!(nowhere.asked(), ["oauth2.googleapis.com"], "once for all, and the failure is kept");
}

#[test]
fn dots_alone_are_no_model_wherever_a_model_stands() {
    for (vendor, base) in [
        ("azure", "https://r.openai.azure.com"),
        ("bedrock", "https://bedrock-runtime.eu-west-1.amazonaws.com"),
        ("openai", "https://api.openai.com/v1"),
    ] {
        let provider = provider(vendor, base);
        let call = WireCall::json(&json!({"model": "x", "messages": [{"role": "user", "content": "one"}]}));
        for model in [".", ".."] {
            let fault = provider.prepare(&call, model).err().unwrap();
            assert_eq!(
                (fault.kind, fault.param.as_deref()),
                (FaultKind::Rejected, Some("model")),
                "{vendor}"
            );
        }
        assert!(provider.prepare(&call, "...").is_ok() && provider.prepare(&call, "a/../b").is_ok());
    }
}
