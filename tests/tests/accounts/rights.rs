//! Every route for every role, allow and deny, from the table of routes.

use crate::scene::{ADMIN, bearer, on_both_databases, patch, register, send};
use serde_json::json;
use switchyard_harness::{TestApp, TestClient};
use switchyard_http::access::Access;
use switchyard_http::routes::{Endpoint, table};

on_both_databases! {
    every_route_lets_exactly_those_through_whom_its_rule_names,
    another_spelling_of_a_path_opens_nothing,
    a_refused_right_is_written_down,
    whoever_may_not_call_a_route_is_told_so_whatever_the_body_and_it_is_written_down,
}

/// Who asks.
const ROLES: [&str; 5] = ["anonymous", "key", "member", "auditor", "admin"];

/// Whether the rule of a route lets somebody through.
fn is_let(access: Access, role: &str) -> bool {
    match access {
        Access::Public => true,
        Access::VirtualKey => role == "key",
        Access::Gateway => role != "anonymous",
        Access::SignedIn => ["member", "auditor", "admin"].contains(&role),
        Access::AuditorOrAdmin => ["auditor", "admin"].contains(&role),
        Access::Admin => role == "admin",
    }
}

async fn clients(app: &TestApp) -> Vec<(&'static str, TestClient)> {
    register(app, "mem.member").await;
    let auditor = register(app, "aud.auditor").await["user"]["id"].as_i64().unwrap();
    assert_eq!(patch(app, auditor, json!({"role": "auditor"})).await.status, 200);
    let key = app.client_with_key("ci").await;
    let of = async |name: &str| app.client(&bearer(app, name).await);
    vec![
        (ROLES[0], app.anonymous()),
        (ROLES[1], key),
        (ROLES[2], of("mem.member").await),
        (ROLES[3], of("aud.auditor").await),
        (ROLES[4], of(ADMIN).await),
    ]
}

/// A path at which there is nothing that a request could change.
fn path_of(endpoint: &Endpoint) -> String {
    endpoint
        .path
        .replace("{id:.*}", "nothing")
        .replace("{call:.*}", "nothing:generateContent")
        .replace("{id}", "999999")
}

async fn every_route_lets_exactly_those_through_whom_its_rule_names(app: TestApp) {
    let clients = clients(&app).await;
    let mut cells = 0;
    for endpoint in table() {
        for (role, client) in &clients {
            let path = path_of(&endpoint);
            // Else it ends the session that the next cells are asked in.
            let anonymous = (endpoint.path == "/api/v1/auth/logout").then(|| app.anonymous());
            let mut request = anonymous.as_ref().unwrap_or(client).request(endpoint.method, &path);
            if endpoint.method != "GET" {
                // An empty object is hardly anybody's whole request, so that who is let through changes next to nothing.
                request = request.header("content-type", "application/json").body("{}");
            }
            let answer = send(request).await;
            let cell = format!("{} {path} as {role}: {} {}", endpoint.method, answer.status, answer.text);
            // The public refresh has its own 401, for want of a cookie.
            if is_let(endpoint.access, role) && endpoint.path != "/api/v1/auth/refresh" {
                assert!(![401, 403].contains(&answer.status), "{cell}");
            } else {
                let is_known = ["member", "auditor", "admin"].contains(role);
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
