//! `switchyard rekey`

use super::{open, writer};
use crate::arguments::RekeyOptions;
use crate::failure::Failure;
use crate::output;
use serde_json::json;
use switchyard::orchestrator::rekey::{RekeyError, RekeyReport};
use switchyard::settings::Loaded;

pub(crate) async fn run(loaded: &Loaded, options: &RekeyOptions) -> Result<(), Failure> {
    let administration = open(loaded).await?;
    let report = administration.rekey().run(options.new, &writer()).await.map_err(failed)?;
    if options.json {
        output::json(&in_json(&report));
    } else {
        tell(&report);
    }
    if options.new && !report.is_new {
        tracing::warn!(
            "an earlier change of the encryption key was not done, and is now: no new key was made; run this again for one"
        );
    }
    match report.unreadable {
        0 => Ok(()),
        lost => Err(Failure::runtime(format!(
            "{lost} stored keys don't open with the encryption keys at hand: restore theirs, or save them again"
        ))),
    }
}

fn failed(error: RekeyError) -> Failure {
    match error {
        RekeyError::Rotation(error) => Failure::refused(error.to_string()),
        RekeyError::Admin(error) => error.into(),
    }
}

fn in_json(report: &RekeyReport) -> serde_json::Value {
    json!({
        "active": report.active,
        "new": report.is_new,
        "resealed": report.resealed,
        "unreadable": report.unreadable,
        "retired": report.retired,
        "keys": report.counts.iter().map(|(key, count)| json!({ "key": key, "sealed": count })).collect::<Vec<_>>(),
    })
}

fn tell(report: &RekeyReport) {
    output::line(format!("{} stored keys were sealed anew under key {}", report.resealed, report.active));
    let state = |key: &String| {
        if *key == report.active {
            "seals"
        } else if report.retired.contains(key) {
            "retired"
        } else {
            "opens"
        }
    };
    let rows: Vec<Vec<String>> = report
        .counts
        .iter()
        .map(|(key, count)| vec![key.clone(), count.to_string(), state(key).to_owned()])
        .collect();
    output::table(&["KEY", "SEALED", "STATE"], &rows);
}
