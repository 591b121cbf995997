//! What each vendor's facts do to a request, and what the factory takes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use switchyard_domain::chat::LossKind;
use switchyard_ports::provider::{Prepared, Provider, ProviderConfig, ProviderFactory};
use switchyard_providers::transport::egress::{AllowList, EgressPolicy, Purpose};
use switchyard_providers::transport::{SystemLookup, TransportSettings, Trust};
use switchyard_providers::{FactorySettings, VendorFactory};
use switchyard_testkit::call::WireCall;
use switchyard_testkit::clock::ManualClock;

fn factory(loopback: bool, base_urls: &[(&str, &str)]) -> VendorFactory {
    VendorFactory::new(FactorySettings {
        egress: Arc::new(EgressPolicy::new(Purpose::Provider, &AllowList::default(), loopback)),
        trust: Trust::load([]).unwrap(),
        lookup: Arc::new(SystemLookup),
        transport: TransportSettings::default(),
        clock: Arc::new(ManualClock::default()),
        base_urls: base_urls
            .iter()
            .map(|(key, url)| ((*key).to_owned(), (*url).to_owned()))
            .collect::<HashMap<_, _>>(),
    })
}

fn config(vendor: &str, base_url: Option<&str>) -> ProviderConfig {
    ProviderConfig { name: "mine".into(), vendor: vendor.into(), base_url: base_url.map(str::to_owned) }
}

fn provider(vendor: &str) -> Arc<dyn Provider> {
    let base = (vendor == "openai_compatible").then_some("https://example.com/v1");
    factory(true, &[]).build(&config(vendor, base)).unwrap()
}

fn refusal(factory: &VendorFactory, config: &ProviderConfig) -> String {
    factory.build(config).err().unwrap().to_string()
}

fn prepared(vendor: &str, members: &Value) -> (Prepared, Value) {
    let mut body = json!({"model": "x", "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let prepared = provider(vendor).prepare(&WireCall::json(&body), "up").unwrap();
    let sent = serde_json::from_slice(&prepared.body.to_bytes()).unwrap();
    (prepared, sent)
}

fn lost(prepared: &Prepared) -> Vec<&str> {
    assert!(
        prepared.losses.losses.iter().all(|loss| loss.kind == LossKind::Dropped && !loss.reason.is_empty())
    );
    prepared.losses.losses.iter().map(|loss| loss.member.as_str()).collect()
}

#[test]
fn usage_is_asked_for_only_where_it_does_not_come_by_itself() {
    for vendor in ["openai", "groq", "ollama", "openai_compatible", "together", "vllm"] {
        let (prepared, sent) = prepared(vendor, &json!({"stream": true}));
        assert_eq!(sent["stream_options"], json!({"include_usage": true}), "{vendor}");
        assert!(prepared.hide_usage_chunk);
    }
    for vendor in ["mistral", "deepseek", "openrouter", "xai", "perplexity"] {
        let (prepared, sent) = prepared(vendor, &json!({"stream": true}));
        assert_eq!(sent.get("stream_options"), None, "{vendor}");
        assert!(prepared.hide_usage_chunk);
    }
    let (prepared, sent) =
        prepared("openai", &json!({"stream": true, "stream_options": {"include_obfuscation": false}}));
    assert_eq!(sent["stream_options"], json!({"include_obfuscation": false, "include_usage": true}));
    assert!(prepared.hide_usage_chunk);
}

#[test]
fn a_client_that_asks_for_usage_sees_it() {
    let asks = json!({"stream": true, "stream_options": {"include_usage": true}});
    for vendor in ["openai", "xai", "deepseek"] {
        let (prepared, sent) = prepared(vendor, &asks);
        assert_eq!(sent["stream_options"], asks["stream_options"]);
        assert!(!prepared.hide_usage_chunk);
    }
    let (buffered, sent) = prepared("openai", &json!({}));
    assert_eq!(sent.get("stream_options"), None);
    assert!(!buffered.hide_usage_chunk && !buffered.stream);
}

#[test]
fn mistral_gets_its_own_names_and_nothing_that_it_refuses() {
    let (prepared, sent) = prepared(
        "mistral",
        &json!({"max_completion_tokens": 9, "seed": 7, "user": "u", "store": null, "logit_bias": {"1": 2},
            "stream": true, "stream_options": {"include_usage": true}, "safe_prompt": true}),
    );
    let expected = json!({"model": "up", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 9,
        "random_seed": 7, "stream": true, "safe_prompt": true});
    assert_eq!(sent, expected);
    assert_eq!(lost(&prepared), ["user", "logit_bias"], "a null says nothing and a rename loses nothing");
}

#[test]
fn the_newer_of_two_names_for_one_thing_wins() {
    let (both, sent) = prepared("deepseek", &json!({"max_tokens": 1, "max_completion_tokens": 2}));
    assert_eq!((&sent["max_tokens"], sent.get("max_completion_tokens")), (&json!(2), None));
    assert_eq!(lost(&both), ["max_tokens"]);
    let (null, sent) = prepared("deepseek", &json!({"max_tokens": 1, "max_completion_tokens": null}));
    assert_eq!((&sent["max_tokens"], sent.get("max_completion_tokens")), (&json!(1), None));
    assert!(null.losses.is_empty());
    let (_, sent) = prepared("openai", &json!({"max_completion_tokens": 2}));
    assert_eq!(sent["max_completion_tokens"], 2);
}

#[test]
fn messages_take_the_form_that_the_vendor_knows() {
    let messages = json!({"messages": [
        {"role": "developer", "content": "be brief"},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": null, "tool_calls": [{"id": "call_abc", "type": "function",
            "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "call_abc", "content": "x"},
    ]});
    let (prepared_openai, sent) = prepared("openai", &messages);
    assert_eq!(sent["messages"], messages["messages"]);
    assert!(prepared_openai.losses.is_empty());
    let (_, sent) = prepared("deepseek", &messages);
    assert_eq!(sent["messages"][0], json!({"role": "system", "content": "be brief"}));
    assert_eq!(sent["messages"][3]["tool_call_id"], "call_abc");
    let (prepared_mistral, sent) = prepared("mistral", &messages);
    let id = sent["messages"][3]["tool_call_id"].as_str().unwrap();
    assert_eq!((id.len(), &sent["messages"][2]["tool_calls"][0]["id"]), (9, &json!(id)));
    assert_eq!(sent["messages"][0]["role"], "system");
    assert!(prepared_mistral.losses.is_empty());
    // A request that we encode ourselves has the same ids.
    let mut body = json!({"model": "x"});
    body.as_object_mut().unwrap().extend(messages.as_object().unwrap().clone());
    let encoded = provider("mistral").prepare(&WireCall::json(&body).without_wire(), "up").unwrap();
    let encoded: Value = serde_json::from_slice(&encoded.body.to_bytes()).unwrap();
    assert_eq!(encoded["messages"][3]["tool_call_id"], id);
}

#[test]
fn the_address_is_the_base_and_the_path() {
    for base in ["https://example.com/v1", "https://example.com/v1/", " https://example.com/v1// "] {
        let provider = factory(false, &[]).build(&config("openai", Some(base))).unwrap();
        let call = WireCall::json(&json!({"model": "x", "messages": [{"role": "user", "content": "hi"}]}));
        let prepared = provider.prepare(&call, "../up?x#y").unwrap();
        assert_eq!(prepared.url, "https://example.com/v1/chat/completions", "{base}");
        assert_eq!(prepared.model, "../up?x#y");
    }
}

#[test]
fn a_base_url_is_the_providers_own_then_the_settings_then_the_vendors() {
    let url = |factory: &VendorFactory, config: &ProviderConfig| {
        let call = WireCall::json(&json!({"model": "x", "messages": [{"role": "user", "content": "hi"}]}));
        factory.build(config).unwrap().prepare(&call, "m").unwrap().url
    };
    let factory = factory(false, &[("mistral", "https://proxy.example.com/m")]);
    assert_eq!(
        url(&factory, &config("mistral", Some("https://own.example.com"))),
        "https://own.example.com/chat/completions"
    );
    assert_eq!(url(&factory, &config("mistral", None)), "https://proxy.example.com/m/chat/completions");
    assert_eq!(url(&factory, &config("xai", None)), "https://api.x.ai/v1/chat/completions");
}

#[test]
fn what_can_not_be_built_is_told_with_what_to_change() {
    let closed = factory(false, &[]);
    for (vendor, base, expected) in [
        ("opnai", None, "the vendors are openai, "),
        ("ngrok", None, "give a `base_url`"),
        ("openai", Some("http://127.0.0.1:9/v1"), "SWITCHYARD_EGRESS_ALLOW"),
        ("ollama", None, "SWITCHYARD_EGRESS_ALLOW"),
        ("openai", Some("https://u:p@example.com/v1"), "user name or password"),
        ("openai", Some("ftp://example.com"), "http"),
        ("openai", Some("https://example.com/v1/chat/completions"), "`https://example.com/v1`"),
        ("openai", Some("https://example.com/v1?key=1"), "query"),
        ("sim", Some("https://example.com"), "leave the base URL out"),
    ] {
        let message = refusal(&closed, &config(vendor, base));
        assert!(message.starts_with("Provider `mine`: ") && message.contains(expected), "{message}");
        assert!(!message.contains("u:p"), "{message}");
    }
    assert!(factory(true, &[]).build(&config("ollama", None)).is_ok());
}

#[test]
fn a_provider_that_is_built_again_keeps_its_connections() {
    let factory = factory(false, &[]);
    let one = factory.build(&config("openai", None)).unwrap();
    let again = factory.build(&config("openai", Some("https://api.openai.com/v1/"))).unwrap();
    assert!(Arc::ptr_eq(&one, &again));
    let elsewhere = factory.build(&config("openai", Some("https://eu.api.openai.com/v1"))).unwrap();
    assert!(!Arc::ptr_eq(&one, &elsewhere));
    let other = ProviderConfig { name: "other".into(), ..config("openai", None) };
    assert!(!Arc::ptr_eq(&one, &factory.build(&other).unwrap()));
}

#[test]
fn all_vendors_are_listed_for_people() {
    let vendors = factory(false, &[]).vendors();
    let of = |key: &str| vendors.iter().find(|vendor| vendor.key == key).unwrap();
    assert!(of("openai").needs_credential && !of("ollama").needs_credential && !of("sim").needs_credential);
    assert_eq!(of("groq").base_url, Some("https://api.groq.com/openai/v1"));
    assert_eq!(of("ngrok").base_url, None);
}
