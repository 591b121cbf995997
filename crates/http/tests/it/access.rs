//! Who may call what.

use crate::wire::{ask, chat, get, post};
use crate::world::{KEY, LIMITED_KEY, NARROW_KEY, World};
use std::collections::HashSet;
use switchyard_http::access::Access;
use switchyard_http::routes::table;
use switchyard_http::server::GatewayAuth;

/// What the contract lets everybody call.
const PUBLIC: &[&str] = &[
    "/health",
    "/health/live",
    "/health/ready",
    "/api/health",
    "/ping",
    "/openapi.json",
    "/api/v1/auth/register",
    "/api/v1/auth/login",
    "/api/v1/auth/refresh",
    "/api/v1/auth/logout",
    "/api/v1/auth/setup",
    "/api/v1/keys/system-keys",
    "/api/auth/register",
    "/api/auth/login",
    "/api/auth/refresh",
    "/api/save-keys",
    "/docs",
    "/docs/{file:.*}",
];

/// Other names of public routes, which probes ask for without being told.
const ALIASES: &[(&str, &str)] =
    &[("/livez", "/health/live"), ("/healthz", "/health/live"), ("/readyz", "/health/ready")];

#[test]
fn the_public_routes_are_exactly_those_of_the_contract() {
    let public: HashSet<&str> = table()
        .iter()
        .filter(|endpoint| endpoint.access == Access::Public)
        .map(|endpoint| endpoint.path)
        .collect();
    assert!(ALIASES.iter().all(|(_, route)| PUBLIC.contains(route)));
    let aliases = ALIASES.iter().map(|(alias, _)| *alias);
    assert_eq!(public, PUBLIC.iter().copied().chain(aliases).collect());
}

/// What the contract keeps for those who administer.
const ADMINISTRATORS: &[(&str, &str)] = &[
    ("POST", "/api/generate-virtual-key"),
    ("POST", "/reload-config"),
    ("GET", "/api/logs"),
    ("GET", "/api/admin/stats"),
    ("GET", "/api/admin/logs"),
    ("PATCH", "/api/v1/users/{id}"),
    ("POST", "/api/v1/users/{id}/password-reset"),
    ("POST", "/api/v1/rekey"),
    ("GET", "/api/v1/export"),
    ("POST", "/api/v1/plan"),
    ("POST", "/api/v1/apply"),
    ("POST", "/api/v1/backup"),
    ("POST", "/api/v1/restore"),
    ("POST", "/api/admin/providers/restore"),
    ("GET", "/api/v1/status"),
    ("GET", "/api/v1/vendors"),
    ("GET", "/api/v1/providers"),
    ("POST", "/api/v1/providers"),
    ("POST", "/api/v1/providers/test"),
    ("GET", "/api/v1/providers/{id}"),
    ("PATCH", "/api/v1/providers/{id}"),
    ("DELETE", "/api/v1/providers/{id}"),
    ("POST", "/api/v1/providers/{id}/test"),
    ("POST", "/api/v1/providers/{id}/discover"),
    ("GET", "/api/v1/providers/{id}/models/{model:.*}"),
    ("PUT", "/api/v1/providers/{id}/models/{model:.*}"),
    ("DELETE", "/api/v1/providers/{id}/models/{model:.*}"),
    ("GET", "/api/v1/providers/{id}/credentials"),
    ("POST", "/api/v1/providers/{id}/credentials"),
    ("PUT", "/api/v1/providers/{id}/credentials/{place}"),
    ("DELETE", "/api/v1/providers/{id}/credentials/{place}"),
    ("POST", "/api/v1/providers/{id}/credentials/{place}/test"),
    ("GET", "/api/v1/routes"),
    ("POST", "/api/v1/routes"),
    ("GET", "/api/v1/routes/{id}"),
    ("PATCH", "/api/v1/routes/{id}"),
    ("DELETE", "/api/v1/routes/{id}"),
    ("GET", "/api/v1/routes/{id}/versions"),
    ("POST", "/api/v1/routes/{id}/rollback"),
    ("POST", "/api/v1/routes/{id}/select"),
    ("GET", "/api/v1/routes/{id}/state"),
    ("POST", "/api/v1/routes/{id}/dry-run"),
    ("GET", "/api/model-routes"),
    ("POST", "/api/model-routes"),
    ("GET", "/api/model-routes/{id}"),
    ("PATCH", "/api/model-routes/{id}"),
    ("DELETE", "/api/model-routes/{id}"),
    ("POST", "/api/model-routes/{id}/select"),
    ("GET", "/api/model-routes/{id}/state"),
    ("GET", "/api/providers"),
    ("POST", "/api/providers"),
    ("POST", "/api/providers/test-direct"),
    ("GET", "/api/providers/{id}"),
    ("PATCH", "/api/providers/{id}"),
    ("DELETE", "/api/providers/{id}"),
    ("POST", "/api/providers/{id}/test"),
    ("PATCH", "/api/providers/{id}/health"),
];

/// What auditors see too.
const AUDITORS: &[(&str, &str)] = &[
    ("GET", "/api/v1/users"),
    ("GET", "/api/v1/users/{id}"),
    ("GET", "/api/v1/audit"),
    ("GET", "/api/v1/ledger/verify"),
];

/// What only virtual keys open.
const VIRTUAL_KEYS: &[(&str, &str)] = &[("POST", "/chat/completions"), ("GET", "/api/v1/virtual-keys/self")];

/// What belongs to whoever is signed in.
const SIGNED_IN: &[&str] = &[
    "/api/profile",
    "/api/external/",
    "/api/v1/auth/me",
    "/api/v1/auth/password",
    "/api/v1/sessions",
    "/api/v1/virtual-keys",
    "/api/v1/keys",
    "/api/v1/usage",
    "/api/v1/requests",
    "/api/v1/explain",
];

#[test]
fn every_other_route_is_for_those_whom_the_contract_names() {
    for (list, access) in [
        (ADMINISTRATORS, Access::Admin),
        (AUDITORS, Access::AuditorOrAdmin),
        (VIRTUAL_KEYS, Access::VirtualKey),
    ] {
        let declared: HashSet<(&str, &str)> = table()
            .iter()
            .filter(|endpoint| endpoint.access == access)
            .map(|endpoint| (endpoint.method, endpoint.path))
            .collect();
        assert_eq!(declared, list.iter().copied().collect(), "{access:?}");
    }
    for endpoint in table() {
        let begins =
            |beginnings: &[&str]| beginnings.iter().any(|beginning| endpoint.path.starts_with(beginning));
        match endpoint.access {
            Access::Gateway => assert!(begins(&["/v1/", "/v1beta/"]), "{endpoint:?}"),
            Access::SignedIn => assert!(begins(SIGNED_IN), "{endpoint:?}"),
            _ => {}
        }
    }
}

#[test]
fn no_route_is_declared_twice() {
    let endpoints: Vec<_> = table().iter().map(|endpoint| (endpoint.method, endpoint.path)).collect();
    let distinct: HashSet<_> = endpoints.iter().collect();
    assert_eq!(distinct.len(), endpoints.len());
    assert!(endpoints.len() >= 13, "{endpoints:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_that_is_not_public_refuses_a_request_without_a_key() {
    let world = World::start().await;
    let (mut refused, mut public) = (0, 0);
    for endpoint in table() {
        let path = endpoint
            .path
            .replace("{id:.*}", "team")
            .replace("{file:.*}", "index.css")
            .replace("{model:.*}", "m");
        let request = match endpoint.method {
            "GET" => get(&path, ""),
            method => post(&path, "", "{}").replacen("POST", method, 1),
        };
        let response = ask(world.address, request).await;
        // A refresh is refused for want of its cookie, and what is sent to others that are public is nobody's whole request.
        let expected = match endpoint.access {
            Access::Public if endpoint.path == "/api/v1/auth/refresh" => &[401][..],
            Access::Public if endpoint.method == "POST" => &[200, 400, 422],
            Access::Public => &[200],
            _ => &[401],
        };
        assert!(
            expected.contains(&response.status),
            "{} {}: {}",
            endpoint.method,
            endpoint.path,
            response.status
        );
        *if endpoint.access == Access::Public { &mut public } else { &mut refused } += 1;
    }
    println!("{refused} of {refused} routes refused a request without a key; {public} more are public");
    assert!(refused > 60, "{refused}");
}

async fn status_of_models(world: &World, headers: &str) -> u16 {
    ask(world.address, get("/v1/models", headers)).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dialects_header_opens_the_gateway_and_nothing_else_does() {
    let world = World::start().await;
    for good in ["authorization: Bearer", "x-api-key:", "x-goog-api-key:", "api-key:"] {
        assert_eq!(status_of_models(&world, &format!("{good} {KEY}\r\n")).await, 200, "{good}");
    }
    let bad = [
        format!("authorization: {KEY}\r\n"),
        format!("authorization: Basic {KEY}\r\n"),
        "authorization: Bearer invalid_key\r\n".to_owned(),
        "authorization: Bearer sy-goo\r\n".to_owned(),
        format!("authorization: Bearer {KEY}x\r\n"),
        "authorization: Bearer ' OR '1'='1\r\n".to_owned(),
        format!("authorization: Bearer {}\r\n", "k".repeat(8192)),
        "authorization: Bearer schl\u{fc}ssel\r\n".to_owned(),
        "authorization: Bearer \r\n".to_owned(),
        format!("authorization: Bearer {KEY}\r\nauthorization: Bearer {KEY}\r\n"),
        format!("authorization: Bearer {KEY}\r\nx-api-key: {NARROW_KEY}\r\n"),
        format!("cookie: access_token_cookie={KEY}\r\n"),
        format!("x-original-authorization: Bearer {KEY}\r\n"),
        "authorization: Bearer sy-demo\r\n".to_owned(),
    ];
    for bad in &bad {
        let response = ask(world.address, get("/v1/models", bad)).await;
        assert_eq!((response.status, response.code().as_str()), (401, "invalid_api_key"), "{bad}");
        assert!(!response.text().contains(KEY), "{bad}");
    }
    let in_query = ask(world.address, get(&format!("/v1/models?key={KEY}&api_key={KEY}"), "")).await;
    assert_eq!(in_query.status, 401);
    println!("{tried} of {tried} ways around the door were refused", tried = bad.len() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_want_of_a_key_says_what_to_do() {
    let world = World::start().await;
    let response = ask(world.address, post("/v1/chat/completions", "", &chat("team", ""))).await;
    assert_eq!(response.status, 401);
    let error = &response.json()["error"];
    assert_eq!(error["type"], "authentication_error");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("SWITCHYARD_GATEWAY_AUTH") && message.contains("switchyard keys create"));
    let sample = "authorization: Bearer sk-sample\r\n";
    let wrong = ask(world.address, post("/v1/chat/completions", sample, &chat("team", ""))).await;
    assert!(wrong.text().contains("SWITCHYARD_GATEWAY_AUTH"), "{}", wrong.text());
    for headers in ["", sample] {
        let bare = ask(world.address, post("/chat/completions", headers, &chat("team", ""))).await;
        assert_eq!(bare.status, 401);
        assert!(!bare.text().contains("GATEWAY_AUTH"), "the setting has no say there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn optional_keys_may_be_absent_but_never_wrong() {
    let world = World::with(|config| config.gateway_auth = GatewayAuth::Optional).await;
    assert_eq!(status_of_models(&world, "").await, 200);
    assert_eq!(status_of_models(&world, &format!("x-api-key: {KEY}\r\n")).await, 200);
    assert_eq!(status_of_models(&world, "x-api-key: sk-sample\r\n").await, 401);
    assert_eq!(status_of_models(&world, "authorization: nonsense\r\n").await, 401);
    let bare = ask(world.address, post("/chat/completions", "", &chat("team", ""))).await;
    assert_eq!(bare.status, 401, "the setting governs /v1 only");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_authentication_any_key_is_as_none_but_a_valid_one_keeps_its_rights() {
    let world = World::with(|config| config.gateway_auth = GatewayAuth::Off).await;
    for header in ["", "x-api-key: sk-sample\r\n", "authorization: nonsense\r\n"] {
        let all = ask(world.address, get("/v1/models", header)).await;
        assert!(all.json()["data"].as_array().unwrap().len() > 3, "{header}");
    }
    let narrow = ask(world.address, get("/v1/models", &format!("x-api-key: {NARROW_KEY}\r\n"))).await;
    assert_eq!(narrow.json()["data"].as_array().unwrap().len(), 1);
    let limited = format!("x-api-key: {LIMITED_KEY}\r\n");
    let refused = ask(world.address, post("/v1/chat/completions", &limited, &chat("team", ""))).await;
    assert_eq!(refused.status, 429);
    let bare = post("/chat/completions", "x-api-key: sk-sample\r\n", &chat("team", ""));
    assert_eq!(ask(world.address, bare).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_key_calls_simulated_models_from_this_machine_while_it_is_switched_on() {
    let world = World::start().await;
    let demo = "authorization: Bearer sy-demo\r\n";
    assert_eq!(status_of_models(&world, demo).await, 401);
    world.demo.set(true);
    let listed = ask(world.address, get("/v1/models", demo)).await;
    let ids: Vec<_> =
        listed.json()["data"].as_array().unwrap().iter().map(|model| model["id"].clone()).collect();
    assert_eq!(ids, ["sim/echo", "sim/say"]);
    let other = ask(world.address, post("/v1/chat/completions", demo, &chat("acme/say", ""))).await;
    assert_eq!((other.status, other.code().as_str()), (403, "model_not_allowed"));
    let proxied = [
        "x-forwarded-for: 127.0.0.1\r\n",
        "forwarded: for=127.0.0.1\r\n",
        "via: 1.1 proxy\r\n",
        "x-real-ip: 192.0.2.1\r\n",
        "x-forwarded-host: gateway.example\r\n",
        "x-forwarded-proto: https\r\n",
    ];
    for proxied in proxied {
        assert_eq!(status_of_models(&world, &format!("{demo}{proxied}")).await, 401, "{proxied}");
    }
    println!("{tried} of {tried} ways to seem to be on this machine were refused", tried = proxied.len());
    world.demo.set(false);
    assert_eq!(status_of_models(&world, demo).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_key_is_nothing_on_a_server_that_others_can_reach() {
    let world = World::with(|config| config.listen = vec!["0.0.0.0:0".parse().unwrap()]).await;
    world.demo.set(true);
    let address = ([127, 0, 0, 1], world.address.port()).into();
    let response = ask(address, get("/v1/models", "authorization: Bearer sy-demo\r\n")).await;
    assert_eq!(response.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_lists_and_finds_exactly_what_it_may_call() {
    let world = World::start().await;
    let narrow = format!("x-api-key: {NARROW_KEY}\r\n");
    let listed = ask(world.address, get("/v1/models", &narrow)).await;
    assert_eq!(
        listed.json(),
        serde_json::json!({
            "object": "list",
            "data": [{ "id": "team", "object": "model", "created": 0, "owned_by": "switchyard" }],
        })
    );
    let found = ask(world.address, get("/v1/models/team", &narrow)).await;
    assert_eq!((found.status, found.json()["id"].as_str()), (200, Some("team")));
    let foreign = ask(world.address, get("/v1/models/acme/say", &narrow)).await;
    let unknown = ask(world.address, get("/v1/models/acme/nil", &narrow)).await;
    assert_eq!((foreign.status, foreign.code().as_str()), (404, "model_not_found"));
    assert_eq!(foreign.text().replace("say", "nil"), unknown.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_with_slashes_are_found_however_they_are_spelled() {
    let world = World::start().await;
    let key = format!("x-api-key: {KEY}\r\n");
    for path in ["/v1/models/hub/meta/llama", "/v1/models/hub%2Fmeta%2Fllama", "/v1/models/meta/llama"] {
        let found = ask(world.address, get(path, &key)).await;
        assert_eq!(found.status, 200, "{path}: {}", found.text());
        assert_eq!(found.json()["owned_by"], "hub");
    }
    for path in ["/v1/models/", "/v1/models/%00", "/v1/models/..%2f..%2fetc", "/v1/models/%ff"] {
        assert_eq!(ask(world.address, get(path, &key)).await.status, 404, "{path}");
    }
    let long = ask(world.address, get(&format!("/v1/models/{}", "y".repeat(5000)), &key)).await;
    assert_eq!(long.status, 404);
    assert!(long.text().len() < 500);
}
