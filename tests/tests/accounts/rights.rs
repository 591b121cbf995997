//! Every route for every role, allow and deny, from the table of routes: by token, by cookies, and after a session or an account ended.

use crate::browser::Browser;
use crate::scene::{ADMIN, JsonBody, bearer, on_both_databases, patch, register, send};
use serde_json::json;
use switchyard_harness::{Answer, TestApp, TestClient};
use switchyard_http::access::Access;
use switchyard_http::routes::{Endpoint, table};

on_both_databases! {
    every_route_lets_exactly_those_through_whom_its_rule_names,
    another_spelling_of_a_path_opens_nothing,
    a_refused_right_is_written_down,
    whoever_may_not_call_a_route_is_told_so_whatever_the_body_and_it_is_written_down,
}

/// Who asks.
const ROLES: [&str; 10] = [
    "anonymous",
    "key",
    "member",
    "auditor",
    "admin",
    "member by cookies",
    "auditor by cookies",
    "admin by cookies",
    "switched off",
    "signed out",
];

/// Whether the rule of a route lets somebody through.
fn is_let(access: Access, role: &str) -> bool {
    let (person, by_cookies) = person_of(role);
    match access {
        Access::Public => true,
        Access::VirtualKey => role == "key",
        Access::Gateway => role == "key" || person.is_some() && !by_cookies,
        Access::SignedIn => person.is_some(),
        Access::AuditorOrAdmin => person.is_some_and(|person| person != "member"),
        Access::Admin => person == Some("admin"),
    }
}

/// Which role a person has who is signed in, and whether cookies show it.
fn person_of(role: &str) -> (Option<&str>, bool) {
    let (person, by_cookies) =
        role.strip_suffix(" by cookies").map_or((role, false), |person| (person, true));
    (["member", "auditor", "admin"].contains(&person).then_some(person), by_cookies)
}

/// Somebody who asks.
enum Caller {
    Client(TestClient),
    Browser(Browser),
}

impl Caller {
    async fn ask(&mut self, method: &str, path: &str) -> Answer {
        // An empty object is hardly anybody's whole request, so that who is let through changes next to nothing.
        let body = (method != "GET").then(|| json!({}));
        match self {
            Self::Client(client) => {
                let request = client.request(method, path);
                send(body.iter().fold(request, |request, body| request.json_body(body))).await
            }
            Self::Browser(browser) => {
                let value = browser.jar["csrf_access_token"].clone();
                browser.send(method, path, &[("x-csrf-token", &value)], body.as_ref()).await
            }
        }
    }
}

/// Somebody of a role with an account of their own, so that no caller ends another's session.
async fn person(app: &TestApp, name: &str, role: &str) -> i64 {
    let id = register(app, name).await["user"]["id"].as_i64().unwrap();
    if role != "member" {
        assert_eq!(patch(app, id, json!({ "role": role })).await.status, 200);
    }
    id
}

async fn callers(app: &TestApp) -> Vec<(&'static str, Caller)> {
    for (name, role) in [
        ("mem.member", "member"),
        ("aud.auditor", "auditor"),
        ("mem.cookie", "member"),
        ("aud.cookie", "auditor"),
        ("adm.cookie", "admin"),
    ] {
        person(app, name, role).await;
    }
    let by_token = async |name: &str| app.client(&bearer(app, name).await);
    let off = person(app, "off.admin", "admin").await;
    let switched_off = by_token("off.admin").await;
    assert_eq!(patch(app, off, json!({"is_active": false})).await.status, 200);
    person(app, "out.admin", "admin").await;
    let signed_out = by_token("out.admin").await;
    assert_eq!(signed_out.post("/api/v1/auth/logout", "").await.status, 200);
    let mut callers = vec![
        Caller::Client(app.anonymous()),
        Caller::Client(app.client_with_key("ci").await),
        Caller::Client(by_token("mem.member").await),
        Caller::Client(by_token("aud.auditor").await),
        Caller::Client(by_token(ADMIN).await),
    ];
    for name in ["mem.cookie", "aud.cookie", "adm.cookie"] {
        callers.push(Caller::Browser(Browser::signed_in(app, name).await));
    }
    callers.extend([Caller::Client(switched_off), Caller::Client(signed_out)]);
    ROLES.into_iter().zip(callers).collect()
}

/// A path at which there is nothing that a request could change.
fn path_of(endpoint: &Endpoint) -> String {
    endpoint
        .path
        .replace("{id:.*}", "nothing")
        .replace("{call:.*}", "nothing:generateContent")
        .replace("{id}", "999999")
        .replace("{provider}", "nobody")
        .replace("{model:.*}", "nothing")
        .replace("{file:.*}", "index.css")
}

async fn every_route_lets_exactly_those_through_whom_its_rule_names(app: TestApp) {
    let mut callers = callers(&app).await;
    let mut cells = 0;
    for endpoint in table() {
        for (role, caller) in &mut callers {
            let path = path_of(&endpoint);
            // Else it ends the session that the next cells are asked in, or changes its tokens.
            let is_of_sessions = ["/api/v1/auth/logout", "/api/v1/auth/refresh"].contains(&endpoint.path);
            let answer = if is_of_sessions {
                Caller::Client(app.anonymous()).ask(endpoint.method, &path).await
            } else {
                caller.ask(endpoint.method, &path).await
            };
            let cell = format!("{} {path} as {role}: {} {}", endpoint.method, answer.status, answer.text);
            // The public refresh has its own 401, for want of a cookie.
            if is_let(endpoint.access, role) && endpoint.path != "/api/v1/auth/refresh" {
                assert!(![401, 403].contains(&answer.status), "{cell}");
            } else {
                let is_known = person_of(role).0.is_some();
                let for_people =
                    matches!(endpoint.access, Access::SignedIn | Access::AuditorOrAdmin | Access::Admin);
                let expected = if is_known && for_people { 403 } else { 401 };
                assert_eq!(answer.status, expected, "{cell}");
            }
            assert!(answer.status < 500, "{cell}");
            cells += 1;
        }
    }
    assert_eq!(cells, table().len() * ROLES.len());
    for rule in [
        Access::Public,
        Access::Gateway,
        Access::VirtualKey,
        Access::SignedIn,
        Access::AuditorOrAdmin,
        Access::Admin,
    ] {
        assert!(table().iter().any(|endpoint| endpoint.access == rule), "no route shows what {rule:?} does");
    }
}

async fn another_spelling_of_a_path_opens_nothing(app: TestApp) {
    for path in [
        "//api/v1/users",
        "/api/./v1/users",
        "/api/v1/%2e%2e/v1/users",
        "/api/v1/users;x",
        "/API/V1/USERS",
        "/api/v1/users%00",
        "/api/v1/%75sers",
        "/api/v1/users/",
        "/api/v1//users",
        "/health/../api/v1/users",
        "/api%2fv1%2fusers",
        "/api/v1/users%252f1",
    ] {
        let status = app.anonymous().get(path).await.status;
        assert!([401, 404].contains(&status), "{path}: {status}");
    }
}

async fn a_refused_right_is_written_down(app: TestApp) {
    register(&app, "mem.member").await;
    let member = app.client(&bearer(&app, "mem.member").await);
    assert_eq!(member.get("/api/v1/users").await.status, 403);
    let filter = switchyard_domain::audit::AuditFilter::default();
    let entries = app.embedded().administration().audit().page(filter, None, 50).await.unwrap();
    let refused = entries.iter().find(|entry| entry.object == "GET /api/v1/users");
    assert_eq!(refused.map(|entry| entry.actor.as_str()), Some("mem.member"), "{entries:?}");
}

async fn whoever_may_not_call_a_route_is_told_so_whatever_the_body_and_it_is_written_down(app: TestApp) {
    register(&app, "mem.member").await;
    let member = app.client(&bearer(&app, "mem.member").await);
    for body in ["{}", "[", r#"{"new":7}"#] {
        let answer = member.post("/api/v1/rekey", body).await;
        assert_eq!(answer.status, 403, "{body}: {}", answer.text);
    }
    let filter = switchyard_domain::audit::AuditFilter::default();
    let entries = app.embedded().administration().audit().page(filter, None, 50).await.unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.object == "POST /api/v1/rekey").count(), 3, "{entries:?}");
}
