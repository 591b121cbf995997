//! Each part of the stack is used, and by the crate that it belongs to.

use crate::workspace::{edges, metadata};

const STACK: [(&str, &str); 9] = [
    ("actix-web", "http"),
    ("diesel", "repositories"),
    ("chacha20poly1305", "security"),
    ("async-trait", "ports"),
    ("hyper-util", "providers"),
    ("thiserror", "domain"),
    ("tracing", "orchestrator"),
    ("clap", "server"),
    ("utoipa", "http"),
];

#[test]
fn each_package_of_the_stack_is_used_where_it_belongs() {
    let edges = edges(&metadata());
    for (package, owner) in STACK {
        let used =
            edges.iter().any(|edge| edge.to == package && !edge.ours && edge.from == owner && !edge.dev);
        assert!(used, "{owner} does not use {package}");
    }
}

#[test]
fn diesel_brings_the_r2d2_pool() {
    let manifest = std::fs::read_to_string(crate::workspace::root().join("Cargo.toml")).unwrap();
    let line = manifest.lines().find(|line| line.starts_with("diesel = {")).unwrap();
    for feature in ["\"r2d2\"", "\"sqlite\"", "\"postgres\""] {
        assert!(line.contains(feature), "diesel is built without {feature}");
    }
}
