//! Dependencies point one way: the law stands in the workspace manifest, and nothing goes around it.

use crate::workspace::{Edge, edges, metadata, table};
use std::collections::{BTreeMap, BTreeSet};

/// Crates that only tests may use.
const TEST_ONLY: [&str; 2] = ["testkit", "harness"];

type Law = BTreeMap<String, BTreeSet<String>>;

/// The edges that the law does not allow, in words.
fn violations(edges: &BTreeSet<Edge>, layers: &Law, confined: &Law) -> Vec<String> {
    let mut found = Vec::new();
    for edge in edges {
        let Edge { from, to, ours, dev } = edge;
        if *ours {
            let allowed = layers.get(from).is_some_and(|allowed| allowed.contains(to));
            let for_tests = *dev && TEST_ONLY.contains(&to.as_str());
            let own_tests = *dev && !TEST_ONLY.contains(&to.as_str());
            if !allowed && !for_tests && !own_tests {
                found.push(format!("{from} must not depend on {to}"));
            }
            if TEST_ONLY.contains(&to.as_str()) && !dev && !TEST_ONLY.contains(&from.as_str()) {
                found.push(format!("{from} ships {to}, which is for tests only"));
            }
        }
        if let Some(owners) = confined.get(to)
            && !ours
            && !dev
            && !owners.contains(from)
            && !TEST_ONLY.contains(&from.as_str())
        {
            found.push(format!("{from} must not use {to}: it is confined to {owners:?}"));
        }
        if !layers.contains_key(from) {
            found.push(format!("{from} has no row in the law"));
        }
    }
    found
}

#[test]
fn every_dependency_is_one_that_the_law_allows() {
    let metadata = metadata();
    let found = violations(&edges(&metadata), &table(&metadata, "layers"), &table(&metadata, "confined"));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_planted_forbidden_edge_is_found() {
    let metadata = metadata();
    let (layers, confined) = (table(&metadata, "layers"), table(&metadata, "confined"));
    for (from, to, ours) in [
        ("domain", "repositories", true),
        ("orchestrator", "providers", true),
        ("providers", "security", true),
        ("http", "diesel", false),
        ("providers", "reqwest", false),
        ("switchyard", "testkit", true),
        ("orchestrator", "http", true),
    ] {
        let mut planted = edges(&metadata);
        planted.insert(Edge { from: from.into(), to: to.into(), ours, dev: false });
        assert!(!violations(&planted, &layers, &confined).is_empty(), "{from} -> {to} went unnoticed");
    }
}

#[test]
fn the_law_itself_has_no_cycle() {
    let metadata = metadata();
    let layers = table(&metadata, "layers");
    fn visit<'a>(layers: &'a Law, at: &'a str, path: &mut Vec<&'a str>) {
        assert!(!path.contains(&at), "a cycle: {path:?} -> {at}");
        path.push(at);
        for next in &layers[at] {
            visit(layers, next, path);
        }
        path.pop();
    }
    for start in layers.keys() {
        visit(&layers, start, &mut Vec::new());
    }
}

#[test]
fn an_embedding_program_gets_no_http_server() {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["tree", "-p", "switchyard", "-e", "normal", "--prefix", "none", "--offline"])
        .current_dir(crate::workspace::root())
        .output()
        .unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(tree.contains("switchyard-orchestrator"), "the tree was not printed: {tree}");
    for server in ["actix-web ", "actix-http ", "axum ", "tonic "] {
        assert!(!tree.lines().any(|line| line.starts_with(server)), "the library brings {server}");
    }
}
