//! A vendor that only this file knows: a dialect, an address, a signature. Nothing else in the workspace was changed for it.

use async_trait::async_trait;
use secrecy::SecretString;
use std::sync::Arc;
use switchyard::dialects::codec::MemberRule;
use switchyard::dialects::openai_chat::OpenAiChat;
use switchyard::dialects::openai_operations::{
    OpenAiCompletions, OpenAiEmbeddings, OpenAiImages, OpenAiModerations, OpenAiSpeech, OpenAiTranscriptions,
};
use switchyard::fault::ProviderFault;
use switchyard::time::Timestamp;
use switchyard::vendors::{
    AuthScheme, Authorizer, Called, Hooks, HttpFacts, Means, OutboundRequest, Reach, Vendor, below,
    put_secret,
};
use switchyard_harness::TestApp;
use url::Url;

use crate::every_route::{behind_a_key, calls_nobody, examples};
use crate::scene::heard;

static CHAT: OpenAiChat =
    OpenAiChat { members: &[MemberRule::Rename { from: "temperature", to: "warmth" }], ..OpenAiChat::PLAIN };

static ACME: Vendor = Vendor {
    key: "acme",
    name: "Acme",
    reach: Reach::Http(HttpFacts {
        dialects: &[&CHAT],
        operations: &[
            &OpenAiEmbeddings::PLAIN,
            &OpenAiCompletions::PLAIN,
            &OpenAiModerations,
            &OpenAiImages,
            &OpenAiSpeech,
            &OpenAiTranscriptions,
        ],
        auth: AuthScheme::Header("x-acme-key"),
        hooks: Some(&Acme),
        ..HttpFacts::OPENAI_CHAT
    }),
    vocabularies: &[],
    notes: &[],
};

#[derive(Debug)]
struct Acme;

impl Hooks for Acme {
    fn address(&self, base: &Url, call: &Called<'_>) -> Url {
        below(base, &format!("acme/{}/{}", call.model.len(), call.endpoint))
    }

    fn authorizer(&self, _base: &Url, _means: &Means) -> Option<Box<dyn Authorizer>> {
        Some(Box::new(Signature))
    }
}

struct Signature;

#[async_trait]
impl Authorizer for Signature {
    async fn authorize(
        &self,
        request: &mut OutboundRequest,
        credential: &Arc<SecretString>,
        _now: Timestamp,
    ) -> Result<Arc<SecretString>, ProviderFault> {
        put_secret(request, "x-acme-key".parse().unwrap(), "acme ", credential)?;
        let signature = format!("{} of {}", request.body.length(), request.url.path());
        request.headers.insert("x-acme-signature", signature.parse().unwrap());
        Ok(Arc::clone(credential))
    }
}

#[tokio::test]
async fn a_vendor_that_a_program_adds_answers_on_the_chat_surface() {
    let app = TestApp::builder().own_vendor(&ACME).start().await;
    let client = app.client_with_key("ci").await;
    let body = serde_json::json!({"model": "upstream/gpt-sim", "temperature": 0.5,
        "messages": [{"role": "user", "content": "one two three"}]});
    let answer = client.chat(body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let call = app.simulator().calls().remove(0);
    assert_eq!(answer.json()["choices"][0]["message"]["content"], call.text_sent);
    assert_eq!(call.path, "/v1/acme/7/chat/completions");
    assert_eq!(call.header("x-acme-key"), Some("acme sk-simulated-0123456789"));
    let signature = format!("{} of {}", call.body.len(), call.path);
    assert_eq!(call.header("x-acme-signature"), Some(signature.as_str()));
    assert_eq!((&call.json["warmth"], call.json.get("temperature")), (&serde_json::json!(0.5), None));

    let streamed = client.ask_stream("upstream/gpt-sim", "one two three").await;
    assert_eq!(streamed.text(), app.simulator().calls().remove(1).text_sent);
    let events = app.events_of(answer.request_id()).await;
    assert_eq!((events.len(), events[0].outcome.as_str()), (1, "complete"));
}

#[tokio::test]
async fn a_vendor_that_a_program_adds_answers_on_every_surface() {
    let app = TestApp::builder().own_vendor(&ACME).models(["faulty"]).start().await;
    let client = app.client_with_key("ci").await;
    let mut answered = 0;
    for endpoint in behind_a_key().filter(|endpoint| calls_nobody(endpoint).is_none()) {
        for example in examples(&client, &endpoint) {
            let before = app.simulator().calls().len();
            let answer = heard(example).await;
            assert_eq!((answer.status, answer.whole), (200, true), "{}: {}", endpoint.path, answer.text());
            let calls = app.simulator().calls();
            assert_eq!(calls.len(), before + 1, "{}", endpoint.path);
            let call = calls.last().unwrap();
            assert!(call.path.starts_with("/v1/acme/6/"), "{}: {}", endpoint.path, call.path);
            assert_eq!(call.header("x-acme-key"), Some("acme sk-simulated-0123456789"));
            assert!(call.header("x-acme-signature").is_some(), "{}", endpoint.path);
            answered += 1;
        }
    }
    assert!(answered >= 18, "{answered}");
}
