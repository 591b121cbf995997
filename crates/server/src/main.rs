//! The process `switchyard`: arguments, environment, signals, sockets. It wires; what it wires lives in the libraries.

mod arguments;
mod banner;
mod certificate;
mod commands;
mod environment;
mod failure;
mod logging;
mod memory;
mod output;
mod serve;
mod setup_link;
mod unserved;

use arguments::{Arguments, Command};
use clap::Parser;
use failure::Failure;
use std::pin::Pin;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    memory::in_small_pages();
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure);
            failure.exit_code()
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::runtime(format!("the runtime can't start: {error}")))?;
    let loaded = environment::load(&arguments)?;
    let reader = environment::reader(&arguments, &loaded);
    let command = arguments.command.unwrap_or_default();
    let log_files = logging::begin(&loaded.settings.logging, matches!(command, Command::Serve(_)))?;
    switchyard::panics_tell_their_place_only();
    environment::tell(&loaded.warnings);
    // Boxed: `block_on` is compiled for each kind of runtime, and would be with all commands in it.
    let work: Pin<Box<dyn Future<Output = Result<(), Failure>>>> = Box::pin(async {
        match command {
            Command::Serve(_) => serve::run(loaded, reader, &log_files).await,
            Command::Check(options) => commands::check::run(&loaded, &options).await,
            Command::Migrate(options) => commands::migrate::run(&loaded, &options).await,
            Command::Providers(options) => commands::providers::run(&loaded, options).await,
            Command::Seed => commands::seed::run(&loaded).await,
            Command::Routes(options) => commands::routes::run(&loaded, options).await,
            Command::Admin(options) => commands::admin::run(&loaded, options).await,
            Command::Keys(options) => commands::keys::run(&loaded, options).await,
            Command::Budgets(options) => commands::budgets::run(&loaded, &options).await,
            Command::Usage(options) => commands::usage::run(&loaded, &options).await,
            Command::Ledger(options) => commands::ledger::run(&loaded, &options).await,
            Command::Audit(options) => commands::audit::run(&loaded, options).await,
            Command::Export(options) => commands::document::export(&loaded, &options).await,
            Command::Plan(options) => commands::document::plan(&loaded, &options).await,
            Command::Apply(options) => commands::document::apply(&loaded, &options).await,
            Command::Drift(options) => commands::document::drift(&loaded, &options).await,
            Command::Backup(options) => commands::backup::run(&loaded, options).await,
            Command::Rekey(options) => commands::rekey::run(&loaded, &options).await,
            Command::Explain(options) => commands::explain::run(&loaded, options).await,
        }
    });
    runtime.block_on(work)
}
