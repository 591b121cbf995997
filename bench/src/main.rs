//! What a call costs through the gateway, beside a plain reverse proxy and the least that the gateway's own framework can do.
//!
//! A program, not a test: it starts all that takes part, measures in turns, prints figures and asserts none.
//! This program does not know about the gateway's insides: it talks HTTP to it and reads what the kernel says of its process.

mod arguments;
mod clock;
mod dialect;
mod load;
mod process;
mod report;
mod rounds;
mod scenario;
mod statistics;
mod targets;
mod upstream;
mod wire;

use anyhow::{Result, bail};
use arguments::Arguments;
use clap::Parser;
use std::io::Write;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The causes on one line; where in the program it arose helps nobody who runs it.
            writeln!(std::io::stderr(), "bench: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.serve_upstream {
        return upstream::serve();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        // Interrupted, it ends by the ordinary way, on which everything that was started is stopped.
        tokio::select! {
            outcome = rounds::run(&arguments) => outcome,
            _ = tokio::signal::ctrl_c() => bail!("interrupted"),
            _ = terminate.recv() => bail!("told to end"),
        }
    })?;
    if let Some(path) = &arguments.json {
        report::write_json(path, &arguments, &outcome)?;
    }
    report::print(&mut std::io::stdout().lock(), &arguments, &outcome)
}
