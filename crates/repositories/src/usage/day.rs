//! How many requests of a day count for limits: of targets from sums of their own, of everybody else from the daily sums.

use super::total::total;
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::{target_days, usage_daily};
use diesel::prelude::*;
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::time::Day;
use switchyard_domain::usage::{Outcome, RequestsOf};

/// Keys in one statement; SQLite takes at most 32,766 parameters.
const KEYS_AT_ONCE: usize = 10_000;

/// By the word of the scope.
type Requests = Vec<(String, u64)>;

pub(super) fn requests(connection: &mut AnyConnection, day: Day, of: &RequestsOf) -> Result<Requests, Fault> {
    match of {
        RequestsOf::Targets => {
            let rows: Vec<(i64, i64)> = target_days::table
                .filter(target_days::day.eq(day.0))
                .select((target_days::target_id, target_days::requests))
                .load(connection)?;
            Ok(rows.into_iter().map(|(target, sum)| (format!("target:{target}"), count(sum))).collect())
        }
        RequestsOf::Models => {
            let rows: Vec<(i64, String, Option<i64>)> = usage_daily::table
                .filter(usage_daily::day.eq(day.0))
                .filter(usage_daily::outcome.eq_any(Outcome::of_the_day()))
                .group_by((usage_daily::provider_id, usage_daily::model))
                .select((
                    usage_daily::provider_id,
                    usage_daily::model,
                    total!(usage_daily::attempts.nullable()),
                ))
                .load(connection)?;
            let word = |(provider, model, sum): (i64, String, Option<i64>)| {
                (format!("model:{provider}/{model}"), count(sum.unwrap_or(0)))
            };
            Ok(rows.into_iter().map(word).collect())
        }
        RequestsOf::Providers => {
            let rows: Vec<(i64, Option<i64>)> = usage_daily::table
                .filter(usage_daily::day.eq(day.0))
                .filter(usage_daily::outcome.eq_any(Outcome::of_the_day()))
                .group_by(usage_daily::provider_id)
                .select((usage_daily::provider_id, total!(usage_daily::attempts.nullable())))
                .load(connection)?;
            Ok(words("provider", rows))
        }
        RequestsOf::Users => {
            let rows: Vec<(i64, Option<i64>)> = usage_daily::table
                .filter(usage_daily::day.eq(day.0))
                .filter(usage_daily::user_id.ne(0))
                .group_by(usage_daily::user_id)
                .select((usage_daily::user_id, total!(usage_daily::calls.nullable())))
                .load(connection)?;
            Ok(words("user", rows))
        }
        RequestsOf::Keys(keys) => of_keys(connection, day, keys),
        RequestsOf::Everybody => {
            let sum: Option<i64> = usage_daily::table
                .filter(usage_daily::day.eq(day.0))
                .select(total!(usage_daily::calls.nullable()))
                .first(connection)?;
            Ok(sum.into_iter().map(|sum| ("global".to_owned(), count(sum))).collect())
        }
    }
}

fn of_keys(connection: &mut AnyConnection, day: Day, keys: &[VirtualKeyId]) -> Result<Requests, Fault> {
    let mut requests = Requests::new();
    for keys in keys.chunks(KEYS_AT_ONCE) {
        let rows: Vec<(i64, Option<i64>)> = usage_daily::table
            .filter(usage_daily::day.eq(day.0))
            .filter(usage_daily::key_id.eq_any(keys.iter().map(|key| key.0)))
            .group_by(usage_daily::key_id)
            .select((usage_daily::key_id, total!(usage_daily::calls.nullable())))
            .load(connection)?;
        requests.extend(words("key", rows));
    }
    Ok(requests)
}

fn words(kind: &str, rows: Vec<(i64, Option<i64>)>) -> Requests {
    rows.into_iter().map(|(id, sum)| (format!("{kind}:{id}"), count(sum.unwrap_or(0)))).collect()
}

fn count(sum: i64) -> u64 {
    u64::try_from(sum).unwrap_or(0)
}
