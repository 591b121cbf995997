//! Calls of other addresses, for whoever is signed in.

use crate::scene::{JsonBody, bearer, builder, register};
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use switchyard_harness::{Database, TestApp, TestClient, on_both_databases};
use switchyard_testkit::simulator::Simulator;

on_both_databases! {
    each_of_the_four_calls_brings_the_addresss_answer_back_whatever_its_status,
    a_refused_address_is_told_with_what_would_admit_it,
    one_persons_calls_at_once_are_bounded_and_each_keeps_its_place_until_its_answer_has_gone,
    a_named_post_that_was_sent_and_not_answered_is_not_sent_again,
    slow_addresses_of_some_people_leave_room_for_the_others,
    bodies_that_come_slowly_take_their_senders_places_alone,
    a_named_post_whose_client_left_is_sent_once_and_its_answer_kept,
}

/// A server that may call this one address, and somebody who is signed in.
async fn scene(database: Database, allowed: SocketAddr) -> (TestApp, TestClient) {
    let app = builder().on(database).egress_allow(&format!("external={allowed}")).start().await;
    register(&app, "mem.member").await;
    let member = app.client(&bearer(&app, "mem.member").await);
    (app, member)
}

async fn ask(client: &TestClient, method: &str, body: Value) -> (u16, Value) {
    let answer = client.post(&format!("/api/external/{method}"), body.to_string()).await;
    (answer.status, answer.json())
}

async fn each_of_the_four_calls_brings_the_addresss_answer_back_whatever_its_status(database: Database) {
    let world = Simulator::start();
    let url = format!("{}/models", world.base_url());
    let address = url::Url::parse(&url).unwrap().socket_addrs(|| None).unwrap()[0];
    let (_app, member) = scene(database, address).await;
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

async fn a_refused_address_is_told_with_what_would_admit_it(database: Database) {
    let (app, member) = scene(database, "127.0.0.1:1".parse().unwrap()).await;
    let (status, answer) = ask(&member, "get", json!({"url": app.url()})).await;
    assert_eq!(status, 403, "{answer}");
    let said = answer["error"].as_str().unwrap();
    assert!(said.contains("SWITCHYARD_EGRESS_ALLOW") && said.contains("127.0.0.1"), "{said}");
    let (status, answer) = ask(&member, "get", json!({"url": "http://127.0.0.1:1/"})).await;
    assert_eq!((status, answer.as_object().unwrap().len()), (502, 1), "{answer}");
    assert_eq!(ask(&app.anonymous(), "get", json!({"url": app.url()})).await.0, 401);
}

/// Answers every request with this, and counts them.
fn answering(answer: Vec<u8>) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer, count) = (stream.unwrap(), answer.clone(), Arc::clone(&count));
            std::thread::spawn(move || {
                let mut head = [0; 65536];
                if stream.read(&mut head).unwrap_or(0) > 0 {
                    count.fetch_add(1, Ordering::Relaxed);
                    let _ = stream.write_all(&answer);
                }
            });
        }
    });
    (address, asked)
}

async fn one_persons_calls_at_once_are_bounded_and_each_keeps_its_place_until_its_answer_has_gone(
    database: Database,
) {
    const BYTES: usize = 3 * 1024 * 1024;
    // Each byte is six when it is escaped.
    let body = vec![1_u8; BYTES];
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {BYTES}\r\n\r\n");
    let (address, asked) = answering([head.into_bytes(), body].concat());
    let (app, member) = scene(database, address).await;
    register(&app, "other.member").await;
    let other = app.client(&bearer(&app, "other.member").await);
    let body = json!({"url": format!("http://{address}/")});
    let ask = async |client: &TestClient| {
        client.request("POST", "/api/external/get").json_body(&body).send().await.unwrap()
    };
    let mut held = Vec::new();
    for _ in 0..3 {
        let answer = ask(&member).await;
        assert_eq!(answer.status(), 200);
        held.push(answer);
    }
    let refused = ask(&member).await;
    assert_eq!((refused.status().as_u16(), refused.headers().contains_key("retry-after")), (429, true));
    assert_eq!(asked.load(Ordering::Relaxed), 3, "the fourth was not sent");
    assert_eq!(ask(&other).await.status(), 200, "nobody else is held up");
    let whole: Value = serde_json::from_str(&held.pop().unwrap().text().await.unwrap()).unwrap();
    assert_eq!(whole["data"]["body"].as_str().unwrap().len(), BYTES);
    let again = ask(&member).await;
    assert_eq!(again.status(), 200, "whose answer has gone may ask again");
}

/// Reads requests and hangs up, or says nothing for so long; how often it was asked.
fn silent(patience: Duration) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, count) = (stream.unwrap(), Arc::clone(&count));
            std::thread::spawn(move || {
                if stream.read(&mut [0; 65536]).unwrap_or(0) > 0 {
                    count.fetch_add(1, Ordering::SeqCst);
                    std::thread::sleep(patience);
                }
            });
        }
    });
    (address, asked)
}

async fn a_named_post_that_was_sent_and_not_answered_is_not_sent_again(database: Database) {
    let (address, asked) = silent(Duration::ZERO);
    let (_app, member) = scene(database, address).await;
    let body = json!({"url": format!("http://{address}/"), "payload": {"order": 7}});
    let send = async |method: &str| {
        let request = member.request("POST", &format!("/api/external/{method}")).json_body(&body);
        crate::scene::send(request.header("idempotency-key", format!("order-7-{method}"))).await
    };
    let first = send("post").await;
    assert_eq!((first.status, asked.load(Ordering::SeqCst)), (502, 1), "{}", first.text);
    assert!(first.json()["error"].is_string(), "{}", first.text);
    let second = send("post").await;
    assert_eq!((second.status, &second.text), (502, &first.text), "in the same words");
    assert_eq!((second.header("idempotent-replayed"), asked.load(Ordering::SeqCst)), ("true", 1));
    for times in [1, 2] {
        assert_eq!(send("put").await.status, 502);
        assert_eq!(asked.load(Ordering::SeqCst), 1 + times, "what may be repeated is");
    }
}

/// People who are signed in.
async fn crowd(app: &TestApp, number: usize) -> Vec<TestClient> {
    let mut people = Vec::new();
    for number in 0..number {
        let name = format!("member.{number}");
        register(app, &name).await;
        people.push(app.client(&bearer(app, &name).await));
    }
    people
}

async fn slow_addresses_of_some_people_leave_room_for_the_others(database: Database) {
    let (address, asked) = silent(Duration::from_secs(20));
    let app = builder().on(database).egress_allow(&format!("external={address}")).start().await;
    let people = crowd(&app, 5).await;
    let (other, slow) = people.split_last().unwrap();
    let body = json!({"url": format!("http://{address}/")});
    let mut running = tokio::task::JoinSet::new();
    for member in slow {
        for _ in 0..3 {
            let request = member.request("POST", "/api/external/get").json_body(&body);
            running.spawn(request.send());
        }
    }
    while asked.load(Ordering::SeqCst) < 12 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (status, answer) = ask(other, "get", json!({"url": app.url()})).await;
    assert_eq!(status, 403, "it was judged, and not held up: {answer}");
    assert_eq!(ask(&slow[0], "get", json!({"url": app.url()})).await.0, 429);
    running.abort_all();
}

async fn bodies_that_come_slowly_take_their_senders_places_alone(database: Database) {
    let app = builder().on(database).start().await;
    let people = crowd(&app, 5).await;
    let (other, slow) = people.split_last().unwrap();
    let mut running = tokio::task::JoinSet::new();
    for member in slow {
        for _ in 0..3 {
            let body = futures_util::stream::once(async { Ok::<_, std::io::Error>("{") })
                .chain(futures_util::stream::pending());
            let request = member.request("POST", "/api/external/get");
            let request = request.header("content-type", "application/json");
            running.spawn(request.body(reqwest::Body::wrap_stream(body)).send());
        }
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (status, answer) = ask(other, "get", json!({"url": app.url()})).await;
    assert_eq!(status, 403, "it was judged, and not held up: {answer}");
    assert_eq!(ask(&slow[0], "get", json!({"url": app.url()})).await.0, 429);
    running.abort_all();
}

async fn a_named_post_whose_client_left_is_sent_once_and_its_answer_kept(database: Database) {
    let body = "sent";
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n", body.len());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 65536];
            if stream.read(&mut request).unwrap_or(0) > 0 {
                count.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(1500));
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        }
    });
    let (_app, member) = scene(database, address).await;
    let body = json!({"url": format!("http://{address}/"), "payload": {"order": 7}});
    let request = || {
        let request = member.request("POST", "/api/external/post").json_body(&body);
        request.header("idempotency-key", "order-7")
    };
    let left = tokio::time::timeout(Duration::from_millis(500), request().send()).await;
    assert!(left.is_err(), "the client did not wait");
    let during = crate::scene::send(request()).await;
    assert_eq!((during.status, asked.load(Ordering::SeqCst)), (409, 1), "{}", during.text);
    let mut answers = Vec::new();
    for _ in 0..40 {
        let answer = crate::scene::send(request()).await;
        answers.push(answer.status);
        if answer.status == 200 {
            assert_eq!(answer.json()["data"]["body"], json!("sent"));
            assert_eq!(answer.header("idempotent-replayed"), "true");
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!((answers.last(), asked.load(Ordering::SeqCst)), (Some(&200), 1), "{answers:?}");
}
