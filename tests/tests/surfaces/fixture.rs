//! How a scene of calls is written down.
//!
//! ```text
//! # What the scene is about.
//!
//! ### What this call is
//! POST /api/things/{{id}}
//! route: /api/things/{id}
//! authorization: Bearer {{admin}}
//! content-type: application/json
//!
//! {"name": "x"}
//!
//! => 201
//! keep id = /id
//! {"id": "<int>", "name": "x"}
//!
//! => open 200
//! says a word of the answer
//! not a word that must not stand in it
//! header etag: "1"
//! without set-cookie
//! ```
//!
//! The calls of a scene are sent one after the other. `{{name}}` stands for what the scene knows or a call before kept. A status
//! behind `=>` is expected in both settings, unless `secure` or `open` names one; a call without an expectation in a setting is not
//! sent there. `route:` is no header: it names the route where the path has parameters. Nor is `settled: yes`: what was
//! used before is in the ledger then. `keep name = cookie x` keeps a cookie.
//! What else follows is the answer, as `pattern` reads it.

use crate::scene::Setting;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A scene.
pub(crate) struct Fixture {
    /// The file.
    pub(crate) path: PathBuf,
    /// Its calls, in their order.
    pub(crate) steps: Vec<Step>,
}

/// A call.
#[derive(Default)]
pub(crate) struct Step {
    pub(crate) title: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// The route's path, where that is not the call's.
    pub(crate) route: String,
    /// Whether the calls before it are to be in the ledger.
    pub(crate) waits: bool,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<String>,
    expectations: Vec<Expectation>,
}

/// What a call is answered.
#[derive(Default)]
pub(crate) struct Expectation {
    setting: Option<Setting>,
    pub(crate) status: u16,
    pub(crate) says: Vec<String>,
    pub(crate) says_not: Vec<String>,
    pub(crate) headers: Vec<(String, String)>,
    /// Headers that it must not have.
    pub(crate) without: Vec<String>,
    /// Names, and the pointer into the answer or `cookie <name>`.
    pub(crate) keeps: Vec<(String, String)>,
    /// The answer, with its variables.
    pub(crate) answer: String,
}

impl Step {
    /// What is expected in a setting.
    pub(crate) fn expected(&self, setting: Setting) -> Option<&Expectation> {
        self.expectations.iter().find(|expectation| expectation.setting.is_none_or(|of| of == setting))
    }
}

impl Expectation {
    /// The pattern of the answer, where there is one; `known` fills in the variables.
    pub(crate) fn pattern(&self, known: impl Fn(&str) -> String) -> Option<Value> {
        let text = known(self.answer.trim());
        (!text.is_empty()).then(|| {
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("no pattern ({error}): {text}"))
        })
    }
}

/// All scenes of a surface, by name.
pub(crate) fn all(surface: &str) -> Vec<Fixture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/surfaces/calls").join(surface);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has no calls", folder.display());
    paths.into_iter().map(read).collect()
}

fn read(path: PathBuf) -> Fixture {
    let text = std::fs::read_to_string(&path).unwrap();
    let mut scenes = text.split("\n### ");
    let head = scenes.next().unwrap();
    assert!(head.starts_with("# "), "{}: a scene begins with `# ` and what it is about", path.display());
    let steps: Vec<Step> = scenes.map(|text| step(&path, text)).collect();
    assert!(!steps.is_empty(), "{}: no calls", path.display());
    Fixture { path, steps }
}

fn step(path: &Path, text: &str) -> Step {
    let mut lines = text.lines();
    let title = lines.next().unwrap_or_default().trim().to_owned();
    let wrong = |what: &str| -> ! { panic!("{}: {title}: {what}", path.display()) };
    let Some((method, target)) = lines.next().and_then(|line| line.split_once(' ')) else {
        wrong("a call begins with its method and path")
    };
    let mut step = Step { method: method.to_owned(), path: target.trim().to_owned(), ..Step::default() };
    step.route = step.path.split('?').next().unwrap_or_default().to_owned();
    for line in lines.by_ref().take_while(|line| !line.trim().is_empty()) {
        let Some((name, value)) = line.split_once(':') else { wrong("a header has a colon") };
        match name {
            "route" => value.trim().clone_into(&mut step.route),
            "settled" => step.waits = true,
            _ => step.headers.push((name.to_owned(), value.trim().to_owned())),
        }
    }
    let mut body = String::new();
    for line in lines {
        if let Some(expected) = line.strip_prefix("=> ") {
            step.expectations.push(expectation(expected).unwrap_or_else(|| wrong("what is expected?")));
        } else if let Some(expectation) = step.expectations.last_mut() {
            directive(expectation, line);
        } else {
            body.push_str(line);
            body.push('\n');
        }
    }
    if step.expectations.is_empty() {
        wrong("nothing is expected");
    }
    step.body = Some(body.trim().to_owned()).filter(|body| !body.is_empty());
    step.title = title;
    step
}

fn expectation(text: &str) -> Option<Expectation> {
    let (setting, status) = match text.split_once(' ') {
        Some((word, status)) => (Some(Setting::named(word)?), status),
        None => (None, text),
    };
    Some(Expectation { setting, status: status.trim().parse().ok()?, ..Expectation::default() })
}

fn directive(expectation: &mut Expectation, line: &str) {
    if let Some(said) = line.strip_prefix("says ") {
        expectation.says.push(said.to_owned());
    } else if let Some(said) = line.strip_prefix("not ") {
        expectation.says_not.push(said.to_owned());
    } else if let Some(name) = line.strip_prefix("without ") {
        expectation.without.push(name.to_owned());
    } else if let Some((name, value)) = line.strip_prefix("header ").and_then(|rest| rest.split_once(':')) {
        expectation.headers.push((name.to_owned(), value.trim().to_owned()));
    } else if let Some((name, from)) = line.strip_prefix("keep ").and_then(|rest| rest.split_once(" = ")) {
        expectation.keeps.push((name.to_owned(), from.trim().to_owned()));
    } else {
        expectation.answer.push_str(line);
        expectation.answer.push('\n');
    }
}
