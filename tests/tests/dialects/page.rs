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

fn mark(feature: &Feature, cell: Cell) -> &'static str {
    let outcomes: Vec<Outcome> = feature.outcomes(cell).map(|(_, outcome)| outcome).collect();
    if outcomes.iter().all(|outcome| *outcome == Outcome::Whole) {
        "✓"
    } else if outcomes.iter().all(|outcome| matches!(outcome, Outcome::Refused(_))) {
        "✗"
    } else {
        "◐"
    }
}

/// The losses of a feature, those of the same kind in one line.
fn write_losses(page: &mut String, feature: &Feature) {
    let mut lines: Vec<(Vendor, String, Vec<Client>)> = Vec::new();
    for vendor in Vendor::ALL {
        for client in Client::ALL {
            for (case, outcome) in feature.outcomes(Cell { client, vendor }) {
                for sentence in sentences(case, &outcome) {
                    let same = lines.iter_mut().find(|line| line.0 == vendor && line.1 == sentence);
                    match same {
                        Some((_, _, clients)) => clients.push(client),
                        None => lines.push((vendor, sentence, vec![client])),
                    }
                }
            }
        }
    }
    if lines.is_empty() && feature.untold.is_empty() {
        return;
    }
    writeln!(page, "\n### {}\n", feature.name).unwrap();
    if !feature.untold.is_empty() {
        writeln!(page, "{}\n", feature.untold.join("\n")).unwrap();
    }
    if !lines.is_empty() {
        page.push_str("| provider | clients | |\n|---|---|---|\n");
    }
    for (vendor, sentence, clients) in lines {
        let names: Vec<&str> = clients.iter().map(|client| client.name()).collect();
        let names = if clients.len() == Client::ALL.len() { "all".to_owned() } else { names.join(", ") };
        writeln!(page, "| {} | {names} | {sentence} |", vendor.name()).unwrap();
    }
}

fn sentences(case: &str, outcome: &Outcome) -> Vec<String> {
    let prefix = if case.is_empty() { String::new() } else { format!("{case}: ") };
    match outcome {
        Outcome::Whole => Vec::new(),
        Outcome::Refused(reason) => vec![format!("{prefix}refused. {reason}")],
        Outcome::Lossy(report) => {
            report.losses.iter().map(|loss| format!("{prefix}{}", told(loss))).collect()
        }
    }
}

fn told(loss: &Loss) -> String {
    let what = match loss.kind {
        LossKind::Dropped => "left out",
        LossKind::Degraded => "weakened",
    };
    format!("`{}` is {what}: {}", loss.member, loss.reason)
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
    assert_eq!(Cell::all().count() * features.len(), 392);
    assert!(FEATURES.iter().all(|feature| !feature.cases.is_empty()));
}
