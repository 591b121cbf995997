//! Virtual keys as people make, change and end them, on both databases.

use crate::scene::{ADMIN, JsonBody, bearer, builder, register, send, start};
use serde_json::{Value, json};
use switchyard::Store;
use switchyard::orchestrator::admin::QuotaRequest;
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::ids::UserId;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;
use switchyard_harness::testkit::postgres::PrivatePostgres;
use switchyard_harness::{Answer, TestApp, TestClient};

const KEYS: &str = "/api/v1/virtual-keys";

async fn make(client: &TestClient, body: Value) -> Answer {
    client.post(KEYS, body.to_string()).await
}

async fn made(client: &TestClient, body: Value) -> Value {
    let answer = make(client, body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

async fn change(client: &TestClient, id: &Value, version: i64, body: Value) -> Answer {
    let request =
        client.request("PATCH", &format!("{KEYS}/{id}")).header("if-match", format!("\"{version}\""));
    send(request.json_body(&body)).await
}

async fn a_key_lives_and_ends(app: &TestApp) {
    let admin = app.client(&bearer(app, ADMIN).await);
    let key = made(
        &admin,
        json!({"name": "ci", "models": ["upstream/*"], "limits": {"rpm": 50}, "tags": ["build"],
               "budget": {"amount_usd": "2.5", "window": "month"}, "expires_at": "2040-01-01T00:00:00Z"}),
    )
    .await;
    let (id, text) = (&key["id"], key["key"].as_str().unwrap().to_owned());
    assert_eq!(
        (&key["budget"]["amount_usd"], &key["spent_usd"]),
        (&json!("2.500000000"), &json!("0.000000000"))
    );
    assert_eq!((&key["limits"]["rpm"], &key["effective_limits"]["rpm"]), (&json!(50), &json!(50)));
    let shown = admin.get(&format!("{KEYS}/{id}")).await;
    assert!(!shown.text.contains(&text) && shown.json().get("key").is_none(), "it is shown once");
    assert_eq!(shown.header("etag"), "\"1\"");
    let client = app.client(&text);
    assert_eq!(client.get("/v1/models").await.status, 200);
    let own = client.get(&format!("{KEYS}/self")).await.json();
    assert_eq!((&own["id"], &own["totalCost"]), (id, &json!("0.000000000")), "{own}");

    let changed = change(&admin, id, 1, json!({"budget": null, "limits": {"tpm": 9}})).await;
    let said = changed.json();
    assert_eq!((changed.status, &said["budget"], &said["version"]), (200, &json!(null), &json!(2)), "{said}");
    assert_eq!((&said["limits"]["rpm"], &said["tags"]), (&json!(null), &json!(["build"])));
    assert_eq!(change(&admin, id, 1, json!({"is_active": false})).await.status, 409);
    let budgeted =
        change(&admin, id, 2, json!({"budget": {"amount_usd": "1", "window": "total"}})).await.json();
    assert_eq!((&budgeted["version"], &budgeted["budget"]["window"]), (&json!(3), &json!("total")));

    let rotate = format!("{KEYS}/{id}/rotate");
    let rotated = admin.post(&rotate, json!({"overlap_seconds": 3600}).to_string()).await;
    assert_eq!(rotated.status, 200, "{}", rotated.text);
    let second = rotated.json()["key"].as_str().unwrap().to_owned();
    assert_ne!(second, text);
    for key in [&text, &second] {
        assert_eq!(app.client(key).get("/v1/models").await.status, 200, "both are good for a time");
    }
    let third = admin.post(&rotate, "{}").await.json()["key"].as_str().unwrap().to_owned();
    let statuses = [
        client.get("/v1/models").await.status,
        app.client(&second).get("/v1/models").await.status,
        app.client(&third).get("/v1/models").await.status,
    ];
    assert_eq!(statuses, [401, 401, 200], "without an overlap only the newest is good");

    assert_eq!(change(&admin, id, 5, json!({"is_active": false})).await.status, 200);
    assert_eq!(app.client(&third).get("/v1/models").await.status, 401);
    assert_eq!(change(&admin, id, 6, json!({"is_active": true})).await.status, 200);
    assert_eq!(app.client(&third).get("/v1/models").await.status, 200);
    let path = format!("{KEYS}/{id}");
    assert_eq!(send(admin.request("DELETE", &path)).await.status, 204);
    assert_eq!(app.client(&third).get("/v1/models").await.status, 401);
    assert_eq!(send(admin.request("DELETE", &path)).await.status, 404);
    let quotas = app.embedded().quotas().list().await.unwrap();
    assert!(quotas.is_empty(), "its budget went with it: {quotas:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_changed_rotated_and_removed() {
    a_key_lives_and_ends(&start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_changed_rotated_and_removed_in_postgresql() {
    let Some(server) = PrivatePostgres::start() else { return };
    let app = builder().store(Store::Postgres(server.create_database().into())).start().await;
    a_key_lives_and_ends(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_have_keys_of_their_own_and_anothers_is_not_there() {
    let app = start().await;
    let ana = register(&app, "ana").await["user"]["id"].as_i64().unwrap();
    register(&app, "bob").await;
    let (of_ana, of_bob) = (app.client(&bearer(&app, "ana").await), app.client(&bearer(&app, "bob").await));
    let admin = app.client(&bearer(&app, ADMIN).await);
    let key = made(&of_ana, json!({"name": "ana-1"})).await;
    assert_eq!(key["user"], json!(ana), "a member's key is their own");
    made(&of_ana, json!({"name": "ana-2"})).await;
    assert_eq!(make(&of_bob, json!({"name": "x", "user": ana})).await.status, 422);
    let twice = make(&of_ana, json!({"name": "ana-1"})).await;
    assert_eq!(twice.status, 409, "{}", twice.text);
    let (id, version) = (&key["id"], key["version"].as_i64().unwrap());
    let path = format!("{KEYS}/{id}");
    let foreign = [
        of_bob.get(&path).await,
        change(&of_bob, id, version, json!({"is_active": false})).await,
        of_bob.post(&format!("{path}/rotate"), "{}").await,
        send(of_bob.request("DELETE", &path)).await,
    ];
    let unknown = of_bob.get(&format!("{KEYS}/999999")).await;
    for answer in foreign {
        assert_eq!((answer.status, &answer.json()["message"]), (404, &unknown.json()["message"]));
    }
    let count = async |client: &TestClient| client.get(KEYS).await.json()["items"].as_array().unwrap().len();
    assert_eq!((count(&of_ana).await, count(&of_bob).await, count(&admin).await), (2, 0, 2));
    let first = of_ana.get(&format!("{KEYS}?limit=1")).await.json();
    let next = first["next"].as_str().unwrap().to_owned();
    let rest = of_ana.get(&format!("{KEYS}?limit=1&after={next}")).await.json();
    assert_eq!((&rest["items"][0]["name"], &rest["next"]), (&json!("ana-2"), &json!(null)));
    let same = made(&of_bob, json!({"name": "ana-1"})).await;
    assert_ne!(same["id"], key["id"], "what others call theirs is nothing to Bob");
    let taken = change(&admin, &same["id"], 1, json!({"user": ana})).await;
    assert_eq!(taken.status, 409, "she has one of that name: {}", taken.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_key_has_no_more_than_the_member() {
    let app = start().await;
    let ana = register(&app, "ana").await["user"]["id"].as_i64().unwrap();
    assert_eq!(crate::scene::patch(&app, ana, json!({"limits": {"rpm": 5}})).await.status, 200);
    let client = app.client(&bearer(&app, "ana").await);
    let refused = make(&client, json!({"name": "k", "limits": {"rpm": 6}})).await;
    assert_eq!(
        (refused.status, refused.json()["details"]["limits"].is_array()),
        (422, true),
        "{}",
        refused.text
    );
    let key = made(&client, json!({"name": "k", "limits": {"rpm": 5}})).await;
    assert_eq!(change(&client, &key["id"], 1, json!({"limits": {"rpm": 6}})).await.status, 422);
    assert_eq!(change(&client, &key["id"], 1, json!({"limits": {"rpm": 4}})).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_key_has_no_larger_limits_or_budget_of_any_kind_than_the_member() {
    let app = start().await;
    let ana = register(&app, "ana").await["user"]["id"].as_i64().unwrap();
    let own = json!({"limits": {"rpm": 5, "tpm": 500, "rpd": 50, "concurrency": 2}});
    assert_eq!(crate::scene::patch(&app, ana, own).await.status, 200);
    let budget = Budget { amount: NanoUsd(10_000_000_000), window: BudgetWindow::Week, zone: Zone::utc() };
    let quota = QuotaRequest {
        scope: QuotaScope::User(UserId(ana)),
        limits: Limits { rpm: Some(4), ..Limits::NONE },
        budget: Some(budget),
        expected_version: None,
    };
    app.embedded().quotas().set(quota, &Writer::API).await.unwrap();
    let client = app.client(&bearer(&app, "ana").await);
    let key = made(&client, json!({"name": "k"})).await;
    let of = |amount: &str, window: &str, zone: &str| json!({"budget": {"amount_usd": amount, "window": window, "zone": zone}});
    for (member, wider) in [
        ("limits", json!({"limits": {"rpm": 5}})),
        ("limits", json!({"limits": {"tpm": 501}})),
        ("limits", json!({"limits": {"rpd": 51}})),
        ("limits", json!({"limits": {"concurrency": 3}})),
        ("budget", of("10.01", "week", "UTC")),
        ("budget", of("1", "day", "UTC")),
        ("budget", of("10", "week", "Europe/Vienna")),
        ("budget", of("11", "month", "UTC")),
        ("budget", of("11", "total", "UTC")),
        ("budget", of("1000000", "month", "Pacific/Apia")),
    ] {
        let mut whole = wider.clone();
        whole["name"] = json!("wider");
        for answer in [make(&client, whole).await, change(&client, &key["id"], 1, wider.clone()).await] {
            let said = &answer.json()["details"];
            assert_eq!((answer.status, said[member].is_array()), (422, true), "{wider}: {}", answer.text);
        }
    }
    let within = [
        json!({"limits": {"rpm": 4, "tpm": 500, "rpd": 50, "concurrency": 2}}),
        of("10", "week", "UTC"),
        of("10", "month", "UTC"),
        of("10", "total", "Europe/Vienna"),
    ];
    for (version, within) in (1..).zip(within) {
        let answer = change(&client, &key["id"], version, within.clone()).await;
        assert_eq!(answer.status, 200, "{within}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_key_is_422_and_makes_none() {
    let app = start().await;
    let admin = app.client(&bearer(&app, ADMIN).await);
    for bad in [
        json!({}),
        json!({"name": "a/b"}),
        json!({"name": "k", "key": "sy-chosen"}),
        json!({"name": "k", "limits": {"rpm": 0}}),
        json!({"name": "k", "limits": {"rpm": "60"}}),
        json!({"name": "k", "models": []}),
        json!({"name": "k", "budget": {"amount_usd": "-5", "window": "day"}}),
        json!({"name": "k", "budget": {"amount_usd": 5, "window": "day"}}),
        json!({"name": "k", "budget": {"amount_usd": "5", "window": "year"}}),
        json!({"name": "k", "budget": {"amount_usd": "5", "window": "day", "zone": "Mars"}}),
        json!({"name": "k", "expires_at": "2001-01-01T00:00:00Z"}),
        json!({"name": "k", "expires_at": "soon"}),
        json!({"name": "k", "tags": [""]}),
        json!({"name": "k", "user": 999_999}),
    ] {
        let answer = make(&admin, bad.clone()).await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (422, Some("validation_error")),
            "{bad}"
        );
    }
    assert_eq!(admin.get(KEYS).await.json()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_limits_hold_for_all_their_keys_and_their_own_calls_together() {
    let app = start().await;
    let ana = register(&app, "ana").await["user"]["id"].as_i64().unwrap();
    let admin = app.client(&bearer(&app, ADMIN).await);
    let limited = send(
        admin.request("PATCH", &format!("/api/v1/users/{ana}")).json_body(&json!({"limits": {"rpm": 2}})),
    )
    .await;
    assert_eq!(limited.status, 200, "{}", limited.text);
    let token = bearer(&app, "ana").await;
    let of_ana = app.client(&token);
    let (one, other) = (made(&of_ana, json!({"name": "1"})).await, made(&of_ana, json!({"name": "2"})).await);
    assert_eq!((&one["limits"]["rpm"], &one["effective_limits"]["rpm"]), (&json!(null), &json!(2)), "{one}");
    let mut statuses = Vec::new();
    for key in [one["key"].as_str().unwrap(), other["key"].as_str().unwrap(), &token] {
        statuses.push(app.client(key).ask("gpt-sim", "hi").await.status);
    }
    assert_eq!(statuses, [200, 200, 429]);
    assert_eq!(app.client_with_key("free").await.ask("gpt-sim", "hi").await.status, 200, "nobody else's");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_rename_their_keys_and_administrators_say_whose_a_key_is() {
    let app = start().await;
    let ana = register(&app, "ana").await["user"]["id"].as_i64().unwrap();
    let bob = register(&app, "bob").await["user"]["id"].as_i64().unwrap();
    let (of_ana, of_bob) = (app.client(&bearer(&app, "ana").await), app.client(&bearer(&app, "bob").await));
    let admin = app.client(&bearer(&app, ADMIN).await);
    let key = made(&of_ana, json!({"name": "first"})).await;
    made(&of_ana, json!({"name": "taken"})).await;
    let (id, text) = (&key["id"], key["key"].as_str().unwrap());
    let renamed = change(&of_ana, id, 1, json!({"name": "second"})).await;
    assert_eq!((renamed.status, &renamed.json()["name"]), (200, &json!("second")), "{}", renamed.text);
    assert_eq!(change(&of_ana, id, 2, json!({"name": "taken"})).await.status, 409);
    assert_eq!(change(&of_ana, id, 2, json!({"name": "a/b"})).await.status, 422);
    for user in [json!(bob), json!(null)] {
        let refused = change(&of_ana, id, 2, json!({"user": user})).await;
        assert_eq!(
            (refused.status, refused.json()["details"]["user"].is_array()),
            (422, true),
            "{}",
            refused.text
        );
    }
    let same = change(&of_ana, id, 2, json!({"user": ana})).await;
    assert_eq!((same.status, &same.json()["version"]), (200, &json!(2)), "whose it is already is no change");
    assert_eq!(change(&admin, id, 2, json!({"user": 999_999})).await.status, 422);
    let given = change(&admin, id, 2, json!({"user": bob})).await;
    assert_eq!((given.status, &given.json()["user"]), (200, &json!(bob)), "{}", given.text);
    let path = format!("{KEYS}/{id}");
    assert_eq!((of_ana.get(&path).await.status, of_bob.get(&path).await.status), (404, 200));
    assert_eq!(app.client(text).get("/v1/models").await.status, 200, "the key itself is the same");
    assert_eq!(change(&admin, id, 3, json!({"user": null})).await.status, 200);
    assert_eq!(
        (of_bob.get(&path).await.status, admin.get(&path).await.json()["user"].clone()),
        (404, json!(null))
    );
}
