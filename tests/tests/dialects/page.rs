//! The table for people.

use crate::case::Feature;
use crate::cell::Cell;
use crate::client::Client;
use crate::features::FEATURES;
use crate::outcome::Outcome;
use crate::vendor::Vendor;
use std::fmt::Write;
use std::path::Path;
use switchyard_domain::chat::{Loss, LossKind};

const HEAD: &str = "\
# Dialects

Made from the table in `tests/tests/dialects` by `UPDATE=1 cargo test -p switchyard-tests --test dialects page`. The same table is a
test: each mark below stands for calls that are made through the whole server to a simulated provider, and compared with
what the provider was told, in its own words, and with what the client was answered, in its own.

A client keeps its dialect whatever the provider speaks. Where both speak the same one, its bytes pass through. Everywhere else the
request is written anew in the provider's dialect, and the answer in the client's. What a provider's dialect has no place for
is never left out in silence:

- A member that is left out or weakened is named in the answer's header `x-switchyard-dropped` and in the call's record.
  The names are those of the request in its common form, which come close to the client's own.
- With the header `x-switchyard-strict: true`, or on a strict route, such a call is refused before anybody is called: status
  400, code `unsupported_feature`, with the members and the reasons.
- What would make the answer wrong rather than weaker is always refused like that: a document that the model would not see, JSON
  that nothing binds to its schema.

`switchyard explain` tells the same of any request without calling anybody. Losses may depend on the model: the table is that of
";

const LEGEND: &str = "
| mark | means |
|---|---|
| ✓ | carried whole, and answered in the client's own words |
| ◐ | carried in part: what is lost, weakened or refused is listed below |
| ✗ | refused |
| – | the client's dialect has no words for it |
| ° | beside another mark: the client's dialect has no words for a part of it, which is listed below |
";

/// The whole page.
fn page() -> String {
    let models = Vendor::ALL.map(|vendor| format!("`{}` ({})", vendor.model(), vendor.name()));
    let mut page = format!("{HEAD}{}.\n{LEGEND}", models.join(",\n"));
    page.push_str("\n## What is asked for\n\n| feature | what is sent and compared |\n|---|---|\n");
    for feature in FEATURES {
        writeln!(page, "| {} | {} |", feature.name, feature.about).unwrap();
    }
    for client in Client::ALL {
        write_table(&mut page, client);
    }
    page.push_str("\n## What is lost, and why\n");
    for feature in FEATURES {
        write_losses(&mut page, feature);
    }
    page
}

fn write_table(page: &mut String, client: Client) {
    let vendors = Vendor::ALL.map(Vendor::name);
    writeln!(page, "\n## Clients of {}\n", client.name()).unwrap();
    writeln!(page, "| | {} |\n|---|{}", vendors.join(" | "), ":-:|".repeat(vendors.len())).unwrap();
    for feature in FEATURES {
        let marks = Vendor::ALL.map(|vendor| mark(feature, Cell { client, vendor }));
        writeln!(page, "| {} | {} |", feature.name, marks.join(" | ")).unwrap();
    }
}

fn mark(feature: &Feature, cell: Cell) -> String {
    let (unsayable, said): (Vec<Outcome>, Vec<Outcome>) = feature
        .outcomes(cell)
        .map(|(_, outcome)| outcome)
        .partition(|outcome| *outcome == Outcome::Unsayable);
    match (said.is_empty(), unsayable.is_empty()) {
        (true, _) => "–".to_owned(),
        (false, true) => mark_of(&said).to_owned(),
        (false, false) => format!("{}°", mark_of(&said)),
    }
}

fn mark_of(outcomes: &[Outcome]) -> &'static str {
    if outcomes.iter().all(|outcome| *outcome == Outcome::Whole) {
        "✓"
    } else if outcomes.iter().all(|outcome| matches!(outcome, Outcome::Refused(_))) {
        "✗"
    } else {
        "◐"
    }
}

/// What is lost of a feature, by what it is: a line for each set of clients.
fn write_losses(page: &mut String, feature: &Feature) {
    let lines = lines(feature);
    if lines.is_empty() && feature.untold.is_empty() {
        return;
    }
    writeln!(page, "\n### {}", feature.name).unwrap();
    if !feature.untold.is_empty() {
        writeln!(page, "\n{}", feature.untold.join("\n")).unwrap();
    }
    if !lines.is_empty() {
        page.push_str("\n| clients | providers | |\n|---|---|---|\n");
    }
    for Line { sentence, clients, vendors } in lines {
        let names: Vec<&str> = clients.iter().map(|client| client.name()).collect();
        let names = if clients.len() == Client::ALL.len() { "all".to_owned() } else { names.join(", ") };
        let vendors: Vec<&str> = vendors.iter().map(|vendor| vendor.name()).collect();
        writeln!(page, "| {names} | {} | {sentence} |", vendors.join(", ")).unwrap();
    }
}

/// What these clients lose at these vendors.
struct Line {
    sentence: String,
    clients: Vec<Client>,
    vendors: Vec<Vendor>,
}

fn lines(feature: &Feature) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for vendor in Vendor::ALL {
        for line in lines_of(feature, vendor) {
            let same = |known: &&mut Line| known.sentence == line.sentence && known.clients == line.clients;
            match lines.iter_mut().find(same) {
                Some(known) => known.vendors.push(vendor),
                None => lines.push(line),
            }
        }
    }
    lines.sort_by(|a, b| a.sentence.cmp(&b.sentence));
    lines
}

fn lines_of(feature: &Feature, vendor: Vendor) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for client in Client::ALL {
        for (case, outcome) in feature.outcomes(Cell { client, vendor }) {
            for sentence in sentences(case, &outcome) {
                match lines.iter_mut().find(|line| line.sentence == sentence) {
                    Some(line) => line.clients.push(client),
                    None => lines.push(Line { sentence, clients: vec![client], vendors: vec![vendor] }),
                }
            }
        }
    }
    lines
}

fn sentences(case: &str, outcome: &Outcome) -> Vec<String> {
    let prefix = if case.is_empty() { String::new() } else { format!("{case}: ") };
    match outcome {
        Outcome::Whole => Vec::new(),
        Outcome::Unsayable => vec![format!("{prefix}has no words in the client's dialect")],
        Outcome::Refused(reason) => vec![format!("{prefix}refused: {reason}")],
        Outcome::Lossy(report) => {
            report.losses.chunk_by(is_alike).map(|losses| format!("{prefix}{}", told(losses))).collect()
        }
    }
}

fn is_alike(one: &Loss, other: &Loss) -> bool {
    (one.kind, &one.reason) == (other.kind, &other.reason)
}

/// Losses of one kind and reason.
fn told(losses: &[Loss]) -> String {
    let members: Vec<String> = losses.iter().map(|loss| format!("`{}`", loss.member)).collect();
    let what = match losses[0].kind {
        LossKind::Dropped => "left out",
        LossKind::Degraded => "weakened",
    };
    format!("{} {what}: {}", members.join(", "), losses[0].reason)
}

#[test]
fn the_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/dialects.md");
    let page = page();
    if std::env::var("UPDATE").is_ok() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/dialects.md is not current; run this test with UPDATE=1");
}

#[test]
fn the_table_has_a_cell_for_every_pair_of_dialects_and_every_feature() {
    let features: Vec<&str> = FEATURES.iter().map(|feature| feature.name).collect();
    let wanted = [
        "text",
        "stream",
        "tools",
        "parallel tools",
        "tool loop",
        "signed tool loop",
        "image",
        "document",
        "JSON schema",
        "reasoning",
        "cache markers",
        "usage",
        "stop reasons",
        "errors",
        "cancellation",
    ];
    assert_eq!(features, wanted);
    assert_eq!(Cell::all().count() * features.len(), 420);
    assert!(FEATURES.iter().all(|feature| !feature.cases.is_empty()));
}
