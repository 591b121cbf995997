//! P16: whatever id of another's somebody puts into a route, it is as if there were nothing. Generated from the table of routes: a
//! route with an id in its path that is not known here fails the test.

use crate::scene::{ADMIN, JsonBody, bearer, on_both_databases, register, send};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use switchyard_harness::{Answer, TestApp, TestClient};
use switchyard_http::access::Access;
use switchyard_http::routes::{Endpoint, table};

on_both_databases! {
    anothers_object_is_as_one_that_is_not_there,
    no_list_and_no_filter_shows_what_is_anothers,
    nobody_takes_anothers_object_by_what_a_body_says,
}

/// Somebody and what is theirs.
struct Owner {
    client: TestClient,
    id: i64,
    /// What stands in paths: for each beginning of a path, the id of an object of theirs.
    objects: BTreeMap<&'static str, String>,
}

const SESSIONS: &str = "/api/v1/sessions";
const VIRTUAL_KEYS: &str = "/api/v1/virtual-keys";
const REQUESTS: &str = "/api/v1/requests";
const KEYS: &str = "/api/v1/keys";

impl Owner {
    /// Ana with a session besides, a virtual key, a call, and a key at a provider.
    async fn ana(app: &TestApp) -> Self {
        let id = register(app, "ana").await["user"]["id"].as_i64().unwrap();
        let client = app.client(&bearer(app, "ana").await);
        bearer(app, "ana").await;
        let sessions = client.get(SESSIONS).await.json();
        let sessions = sessions["items"].as_array().unwrap().clone();
        let other = sessions.iter().find(|session| session["is_current"] != json!(true)).unwrap();
        let made = client.post(VIRTUAL_KEYS, json!({"name": "ana's"}).to_string()).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let called = app.client(made.json()["key"].as_str().unwrap()).ask("gpt-sim", "hi").await;
        assert_eq!(called.status, 200, "{}", called.text);
        assert!(!app.events_of(called.request_id()).await.is_empty());
        let stored = client.post(KEYS, json!({"openai": "sk-anas-own-key-0123"}).to_string()).await;
        assert_eq!(stored.status, 200, "{}", stored.text);
        let objects = [
            (SESSIONS, other["id"].as_str().unwrap().to_owned()),
            (VIRTUAL_KEYS, made.json()["id"].to_string()),
            (REQUESTS, called.request_id().to_owned()),
            (KEYS, "openai".to_owned()),
        ];
        Self { client, id, objects: objects.into() }
    }

    /// Everything of theirs, as they see it.
    async fn all(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for path in [SESSIONS, VIRTUAL_KEYS, REQUESTS, KEYS] {
            all.push(self.client.get(path).await.json());
        }
        all
    }
}

/// The routes of everybody who is signed in that have an id in their path.
fn with_ids() -> Vec<Endpoint> {
    let has_id = |endpoint: &Endpoint| endpoint.access == Access::SignedIn && endpoint.path.contains('{');
    table().into_iter().filter(has_id).collect()
}

/// The path with this id, and the path without.
fn with_id(template: &str, id: &str) -> String {
    let (before, rest) = template.split_once('{').unwrap();
    let (_, after) = rest.split_once('}').unwrap();
    format!("{before}{id}{after}")
}

async fn ask(client: &TestClient, endpoint: &Endpoint, id: &str) -> Answer {
    let request = client.request(endpoint.method, &with_id(endpoint.path, id));
    match (endpoint.method, endpoint.path) {
        ("GET" | "DELETE", _) => send(request).await,
        ("PATCH", _) => send(request.json_body(&json!({"tags": ["mine"]}))).await,
        _ => send(request.json_body(&json!({}))).await,
    }
}

async fn anothers_object_is_as_one_that_is_not_there(app: TestApp) {
    let ana = Owner::ana(&app).await;
    register(&app, "bob").await;
    let bob = app.client(&bearer(&app, "bob").await);
    let before = ana.all().await;
    let routes = with_ids();
    assert!(routes.len() >= 8, "{routes:?}");
    for endpoint in &routes {
        let (place, _) = endpoint.path.split_once("/{").unwrap();
        assert!(ana.objects.contains_key(place), "{}: Ana needs one of these", endpoint.path);
        let id = &ana.objects[place];
        let unknown = match place {
            SESSIONS => "0192f0c1-0000-7000-8000-000000000000",
            KEYS => "mistral",
            _ => "999999",
        };
        let (foreign, unknown_answer) = (ask(&bob, endpoint, id).await, ask(&bob, endpoint, unknown).await);
        let cell = format!("{} {}: {}", endpoint.method, endpoint.path, foreign.text);
        assert_eq!((foreign.status, unknown_answer.status), (404, 404), "{cell}");
        let said = |answer: &Answer, id: &str| {
            let body = answer.json();
            (
                body["error"].clone(),
                body["message"].as_str().unwrap().replace(id, "*"),
                body["details"].clone(),
            )
        };
        assert_eq!(said(&foreign, id), said(&unknown_answer, unknown), "{cell}");
    }
    let asked = routes.len();
    println!(
        "{asked} routes with an id, each with another's: {asked} of {asked} answered as if there were none"
    );
    assert_eq!(ana.all().await, before, "nothing of hers was touched");
    // They are hers: each is there for her.
    for endpoint in routes.iter().filter(|endpoint| endpoint.method == "GET") {
        let (place, _) = endpoint.path.split_once("/{").unwrap();
        assert_eq!(ask(&ana.client, endpoint, &ana.objects[place]).await.status, 200, "{}", endpoint.path);
    }
}

async fn no_list_and_no_filter_shows_what_is_anothers(app: TestApp) {
    let ana = Owner::ana(&app).await;
    register(&app, "bob").await;
    let bob = app.client(&bearer(&app, "bob").await);
    let (key, call) = (&ana.objects[VIRTUAL_KEYS], &ana.objects[REQUESTS]);
    let lists = table().into_iter().filter(|endpoint| {
        endpoint.access == Access::SignedIn && endpoint.method == "GET" && !endpoint.path.contains('{')
    });
    let mut asked = 0;
    for endpoint in lists {
        for query in [
            String::new(),
            format!("?user={}", ana.id),
            format!("?key={key}"),
            format!("?request_id={call}"),
            format!("?key={key}&user={}", ana.id),
            "?group_by=key".to_owned(),
            "?group_by=user".to_owned(),
            "?after=0".to_owned(),
        ] {
            let answer = bob.get(&format!("{}{query}", endpoint.path)).await;
            assert!([200, 422].contains(&answer.status), "{} {query}: {}", endpoint.path, answer.text);
            for anas in ["ana", call.as_str(), &ana.objects[SESSIONS]] {
                let is_there = answer.status == 200 && answer.text.contains(anas);
                assert!(!is_there, "{} {query} shows {anas}: {}", endpoint.path, answer.text);
            }
            asked += 1;
        }
    }
    println!("{asked} questions to lists named what is another's: 0 showed it");
    assert!(asked >= 60, "{asked}");
    let own = ana.client.get(&format!("{REQUESTS}?key={key}")).await;
    assert!(own.text.contains(call.as_str()), "she sees it: {}", own.text);
}

async fn nobody_takes_anothers_object_by_what_a_body_says(app: TestApp) {
    let ana = Owner::ana(&app).await;
    let bob_id = register(&app, "bob").await["user"]["id"].as_i64().unwrap();
    let bob = app.client(&bearer(&app, "bob").await);
    let before = ana.all().await;
    let own = bob.post(VIRTUAL_KEYS, json!({"name": "bob's"}).to_string()).await.json();
    let making = [
        json!({"name": "x", "user": ana.id}),
        json!({"name": "x", "id": ana.objects[VIRTUAL_KEYS]}),
        json!({"name": "x", "owner": "file"}),
        json!({"name": "x", "is_lent": false}),
    ];
    for body in &making {
        let answer = bob.post(VIRTUAL_KEYS, body.to_string()).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text);
    }
    let changing = [
        json!({"user": ana.id}),
        json!({"user": null}),
        json!({"id": ana.objects[VIRTUAL_KEYS]}),
        json!({"is_lent": false}),
        json!({"made_by": ADMIN}),
    ];
    for body in &changing {
        let request = bob.request("PATCH", &format!("{VIRTUAL_KEYS}/{}", own["id"])).json_body(body);
        let answer = send(request).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text);
    }
    let storing = [json!({"openai": "sk-bobs-0123456789", "user": ana.id}), json!({"user_id": ana.id})];
    for body in &storing {
        assert_eq!(bob.post(KEYS, body.to_string()).await.status, 422, "{body}");
    }
    let tried = making.len() + changing.len() + storing.len();
    println!("{tried} of {tried} bodies that name what is another's were refused");
    assert_eq!(ana.all().await, before);
    let keys = bob.get(VIRTUAL_KEYS).await.json();
    assert_eq!(keys["items"].as_array().unwrap().len(), 1);
    assert_eq!(keys["items"][0]["user"], json!(bob_id));
}
