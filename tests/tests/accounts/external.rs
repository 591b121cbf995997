//! Calls of other addresses, for whoever is signed in.

use crate::scene::{bearer, builder, register};
use serde_json::{Value, json};
use std::net::SocketAddr;
use switchyard_harness::{TestApp, TestClient};
use switchyard_testkit::simulator::Simulator;

/// A server that may call this one address, and somebody who is signed in.
async fn scene(allowed: SocketAddr) -> (TestApp, TestClient) {
    let app = builder().egress_allow(&format!("external={allowed}")).start().await;
    register(&app, "mem.member").await;
    let member = app.client(&bearer(&app, "mem.member").await);
    (app, member)
}

async fn ask(client: &TestClient, method: &str, body: Value) -> (u16, Value) {
    let answer = client.post(&format!("/api/external/{method}"), body.to_string()).await;
    (answer.status, answer.json())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_the_four_calls_brings_the_addresss_answer_back_whatever_its_status() {
    let world = Simulator::start();
    let url = format!("{}/models", world.base_url());
    let address = url::Url::parse(&url).unwrap().socket_addrs(|| None).unwrap()[0];
    let (_app, member) = scene(address).await;
    let headers = json!({"authorization": "Bearer sk-simulated-0123456789"});
    let body = json!({"url": url, "headers": headers, "params": {"a": ["1", 2], "b": true}});
    let (status, answer) = ask(&member, "get", body).await;
    assert_eq!((status, &answer["status"]), (200, &json!("success")), "{answer}");
    assert_eq!(answer["data"]["status_code"], 200, "{answer}");
    assert!(answer["data"]["body"].is_object(), "JSON comes back as JSON: {answer}");
    assert!(answer["data"]["headers"]["content-type"].as_str().unwrap().contains("json"), "{answer}");
    for method in ["post", "put", "delete"] {
        let (status, answer) = ask(&member, method, json!({"url": url, "headers": headers})).await;
        assert_eq!((status, &answer["status"]), (200, &json!("success")), "{method}: {answer}");
        assert!(answer["data"]["status_code"].as_u64().unwrap() >= 400, "{method}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_address_is_told_with_what_would_admit_it() {
    let (app, member) = scene("127.0.0.1:1".parse().unwrap()).await;
    let (status, answer) = ask(&member, "get", json!({"url": app.url()})).await;
    assert_eq!(status, 403, "{answer}");
    let said = answer["error"].as_str().unwrap();
    assert!(said.contains("SWITCHYARD_EGRESS_ALLOW") && said.contains("127.0.0.1"), "{said}");
    let (status, answer) = ask(&member, "get", json!({"url": "http://127.0.0.1:1/"})).await;
    assert_eq!((status, answer.as_object().unwrap().len()), (502, 1), "{answer}");
    assert_eq!(ask(&app.anonymous(), "get", json!({"url": app.url()})).await.0, 401);
}
