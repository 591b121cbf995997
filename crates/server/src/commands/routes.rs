//! `switchyard routes`

use super::{name, open, writer};
use crate::arguments::{AddRoute, ModeName, RouteAction, RouteOptions, StrategyName};
use crate::failure::Failure;
use crate::output;
use serde_json::json;
use switchyard::declared::{DeclaredRoute, DeclaredTarget};
use switchyard::settings::Loaded;
use switchyard_domain::route::{RouteMode, Strategy};
use switchyard_orchestrator::admin::RouteState;

pub(crate) async fn run(loaded: &Loaded, options: RouteOptions) -> Result<(), Failure> {
    let administration = open(loaded).await?;
    let routes = administration.routes();
    match options.action {
        RouteAction::Add(options) => {
            let id = routes.add(&declared(&options)?, &writer()).await?;
            output::line(format!("added {} (id {id})", options.name));
        }
        RouteAction::List { json } => list(&routes.states().await?, json),
        RouteAction::Try { name: route, model } => {
            let order = routes.try_plan(&name(&route)?, model.as_deref()).await?;
            order.iter().zip(1..).for_each(|(target, place)| output::line(format!("{place}. {target}")));
        }
        RouteAction::Remove { name: route, dry_run } => {
            let route = name(&route)?;
            if dry_run {
                let known = routes.states().await?.iter().any(|known| known.route.name == route);
                if !known {
                    return Err(Failure::not_found(format!("there is no route {route}")));
                }
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
        targets: options
            .targets
            .iter()
            .zip(0..)
            .map(|(text, place)| target(text, place, options))
            .collect::<Result<_, _>>()?,
        ..DeclaredRoute::new(name(&options.name)?)
    })
}

/// A target of `provider/model`. Under failover the order is the priority; under any other strategy all are equal.
fn target(text: &str, place: u32, options: &AddRoute) -> Result<DeclaredTarget, Failure> {
    let (provider, model) = text
        .split_once('/')
        .ok_or_else(|| Failure::usage(format!("--target {text}: expected PROVIDER/MODEL")))?;
    Ok(DeclaredTarget {
        priority: if matches!(options.strategy, StrategyName::Failover) { place } else { 0 },
        ..DeclaredTarget::new(name(provider)?, model)
    })
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
            ]
        })
        .collect();
    output::table(&["NAME", "MODE", "STRATEGY", "STATE", "OWNER", "TARGETS"], &rows);
}
