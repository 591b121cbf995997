//! `switchyard providers`

use super::{credentials, name, open, writer};
use crate::arguments::{AddProvider, KeySource, ProviderAction, ProviderOptions};
use crate::failure::Failure;
use crate::output;
use secrecy::SecretString;
use serde_json::json;
use std::io::Read;
use std::time::Duration;
use switchyard::Administration;
use switchyard::declared::DeclaredModel;
use switchyard::orchestrator::admin::{ProviderAdmin, ProviderRequest};
use switchyard::orchestrator::error::AdminError;
use switchyard::ports::probe::{ProbeReport, StageOutcome, StageReport};
use switchyard::settings::Loaded;
use switchyard_domain::provider::Provider;

/// No vendor's key is nearly this long.
const MAX_KEY_BYTES: u64 = 64 * 1024;

pub(crate) async fn run(loaded: &Loaded, options: ProviderOptions) -> Result<(), Failure> {
    let administration = open(loaded).await?;
    let providers = administration.providers();
    let patience = loaded.settings.upstream.provider_test_timeout;
    match options.action {
        ProviderAction::Add(options) => add(providers, options).await,
        ProviderAction::List { json } => {
            list(&administration, &providers.list().await?, json);
            Ok(())
        }
        ProviderAction::Credentials { action } => {
            credentials::run(administration.shared_credentials(), action).await
        }
        ProviderAction::Vendors => {
            vendors(providers);
            Ok(())
        }
        ProviderAction::Test { name: provider, key, json, timeout } => {
            let (named, by) = (name(&provider)?, writer());
            let timeout = timeout.map_or(patience, Duration::from_secs);
            let report = match key {
                Some(place) => administration.shared_credentials().test(&named, place, timeout, &by).await?,
                None => providers.test(&named, timeout, &by).await?,
            };
            tested(&provider, &report, json)
        }
        ProviderAction::Discover { name: provider } => {
            let fresh = providers.discover(&name(&provider)?, patience, &writer()).await?;
            fresh.iter().for_each(|model| output::line(format!("{provider}/{model}")));
            output::line(format!("{} models added", fresh.len()));
            Ok(())
        }
        ProviderAction::Remove { name: provider, dry_run } => remove(providers, &provider, dry_run).await,
    }
}

async fn add(providers: &ProviderAdmin, options: AddProvider) -> Result<(), Failure> {
    let model = |id: &String| DeclaredModel { model: id.clone(), ..DeclaredModel::default() };
    let request = ProviderRequest {
        name: name(&options.name)?,
        vendor: options.vendor,
        base_url: options.base_url,
        api_key: read_key(&options.key)?,
        models: options.models.iter().map(model).collect(),
        is_enabled: true,
    };
    let id = providers.add(request, &writer()).await?;
    output::line(format!("added {} (id {id})", options.name));
    if options.models.is_empty() {
        output::line(format!("it lists no models yet: switchyard providers discover {}", options.name));
    }
    Ok(())
}

/// Shows the steps of a test; one that failed is how the command ends.
fn tested(provider: &str, report: &ProbeReport, as_json: bool) -> Result<(), Failure> {
    if as_json {
        let stages = report.stages.iter().map(|stage| {
            json!({
                "stage": stage.stage.as_str(),
                "outcome": stage.outcome.as_str(),
                "ms": millis(stage.took),
                "reason": stage.outcome.reason(),
            })
        });
        let models: Vec<&str> = report.models.iter().map(|model| model.id.as_str()).collect();
        output::json(&json!({
            "provider": provider,
            "stages": stages.collect::<Vec<_>>(),
            "status": report.status,
            "models": models,
        }));
    } else {
        let row = |stage: &StageReport| {
            let (outcome, reason) = (stage.outcome.as_str(), stage.outcome.reason().unwrap_or_default());
            let took = if stage.outcome == StageOutcome::Skipped {
                String::new()
            } else {
                format!("{} ms", millis(stage.took))
            };
            vec![stage.stage.to_string(), outcome.to_owned(), took, reason.to_owned()]
        };
        output::table(&["STEP", "RESULT", "TIME", ""], &report.stages.iter().map(row).collect::<Vec<_>>());
    }
    if let Some(fault) = &report.fault {
        return Err(AdminError::from(fault.clone()).into());
    }
    if !as_json {
        let (took, models) = (report.took().as_millis(), report.models.len());
        output::line(format!("{provider} answers in {took} ms and lists {models} models"));
    }
    Ok(())
}

/// Milliseconds, to the tenth.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

pub(super) fn read_key(source: &KeySource) -> Result<Option<SecretString>, Failure> {
    if source.key_stdin {
        return limited(std::io::stdin().lock(), "standard input").map(Some);
    }
    if let Some(path) = &source.key_file {
        let file = std::fs::File::open(path).map_err(|error| {
            Failure::usage(format!("the key file {} can't be read: {error}", path.display()))
        })?;
        return limited(file, "the key file").map(Some);
    }
    if let Some(variable) = &source.key_env {
        #[expect(clippy::disallowed_methods, reason = "the process environment is this crate's to read")]
        let value = std::env::var(variable);
        let value =
            value.map_err(|_| Failure::usage(format!("the environment variable {variable} is not set")))?;
        return Ok(Some(SecretString::from(value)));
    }
    Ok(None)
}

fn limited(source: impl Read, what: &str) -> Result<SecretString, Failure> {
    let mut text = String::new();
    source
        .take(MAX_KEY_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("the key can't be read from {what}: {error}")))?;
    if text.len() as u64 > MAX_KEY_BYTES {
        return Err(Failure::usage(format!("{what} holds more than a key")));
    }
    if text.trim().is_empty() {
        return Err(Failure::usage(format!("{what} holds no key")));
    }
    Ok(SecretString::from(text))
}

fn list(administration: &Administration, providers: &[Provider], as_json: bool) {
    let (admin, shared) = (administration.providers(), administration.shared_credentials());
    if as_json {
        let items = providers.iter().map(|provider| {
            let keys = shared.entries(provider);
            json!({
                "id": provider.id.0,
                "name": provider.name.as_str(),
                "vendor": provider.vendor,
                "base_url": provider.base_url,
                "is_enabled": provider.is_enabled,
                "models": provider.models.iter().map(|model| &model.model).collect::<Vec<_>>(),
                "credential": provider.credential().map(|credential| json!({
                    "hint": admin.shown_hint(provider),
                    "set_at": credential.meta.updated_at.to_string(),
                })),
                "credentials": keys.iter().map(credentials::shown).collect::<Vec<_>>(),
                "owner": provider.meta.owner.to_string(),
                "version": provider.meta.version,
            })
        });
        output::json(&items.collect());
        return;
    }
    let rows: Vec<Vec<String>> = providers
        .iter()
        .map(|provider| {
            let models: Vec<&str> =
                provider.models.iter().take(5).map(|model| model.model.as_str()).collect();
            let more = provider.models.len().saturating_sub(models.len());
            vec![
                provider.name.to_string(),
                provider.vendor.clone(),
                if provider.is_enabled { "on" } else { "off" }.to_owned(),
                provider.meta.owner.to_string(),
                shown_keys(admin, provider),
                format!("{}{}", models.join(" "), if more > 0 { format!(" +{more}") } else { String::new() }),
            ]
        })
        .collect();
    output::table(&["NAME", "VENDOR", "STATE", "OWNER", "KEY", "MODELS"], &rows);
}

/// What is shown of a provider's keys: the first, and how many there are besides.
fn shown_keys(admin: &ProviderAdmin, provider: &Provider) -> String {
    let Some(hint) = admin.shown_hint(provider) else { return "none".to_owned() };
    match provider.credentials.len().saturating_sub(1) {
        0 => hint,
        more => format!("{hint} +{more}"),
    }
}

fn vendors(providers: &ProviderAdmin) {
    let rows: Vec<Vec<String>> = providers
        .vendors()
        .iter()
        .map(|vendor| {
            vec![
                vendor.key.to_owned(),
                vendor.name.to_owned(),
                vendor.base_url.unwrap_or("--base-url is needed").to_owned(),
                if vendor.needs_credential { "yes" } else { "no" }.to_owned(),
            ]
        })
        .collect();
    output::table(&["VENDOR", "NAME", "ADDRESS", "NEEDS A KEY"], &rows);
}

async fn remove(providers: &ProviderAdmin, provider: &str, dry_run: bool) -> Result<(), Failure> {
    let provider = name(provider)?;
    if dry_run {
        let found = providers.find(&provider).await?;
        output::line(format!("would remove {provider} with {} models", found.models.len()));
    } else {
        providers.remove(&provider, &writer()).await?;
        output::line(format!("removed {provider}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_key_is_read_whole_or_not_at_all() {
        assert_eq!(limited(&b"sk-1\n"[..], "it").unwrap().expose_secret(), "sk-1\n");
        let longest = "k".repeat(64 * 1024);
        assert_eq!(limited(longest.as_bytes(), "it").unwrap().expose_secret().len(), longest.len());
        for bad in ["", " \n", &format!("{longest}k")] {
            assert!(limited(bad.as_bytes(), "it").is_err(), "{} bytes", bad.len());
        }
        assert!(limited(&b"\xff"[..], "it").is_err());
    }
}
