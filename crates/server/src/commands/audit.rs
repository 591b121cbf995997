//! `switchyard audit`

use super::open_with;
use crate::arguments::{AuditOptions, AuditVerb, ListAudit};
use crate::failure::Failure;
use crate::output;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use switchyard::Builder;
use switchyard::settings::Loaded;
use switchyard_domain::audit::{AuditAction, AuditCheck, AuditEntry, AuditFilter};
use switchyard_domain::time::Timestamp;

pub(crate) async fn run(loaded: &Loaded, options: AuditOptions) -> Result<(), Failure> {
    match options.action {
        AuditVerb::List(options) => list(loaded, options).await,
        AuditVerb::Verify { older_keys, accept_unproven, json } => {
            verify(loaded, &older_keys, accept_unproven, json).await
        }
    }
}

async fn list(loaded: &Loaded, options: ListAudit) -> Result<(), Failure> {
    let filter = AuditFilter {
        actor: options.actor,
        action: options.action.as_deref().map(action).transpose()?,
        object: options.object,
        from: options.from.as_deref().map(moment).transpose()?,
        to: options.to.as_deref().map(moment).transpose()?,
    };
    let administration = open_with(loaded, Builder::leave_audit_log).await?;
    let entries = administration.audit().page(filter, options.before, options.limit).await?;
    if options.json {
        output::json(&json!(entries.iter().map(in_json).collect::<Vec<_>>()));
        return Ok(());
    }
    let rows: Vec<Vec<String>> = entries.iter().map(cells).collect();
    output::table(&["ENTRY", "AT", "WHO", "DID", "TO", "OUTCOME", "DETAILS"], &rows);
    Ok(())
}

fn action(word: &str) -> Result<AuditAction, Failure> {
    AuditAction::parse(word).ok_or_else(|| {
        let words: Vec<&str> = AuditAction::ALL.iter().map(|action| action.as_str()).collect();
        Failure::usage(format!("`{word}` is no action: expected one of {}", words.join(", ")))
    })
}

fn moment(text: &str) -> Result<Timestamp, Failure> {
    Timestamp::parse(text)
        .map_err(|_| Failure::usage(format!("`{text}` is not a time such as 2026-11-01T00:00:00Z")))
}

fn details(entry: &AuditEntry) -> Value {
    serde_json::from_str(&entry.details).unwrap_or_else(|_| json!(entry.details))
}

fn in_json(entry: &AuditEntry) -> Value {
    json!({
        "entry": entry.sequence,
        "at": entry.at.to_string(),
        "actor": entry.actor,
        "action": entry.action,
        "object": entry.object,
        "outcome": entry.outcome,
        "address": entry.address,
        "request_id": entry.request_id,
        "details": details(entry),
    })
}

fn cells(entry: &AuditEntry) -> Vec<String> {
    let told = match details(entry) {
        Value::Object(told) => {
            let told = told.iter().map(|(name, text)| format!("{name}={}", text.as_str().unwrap_or("?")));
            told.collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    };
    let texts = [&entry.actor, &entry.action, &entry.object, &entry.outcome, &told];
    let places = [entry.sequence.to_string(), entry.at.to_string()];
    places.into_iter().chain(texts.into_iter().map(|text| shown(text))).collect()
}

/// A text as a terminal may get it.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

async fn verify(
    loaded: &Loaded,
    older_keys: &[PathBuf],
    accepted: Option<i64>,
    json: bool,
) -> Result<(), Failure> {
    let older = older_keys.iter().map(|path| secret_of(path)).collect::<Result<Vec<_>, _>>()?;
    let administration = open_with(loaded, |builder| {
        older.into_iter().fold(builder.leave_audit_log(), |builder, key| builder.older_secret_key(key))
    })
    .await?;
    let check = administration.audit().verify().await?;
    if json {
        output::json(&told_in_json(&check, accepted));
    } else {
        tell(&check, accepted);
    }
    if check.checkpoints == 0 {
        tracing::warn!(
            "no checkpoint of the data directory was there to compare with: that the log was not cut off or put back is not shown"
        );
    }
    match (&check.problem, check.unproven_to) {
        (Some(problem), _) => Err(Failure::runtime(format!(
            "the audit log is not what was written: entry {}: {}",
            problem.sequence, problem.flaw
        ))),
        (None, Some(last)) if !check.is_whole(accepted) => Err(Failure::runtime(format!(
            "what the audit log holds up to entry {last} is not proven: give the keys that it was sealed under (--older-key-file), or, \
             if they were lost, take it as it is (--accept-unproven {last})"
        ))),
        _ => Ok(()),
    }
}

fn secret_of(path: &Path) -> Result<SecretString, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    Ok(SecretString::from(text.trim_end_matches(['\r', '\n'])))
}

fn told_in_json(check: &AuditCheck, accepted: Option<i64>) -> Value {
    json!({
        "entries": check.entries,
        "whole": check.is_whole(accepted),
        "unproven": check.unproven,
        "unproven_to": check.unproven_to,
        "checkpoints": {
            "compared": check.checkpoints,
            "newest": check.newest_checkpoint.map(|at| at.to_string()),
        },
        "problem": check.problem.as_ref().map(|problem| {
            json!({ "entry": problem.sequence, "what": problem.flaw.to_string() })
        }),
    })
}

fn tell(check: &AuditCheck, accepted: Option<i64>) {
    for (key, count) in &check.unproven {
        output::line(format!(
            "{count} entries were sealed under key {key}, which is not given (--older-key-file): that they follow each other is \
             shown, their content is not"
        ));
    }
    match check.newest_checkpoint {
        Some(newest) => output::line(format!(
            "compared with {} checkpoints of the data directory, the newest of {newest}",
            check.checkpoints
        )),
        None => output::line("compared with no checkpoint"),
    }
    let verdict = match (&check.problem, check.is_whole(accepted)) {
        (Some(_), _) => "THE LOG WAS CHANGED",
        (None, false) => "PARTS OF THE LOG ARE NOT PROVEN",
        (None, true) => "the log is whole",
    };
    output::line(format!("{} entries: {verdict}", check.entries));
}
