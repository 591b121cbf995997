//! `switchyard keys`

use super::{name, open, writer};
use crate::arguments::{CreateKey, KeyAction, KeyOptions};
use crate::failure::Failure;
use crate::output;
use secrecy::ExposeSecret;
use serde_json::json;
use std::time::Duration;
use switchyard::orchestrator::admin::KeyRequest;
use switchyard::settings::Loaded;
use switchyard_domain::time::Timestamp;
use switchyard_domain::virtual_key::VirtualKey;

pub(crate) async fn run(loaded: &Loaded, options: KeyOptions) -> Result<(), Failure> {
    match options.action {
        KeyAction::Create(options) => create(loaded, options).await,
        KeyAction::List { json } => list(loaded, json).await,
        KeyAction::Revoke { name, dry_run } => revoke(loaded, &name, dry_run).await,
    }
}

async fn create(loaded: &Loaded, options: CreateKey) -> Result<(), Failure> {
    let request = KeyRequest {
        name: name(&options.name)?,
        models: options.models,
        limits: options.limits.named(),
        expires_at: options
            .expires
            .as_deref()
            .map(|text| expiry(text, switchyard::system_clock().now()))
            .transpose()?,
        user: None,
        tags: Vec::new(),
        budget: None,
    };
    let created = open(loaded).await?.keys().create(request, &writer()).await?;
    let key = created.key.expose_secret();
    if options.json {
        output::json(
            &json!({ "id": created.id.0, "name": options.name, "prefix": created.prefix, "key": key }),
        );
    } else {
        output::line(key);
        output::line("Keep it now: it is not shown again.");
    }
    Ok(())
}

/// `30d`, `12h`, `45m`, or an RFC 3339 time.
fn expiry(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let units = [('d', 86_400), ('h', 3_600), ('m', 60)];
    for (unit, seconds) in units {
        if let Some(count) = text.strip_suffix(unit).and_then(|count| count.parse::<u32>().ok()) {
            return Ok(now.after(Duration::from_secs(u64::from(count) * seconds)));
        }
    }
    Timestamp::parse(text)
        .map_err(|error| Failure::usage(format!("--expires: {error}, nor a span such as 30d or 12h")))
}

async fn list(loaded: &Loaded, as_json: bool) -> Result<(), Failure> {
    let keys = open(loaded).await?.keys().list().await?;
    if as_json {
        output::json(&keys.iter().map(to_json).collect());
        return Ok(());
    }
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|key| {
            vec![
                shown_name(&keys, key),
                format!("{}…", key.prefix),
                if key.is_active { "active" } else { "revoked" }.to_owned(),
                key.models.as_ref().map_or_else(|| "all".to_owned(), |models| models.join(",")),
                key.limits.rpm.map_or_else(|| "-".to_owned(), |rpm| rpm.to_string()),
                key.expires_at.map_or_else(|| "never".to_owned(), |at| at.to_string()),
                key.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_string()),
            ]
        })
        .collect();
    output::table(&["NAME", "KEY", "STATE", "MODELS", "RPM", "EXPIRES", "LAST USED"], &rows);
    Ok(())
}

/// With its id where several people have a key of that name, as other commands then want it.
fn shown_name(keys: &[VirtualKey], key: &VirtualKey) -> String {
    let is_alone = keys.iter().all(|other| other.id == key.id || other.name != key.name);
    if is_alone { key.name.to_string() } else { format!("{}#{}", key.name, key.id) }
}

fn to_json(key: &VirtualKey) -> serde_json::Value {
    json!({
        "id": key.id.0,
        "name": key.name.as_str(),
        "user": key.user.map(|user| user.0),
        "prefix": key.prefix,
        "is_active": key.is_active,
        "models": key.models,
        "limits": key.limits,
        "expires_at": key.expires_at.map(|at| at.to_string()),
        "last_used_at": key.last_used_at.map(|at| at.to_string()),
        "created_at": key.meta.created_at.to_string(),
        "owner": key.meta.owner.to_string(),
        "version": key.meta.version,
    })
}

async fn revoke(loaded: &Loaded, key: &str, dry_run: bool) -> Result<(), Failure> {
    let key = name(key)?;
    let administration = open(loaded).await?;
    if dry_run {
        administration.keys().named(&key).await?;
        output::line(format!("would revoke {key}"));
        return Ok(());
    }
    let id = administration.keys().revoke(&key, &writer()).await?;
    output::line(format!("revoked {key} (id {id})"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_a_span_or_a_time() {
        let now = Timestamp(0);
        assert_eq!(expiry("30d", now).unwrap(), Timestamp(30 * 86_400_000));
        assert_eq!(
            expiry("2026-12-01T00:00:00Z", now).unwrap(),
            Timestamp::parse("2026-12-01T00:00:00Z").unwrap()
        );
        assert!(expiry("soon", now).is_err());
        assert!(expiry("-1d", now).is_err());
    }
}
