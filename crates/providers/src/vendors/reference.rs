//! The page `docs/vendors.md`, made from the list.

use super::{CredentialRule, HttpFacts, MemberRule, Note, Reach, VENDORS, Vendor};
use std::fmt::Write as _;
use switchyard_dialects::openai_chat::request::{StreamUsage, ToolCallIds};

/// The text of the page.
#[must_use]
pub fn reference_page() -> String {
    let mut page = String::from(
        "# Vendors\n\nMade from the vendors' own files by `UPDATE=1 cargo test -p switchyard-providers --test vendors`. \
         A provider is an account at one of these vendors; its `base_url` replaces the one named here.\n\n\
         | key | vendor | dialect | base URL | credential | usage in streams |\n|---|---|---|---|---|---|\n",
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
    let (dialect, base, credential, usage) = match &vendor.reach {
        Reach::Http(facts) => (
            facts.dialect.0,
            facts.base_url.map_or_else(|| "must be given".to_owned(), |url| format!("`{url}`")),
            match facts.credential {
                CredentialRule::Required => "needed",
                CredentialRule::Optional => "if one is stored",
            },
            match facts.requests.stream_usage {
                StreamUsage::Unasked => "unasked",
                StreamUsage::AsRequested | StreamUsage::Always => "asked for",
            },
        ),
        Reach::InProcess => ("-", "in this process".to_owned(), "none", "always"),
    };
    let (key, name) = (vendor.key, vendor.name);
    // Writing to a String cannot fail.
    let _ = writeln!(page, "| `{key}` | {name} | {dialect} | {base} | {credential} | {usage} |");
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
    let mut changes: Vec<String> = facts
        .members
        .iter()
        .map(|rule| match rule {
            MemberRule::Rename { from, to } => format!("`{from}` is sent as `{to}`."),
            MemberRule::Drop { name, .. } => {
                format!("`{name}` is left out, which `x-switchyard-dropped` tells.")
            }
            MemberRule::Omit { name } => format!("`{name}` is left out: what it asks for comes anyway."),
        })
        .collect();
    if !facts.requests.developer_role {
        changes.push("Messages of the role `developer` are sent as `system`.".to_owned());
    }
    if facts.requests.tool_call_ids == ToolCallIds::NineAlphanumeric {
        changes.push("Ids of tool calls in the history are given nine letters or digits.".to_owned());
    }
    changes
}
