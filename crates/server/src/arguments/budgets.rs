//! `switchyard budgets`

use super::limits::LimitOptions;
use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct BudgetOptions {
    #[command(subcommand)]
    pub(crate) action: BudgetAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BudgetAction {
    /// Set the budget and the limits of a scope. What is not named stays as it is.
    Set(SetBudget),
    /// List budgets and limits, and what was spent.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove the budget and the limits of a scope.
    Remove {
        /// `global`, `user:ID`, `provider:NAME` or `key:NAME`.
        scope: String,
        /// Say what would be removed, and remove nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SetBudget {
    /// `global`, `user:ID`, `provider:NAME` or `key:NAME`.
    pub(crate) scope: String,
    /// The budget in US dollars, such as 10 or 0.25.
    #[arg(long, value_name = "USD")]
    pub(crate) amount: Option<String>,
    /// When the budget begins anew; each month, if it is new.
    #[arg(long, value_enum, requires = "amount")]
    pub(crate) window: Option<WindowName>,
    /// The time zone by whose calendar it does; UTC, if it is new.
    #[arg(long, value_name = "ZONE", requires = "amount")]
    pub(crate) zone: Option<String>,
    #[command(flatten)]
    pub(crate) limits: LimitOptions,
    /// Take the budget and the limits away that are not named.
    #[arg(long)]
    pub(crate) replace: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum WindowName {
    Total,
    Day,
    Week,
    Month,
}
