//! `switchyard providers`

use super::{name, open, writer};
use crate::arguments::{AddProvider, KeySource, ProviderAction, ProviderOptions};
use crate::failure::Failure;
use crate::output;
use secrecy::SecretString;
use serde_json::json;
use std::io::Read;
use std::time::Duration;
use switchyard::declared::DeclaredModel;
use switchyard::orchestrator::admin::{ProviderAdmin, ProviderRequest};
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
            list(providers, &providers.list().await?, json);
            Ok(())
        }
        ProviderAction::Vendors => {
            vendors(providers);
            Ok(())
        }
        ProviderAction::Test { name: provider, timeout } => {
            let probe = providers
                .test(&name(&provider)?, timeout.map_or(patience, Duration::from_secs), &writer())
                .await?;
            output::line(format!(
                "{provider} answers in {} ms and lists {} models",
                probe.latency.as_millis(),
                probe.models.len()
            ));
            Ok(())
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

fn read_key(source: &KeySource) -> Result<Option<SecretString>, Failure> {
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

fn list(admin: &ProviderAdmin, providers: &[Provider], as_json: bool) {
    if as_json {
        let items = providers.iter().map(|provider| {
            json!({
                "id": provider.id.0,
                "name": provider.name.as_str(),
                "vendor": provider.vendor,
                "base_url": provider.base_url,
                "is_enabled": provider.is_enabled,
                "models": provider.models.iter().map(|model| &model.model).collect::<Vec<_>>(),
                "credential": provider.credential.as_ref().map(|credential| json!({
                    "hint": admin.shown_hint(provider),
                    "set_at": credential.meta.updated_at.to_string(),
                })),
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
                admin.shown_hint(provider).unwrap_or_else(|| "none".to_owned()),
                format!("{}{}", models.join(" "), if more > 0 { format!(" +{more}") } else { String::new() }),
            ]
        })
        .collect();
    output::table(&["NAME", "VENDOR", "STATE", "OWNER", "KEY", "MODELS"], &rows);
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
