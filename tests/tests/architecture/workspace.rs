//! What `cargo metadata` and the folders say.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One direct dependency of a crate of ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    /// The folder under `crates/`.
    pub(crate) from: String,
    /// The package depended on; for our own packages, the folder.
    pub(crate) to: String,
    /// Whether it is one of ours: an outside package may bear the name of a folder of ours.
    pub(crate) ours: bool,
    /// Whether only tests use it.
    pub(crate) dev: bool,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

pub(crate) fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap()
}

fn metadata_folders() -> BTreeMap<String, String> {
    let crates = root().join("crates");
    metadata()
        .packages
        .iter()
        .filter_map(|package| {
            let dir = package.manifest_path.parent()?.as_std_path().to_owned();
            let folder = dir.strip_prefix(&crates).ok()?.to_str()?.to_owned();
            Some((package.name.to_string(), folder))
        })
        .collect()
}

/// Every direct dependency of every crate under `crates/`.
pub(crate) fn edges(metadata: &Metadata) -> BTreeSet<Edge> {
    let folders = metadata_folders();
    let mut edges = BTreeSet::new();
    for package in &metadata.packages {
        let Some(from) = folders.get(package.name.as_str()) else { continue };
        for dependency in &package.dependencies {
            if dependency.kind == DependencyKind::Build {
                continue;
            }
            let folder = folders.get(&dependency.name);
            edges.insert(Edge {
                from: from.clone(),
                to: folder.unwrap_or(&dependency.name).clone(),
                ours: folder.is_some(),
                dev: dependency.kind == DependencyKind::Development,
            });
        }
    }
    edges
}

/// A table of the workspace's metadata: a name to a list of names.
pub(crate) fn table(metadata: &Metadata, name: &str) -> BTreeMap<String, BTreeSet<String>> {
    serde_json::from_value(metadata.workspace_metadata[name].clone()).unwrap()
}

/// All Rust sources under `crates/*/src`.
pub(crate) fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        collect(&entry.unwrap().path().join("src"), &mut found);
    }
    assert!(found.len() > 50, "the sources were not found");
    found
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
