//! `switchyard routes`

use clap::{Args, Subcommand, ValueEnum};
use switchyard::orchestrator::routing::MOST_RUNS;

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
    /// Show in which order calls would try the targets, those of the routes behind too, and which rule decides. Nothing is called.
    Try(TryRoute),
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
    /// A target, as `provider/model` or as the JSON object that a configuration document has for it, with its weight, priority,
    /// limits, condition and timeouts; may be repeated, in the order to try them.
    #[arg(long = "target", value_name = "PROVIDER/MODEL|JSON", required = true)]
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
    /// The route whose targets are tried after its own.
    #[arg(long, value_name = "ROUTE")]
    pub(crate) fallback: Option<String>,
    /// Which failures move on to another target.
    #[arg(long, value_enum, default_value_t = FailoverOnName::Availability)]
    pub(crate) failover_on: FailoverOnName,
    /// What becomes of a call whose client has gone.
    #[arg(long, value_enum, default_value_t = OnDisconnectName::Cancel)]
    pub(crate) on_disconnect: OnDisconnectName,
    #[command(flatten)]
    pub(crate) timeouts: TimeoutOptions,
    /// Add it switched off.
    #[arg(long)]
    pub(crate) inactive: bool,
}

/// How long the steps of a route's calls may take; what is not named is as the settings say.
#[derive(Debug, Args)]
pub(crate) struct TimeoutOptions {
    /// The most milliseconds to a connection.
    #[arg(long, value_name = "MS")]
    pub(crate) connect_ms: Option<u64>,
    /// The most milliseconds to the first content of an answer.
    #[arg(long, value_name = "MS")]
    pub(crate) first_content_ms: Option<u64>,
    /// The most milliseconds between two pieces of a stream.
    #[arg(long, value_name = "MS")]
    pub(crate) idle_ms: Option<u64>,
    /// The most milliseconds of a call with all its attempts.
    #[arg(long, value_name = "MS")]
    pub(crate) total_ms: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct TryRoute {
    /// The route.
    pub(crate) name: String,
    /// The model that the caller names, for `specific` routes.
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// How many calls.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_RUNS)))]
    pub(crate) calls: u32,
    /// The tokens of their prompts.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) prompt_tokens: u64,
    /// The most tokens that they want of an answer.
    #[arg(long, value_name = "N")]
    pub(crate) output_tokens: Option<u64>,
    /// What they need; may be repeated.
    #[arg(long = "need", value_enum)]
    pub(crate) needs: Vec<NeedName>,
    /// A tag that they carry; may be repeated.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// They want streams.
    #[arg(long)]
    pub(crate) stream: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum NeedName {
    Tools,
    Vision,
    JsonSchema,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FailoverOnName {
    /// Network faults, timeouts and 5xx
    ServerErrors,
    /// Also what follows from this server's account
    Availability,
    /// Also requests that were rejected
    Any,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum OnDisconnectName {
    /// It ends at once
    Cancel,
    /// It is read on for a while
    Drain,
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
