//! Keys that an administrator lends: whoever holds one may say that it may less, and never more.

use crate::scene::{ADMIN, JsonBody, bearer, on_both_databases, register, send};
use serde_json::{Value, json};
use switchyard::orchestrator::admin::QuotaRequest;
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;
use switchyard_harness::{Answer, TestApp, TestClient};

const KEYS: &str = "/api/v1/virtual-keys";

on_both_databases! {
    what_an_administrator_lent_is_only_made_tighter_by_whoever_holds_it,
    a_budget_that_an_administrator_set_on_somebodys_own_key_is_lent,
    a_key_that_an_administrator_switched_off_stays_off,
    a_key_is_its_makers_unless_it_is_said_to_be_nobodys,
    a_key_is_shown_as_it_was_written_when_it_is_made_and_rotated,
}

async fn change(client: &TestClient, id: &Value, body: &Value) -> Answer {
    send(client.request("PATCH", &format!("{KEYS}/{id}")).json_body(body)).await
}

async fn made(client: &TestClient, body: Value) -> Value {
    let answer = client.post(KEYS, body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

async fn people(app: &TestApp) -> (TestClient, TestClient, i64) {
    let id = register(app, "mallory").await["user"]["id"].as_i64().unwrap();
    (app.client(&bearer(app, ADMIN).await), app.client(&bearer(app, "mallory").await), id)
}

async fn what_an_administrator_lent_is_only_made_tighter_by_whoever_holds_it(app: TestApp) {
    let (admin, mallory, id) = people(&app).await;
    let lent = made(
        &admin,
        json!({"name": "lent", "user": id, "models": ["sim/swift", "openai/*"], "limits": {"rpm": 5, "tpm": 1000},
               "budget": {"amount_usd": "1", "window": "day"}, "expires_at": "2040-01-01T00:00:00Z"}),
    )
    .await;
    assert_eq!((&lent["is_lent"], &lent["made_by"]), (&json!(true), &json!(ADMIN)));
    let day = |amount: &str| json!({"budget": {"amount_usd": amount, "window": "day"}});
    for (wider, member) in [
        (json!({"models": null}), "models"),
        (json!({"models": ["sim/swift", "sim/steady"]}), "models"),
        (json!({"models": ["sim/*"]}), "models"),
        (json!({"limits": {}}), "limits"),
        (json!({"limits": {"rpm": 5}}), "limits"),
        (json!({"limits": {"rpm": 6, "tpm": 1000}}), "limits"),
        (json!({"budget": null}), "budget"),
        (day("1.01"), "budget"),
        (json!({"budget": {"amount_usd": "1", "window": "total"}}), "budget"),
        (json!({"expires_at": null}), "expires_at"),
        (json!({"expires_at": "2041-01-01T00:00:00Z"}), "expires_at"),
        (json!({"is_active": false, "models": null}), "models"),
    ] {
        let answer = change(&mallory, &lent["id"], &wider).await;
        assert_eq!(
            (answer.status, answer.json()["details"][member].is_array()),
            (422, true),
            "{wider}: {}",
            answer.text
        );
    }
    let now = admin.get(&format!("{KEYS}/{}", lent["id"])).await.json();
    for member in ["models", "limits", "budget", "expires_at", "is_active", "version"] {
        assert_eq!(now[member], lent[member], "{member}");
    }
    for tighter in [
        json!({"models": ["sim/swift", "openai/gpt-4o"]}),
        json!({"limits": {"rpm": 4, "tpm": 1000, "concurrency": 1}}),
        day("0.5"),
        json!({"expires_at": "2039-01-01T00:00:00Z"}),
        json!({"is_active": false}),
        json!({"is_active": true}),
        json!({"tags": ["mine"]}),
    ] {
        let answer = change(&mallory, &lent["id"], &tighter).await;
        assert_eq!(answer.status, 200, "{tighter}: {}", answer.text);
    }
    assert_eq!(
        change(&admin, &lent["id"], &json!({"limits": {"rpm": 50}, "budget": null})).await.status,
        200
    );
    let own = made(&mallory, json!({"name": "own", "models": ["sim/swift"]})).await;
    assert_eq!(own["is_lent"], json!(false));
    assert_eq!(
        change(&mallory, &own["id"], &json!({"models": null})).await.status,
        200,
        "one's own is one's own"
    );
    assert_eq!(change(&admin, &own["id"], &json!({"models": ["sim/steady"]})).await.status, 200);
    let answer = change(&mallory, &own["id"], &json!({"models": null})).await;
    assert_eq!(answer.status, 422, "what an administrator said of it holds: {}", answer.text);
}

async fn a_budget_that_an_administrator_set_on_somebodys_own_key_is_lent(app: TestApp) {
    let (admin, mallory, _) = people(&app).await;
    let own = made(&mallory, json!({"name": "own"})).await;
    let request = QuotaRequest {
        scope: QuotaScope::Key(VirtualKeyId(own["id"].as_i64().unwrap())),
        limits: Limits::NONE,
        budget: Some(Budget {
            amount: NanoUsd::parse("5").unwrap(),
            window: BudgetWindow::Total,
            zone: Zone::utc(),
        }),
        expected_version: None,
    };
    app.embedded().quotas().set(request, &Writer::API).await.unwrap();
    let total = |amount: &str| json!({"budget": {"amount_usd": amount, "window": "total"}});
    for wider in [json!({"budget": null}), total("5.01"), total("1000000")] {
        let answer = change(&mallory, &own["id"], &wider).await;
        let is_told = answer.json()["details"]["budget"].is_array();
        assert_eq!((answer.status, is_told), (422, true), "{wider}: {}", answer.text);
    }
    assert_eq!(change(&mallory, &own["id"], &total("4")).await.status, 200);
    let shown = mallory.get(&format!("{KEYS}/{}", own["id"])).await.json();
    assert_eq!((&shown["is_lent"], &shown["budget"]["amount_usd"]), (&json!(true), &json!("4.000000000")));
    assert_eq!(change(&admin, &own["id"], &json!({"budget": null})).await.status, 200);
}

async fn a_key_that_an_administrator_switched_off_stays_off(app: TestApp) {
    let (admin, mallory, _) = people(&app).await;
    let own = made(&mallory, json!({"name": "own"})).await;
    assert_eq!(change(&admin, &own["id"], &json!({"is_active": false})).await.status, 200);
    let answer = change(&mallory, &own["id"], &json!({"is_active": true})).await;
    assert_eq!(
        (answer.status, answer.json()["details"]["is_active"].is_array()),
        (422, true),
        "{}",
        answer.text
    );
    let rotated = mallory.post(&format!("{KEYS}/{}/rotate", own["id"]), "{}").await.json();
    assert_eq!(rotated["is_active"], json!(false), "a new secret does not switch it on");
    assert_eq!(app.client(rotated["key"].as_str().unwrap()).get("/v1/models").await.status, 401);
    assert_eq!(change(&admin, &own["id"], &json!({"is_active": true})).await.status, 200);
    for is_active in [false, true] {
        let answer = change(&mallory, &own["id"], &json!({"is_active": is_active})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let name = switchyard::Name::new("own").unwrap();
    app.embedded().keys().revoke(&name, &Writer::API).await.unwrap();
    assert_eq!(change(&mallory, &own["id"], &json!({"is_active": true})).await.status, 422, "for good");
}

async fn a_key_is_its_makers_unless_it_is_said_to_be_nobodys(app: TestApp) {
    let (admin, mallory, id) = people(&app).await;
    let me = admin.get("/api/v1/users").await.json();
    let own_id =
        me["items"].as_array().unwrap().iter().find(|user| user["username"] == ADMIN).unwrap()["id"].clone();
    let own = made(&admin, json!({"name": "own"})).await;
    assert_eq!((&own["user"], &own["is_lent"]), (&own_id, &json!(false)));
    let nobodys = made(&admin, json!({"name": "nobodys", "user": null})).await;
    assert_eq!((&nobodys["user"], &nobodys["made_by"]), (&json!(null), &json!(ADMIN)));
    let given = made(&admin, json!({"name": "given", "user": id})).await;
    assert_eq!(given["user"], json!(id));
    assert_eq!(made(&mallory, json!({"name": "hers"})).await["user"], json!(id));
}

async fn a_key_is_shown_as_it_was_written_when_it_is_made_and_rotated(app: TestApp) {
    let (_, mallory, _) = people(&app).await;
    let body = json!({"name": "own", "models": ["sim/swift"], "limits": {"rpm": 5}, "tags": ["ci"],
                      "budget": {"amount_usd": "1", "window": "day"}, "expires_at": "2040-01-01T00:00:00Z"});
    let mut told = made(&mallory, body).await;
    let path = format!("{KEYS}/{}", told["id"]);
    for _ in 0..2 {
        let mut shown = mallory.get(&path).await.json();
        shown.as_object_mut().unwrap().remove("total_cost_usd");
        told.as_object_mut().unwrap().remove("key");
        assert_eq!(told, shown);
        told =
            mallory.post(&format!("{path}/rotate"), json!({"overlap_seconds": 60}).to_string()).await.json();
    }
    assert_eq!(told["version"], json!(3));
    let total = mallory.get(&path).await.json();
    assert_eq!(total["total_cost_usd"], json!("0.000000000"), "also where the budget has a window");
}
