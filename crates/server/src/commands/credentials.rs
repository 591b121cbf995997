//! `switchyard providers credentials`

use super::providers::read_key;
use super::{name, writer};
use crate::arguments::CredentialAction;
use crate::failure::Failure;
use crate::output;
use serde_json::json;
use switchyard::orchestrator::admin::{SharedCredentialAdmin, SharedCredentialEntry};

pub(super) async fn run(
    credentials: &SharedCredentialAdmin,
    action: CredentialAction,
) -> Result<(), Failure> {
    match action {
        CredentialAction::Add { name: provider, key, replace } => {
            let secret = read_key(&key)?.ok_or_else(|| {
                Failure::usage("which key? Give one of --key-stdin, --key-file and --key-env")
            })?;
            let (provider, by) = (name(&provider)?, writer());
            if let Some(place) = replace {
                credentials.replace(&provider, place, &secret, &by).await?;
                output::line(format!("replaced key {place} of {provider}"));
            } else {
                let place = credentials.add(&provider, &secret, &by).await?;
                output::line(format!("added key {place} of {provider}"));
            }
        }
        CredentialAction::List { name: provider, json } => {
            list(&credentials.list(&name(&provider)?).await?, json);
        }
        CredentialAction::Remove { name: provider, place } => {
            let provider = name(&provider)?;
            credentials.remove(&provider, place, &writer()).await?;
            output::line(format!("removed key {place} of {provider}"));
        }
    }
    Ok(())
}

fn list(entries: &[SharedCredentialEntry], as_json: bool) {
    if as_json {
        output::json(&entries.iter().map(shown).collect());
        return;
    }
    let row = |entry: &SharedCredentialEntry| {
        vec![entry.place.to_string(), entry.hint.clone(), entry.set_at.to_string()]
    };
    output::table(&["PLACE", "KEY", "STORED"], &entries.iter().map(row).collect::<Vec<_>>());
}

/// A key as JSON shows it.
pub(super) fn shown(entry: &SharedCredentialEntry) -> serde_json::Value {
    json!({"place": entry.place.number(), "hint": entry.hint, "set_at": entry.set_at.to_string()})
}
