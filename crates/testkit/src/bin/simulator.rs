//! The simulated provider as a process: for benchmarks, and for tests that are no Rust.
//!
//! `simulator [--listen ADDRESS] [--key KEY] [--fixtures FOLDER] [--no-record]`

use std::error::Error;
use std::io::Write;

use switchyard_testkit::simulator::{Simulator, SimulatorBuilder};

const USAGE: &str = "usage: simulator [--listen ADDRESS] [--key KEY] [--fixtures FOLDER] [--no-record]";

fn main() -> Result<(), Box<dyn Error>> {
    let simulator = configured(std::env::args().skip(1))?.start()?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on {}", simulator.addr())?;
    out.flush()?;
    loop {
        std::thread::park();
    }
}

fn configured(mut args: impl Iterator<Item = String>) -> Result<SimulatorBuilder, Box<dyn Error>> {
    let mut builder = Simulator::builder();
    while let Some(name) = args.next() {
        let mut value = || args.next().ok_or(format!("{name} needs a value\n{USAGE}"));
        builder = match name.as_str() {
            "--listen" => builder.listen(value()?.parse()?),
            "--key" => builder.required_key(value()?),
            "--fixtures" => builder.fixtures(value()?),
            "--no-record" => builder.records(false),
            _ => return Err(format!("{name} is unknown\n{USAGE}").into()),
        };
    }
    Ok(builder)
}
