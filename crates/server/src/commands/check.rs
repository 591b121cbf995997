//! `switchyard check`: looks, and changes nothing.

use crate::arguments::CheckOptions;
use crate::certificate::Certificate;
use crate::failure::Failure;
use crate::output;
use serde_json::json;
use std::time::Duration;
use switchyard::orchestrator::error::AdminError;
use switchyard::ports::probe::ProbeReport;
use switchyard::settings::Loaded;
use switchyard::{Administration, Builder, DatabaseFound, Inspection};

pub(crate) async fn run(loaded: &Loaded, options: &CheckOptions) -> Result<(), Failure> {
    Certificate::of(&loaded.settings)?;
    let inspection = Builder::from_settings(&loaded.settings, None)?.inspect().await?;
    let patience = loaded.settings.upstream.provider_test_timeout;
    let probes = match &inspection.administration {
        Some(administration) if options.online => probe_all(administration, patience).await?,
        _ => Vec::new(),
    };
    if options.json {
        print_json(loaded, &inspection, &probes).await?;
    } else {
        print_text(loaded, &inspection, &probes).await?;
    }
    if let Some(Err(error)) = &inspection.redis {
        return Err(Failure::unreachable(error.clone()));
    }
    let mute = probes.iter().filter(|probe| !probe.answers).count();
    if mute > 0 {
        return Err(Failure::unreachable(format!("{mute} of {} providers don't answer", probes.len())));
    }
    Ok(())
}

/// What became of a provider's test.
struct Probe {
    text: String,
    answers: bool,
}

async fn probe_all(administration: &Administration, patience: Duration) -> Result<Vec<Probe>, Failure> {
    let mut probes = Vec::new();
    let needy: Vec<&str> = administration
        .providers()
        .vendors()
        .iter()
        .filter(|vendor| vendor.needs_credential)
        .map(|vendor| vendor.key)
        .collect();
    for provider in administration.providers().list().await? {
        // Calls leave out what is switched off and what has no credential, and so does this.
        let is_bare = provider.credential().is_none() && needy.contains(&provider.vendor.as_str());
        if !provider.is_enabled || is_bare {
            continue;
        }
        let name = &provider.name;
        probes.push(match administration.providers().test(name, patience, &super::writer()).await {
            Ok(ProbeReport { fault: Some(fault), .. }) => {
                Probe { text: format!("{name}: {}", AdminError::from(fault)), answers: false }
            }
            Ok(report) => {
                Probe { text: format!("{name}: answers in {} ms", report.took().as_millis()), answers: true }
            }
            Err(error) => Probe { text: format!("{name}: {error}"), answers: false },
        });
    }
    Ok(probes)
}

async fn providers(inspection: &Inspection) -> Result<Option<usize>, Failure> {
    let Some(administration) = &inspection.administration else { return Ok(None) };
    Ok(Some(administration.providers().list().await?.len()))
}

async fn print_json(loaded: &Loaded, inspection: &Inspection, probes: &[Probe]) -> Result<(), Failure> {
    let settings: Vec<_> = loaded
        .listing
        .iter()
        .map(|row| json!({ "name": row.variable, "value": row.text, "origin": row.origin.to_string() }))
        .collect();
    let (state, pending) = match &inspection.database {
        DatabaseFound::Absent => ("absent", Vec::new()),
        DatabaseFound::Behind(state) => ("behind", state.pending.clone()),
        DatabaseFound::Current => ("current", Vec::new()),
    };
    let missing: Vec<_> = inspection.missing_secrets.iter().map(|path| path.display().to_string()).collect();
    output::json(&json!({
        "settings": settings,
        "database": { "state": state, "pending": pending },
        "missing_secrets": missing,
        "redis": inspection.redis.as_ref().map(|found| if found.is_ok() { "connected" } else { "unreachable" }),
        "providers": providers(inspection).await?,
        "findings": probes.iter().map(|probe| &probe.text).collect::<Vec<_>>(),
    }));
    Ok(())
}

async fn print_text(loaded: &Loaded, inspection: &Inspection, probes: &[Probe]) -> Result<(), Failure> {
    let rows: Vec<Vec<String>> = loaded
        .listing
        .iter()
        .map(|row| vec![row.variable.clone(), row.text.clone(), row.origin.to_string()])
        .collect();
    output::table(&["SETTING", "VALUE", "FROM"], &rows);
    match &inspection.database {
        DatabaseFound::Absent => output::line("the database is not there yet: the first start makes it"),
        DatabaseFound::Behind(state) => output::line(format!(
            "{} migrations wait, which the next start applies: {}",
            state.pending.len(),
            state.pending.join(", ")
        )),
        DatabaseFound::Current => {}
    }
    for path in &inspection.missing_secrets {
        output::line(format!("{} is not there yet: the first start makes it", path.display()));
    }
    if let Some(Ok(())) = &inspection.redis {
        output::line("Redis answers");
    }
    probes.iter().for_each(|probe| output::line(&probe.text));
    output::line(match providers(inspection).await? {
        Some(count) => format!("settings, secrets and database are sound; {count} providers"),
        None => "the settings are sound".to_owned(),
    });
    Ok(())
}
