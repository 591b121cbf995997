//! `switchyard usage`

use super::{name, open};
use crate::arguments::{GroupName, UsageOptions};
use crate::failure::Failure;
use crate::output;
use serde_json::json;
use switchyard::Administration;
use switchyard::settings::Loaded;
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::time::Day;
use switchyard_domain::usage::{GroupBy, UsageFilter, UsageRow, UsageSums};

pub(crate) async fn run(loaded: &Loaded, options: &UsageOptions) -> Result<(), Failure> {
    let administration = open(loaded).await?;
    let filter = UsageFilter {
        from: options.from.as_deref().map(day).transpose()?.map(Day::start),
        to: options.to.as_deref().map(day).transpose()?.map(|day| day.next().start()),
        key: key_of(&administration, options.key.as_deref()).await?,
        user: None,
        include_simulated: options.include_simulated,
    };
    let group_by = group_by(options.by);
    let rows = administration.usage().report(filter, group_by).await?;
    let total = rows.iter().fold(UsageSums::default(), |total, row| total.plus(row.sums));
    if options.json {
        let items: Vec<_> = rows.iter().map(|row| sums_json(Some(&row.group), &row.sums)).collect();
        output::json(&json!({ "total": sums_json(None, &total), "items": items }));
    } else {
        let mut table: Vec<Vec<String>> = rows.iter().map(cells).collect();
        table.push(cells(&UsageRow { group: "total".to_owned(), sums: total }));
        output::table(&["GROUP", "CALLS", "ATTEMPTS", "INPUT", "OUTPUT", "COST USD", "UNPRICED"], &table);
    }
    Ok(())
}

fn group_by(name: GroupName) -> GroupBy {
    match name {
        GroupName::Day => GroupBy::Day,
        GroupName::Model => GroupBy::Model,
        GroupName::Key => GroupBy::Key,
        GroupName::Provider => GroupBy::Provider,
        GroupName::Route => GroupBy::Route,
        GroupName::Status => GroupBy::Status,
        GroupName::User => GroupBy::User,
    }
}

fn day(text: &str) -> Result<Day, Failure> {
    Day::parse(text).map_err(|_| Failure::usage(format!("`{text}` is not a day such as 2026-11-01")))
}

async fn key_of(administration: &Administration, key: Option<&str>) -> Result<Option<VirtualKeyId>, Failure> {
    let Some(key) = key else { return Ok(None) };
    Ok(Some(administration.keys().named(&name(key)?).await?.id))
}

fn cells(row: &UsageRow) -> Vec<String> {
    let sums = &row.sums;
    vec![
        row.group.clone(),
        sums.calls.to_string(),
        sums.attempts.to_string(),
        sums.input_tokens.to_string(),
        sums.output_tokens.to_string(),
        sums.cost.to_string(),
        sums.unpriced.to_string(),
    ]
}

fn sums_json(group: Option<&str>, sums: &UsageSums) -> serde_json::Value {
    let mut value = json!({
        "calls": sums.calls,
        "attempts": sums.attempts,
        "input_tokens": sums.input_tokens,
        "output_tokens": sums.output_tokens,
        "cost_usd": sums.cost.to_string(),
        "unpriced": sums.unpriced,
    });
    if let (Some(group), Some(object)) = (group, value.as_object_mut()) {
        object.insert("key".to_owned(), json!(group));
    }
    value
}
