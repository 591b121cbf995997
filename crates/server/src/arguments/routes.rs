//! `switchyard routes`

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct RouteOptions {
    #[command(subcommand)]
    pub(crate) action: RouteAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RouteAction {
    /// Add a route.
    Add(AddRoute),
    /// List routes and their targets.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show in which order a call would try the targets. Nothing is called.
    Try {
        /// The route.
        name: String,
        /// The model that the caller names, for `specific` routes.
        #[arg(long)]
        model: Option<String>,
    },
    /// Remove a route.
    Remove {
        /// The route.
        name: String,
        /// Say what would be removed, and remove nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddRoute {
    /// Its name: what clients put in `model`.
    pub(crate) name: String,
    /// A target, as `provider/model`; may be repeated, in the order to try them.
    #[arg(long = "target", value_name = "PROVIDER/MODEL", required = true)]
    pub(crate) targets: Vec<String>,
    /// How targets are chosen.
    #[arg(long, value_enum, default_value_t = ModeName::Multi)]
    pub(crate) mode: ModeName,
    /// How equals share.
    #[arg(long, value_enum, default_value_t = StrategyName::Failover)]
    pub(crate) strategy: StrategyName,
    /// Refuse a call rather than leave out what the target can't express.
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ModeName {
    Auto,
    Specific,
    Multi,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum StrategyName {
    /// The first that works
    Failover,
    /// In turn, by weight
    RoundRobin,
    /// By a draw, by weight
    Weighted,
    /// The quicker of two
    LeastLatency,
    /// The fewest calls in flight
    LeastBusy,
    /// Where the call costs least
    Cheapest,
    /// The most left of its limits
    Headroom,
}
