//! `switchyard budgets`

use super::{name, open, writer};
use crate::arguments::{BudgetAction, BudgetOptions, SetBudget, WindowName};
use crate::failure::Failure;
use crate::output;
use switchyard::Administration;
use switchyard::orchestrator::admin::{QuotaRequest, QuotaState};
use switchyard::settings::Loaded;
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::limits::Limits;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;

pub(crate) async fn run(loaded: &Loaded, options: &BudgetOptions) -> Result<(), Failure> {
    let administration = open(loaded).await?;
    match &options.action {
        BudgetAction::Set(set) => put(&administration, set).await,
        BudgetAction::List { json } => list(&administration, *json).await,
        BudgetAction::Remove { scope, dry_run } => {
            let scope = parse(&administration, scope).await?;
            if *dry_run {
                let all = administration.quotas().list().await?;
                if all.iter().all(|state| state.quota.scope != scope) {
                    return Err(Failure::not_found(format!("{scope} has no budget and no limits")));
                }
                output::line(format!("would remove the budget and the limits of {scope}"));
                return Ok(());
            }
            administration.quotas().remove(scope, &writer()).await?;
            output::line(format!("removed the budget and the limits of {scope}"));
            Ok(())
        }
    }
}

async fn put(administration: &Administration, set: &SetBudget) -> Result<(), Failure> {
    let scope = parse(administration, &set.scope).await?;
    let named = set.limits.named();
    if set.amount.is_none() && named.is_none() {
        return Err(Failure::usage("name a limit or an amount; to have none, remove them".to_owned()));
    }
    let all = administration.quotas().list().await?;
    let before = all.into_iter().map(|state| state.quota).find(|quota| quota.scope == scope);
    let kept = before.as_ref().filter(|_| !set.replace);
    let limits = kept.map_or(Limits::NONE, |quota| quota.limits);
    let limits = Limits {
        rpm: named.rpm.or(limits.rpm),
        tpm: named.tpm.or(limits.tpm),
        rpd: named.rpd.or(limits.rpd),
        concurrency: named.concurrency.or(limits.concurrency),
    };
    let request = QuotaRequest {
        scope,
        limits,
        budget: budget(set, kept.and_then(|quota| quota.budget.as_ref()))?,
        // What is kept is what was read: nobody's change in between is taken back.
        expected_version: before.map(|quota| quota.meta.version),
    };
    let told = request.budget.as_ref().map_or_else(|| "no budget".to_owned(), ToString::to_string);
    administration.quotas().set(request, &writer()).await?;
    output::line(format!("{scope}: {told}{}", limits_in_words(&named)));
    Ok(())
}

/// The budget that is named, with what is not named of it as it was.
fn budget(set: &SetBudget, before: Option<&Budget>) -> Result<Option<Budget>, Failure> {
    let Some(amount) = &set.amount else { return Ok(before.cloned()) };
    let amount = NanoUsd::parse(amount)
        .ok_or_else(|| Failure::usage(format!("`{amount}` is no amount of US dollars such as 10 or 0.25")))?;
    let zone = match (&set.zone, before) {
        (None, Some(before)) => before.zone.clone(),
        (zone, _) => {
            Zone::new(zone.as_deref().unwrap_or("UTC")).map_err(|error| Failure::usage(error.to_string()))?
        }
    };
    let window = match set.window {
        None => before.map_or(BudgetWindow::Month, |before| before.window),
        Some(WindowName::Total) => BudgetWindow::Total,
        Some(WindowName::Day) => BudgetWindow::Day,
        Some(WindowName::Week) => BudgetWindow::Week,
        Some(WindowName::Month) => BudgetWindow::Month,
    };
    Ok(Some(Budget { amount, window, zone }))
}

/// A scope as people write it: keys and providers by their names.
async fn parse(administration: &Administration, text: &str) -> Result<QuotaScope, Failure> {
    match text.split_once(':') {
        Some(("key", key)) => Ok(QuotaScope::Key(administration.keys().named(&name(key)?).await?.id)),
        Some(("provider", provider)) => {
            Ok(QuotaScope::Provider(administration.providers().find(&name(provider)?).await?.id))
        }
        _ => QuotaScope::parse(text).map_err(|_| {
            let expected = "expected global, user:ID, provider:NAME or key:NAME";
            Failure::usage(format!("`{text}` is no scope: {expected}"))
        }),
    }
}

async fn list(administration: &Administration, json: bool) -> Result<(), Failure> {
    let all = administration.quotas().list().await?;
    if json {
        let shown: Vec<serde_json::Value> = all.iter().map(shown).collect();
        output::json(&serde_json::json!(shown));
        return Ok(());
    }
    for QuotaState { quota, spent } in &all {
        let budget = quota.budget.as_ref().map_or_else(|| "no budget".to_owned(), ToString::to_string);
        let spent = spent.map(|(_, spent)| format!(", {spent} USD spent")).unwrap_or_default();
        output::line(format!("{}: {budget}{spent}{}", quota.scope, limits_in_words(&quota.limits)));
    }
    Ok(())
}

fn limits_in_words(limits: &Limits) -> String {
    let stated = [
        ("requests a minute", limits.rpm.map(u64::from)),
        ("tokens a minute", limits.tpm),
        ("requests a day", limits.rpd.map(u64::from)),
        ("calls at once", limits.concurrency.map(u64::from)),
    ];
    stated.into_iter().filter_map(|(what, limit)| Some(format!(", {} {what}", limit?))).collect()
}

fn shown(state: &QuotaState) -> serde_json::Value {
    let QuotaState { quota, spent } = state;
    let Limits { rpm, tpm, rpd, concurrency } = quota.limits;
    serde_json::json!({
        "scope": quota.scope.to_string(),
        "limits": {"rpm": rpm, "tpm": tpm, "rpd": rpd, "concurrency": concurrency},
        "budget": quota.budget.as_ref().map(|budget| serde_json::json!({
            "amount_usd": budget.amount.to_string(),
            "window": budget.window.as_str(),
            "zone": budget.zone.to_string(),
        })),
        "spent_usd": spent.map(|(_, spent)| spent.to_string()),
        "begins_anew_at": spent.filter(|(span, _)| !span.is_endless()).map(|(span, _)| span.end.to_string()),
        "owner": quota.meta.owner.to_string(),
        "version": quota.meta.version,
    })
}
