//! What happens at the same time.

use super::three::{IN_A_ROW, ROUTE, Three, model};
use crate::scene::Mode;
use serde_json::{Value, json};
use std::time::Duration;
use switchyard::Name;
use switchyard_domain::meta::Writer;

/// R11: the state shows the one probe, and nobody else goes there meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_256_calls_that_find_a_half_open_target_one_is_the_probe_and_the_others_are_answered_by_the_next()
{
    let three = Three::begin("R11", Mode::Buffered).await;
    three.script("status=500");
    for _ in 0..IN_A_ROW {
        three.ask(Mode::Buffered).await;
    }
    three.is_open("five failures").await;
    tokio::time::sleep(Duration::from_millis(1_400)).await;
    // The probe is under way for as long as the others come.
    three.script("tokens=3&latency_ms=550");
    let before = three.app.simulator().calls().len();
    let came = futures_util::future::join_all((0..256).map(|_| three.ask(Mode::Buffered))).await;
    assert!(came.iter().all(|it| it.whole), "a call was not answered");
    let calls = three.app.simulator().calls().split_off(before);
    let probes = calls.iter().filter(|call| call.model == model(0)).count();
    // Whoever comes once the probe is back finds a closed breaker.
    let back = calls.iter().find(|call| call.model == model(0)).and_then(|call| call.ended_at).unwrap();
    let late = calls.iter().filter(|call| call.model == model(0) && call.received_at >= back).count();
    assert_eq!(probes - late, 1, "{probes} probes, {late} of them after the first was back");
}

/// R7: streams that run end on their version, whatever is taken away under them; new calls see that it is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_streams_end_whole_while_their_key_is_revoked_and_their_provider_removed() {
    let three = Three::begin("R7", Mode::Streamed).await;
    three.script("tokens=12&chunk_ms=60");
    let client = three.app.client_with_key("leaving").await;
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let client = client.clone();
        running.spawn(async move { client.ask_stream(ROUTE, "hi").await });
    }
    three.app.simulator().until_calls(16, Duration::from_secs(10)).await;
    let name = Name::new("leaving").unwrap();
    three.app.embedded().keys().revoke(&name, &Writer::API).await.unwrap();
    let gone = three.admin.request("DELETE", "/api/v1/providers/2?force=true").send().await.unwrap();
    assert_eq!(gone.status().as_u16(), 204);
    assert_eq!(client.ask(ROUTE, "hi").await.status, 401);
    assert_eq!(three.ask(Mode::Buffered).await.answer.header("x-switchyard-target"), "p1/model-1");
    for stream in running.join_all().await {
        assert!(stream.done && stream.error_code().is_none(), "{}", stream.answer.text);
        assert_eq!(stream.text().split_whitespace().count(), 12);
        assert_eq!(stream.answer.header("x-switchyard-target"), "p0/model-0");
    }
}

/// R10: of two who change the same route, the one that is late is told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_16_who_change_one_version_of_a_route_at_once_one_wins() {
    let three = Three::begin("R10", Mode::Buffered).await;
    let path = format!("/api/v1/routes/{}", three.route.0);
    let shown = three.admin.get(&path).await;
    let version = shown.header("etag").to_owned();
    let change = |number: usize| {
        let body = json!({"config": {"who": number}}).to_string();
        let request = three.admin.request("PATCH", &path).header("if-match", &version);
        request.header("content-type", "application/json").body(body).send()
    };
    let answers = futures_util::future::join_all((0..16).map(change)).await;
    let mut statuses: Vec<u16> =
        answers.into_iter().map(|answer| answer.unwrap().status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (200, &[409; 15][..]));
    let after: Value = three.admin.get(&path).await.json();
    assert!(after["config"]["who"].is_u64(), "{after}");
}

/// R10: of those who say nothing of a version each change is made over the one before it, and none is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_24_who_change_the_same_objects_without_a_version_all_do() {
    let three = Three::begin("R10-all", Mode::Buffered).await;
    let send = |method: &'static str, path: String, body: Value| {
        let request = three.admin.request(method, &path).header("content-type", "application/json");
        let sent = request.body(body.to_string()).send();
        async move {
            let answer = sent.await.unwrap();
            let status = answer.status().as_u16();
            (status, format!("{method} {path}: {status} {}", answer.text().await.unwrap()))
        }
    };
    let changes = (0..24).map(|number| match number % 4 {
        0 => send("PATCH", format!("/api/v1/routes/{}", three.route.0), json!({"config": {"who": number}})),
        1 => {
            send("PATCH", format!("/api/model-routes/{}", three.route.0), json!({"config": {"who": number}}))
        }
        2 => send("PUT", format!("/api/v1/providers/2/models/added-{number}"), json!({})),
        _ => send(
            "POST",
            "/api/v1/providers/2/credentials".into(),
            json!({"api_key": format!("sk-{number}-0123456789")}),
        ),
    });
    for (status, told) in futures_util::future::join_all(changes).await {
        assert!((200..300).contains(&status), "{told}");
    }
    let provider: Value = three.admin.get("/api/v1/providers/2").await.json();
    let added = provider["models"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|model| model["model"].as_str().unwrap().starts_with("added-"));
    assert_eq!(added.count(), 6, "{provider}");
}

/// R12: of 64 who make a route of the same name at once one does, and the others are told that it is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_who_make_a_route_of_one_name_at_once_one_does() {
    let three = Three::begin("R12", Mode::Buffered).await;
    let body = json!({"name": "wanted", "targets": [{"provider": "p0", "model": model(0)}]}).to_string();
    let answers =
        futures_util::future::join_all((0..64).map(|_| three.admin.post("/api/v1/routes", body.clone())))
            .await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let taken = answers.iter().filter(|answer| answer.status == 409).count();
    assert_eq!((made, taken), (1, 63));
}
