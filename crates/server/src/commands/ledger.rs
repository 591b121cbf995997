//! `switchyard ledger`

use super::open;
use crate::arguments::{LedgerAction, LedgerOptions};
use crate::failure::Failure;
use crate::output;
use switchyard::settings::Loaded;

pub(crate) async fn run(loaded: &Loaded, options: &LedgerOptions) -> Result<(), Failure> {
    let LedgerAction::Verify { json } = options.action;
    let check = open(loaded).await?.usage().verify().await?;
    if json {
        output::json(&serde_json::json!(check));
    } else {
        for problem in &check.problems {
            output::line(format!("{}: {}", problem.place, problem.difference));
        }
        output::line(format!(
            "{} events, {} entries, {} counters of budgets, {} USD: {}",
            check.events,
            check.entries,
            check.counters,
            check.total,
            if check.problems.is_empty() { "the books agree" } else { "THE BOOKS DIFFER" }
        ));
    }
    if check.problems.is_empty() {
        Ok(())
    } else {
        Err(Failure::runtime(format!("{} differences in the books", check.problems.len())))
    }
}
