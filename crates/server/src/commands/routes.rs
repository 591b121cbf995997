//! `switchyard routes`

use super::{name, open, writer};
use crate::arguments::{
    AddRoute, FailoverOnName, ModeName, NeedName, OnDisconnectName, RouteAction, RouteOptions, StrategyName,
    TryRoute,
};
use crate::failure::Failure;
use crate::output;
use serde_json::{Map, Value, json};
use switchyard::Name;
use switchyard::declared::{DeclaredRoute, DeclaredTarget};
use switchyard::settings::Loaded;
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::route::{Need, OnDisconnect, RouteMode, Strategy, Timeouts, When};
use switchyard_http::explained::DryRunShape;
use switchyard_orchestrator::admin::RouteState;
use switchyard_orchestrator::routing::{DryCall, DryRun};

pub(crate) async fn run(loaded: &Loaded, options: RouteOptions) -> Result<(), Failure> {
    let administration = open(loaded).await?;
    let routes = administration.routes();
    match options.action {
        RouteAction::Add(options) => {
            let id = routes.add(&declared(&options)?, &writer()).await?;
            output::line(format!("added {} (id {id})", options.name));
        }
        RouteAction::List { json } => list(&routes.states().await?, json),
        RouteAction::Try(options) => {
            let route = routes.named(&name(&options.name)?).await?.route;
            let run =
                administration.routing().await?.dry_run(route.id, &dry_call(&options)?, options.calls)?;
            if options.json {
                output::json(&json!(DryRunShape::from(&run)));
            } else {
                tell(&run, &options.name);
            }
        }
        RouteAction::Remove { name: route, dry_run } => {
            let route = name(&route)?;
            if dry_run {
                routes.named(&route).await?;
                output::line(format!("would remove {route}"));
            } else {
                routes.remove(&route, &writer()).await?;
                output::line(format!("removed {route}"));
            }
        }
    }
    Ok(())
}

fn declared(options: &AddRoute) -> Result<DeclaredRoute, Failure> {
    Ok(DeclaredRoute {
        mode: match options.mode {
            ModeName::Auto => RouteMode::Auto,
            ModeName::Specific => RouteMode::Specific,
            ModeName::Multi => RouteMode::Multi,
        },
        strategy: match options.strategy {
            StrategyName::Failover => Strategy::Failover,
            StrategyName::RoundRobin => Strategy::RoundRobin,
            StrategyName::Weighted => Strategy::Weighted,
            StrategyName::LeastLatency => Strategy::LeastLatency,
            StrategyName::LeastBusy => Strategy::LeastBusy,
            StrategyName::Cheapest => Strategy::Cheapest,
            StrategyName::Headroom => Strategy::Headroom,
        },
        strict: options.strict,
        fallback: options.fallback.as_deref().map(name).transpose()?,
        failover_on: match options.failover_on {
            FailoverOnName::ServerErrors => FailoverOn::ServerErrors,
            FailoverOnName::Availability => FailoverOn::Availability,
            FailoverOnName::Any => FailoverOn::Any,
        },
        on_disconnect: match options.on_disconnect {
            OnDisconnectName::Cancel => OnDisconnect::Cancel,
            OnDisconnectName::Drain => OnDisconnect::Drain,
        },
        timeouts: Timeouts {
            connect_ms: options.timeouts.connect_ms,
            first_content_ms: options.timeouts.first_content_ms,
            idle_ms: options.timeouts.idle_ms,
            total_ms: options.timeouts.total_ms,
        },
        enabled: !options.inactive,
        targets: options
            .targets
            .iter()
            .zip(0..)
            .map(|(text, place)| target(text, place, options))
            .collect::<Result<_, _>>()?,
        ..DeclaredRoute::new(name(&options.name)?)
    })
}

/// A target. Under failover the order is the priority, where none is said; under any other strategy all are equal.
fn target(text: &str, place: u32, options: &AddRoute) -> Result<DeclaredTarget, Failure> {
    let priority = if matches!(options.strategy, StrategyName::Failover) { place } else { 0 };
    if text.starts_with('{') {
        let wrong = |error| Failure::usage(format!("--target {text}: {error}"));
        let mut members: Map<String, Value> = serde_json::from_str(text).map_err(wrong)?;
        members.entry("priority").or_insert_with(|| priority.into());
        return serde_json::from_value(Value::Object(members)).map_err(wrong);
    }
    let (provider, model) = text.split_once('/').ok_or_else(|| {
        Failure::usage(format!("--target {text}: expected PROVIDER/MODEL or a JSON object"))
    })?;
    Ok(DeclaredTarget { priority, ..DeclaredTarget::new(name(provider)?, model) })
}

fn dry_call(options: &TryRoute) -> Result<DryCall, Failure> {
    if let Some(tag) = options.tags.iter().find(|tag| !When::is_tag(tag)) {
        return Err(Failure::usage(format!("--tag {tag}: no call can carry it")));
    }
    let needs = options.needs.iter().map(|need| match need {
        NeedName::Tools => Need::Tools,
        NeedName::Vision => Need::Vision,
        NeedName::JsonSchema => Need::JsonSchema,
    });
    Ok(DryCall {
        model: options.model.clone(),
        prompt_tokens: options.prompt_tokens,
        output_tokens: options.output_tokens,
        needs: needs.collect(),
        tags: options.tags.clone(),
        stream: options.stream,
    })
}

fn tell(run: &DryRun, asked: &str) {
    if !run.is_active {
        output::line(format!("{asked} is switched off and takes no calls; switched on it would do this:"));
    }
    // Most routes have none behind them.
    let of = |route: &str| if route == asked { String::new() } else { format!(" of {route}") };
    for (share, place) in run.shares.iter().zip(1..) {
        let calls =
            if run.calls > 1 { format!("{} of {} calls; ", share.calls, run.calls) } else { String::new() };
        output::line(format!("{place}. {}{}: {calls}{}", share.target, of(&share.route), share.rule));
        if let Some(avoided) = share.avoided {
            output::line(format!("   better not now: {avoided}"));
        }
    }
    for skipped in &run.skipped {
        output::line(format!("left out: {}{} ({})", skipped.target, of(&skipped.route), skipped.reason));
    }
    for passed in &run.passed {
        output::line(format!("passed over: the route {} ({})", passed.route, passed.why));
    }
}

fn list(routes: &[RouteState], as_json: bool) {
    if as_json {
        let items = routes.iter().map(|state| {
            let route = &state.route;
            json!({
                "id": route.id.0,
                "name": route.name.as_str(),
                "mode": route.mode.as_str(),
                "strategy": route.strategy.as_str(),
                "failover_on": route.failover_on.as_str(),
                "fallback": state.fallback.as_ref().map(Name::as_str),
                "is_active": route.is_active,
                "targets": state.target_names(),
                "owner": route.meta.owner.to_string(),
                "version": route.meta.version,
            })
        });
        output::json(&items.collect());
        return;
    }
    let rows: Vec<Vec<String>> = routes
        .iter()
        .map(|state| {
            let route = &state.route;
            vec![
                route.name.to_string(),
                route.mode.as_str().to_owned(),
                route.strategy.as_str().to_owned(),
                if route.is_active { "on" } else { "off" }.to_owned(),
                route.meta.owner.to_string(),
                state.target_names().join(" → "),
                state.fallback.as_ref().map(Name::to_string).unwrap_or_default(),
            ]
        })
        .collect();
    output::table(&["NAME", "MODE", "STRATEGY", "STATE", "OWNER", "TARGETS", "FALLBACK"], &rows);
}
