//! The targets of routes.

use super::load::target_models;
use super::providers;
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::targets;
use crate::stored::{json, limit_columns};
use diesel::prelude::*;
use switchyard_domain::ids::{ProviderId, TargetId};
use switchyard_domain::route::{Strategy, TargetModels};
use switchyard_ports::repositories::NewTarget;

/// A stored target, as far as it can be known again.
struct Known {
    id: i64,
    provider: i64,
    models: TargetModels,
}

/// Removes all that lead to a provider, whichever route they are of.
pub(super) fn delete_at(connection: &mut AnyConnection, provider: ProviderId) -> Result<(), Fault> {
    diesel::delete(targets::table.filter(targets::provider_id.eq(provider.0))).execute(connection)?;
    Ok(())
}

/// Removes one.
pub(super) fn delete(connection: &mut AnyConnection, id: TargetId) -> Result<(), Fault> {
    diesel::delete(targets::table.find(id.0)).execute(connection)?;
    Ok(())
}

/// Makes one name these models. It stays what it was to limits and turns.
pub(super) fn name(connection: &mut AnyConnection, id: TargetId, models: &TargetModels) -> Result<(), Fault> {
    let (model, listed) = model_columns(models)?;
    diesel::update(targets::table.find(id.0))
        .set((targets::model.eq(model), targets::models.eq(listed)))
        .execute(connection)?;
    Ok(())
}

/// The models as they are stored: the first, and the list of all where that says more.
fn model_columns(models: &TargetModels) -> Result<(&str, Option<String>), Fault> {
    let listed = if models.named().len() == 1 { None } else { Some(json(&models.named())?) };
    Ok((models.first().unwrap_or_default(), listed))
}

/// Replaces the list of targets. A target of the same provider and models keeps its id, so that limits and turns that count by it
/// go on when a route is edited.
pub(super) fn put(connection: &mut AnyConnection, route: i64, list: &[NewTarget]) -> Result<(), Fault> {
    let named: Vec<_> = list.iter().map(|target| target.provider).collect();
    providers::must_exist(connection, &named)?;
    let mut stored = known(connection, route)?;
    for (position, target) in (0_i32..).zip(list) {
        let (rpm, tpm, rpd, concurrency) = limit_columns(&target.limits);
        let (model, listed) = model_columns(&target.models)?;
        let facts = (
            targets::position.eq(position),
            targets::model.eq(model),
            targets::models.eq(listed),
            targets::weight.eq(i64::from(target.weight)),
            targets::priority.eq(i64::from(target.priority)),
            targets::strategy.eq(target.strategy.map(Strategy::as_str)),
            targets::rpm.eq(rpm),
            targets::tpm.eq(tpm),
            targets::rpd.eq(rpd),
            targets::concurrency.eq(concurrency),
            targets::conditions.eq(json(&target.when)?),
            targets::timeouts.eq(json(&target.timeouts)?),
            targets::metadata.eq(json(&target.metadata)?),
            targets::is_enabled.eq(target.is_enabled),
        );
        let same = |known: &Known| known.provider == target.provider.0 && known.models == target.models;
        if let Some(place) = stored.iter().position(same) {
            let Known { id, .. } = stored.remove(place);
            diesel::update(targets::table.find(id)).set(facts).execute(connection)?;
            continue;
        }
        let new = (targets::route_id.eq(route), targets::provider_id.eq(target.provider.0), facts);
        diesel::insert_into(targets::table).values(new).execute(connection)?;
    }
    for Known { id, .. } in stored {
        diesel::delete(targets::table.find(id)).execute(connection)?;
    }
    Ok(())
}

fn known(connection: &mut AnyConnection, route: i64) -> Result<Vec<Known>, Fault> {
    let rows: Vec<(i64, i64, String, Option<String>)> = targets::table
        .filter(targets::route_id.eq(route))
        .order((targets::position, targets::id))
        .select((targets::id, targets::provider_id, targets::model, targets::models))
        .load(connection)?;
    rows.into_iter()
        .map(|(id, provider, model, listed)| {
            Ok(Known { id, provider, models: target_models(model, listed.as_deref())? })
        })
        .collect()
}
