//! The server's binary, built as these proofs were.

use cargo_metadata::Message;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Builds the server (which takes a moment if nothing changed) and says where it is. Processes that ask at the same time wait
/// for each other at cargo's own lock.
///
/// # Panics
/// When it can't be built.
#[must_use]
pub fn server_binary() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(build).clone()
}

fn build() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "-p", "switchyard-server", "--message-format=json-render-diagnostics", "--quiet"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit());
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "the server does not build");
    let messages = Message::parse_stream(output.stdout.as_slice()).map_while(Result::ok);
    let binary = messages.filter_map(|message| match message {
        Message::CompilerArtifact(artifact) if artifact.target.name == "switchyard" => artifact.executable,
        _ => None,
    });
    binary.last().expect("the server is a binary").into_std_path_buf()
}
