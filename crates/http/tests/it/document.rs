//! The API document.

use crate::wire::{ask, get};
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use switchyard_http::access::Access;
use switchyard_http::{openapi, routes};

/// Aliases of documented probes, and what the page of the documentation is made of.
const UNLISTED: &[&str] = &["/livez", "/readyz", "/healthz", "/docs/{file:.*}"];

#[test]
fn the_document_in_the_repository_is_what_the_handlers_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, openapi::json()).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == openapi::json(),
        "docs/openapi.json is stale: run `UPDATE=1 cargo test -p switchyard-http --test it document`"
    );
}

#[test]
fn the_document_lists_every_route_and_no_other() {
    let document: serde_json::Value = serde_json::from_str(&openapi::json()).unwrap();
    let listed: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let mounted: BTreeSet<String> = routes::table()
        .iter()
        .filter(|endpoint| !UNLISTED.contains(&endpoint.path))
        .map(|endpoint| format!("{} {}", endpoint.method, endpoint.path.replace(":.*", "")))
        .collect();
    assert_eq!(listed, mounted);
}

/// The names under which the document keeps the shapes of a source text.
fn schema_names(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut stated: Option<Option<String>> = None;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[derive(") && line.contains("ToSchema") {
            stated = Some(None);
        }
        let Some(alias) = &mut stated else { continue };
        if let Some((_, rest)) = line.split_once("(as = ") {
            *alias = rest.split([')', ',']).next().map(str::to_owned);
        }
        let mut words = line.split([' ', '(', '{', '<', ';']).filter(|word| !word.is_empty());
        if words.by_ref().any(|word| ["struct", "enum"].contains(&word)) && !line.starts_with(['#', '/']) {
            let own = words.next().unwrap_or_default().to_owned();
            names.extend(stated.take().flatten().or(Some(own)));
        }
    }
    names
}

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_two_shapes_have_one_name_in_the_document() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut seen: BTreeMap<String, std::path::PathBuf> = BTreeMap::new();
    for file in files {
        for name in schema_names(&std::fs::read_to_string(&file).unwrap()) {
            let other = seen.insert(name.clone(), file.clone());
            assert_eq!(other, None, "`{name}` stands in {} too: one would hide the other", file.display());
        }
    }
    assert!(seen.contains_key("ManagedProvider") && seen.len() > 100, "{}", seen.len());
}

#[test]
fn every_route_behind_a_key_says_so() {
    let document: serde_json::Value = serde_json::from_str(&openapi::json()).unwrap();
    for endpoint in routes::table().iter().filter(|endpoint| !UNLISTED.contains(&endpoint.path)) {
        let path = endpoint.path.replace(":.*", "");
        let operation = &document["paths"][path.as_str()][endpoint.method.to_lowercase().as_str()];
        let security = operation["security"].as_array().cloned().unwrap_or_default();
        let has = |scheme: &str| security.iter().any(|one| one[scheme].is_array());
        let (by_key, by_session) = (has("virtual_key"), has("bearer_token") && has("session_cookie"));
        let expected = match endpoint.access {
            Access::Public => (false, false),
            Access::Gateway | Access::VirtualKey => (true, false),
            Access::SignedIn | Access::AuditorOrAdmin | Access::Admin => (false, true),
        };
        assert_eq!((by_key, by_session), expected, "{path}");
    }
}

#[test]
fn every_request_that_can_be_named_says_what_comes_of_it() {
    let document: serde_json::Value = serde_json::from_str(&openapi::json()).unwrap();
    let mut seen = 0;
    for endpoint in routes::table() {
        let path = endpoint.path.replace(":.*", "");
        let operation = &document["paths"][path.as_str()]["post"];
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let named = parameters.iter().find(|parameter| parameter["name"] == "Idempotency-Key");
        let is_named = named.is_some_and(|named| named["schema"]["pattern"] == "^[!-~]{1,255}$");
        let may_be = endpoint.method == "POST" && endpoint.access != Access::Public;
        if endpoint.method == "POST" {
            assert_eq!(is_named, may_be, "{path}");
        }
        if may_be {
            for status in ["400", "401", "409", "503"] {
                assert!(operation["responses"][status].is_object(), "{path}: {status}");
            }
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_served_to_everybody() {
    let world = World::start().await;
    let response = ask(world.address, get("/openapi.json", "")).await;
    assert_eq!((response.status, response.header("content-type")), (200, Some("application/json")));
    // The server carries the text that stood there when it was built, which is old where it is now written anew.
    if std::env::var_os("UPDATE").is_none() {
        assert_eq!(response.text(), openapi::json());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_over_the_document_needs_nothing_from_elsewhere() {
    let world = World::start().await;
    let page = ask(world.address, get("/docs", "")).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let text = page.text();
    let files: Vec<&str> = text
        .split(['"', '\''])
        .filter(|word| word.starts_with('.') || word.contains("//") || word.starts_with('/'))
        .filter(|word| word.len() > 1 && !word.contains(['<', '>']))
        .collect();
    assert!(files.len() >= 7, "{files:?}");
    for file in files {
        assert!(file.starts_with("/docs/"), "{file}");
        let response = ask(world.address, get(file, "")).await;
        assert_eq!(response.status, 200, "{file}");
        assert!(!response.body.is_empty(), "{file}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    }
    let initializer = ask(world.address, get("/docs/swagger-initializer.js", "")).await;
    let initializer = initializer.text();
    assert!(initializer.contains("/openapi.json") && initializer.contains("\"none\""), "{initializer}");
    assert!(!initializer.contains("://"), "{initializer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_files_are_packed_for_who_takes_them_packed_and_plain_for_others() {
    let world = World::start().await;
    for path in ["/docs/swagger-ui-bundle.js", "/openapi.json"] {
        let plain = ask(world.address, get(path, "")).await;
        assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("Accept-Encoding")));
        for (accept, packed) in
            [("gzip, deflate, br", true), ("br;q=1, GZIP;q=0.5", true), ("gzip;q=0", false), ("br", false)]
        {
            let answer = ask(world.address, get(path, &format!("Accept-Encoding: {accept}\r\n"))).await;
            if packed {
                assert_eq!(answer.header("content-encoding"), Some("gzip"), "{path} {accept}");
                assert!(answer.body.starts_with(&[0x1f, 0x8b]) && answer.body.len() < plain.body.len() / 2);
            } else {
                assert_eq!(answer.header("content-encoding"), None, "{path} {accept}");
                assert_eq!(answer.body, plain.body, "{path} {accept}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_has_a_policy_of_its_own_and_lends_it_to_no_other_answer() {
    let world = World::start().await;
    for path in ["/docs", "/docs/swagger-ui-bundle.js"] {
        let response = ask(world.address, get(path, "")).await;
        let policy = response.header("content-security-policy").unwrap();
        let scripts = policy.split("; ").find(|rule| rule.starts_with("script-src")).unwrap();
        assert_eq!(scripts, "script-src 'self'", "{path}");
        assert!(policy.contains("style-src 'self' 'unsafe-inline'"), "{path}");
        assert_eq!(response.header("x-frame-options"), Some("DENY"), "{path}");
    }
    for path in
        ["/openapi.json", "/docs/nothing.js", "/docs/", "/docs/../openapi.json", "/docs/oauth2-redirect.html"]
    {
        let response = ask(world.address, get(path, "")).await;
        assert_eq!(response.status, if path == "/openapi.json" { 200 } else { 404 }, "{path}");
        assert!(!response.header("content-security-policy").unwrap().contains("unsafe"), "{path}");
    }
}
