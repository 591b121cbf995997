//! The command line.

mod budgets;
mod configuration;
mod credentials;
mod limits;
mod routes;

pub(crate) use budgets::{BudgetAction, BudgetOptions, SetBudget, WindowName};
pub(crate) use configuration::{BackupOptions, DocumentOptions, ExportOptions, FormatName};
pub(crate) use credentials::CredentialAction;
use limits::LimitOptions;
pub(crate) use routes::{
    AddRoute, FailoverOnName, ModeName, NeedName, OnDisconnectName, RouteAction, RouteOptions, StrategyName,
    TryRoute,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use switchyard_domain::provider::SharedPlace;

/// One gateway to every LLM, with virtual keys, routes and an exact ledger.
#[derive(Debug, Parser)]
#[command(name = "switchyard", version, propagate_version = true)]
pub(crate) struct Arguments {
    /// YAML file of settings, providers and routes.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Directory of everything that is written, unless another setting names another place.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

impl Arguments {
    /// The flags that are settings.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        let mut set = |name: &str, value: Option<String>| {
            settings.extend(value.map(|value| (name.to_owned(), value)));
        };
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        set("config", path(&self.config));
        set("data_dir", path(&self.data_dir));
        if let Some(Command::Serve(serve)) = &self.command {
            set("listen", serve.listen.clone());
        }
        settings
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the gateway (the default).
    Serve(ServeOptions),
    /// Show every setting with where it comes from, and check files, secrets and database.
    Check(CheckOptions),
    /// Look at the database's schema and move it.
    Migrate(MigrateOptions),
    /// Accounts at vendors.
    Providers(ProviderOptions),
    /// Public model names and their targets.
    Routes(RouteOptions),
    /// Add what an empty database gets (vendors, the documented models, prices and routes), as far as their names are free.
    Seed,
    /// Virtual keys.
    Keys(KeyOptions),
    /// A way in for whoever runs this machine.
    Admin(AdminOptions),
    /// Limits and budgets of scopes: all calls, a user, a provider, a key.
    Budgets(BudgetOptions),
    /// What was used, and what it cost.
    Usage(UsageOptions),
    /// The books.
    Ledger(LedgerOptions),
    /// The log of what people did.
    Audit(AuditOptions),
    /// Seal every stored credential anew, beside a running server. A run that was broken off is taken up again.
    Rekey(RekeyOptions),
    /// Write all providers and routes as a document that can be applied again, without secrets.
    Export(ExportOptions),
    /// Show what applying a document would do, to the member. Ends with 2 where it would do anything.
    Plan(DocumentOptions),
    /// Make providers and routes what a document says, all of it or nothing. What is absent from it is switched off, never deleted.
    Apply(DocumentOptions),
    /// Show how what is stored differs from a document. Ends with 2 where it does.
    Drift(DocumentOptions),
    /// Write the backup of providers and routes with their keys, or restore it.
    Backup(BackupOptions),
    /// Show what would become of a call: route, targets, exact requests, losses, cost at most. Calls nobody.
    Explain(ExplainOptions),
}

impl Default for Command {
    fn default() -> Self {
        Self::Serve(ServeOptions::default())
    }
}

#[derive(Debug, Default, Args)]
pub(crate) struct ServeOptions {
    /// Addresses to listen on, comma-separated.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainOptions {
    /// The file of the call's body, in the client's dialect; `-` is standard input. Of a form, the JSON object of its fields.
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) body: PathBuf,
    /// The client's dialect.
    #[arg(long, value_name = "DIALECT", default_value = "openai-chat")]
    pub(crate) dialect: String,
    /// The model, in dialects that name it in the address.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// A stream, in dialects that ask for it in the address.
    #[arg(long)]
    pub(crate) stream: bool,
    /// As if the caller refused every loss.
    #[arg(long)]
    pub(crate) strict: bool,
    /// A header of the client's, such as `anthropic-beta: NAME`; may be repeated. Those that no provider is given mean nothing.
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) headers: Vec<(String, String)>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A header as it stands in a request.
fn header(line: &str) -> Result<(String, String), String> {
    let (name, value) =
        line.split_once(':').ok_or("a colon must stand between a header's name and its value")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

#[derive(Debug, Args)]
pub(crate) struct CheckOptions {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Also ask each provider for its models.
    #[arg(long)]
    pub(crate) online: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateOptions {
    #[command(subcommand)]
    pub(crate) action: MigrateAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MigrateAction {
    /// What was applied and what waits.
    Status,
    /// Apply what waits.
    Up,
    /// Take the last migrations back, with the data in what they made.
    Down {
        /// How many.
        #[arg(long, default_value_t = 1)]
        steps: u32,
        /// Yes, lose that data.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ProviderOptions {
    #[command(subcommand)]
    pub(crate) action: ProviderAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProviderAction {
    /// Add a provider. Its key comes from standard input, a file or the environment, never from an argument.
    Add(AddProvider),
    /// List providers and their models.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the vendors to choose from.
    Vendors,
    /// Add, replace, list or remove a provider's shared keys, with which calls take turns.
    Credentials {
        #[command(subcommand)]
        action: CredentialAction,
    },
    /// Ask a provider for its models: shows, step by step, whether address, TLS and key work, without a billed call.
    Test {
        /// The provider.
        name: String,
        /// The place of the key to test; without one, the first.
        #[arg(long, value_name = "PLACE", value_parser = credentials::place)]
        key: Option<SharedPlace>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Seconds to wait.
        #[arg(long)]
        timeout: Option<u64>,
    },
    /// Add the models that a provider lists.
    Discover {
        /// The provider.
        name: String,
    },
    /// Remove a provider with its models and its keys.
    Remove {
        /// The provider.
        name: String,
        /// Say what would be removed, and remove nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddProvider {
    /// Its name, the first half of `provider/model`.
    pub(crate) name: String,
    /// The vendor; see `providers vendors`.
    #[arg(long)]
    pub(crate) vendor: String,
    /// Where it is called, if not at the vendor's own address.
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// A model that it serves; may be repeated. Without any, `providers discover` asks for them.
    #[arg(long = "model", value_name = "ID")]
    pub(crate) models: Vec<String>,
    #[command(flatten)]
    pub(crate) key: KeySource,
}

/// Where a secret comes from.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct KeySource {
    /// Read the key from standard input.
    #[arg(long)]
    pub(crate) key_stdin: bool,
    /// Read the key from a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Read the key from this environment variable.
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) key_env: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct AdminOptions {
    #[command(subcommand)]
    pub(crate) action: AdminAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminAction {
    /// Make the link by which the first administrator is made. It opens once, for an hour, and ends all earlier ones.
    Link {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print an administrator's bearer token that lives as long as an access token, and can't be refreshed.
    Token {
        /// Of this administrator; else of the first one.
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct KeyOptions {
    #[command(subcommand)]
    pub(crate) action: KeyAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyAction {
    /// Make a key. It is shown once.
    Create(CreateKey),
    /// List keys.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Switch a key off, everywhere within a second. An administrator can switch it on again.
    Revoke {
        /// Its name; `name#id` where several people have a key of that name.
        name: String,
        /// Say what would be revoked, and revoke nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CreateKey {
    /// Its name.
    #[arg(long)]
    pub(crate) name: String,
    /// The routes and models that it may call, comma-separated (`fast,openai/gpt-4o,groq/*`); all if left out.
    #[arg(long, value_delimiter = ',')]
    pub(crate) models: Option<Vec<String>>,
    #[command(flatten)]
    pub(crate) limits: LimitOptions,
    /// When it ends: `30d`, `12h`, or an RFC 3339 time.
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct UsageOptions {
    /// What to group by.
    #[arg(long, value_enum, default_value_t = GroupName::Day)]
    pub(crate) by: GroupName,
    /// From this UTC day on (`2026-11-01`).
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// To this UTC day, itself included.
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// Of this key only, by name.
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// Count simulated models too.
    #[arg(long)]
    pub(crate) include_simulated: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum GroupName {
    Day,
    Model,
    Key,
    Provider,
    Route,
    Status,
    User,
}

#[derive(Debug, Args)]
pub(crate) struct LedgerOptions {
    #[command(subcommand)]
    pub(crate) action: LedgerAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerAction {
    /// Recompute every sum from the ledger and the events and compare.
    Verify {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RekeyOptions {
    /// Make a new encryption key first, and retire the present one once nothing stands under it.
    #[arg(long)]
    pub(crate) new: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AuditOptions {
    #[command(subcommand)]
    pub(crate) action: AuditVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditVerb {
    /// Show entries, the newest first.
    List(ListAudit),
    /// Check every entry, the end of the log, and the checkpoints of the data directory.
    Verify {
        /// A file that holds a `SECRET_KEY` of earlier, for what was written under it; may be repeated.
        #[arg(long = "older-key-file", value_name = "FILE")]
        older_keys: Vec<PathBuf>,
        /// Take it that entries up to this one, which were sealed under keys that are not given, are what was written.
        #[arg(long, value_name = "ENTRY")]
        accept_unproven: Option<i64>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ListAudit {
    /// Who: a user's name, `cli:<user>`, `file`, `seed`.
    #[arg(long)]
    pub(crate) actor: Option<String>,
    /// What, such as `create`, `sign_in` or `rekey`.
    #[arg(long)]
    pub(crate) action: Option<String>,
    /// To which object, such as `provider:3`.
    #[arg(long)]
    pub(crate) object: Option<String>,
    /// From this moment on (RFC 3339).
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Before this moment (RFC 3339).
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// Entries before this one.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) before: Option<i64>,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_cut_at_its_first_colon() {
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(header("anthropic-beta: a, b"), pair("anthropic-beta", "a, b"));
        assert_eq!(header("x:y:z"), pair("x", "y:z"));
        assert!(header("anthropic-beta").is_err());
    }
}
