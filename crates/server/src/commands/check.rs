//! `switchyard check`

use super::open;
use crate::arguments::CheckOptions;
use crate::failure::Failure;
use crate::output;
use serde_json::json;
use switchyard::Administration;
use switchyard::settings::Loaded;

pub(crate) async fn run(loaded: &Loaded, options: &CheckOptions) -> Result<(), Failure> {
    let administration = open(loaded).await?;
    let providers = administration.providers().list().await?;
    let mut findings = Vec::new();
    if options.online {
        findings = test_all(loaded, &administration).await?;
    }
    if options.json {
        let settings: Vec<_> = loaded
            .listing
            .iter()
            .map(|row| json!({ "name": row.variable, "value": row.text, "origin": row.origin.to_string() }))
            .collect();
        output::json(&json!({ "settings": settings, "providers": providers.len(), "findings": findings }));
    } else {
        let rows: Vec<Vec<String>> = loaded
            .listing
            .iter()
            .map(|row| vec![row.variable.clone(), row.text.clone(), row.origin.to_string()])
            .collect();
        output::table(&["SETTING", "VALUE", "FROM"], &rows);
        findings.iter().for_each(output::line);
        output::line(format!("settings, secrets and database are sound; {} providers", providers.len()));
    }
    Ok(())
}

async fn test_all(loaded: &Loaded, administration: &Administration) -> Result<Vec<String>, Failure> {
    let patience = loaded.settings.upstream.provider_test_timeout;
    let mut findings = Vec::new();
    for provider in administration.providers().list().await? {
        findings.push(match administration.providers().test(&provider.name, patience).await {
            Ok(probe) => format!("{}: answers in {} ms", provider.name, probe.latency.as_millis()),
            Err(error) => format!("{}: {error}", provider.name),
        });
    }
    Ok(findings)
}
