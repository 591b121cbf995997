//! `switchyard export | plan | apply | drift`

use super::{open, writer};
use crate::arguments::{DocumentOptions, ExportOptions, FormatName};
use crate::environment;
use crate::failure::Failure;
use crate::output;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use switchyard::orchestrator::admin::{DocumentFormat, Drift, Plan, PlannedObject, Step, at_its_line};
use switchyard::orchestrator::error::AdminError;
use switchyard::settings::{DeclaredDocument, Loaded};
use switchyard_domain::difference::FieldChange;

pub(crate) async fn export(loaded: &Loaded, options: &ExportOptions) -> Result<(), Failure> {
    let format = match options.format {
        FormatName::Yaml => DocumentFormat::Yaml,
        FormatName::Json => DocumentFormat::Json,
    };
    let document = open(loaded).await?.declared().export().await?;
    output::line(format.write(&document)?.trim_end_matches('\n'));
    Ok(())
}

pub(crate) async fn plan(loaded: &Loaded, options: &DocumentOptions) -> Result<(), Failure> {
    let DeclaredDocument { declared, lines, says_nothing } = environment::document(&options.document)?;
    let administration = open(loaded).await?;
    if says_nothing {
        administration.declared().refuse_silence().await.map_err(|error| unusable(error, &lines))?;
    }
    let plan = administration.declared().plan(&declared).await;
    let plan = plan.map_err(|error| unusable(error, &lines))?;
    show(&plan, options.json, "would be ");
    if plan.is_settled() { Ok(()) } else { Err(Failure::differs("applying the document would change this")) }
}

pub(crate) async fn apply(loaded: &Loaded, options: &DocumentOptions) -> Result<(), Failure> {
    let DeclaredDocument { declared, lines, says_nothing } = environment::document(&options.document)?;
    let administration = open(loaded).await?;
    if says_nothing {
        administration.declared().refuse_silence().await.map_err(|error| unusable(error, &lines))?;
    }
    let plan = administration.declared().carry_out(&declared, &writer()).await;
    let plan = plan.map_err(|error| unusable(error, &lines))?;
    show(&plan, options.json, "");
    match plan.of(Step::Conflict).count() {
        0 => Ok(()),
        conflicts => Err(Failure::refused(format!("{conflicts} objects were left alone"))),
    }
}

pub(crate) async fn drift(loaded: &Loaded, options: &DocumentOptions) -> Result<(), Failure> {
    let DeclaredDocument { declared, lines, says_nothing, .. } = environment::document(&options.document)?;
    let administration = open(loaded).await?;
    if says_nothing {
        administration.declared().refuse_silence().await.map_err(|error| unusable(error, &lines))?;
    }
    let drift = administration.declared().drift(&declared).await;
    let drift = drift.map_err(|error| unusable(error, &lines))?;
    if options.json {
        output::json(&drift_in_json(&drift));
    } else {
        tell_drift(&drift);
    }
    if drift.is_none() { Ok(()) } else { Err(Failure::differs("the database differs from the document")) }
}

/// What is wrong with a document is a matter of configuration, told with its line.
fn unusable(error: AdminError, lines: &BTreeMap<String, u64>) -> Failure {
    match at_its_line(error, lines) {
        AdminError::Invalid { message, param } => {
            Failure::configuration(format!("{}: {message}; nothing was written", param.unwrap_or_default()))
        }
        error => error.into(),
    }
}

/// Shows a plan object by object; `before` stands before what is done to each.
pub(super) fn show(plan: &Plan, as_json: bool, before: &str) {
    if as_json {
        output::json(&in_json(plan));
        return;
    }
    for object in plan.objects.iter().filter(|object| object.step != Step::Unchanged) {
        output::line(format!("{} ({}): {before}{}", object.label(), object.owner, done(object)));
        object.differences.iter().for_each(|difference| output::line(format!("  {difference}")));
    }
    let count = |step| plan.of(step).count();
    output::line(format!(
        "{} to create, {} to change, {} to switch off, {} unchanged, {} in conflict",
        count(Step::Create),
        count(Step::Change),
        count(Step::Disable),
        count(Step::Unchanged),
        count(Step::Conflict),
    ));
}

fn done(object: &PlannedObject) -> String {
    match object.step {
        Step::Create => "created".to_owned(),
        Step::Change => {
            object.reason.as_ref().map_or_else(|| "changed".to_owned(), |reason| format!("changed: {reason}"))
        }
        Step::Disable => "switched off".to_owned(),
        Step::Unchanged => "left as it is".to_owned(),
        Step::Conflict => format!("left alone: {}", object.reason.as_deref().unwrap_or_default()),
    }
}

/// A plan in JSON.
pub(super) fn in_json(plan: &Plan) -> Value {
    let object = |object: &PlannedObject| {
        json!({
            "kind": object.kind.as_str(),
            "name": object.name.as_str(),
            "owner": object.owner.to_string(),
            "step": object.step.as_str(),
            "differences": object.differences,
            "reason": object.reason,
        })
    };
    let count = |step| plan.of(step).count();
    json!({
        "create": count(Step::Create),
        "change": count(Step::Change),
        "disable": count(Step::Disable),
        "unchanged": count(Step::Unchanged),
        "conflict": count(Step::Conflict),
        "objects": plan.objects.iter().map(object).collect::<Vec<_>>(),
    })
}

fn drift_in_json(drift: &Drift) -> Value {
    let undeclared = drift.undeclared.iter().map(|(kind, name, owner)| {
        json!({"kind": kind.as_str(), "name": name.as_str(), "owner": owner.to_string()})
    });
    let mut value = in_json(&drift.plan);
    if let Some(members) = value.as_object_mut() {
        members.insert("undeclared".to_owned(), undeclared.collect());
    }
    value
}

fn tell_drift(drift: &Drift) {
    for object in drift.plan.objects.iter().filter(|object| object.step != Step::Unchanged) {
        let told = match object.step {
            Step::Create => "is not in the database".to_owned(),
            Step::Disable => "is on in the database and not in the document".to_owned(),
            Step::Conflict => object.reason.clone().unwrap_or_default(),
            Step::Change | Step::Unchanged => "differs".to_owned(),
        };
        output::line(format!("{}: {told}", object.label()));
        if object.step == Step::Change {
            object.differences.iter().for_each(|difference| output::line(both_sides(difference)));
        }
    }
    for (kind, name, owner) in &drift.undeclared {
        output::line(format!("{} {name}: is not in the document (it belongs to `{owner}`)", kind.as_str()));
    }
    if drift.is_none() {
        output::line("the database is what the document says");
    }
}

fn both_sides(difference: &FieldChange) -> String {
    let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
    let (stored, declared) = (text(&difference.before), text(&difference.after));
    format!("  {}: the database has {stored}, the document {declared}", difference.field)
}
