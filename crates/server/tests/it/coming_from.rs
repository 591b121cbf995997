//! Every call on the pages for those who come from elsewhere is sent by curl as it stands there.

use crate::place::Place;
use crate::running::{Running, administered};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A call on a page.
struct Call {
    /// What the server is given besides an administrator.
    settings: Vec<(String, String)>,
    /// As it stands there.
    script: String,
    /// The status that stands under it.
    status: String,
}

fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/coming-from");
    let mut pages: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|page| page.file_name().is_some_and(|name| name != "README.md"));
    pages.sort();
    pages
}

fn settings_of(line: &str) -> Option<Vec<(String, String)>> {
    let words = line.strip_prefix("<!-- server: ")?.strip_suffix(" -->")?;
    let pair = |word: &str| {
        let (name, value) = word.split_once('=').expect("NAME=value");
        (name.to_owned(), value.to_owned())
    };
    Some(words.split(' ').map(pair).collect())
}

fn calls(page: &str) -> Vec<Call> {
    let (mut calls, mut settings): (Vec<Call>, Vec<(String, String)>) = (Vec::new(), Vec::new());
    let (mut script, mut is_inside): (Option<String>, bool) = (None, false);
    for line in page.lines() {
        if let Some(given) = settings_of(line) {
            settings = given;
        } else if line == "```sh" {
            assert!(script.is_none(), "a call without an answer: {script:?}");
            (script, is_inside) = (Some(String::new()), true);
        } else if line == "```" {
            is_inside = false;
        } else if is_inside {
            let text = script.as_mut().expect("a call");
            text.push_str(line);
            text.push('\n');
        } else if let Some(status) = line.strip_prefix("Answer: `") {
            let script = script.take().expect("an answer without a call");
            assert!(script.starts_with("curl "), "{script}");
            calls.push(Call {
                settings: settings.clone(),
                script,
                status: status.trim_end_matches('`').to_owned(),
            });
        }
    }
    assert!(script.is_none(), "a call without an answer: {script:?}");
    calls
}

/// A server with these settings, and an administrator's token.
fn server(settings: &[(String, String)]) -> (Running, String) {
    let place: Place =
        settings.iter().fold(administered(), |place, (name, value)| place.set(name, value.clone()));
    let server = Running::start(place);
    let token = server.place.say("admin token").good();
    (server, token.trim().to_owned())
}

/// The status that curl sees, and the body where the page does not keep it in a file.
fn sent(call: &Call, server: &Running, token: &str) -> (String, String) {
    let script = format!("curl() {{ command curl -s -w '\\n%{{http_code}}' \"$@\"; }}\n{}", call.script);
    let output = Command::new("/bin/sh")
        .args(["-c", &script])
        .current_dir(server.place.path("."))
        .env("URL", format!("http://{}", server.address))
        .env("TOKEN", token)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap_or(("", text.as_str()));
    (status.to_owned(), body.to_owned())
}

fn is_answered_as_it_says(page: &Path) {
    type Settings = Vec<(String, String)>;
    let calls = calls(&std::fs::read_to_string(page).unwrap());
    assert!(calls.len() >= 4, "{}: {} calls", page.display(), calls.len());
    let mut running: Option<(Settings, Running, String)> = None;
    for call in calls {
        if running.as_ref().is_none_or(|(settings, _, _)| *settings != call.settings) {
            let (server, token) = server(&call.settings);
            running = Some((call.settings.clone(), server, token));
        }
        let (_, server, token) = running.as_ref().expect("it runs");
        let (status, body) = sent(&call, server, token);
        assert_eq!(status, call.status, "{}: {}\n{body}", page.display(), call.script);
    }
}

#[test]
fn every_call_on_the_pages_for_those_who_come_from_elsewhere_is_answered_as_they_say() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: curl is not installed");
        return;
    }
    let pages = pages();
    assert_eq!(pages.len(), 5, "a page for each document: {pages:?}");
    pages.iter().for_each(|page| is_answered_as_it_says(page));
}

#[test]
fn each_page_says_what_works_what_to_set_what_differs_and_the_calls() {
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for heading in [
            "## What works unchanged",
            "## What to set",
            "## What differs by default, and why",
            "## The calls",
        ] {
            assert!(text.contains(heading), "{}: {heading}", page.display());
        }
    }
}
