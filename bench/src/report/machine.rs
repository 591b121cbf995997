//! The machine that it ran on, since figures mean nothing without it.

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Processor, memory, kernel, how busy it was at the end, and the version of nginx.
pub(super) fn facts(nginx: &Path) -> Value {
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    json!({
        "processor": line_of("/proc/cpuinfo", "model name"),
        "processors": processors,
        "memory": line_of("/proc/meminfo", "MemTotal"),
        "kernel": read("/proc/sys/kernel/osrelease"),
        "load": read("/proc/loadavg"),
        "nginx": nginx_version(nginx),
    })
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

fn line_of(path: &str, name: &str) -> String {
    let text = read(path);
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    value.map_or_else(String::new, |(_, value)| value.trim().to_owned())
}

fn nginx_version(nginx: &Path) -> String {
    let Ok(output) = Command::new(nginx).arg("-v").output() else { return String::new() };
    String::from_utf8_lossy(&output.stderr).trim().trim_start_matches("nginx version: ").to_owned()
}
