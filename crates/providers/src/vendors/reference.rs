//! The page `docs/vendors.md`, made from the list.

use super::{CredentialRule, HttpFacts, Note, Reach, VENDORS, Vendor};
use std::fmt::Write as _;

/// The text of the page.
#[must_use]
pub fn reference_page() -> String {
    let mut page = String::from(
        "# Vendors\n\nMade from the vendors' own files by `UPDATE=1 cargo test -p switchyard-providers --test vendors`. \
         A provider is an account at one of these vendors; its `base_url` replaces the one named here.\n\n\
         | key | vendor | dialects | base URL | credential |\n|---|---|---|---|---|\n",
    );
    for vendor in VENDORS {
        row(&mut page, vendor);
    }
    for vendor in VENDORS.iter().filter(|vendor| has_details(vendor)) {
        details(&mut page, vendor);
    }
    page
}

fn row(page: &mut String, vendor: &Vendor) {
    let (dialects, base, credential) = match &vendor.reach {
        Reach::Http(facts) => (
            spoken(facts),
            facts.base_url.map_or_else(|| "must be given".to_owned(), |url| format!("`{url}`")),
            match facts.credential {
                CredentialRule::Required => "needed",
                CredentialRule::Optional => "if one is stored",
            },
        ),
        Reach::InProcess => ("-".to_owned(), "in this process".to_owned(), "none"),
    };
    let (key, name) = (vendor.key, vendor.name);
    // Writing to a String cannot fail.
    let _ = writeln!(page, "| `{key}` | {name} | {dialects} | {base} | {credential} |");
}

fn has_details(vendor: &Vendor) -> bool {
    !vendor.notes.is_empty() || matches!(&vendor.reach, Reach::Http(facts) if !changes(facts).is_empty())
}

fn details(page: &mut String, vendor: &Vendor) {
    let _ = write!(page, "\n## {}\n\n", vendor.name);
    if let Reach::Http(facts) = &vendor.reach {
        for change in changes(facts) {
            let _ = writeln!(page, "- {change}");
        }
    }
    for Note { fact, evidence } in vendor.notes {
        let _ = writeln!(page, "- {fact} (Known from: {evidence}.)");
    }
}

/// What is changed in a client's request, sentence by sentence.
fn changes(facts: &HttpFacts) -> Vec<String> {
    let chats = facts.dialects.iter().flat_map(|codec| codec.departures());
    chats.chain(facts.operations.iter().flat_map(|codec| codec.departures())).collect()
}

fn spoken(facts: &HttpFacts) -> String {
    let chats = facts.dialects.iter().map(|codec| codec.dialect().0);
    let names: Vec<&str> = chats.chain(facts.operations.iter().map(|codec| codec.dialect().0)).collect();
    names.join(", ")
}
