//! Rows 98 to 102: routes that are wanted, changed, taken back, asked which target comes next, and looked at; on both surfaces. And the
//! shared keys of providers, one by one.

use super::people::bearer;
use super::{Case, request};
use serde_json::{Value, json};
use switchyard_harness::{TestApp, TestClient};

const GOOD: &[u16] = &[200];
const MADE: &[u16] = &[201];
const GONE: &[u16] = &[204];
const TAKEN: &[u16] = &[400];
const WRONG: &[u16] = &[422];
const MISSING: &[u16] = &[404];
const STALE: &[u16] = &[409];

const DOCUMENTED: &str = "/api/model-routes";
const CANONICAL: &str = "/api/v1/routes";

/// Writes requests of an administrator.
struct Scribe(String);

impl Scribe {
    fn of(&self, row: u32, first: &str, more: &[&str], body: &str, expected: &'static [u16]) -> Case {
        let length = format!("content-length: {}", body.len());
        let mut lines = vec![self.0.as_str(), "content-type: application/json", length.as_str()];
        lines.extend(more);
        Case::new(row, request(first, &lines, body), expected)
    }

    fn post(&self, row: u32, path: &str, body: &Value, expected: &'static [u16]) -> Case {
        self.of(row, &format!("POST {path}"), &[], &body.to_string(), expected)
    }

    fn ask(&self, row: u32, first: &str, expected: &'static [u16]) -> Case {
        self.of(row, first, &[], "", expected)
    }
}

async fn made(admin: &TestClient, path: &str, body: Value) -> i64 {
    let answer = admin.post(path, body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_i64().unwrap()
}

/// What is there before anything wrong is asked.
struct Scene {
    scribe: Scribe,
    provider: i64,
    used: i64,
    off: i64,
    empty: i64,
}

impl Scene {
    async fn new(app: &TestApp) -> Self {
        let token = bearer(app).await;
        let admin = app.client(&token);
        let provider = json!({
            "name": "routed", "vendor": "openai_compatible", "base_url": "http://127.0.0.1:1/v1",
            "api_key": "sk-canary-routed-0123456789", "models": [{"model": "m"}],
        });
        let provider = made(&admin, "/api/v1/providers", provider).await;
        let node = json!([{"api_id": provider, "models": ["m"]}]);
        let route = |name: &str, more: Value| {
            let mut body = json!({"name": name, "mode": "multi", "nodes": node});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let used = made(&admin, DOCUMENTED, route("used", json!({}))).await;
        let off = made(&admin, DOCUMENTED, route("off", json!({"is_active": false}))).await;
        let empty = made(&admin, DOCUMENTED, route("empty", json!({"nodes": []}))).await;
        // One that falls back to another, for circles.
        made(&admin, DOCUMENTED, route("leaning", json!({"fallback": "used"}))).await;
        Self { scribe: Scribe(format!("authorization: Bearer {token}")), provider, used, off, empty }
    }

    /// The documented surface's route with another value of one of its members.
    fn node(&self, member: &str, value: Value) -> Value {
        let mut node = json!({"api_id": self.provider, "models": ["m"]});
        node[member] = value;
        json!({"name": "odd", "mode": "multi", "nodes": [node]})
    }
}

pub(super) async fn cases(app: &TestApp) -> Vec<Case> {
    let scene = Scene::new(app).await;
    let mut cases = that_make(&scene);
    cases.extend(that_change(&scene));
    cases.extend(that_choose(&scene));
    cases.extend(that_look(&scene));
    cases.extend(of_shared_keys(&scene));
    cases
}

fn that_make(scene: &Scene) -> Vec<Case> {
    let Scene { scribe, provider, .. } = scene;
    let target = json!({"provider": "routed", "model": "m"});
    let mut cases = Vec::new();
    for mode in [json!("any"), json!("")] {
        cases.push(scribe.post(98, DOCUMENTED, &json!({"name": "odd", "mode": mode}), WRONG));
        cases.push(scribe.post(98, CANONICAL, &json!({"name": "odd", "mode": mode}), WRONG));
    }
    cases.push(scribe.post(98, DOCUMENTED, &scene.node("strategy", json!("fastest-ever")), WRONG));
    cases.push(scribe.post(98, CANONICAL, &json!({"name": "odd", "strategy": "fastest-ever"}), WRONG));
    let many = vec![json!({"api_id": provider}); 10_000];
    cases.push(scribe.post(98, DOCUMENTED, &json!({"name": "odd", "mode": "multi", "nodes": many}), WRONG));
    cases.push(scribe.post(98, CANONICAL, &json!({"name": "odd", "targets": vec![target; 10_000]}), WRONG));
    cases.push(scribe.post(98, DOCUMENTED, &scene.node("api_id", json!(999_999)), TAKEN));
    let nobody = json!({"name": "odd", "targets": [{"provider": "nobody", "model": "m"}]});
    cases.push(scribe.post(98, CANONICAL, &nobody, WRONG));
    cases.push(scribe.post(98, DOCUMENTED, &scene.node("models", json!(["x".repeat(10_000)])), TAKEN));
    let distinct: Vec<String> = (0..100_000).map(|number| number.to_string()).collect();
    cases.push(scribe.post(98, DOCUMENTED, &scene.node("models", json!(distinct)), TAKEN));
    let wide = json!({"name": "odd", "targets": [{"provider": "routed", "models": distinct}]});
    cases.push(scribe.post(98, CANONICAL, &wide, WRONG));
    cases.push(scribe.post(98, DOCUMENTED, &json!({"name": "bare", "mode": "multi", "nodes": []}), MADE));
    for priority in [json!(1_u64 << 40), json!(0.5), json!("1"), json!(-1)] {
        cases.push(scribe.post(99, DOCUMENTED, &scene.node("priority", priority.clone()), WRONG));
        let odd =
            json!({"name": "odd", "targets": [{"provider": "routed", "model": "m", "priority": priority}]});
        cases.push(scribe.post(99, CANONICAL, &odd, WRONG));
    }
    for name in ["", " ", "../x", "a\u{0}b", &"n".repeat(10_000)] {
        cases.push(scribe.post(99, DOCUMENTED, &json!({"name": name, "mode": "multi"}), WRONG));
        cases.push(scribe.post(99, CANONICAL, &json!({"name": name}), WRONG));
    }
    cases.push(scribe.post(99, DOCUMENTED, &json!({"name": "used", "mode": "multi"}), TAKEN));
    cases.push(scribe.post(99, CANONICAL, &json!({"name": "used"}), STALE));
    let itself = json!({"name": "self", "mode": "multi", "fallback": "self"});
    cases.push(scribe.post(100, DOCUMENTED, &itself, TAKEN));
    cases.push(scribe.post(100, CANONICAL, &json!({"name": "self", "fallback": "self"}), WRONG));
    cases
}

fn that_change(scene: &Scene) -> Vec<Case> {
    let Scene { scribe, used, .. } = scene;
    let circle = r#"{"fallback":"leaning"}"#;
    let mut cases = vec![
        scribe.of(100, &format!("PATCH {DOCUMENTED}/{used}"), &[], circle, TAKEN),
        scribe.of(100, &format!("PATCH {CANONICAL}/{used}"), &[], circle, STALE),
    ];
    for place in [DOCUMENTED, CANONICAL] {
        let patch = |more: &[&str], body: &str, expected| {
            scribe.of(99, &format!("PATCH {place}/{used}"), more, body, expected)
        };
        cases.push(patch(&[], "{}", GOOD));
        for body in [r#"{"colour":"red"}"#, r#"{"id":7}"#, "[]", r#"{"is_active":"yes"}"#] {
            cases.push(patch(&[], body, WRONG));
        }
        for id in ["abc", "-1", "9223372036854775808", "..%2f", "999999"] {
            cases.push(scribe.of(99, &format!("PATCH {place}/{id}"), &[], "{}", MISSING));
            cases.push(scribe.ask(99, &format!("DELETE {place}/{id}"), MISSING));
        }
    }
    let back = format!("POST {CANONICAL}/{used}/rollback");
    for (body, expected) in [
        ("{}", WRONG),
        (r#"{"version":"1"}"#, WRONG),
        (r#"{"version":1.5}"#, WRONG),
        (r#"{"version":99}"#, MISSING),
        (r#"{"version":9223372036854775807}"#, MISSING),
    ] {
        cases.push(scribe.of(99, &back, &[], body, expected));
    }
    cases.push(scribe.of(99, &back, &["if-match: \"99\""], r#"{"version":1}"#, STALE));
    cases.push(scribe.of(99, &back, &["if-match: x"], r#"{"version":1}"#, TAKEN));
    cases
}

fn that_choose(scene: &Scene) -> Vec<Case> {
    let Scene { scribe, used, off, empty, .. } = scene;
    let mut cases = Vec::new();
    for place in [DOCUMENTED, CANONICAL] {
        let select = |id: &dyn std::fmt::Display, expected| {
            scribe.ask(101, &format!("POST {place}/{id}/select"), expected)
        };
        cases.push(select(off, TAKEN));
        cases.push(select(empty, TAKEN));
        for id in ["999999", "abc", "-1", "9223372036854775808"] {
            cases.push(select(&id, MISSING));
        }
    }
    let select = format!("POST {DOCUMENTED}/{used}/select");
    cases.push(scribe.ask(101, &format!("{select}?model=nobody"), TAKEN));
    for query in ["colour=red", "model=m&model=n"] {
        cases.push(scribe.ask(101, &format!("{select}?{query}"), WRONG));
    }
    let dry = format!("{CANONICAL}/{used}/dry-run");
    for body in [json!([]), json!({"calls": -1}), json!({"calls": 1_u64 << 40}), json!({"colour": "red"})] {
        cases.push(scribe.post(101, &dry, &body, WRONG));
    }
    cases.push(scribe.post(101, &format!("{CANONICAL}/999999/dry-run"), &json!({"calls": 1}), MISSING));
    cases
}

fn that_look(scene: &Scene) -> Vec<Case> {
    let Scene { scribe, used, .. } = scene;
    let mut cases = Vec::new();
    for id in ["999999", "abc", "-1", "9223372036854775808", "..%2f"] {
        for place in [DOCUMENTED, CANONICAL] {
            cases.push(scribe.ask(102, &format!("GET {place}/{id}/state"), MISSING));
            cases.push(scribe.ask(102, &format!("GET {place}/{id}"), MISSING));
        }
        cases.push(scribe.ask(102, &format!("GET {CANONICAL}/{id}/versions"), MISSING));
    }
    for query in ["limit=x", "limit=-1", "after=x", "colour=red"] {
        cases.push(scribe.ask(102, &format!("GET {CANONICAL}/{used}/versions?{query}"), WRONG));
    }
    cases
}

/// They stand beside row 95, the changes of providers.
fn of_shared_keys(scene: &Scene) -> Vec<Case> {
    let Scene { scribe, provider, .. } = scene;
    let keys = format!("/api/v1/providers/{provider}/credentials");
    let mut cases = Vec::new();
    for body in [json!({}), json!({"api_key": ""}), json!({"api_key": 7}), json!({"api_key": "white space"})]
    {
        cases.push(scribe.post(95, &keys, &body, WRONG));
        cases.push(scribe.of(95, &format!("PUT {keys}/1"), &[], &body.to_string(), WRONG));
    }
    let good = r#"{"api_key":"sk-canary-other-0123456789"}"#;
    for place in ["0", "17", "x", "-1", "2"] {
        cases.push(scribe.of(95, &format!("PUT {keys}/{place}"), &[], good, MISSING));
        cases.push(scribe.ask(95, &format!("DELETE {keys}/{place}"), MISSING));
    }
    for (version, expected) in [("\"999\"", STALE), ("x", TAKEN)] {
        let expects = format!("if-match: {version}");
        cases.push(scribe.of(95, &format!("PUT {keys}/1"), &[&expects], good, expected));
        cases.push(scribe.of(95, &format!("DELETE {keys}/1"), &[&expects], "", expected));
    }
    cases.push(scribe.ask(95, &format!("DELETE {keys}/1"), GONE));
    cases
}
