//! What goes out.

use super::attempt::{KEY, PATIENT, Scene, ask, context};
use super::subject::Subject;
use crate::call::WireCall;
use bytes::Bytes;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;
use switchyard_domain::fault::FaultKind;
use switchyard_ports::provider::{Carriage, Prepared};

/// See the name.
pub async fn a_request_carries_what_it_should_and_its_id(subject: Subject) {
    let scene = Scene::new(subject);
    for stream in [true, false] {
        scene.attempt("", &ask(stream)).await.whole();
        let call = scene.upstream.take_calls().remove(0);
        let header = |name: &str| call.header(name).unwrap_or_default().to_owned();
        let (path, query) = subject.path_of(stream);
        assert_eq!((call.method.as_str(), &call.path, &call.query), ("POST", &path, &query));
        assert_eq!(header(subject.credential.0), format!("{}{KEY}", subject.credential.1));
        assert_eq!(header("content-type"), "application/json");
        assert_eq!(header("accept-encoding"), "identity");
        assert_eq!(header("x-request-id"), "req-contract-1");
        assert!(header("user-agent").starts_with("switchyard/"), "{}", header("user-agent"));
        assert_eq!(header("accept"), if stream { subject.stream_type() } else { "application/json" });
        assert_eq!(header("content-length"), call.body.len().to_string());
    }
}

/// See the name.
pub async fn only_what_the_vendor_needs_changes_in_the_body(subject: Subject) {
    let scene = Scene::new(subject);
    let body = concat!(
        r#"{ "messages":[{"role":"user","content":"caf\u00e9 1.0"}], "x_own":{"deep":[1.0,1e2]},"#,
        r#" "temperature":0.70,"model" : "a/b" , "stream":true,"top_p":1.0}"#
    );
    let call = WireCall::of(body);
    let prepared = scene.provider.prepare(&call, "up/stream:model").unwrap();
    assert_eq!(prepared.carriage, Carriage::Verbatim);
    assert!(prepared.losses.is_empty() && prepared.stream && prepared.hide_usage_chunk);
    assert!(prepared.headers.iter().all(|(name, _)| *name != subject.credential.0));
    let sent = String::from_utf8(text(&prepared).to_vec()).unwrap();
    let kept = sent.replace(r#","stream_options":{"include_usage":true}"#, "");
    assert_eq!(kept, body.replace("a/b", "up/stream:model"));
    let again = scene.provider.prepare(&call, "up/stream:model").unwrap();
    assert_eq!(text(&again), text(&prepared), "it is pure");
    assert_eq!(again.url, prepared.url, "it is pure");
    assert!(scene.provider.send(prepared.clone(), context(PATIENT)).await.is_ok());
    assert_eq!(scene.upstream.calls()[0].body, text(&prepared), "what was shown is what is sent");

    let canonical = scene.provider.prepare(&call.without_wire(), "up/stream:model").unwrap();
    assert_eq!(canonical.carriage, Carriage::Canonical);
    let sent: Value = serde_json::from_slice(&text(&canonical)).unwrap();
    assert_eq!(sent["model"], "up/stream:model");
    assert_eq!(sent["messages"][0]["content"], "café 1.0");
    assert_eq!((&sent["stream"], &sent["temperature"]), (&json!(true), &json!(0.7)));
}

/// See the name.
pub async fn a_credential_that_can_not_be_sent_is_told(subject: Subject) {
    let scene = Scene::new(subject);
    let mut broken = context(PATIENT);
    broken.credential = Some(Arc::new(SecretString::from("sk-with\r\nx-evil: 1")));
    let prepared = scene.provider.prepare(&subject.call(&ask(false)), "m").unwrap();
    let fault = scene.provider.send(prepared.clone(), broken).await.err().unwrap();
    assert_eq!(fault.kind, FaultKind::NoCredential);
    assert!(!fault.message.contains("evil"), "{fault}");

    let mut none = context(PATIENT);
    none.credential = None;
    let sent = scene.provider.send(prepared, none).await;
    if scene.provider.works_without_credential() {
        assert!(sent.is_ok());
        assert_eq!(scene.upstream.calls()[0].header(subject.credential.0), None);
    } else {
        assert_eq!(sent.err().unwrap().kind, FaultKind::NoCredential);
        assert!(scene.upstream.calls().is_empty());
    }
}

/// The body that is shown.
fn text(prepared: &Prepared) -> Bytes {
    prepared.body.to_bytes().unwrap()
}
