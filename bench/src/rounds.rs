//! The interleaved run: for each load, every way in turn, again and again, so that whatever else the machine does meets all
//! of them alike.

use crate::arguments::{Arguments, Provider};
use crate::clock::now;
use crate::dialect::Dialect;
use crate::load::Exchange;
use crate::process::Process;
use crate::report::{Line, Measured, Outcome, Round};
use crate::scenario::{ALL, Scenario};
use crate::statistics::percentile;
use crate::targets::{self, Gateway, Target};
use anyhow::{Context, Result};
use nix::time::{ClockId, clock_gettime};
use std::io::Write;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// How often it is looked whether a process is quiet, and the most CPU that a quiet one uses in between.
const LOOK: Duration = Duration::from_millis(50);
const QUIET: Duration = Duration::from_millis(1);
/// A process that is not quiet by then never will be.
const RESTLESS: Duration = Duration::from_secs(30);

/// All that runs. What is dropped first is stopped first.
struct Stand {
    targets: Vec<Target>,
    upstream: Process,
    _folder: TempDir,
}

impl Stand {
    async fn start(arguments: &Arguments) -> Result<Self> {
        // Beside the binaries, for that is a disk; the folder for temporary files may be memory, where a sync costs nothing.
        let beside = std::env::current_exe()?.parent().context("no folder")?.to_owned();
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(beside)?;
        let mut command = match arguments.upstream {
            Provider::Prepared => Command::new(std::env::current_exe()?),
            Provider::Simulator => Command::new(arguments.binary("simulator")?),
        };
        match arguments.upstream {
            Provider::Prepared => command.arg("--serve-upstream"),
            Provider::Simulator => command.args(["--listen", "127.0.0.1:0", "--no-record"]),
        };
        let (upstream, address) = Process::listening(&mut command)?;
        let mut stand = Self { targets: Vec::new(), upstream, _folder: folder };
        for way in &arguments.ways {
            let target = targets::start(*way, address, arguments, stand._folder.path()).await?;
            stand.targets.push(target);
        }
        Ok(stand)
    }

    /// Who takes part in a load: a line of its table each.
    fn lines(&self, scenario: &Scenario) -> Vec<(&Target, Line)> {
        let of = |target: &'_ Target| scenario.dialects_on(target.way, &target.caller);
        let lines =
            self.targets.iter().flat_map(|target| of(target).iter().map(move |dialect| (target, *dialect)));
        lines.map(|(target, dialect)| (target, Line { way: target.way, dialect })).collect()
    }

    async fn round(
        &self,
        target: &Target,
        dialect: Dialect,
        scenario: &Scenario,
        duration: Duration,
    ) -> Result<Round> {
        let request = scenario.request(&target.caller, dialect, target.address);
        let ready = scenario.load(target.address, &request).connect().await?;
        self.quiet(target).await?;
        let (used, upstream, clients) = (self.cpu(target)?, self.upstream.cpu()?, own_cpu()?);
        let seen = ready.run(duration).await?;
        let (upstream, clients) = (self.upstream.cpu()? - upstream, own_cpu()? - clients);
        let resident_kib = target.process.as_ref().map(Process::resident_kib).transpose()?;
        // What a call leaves to be done after its answer is a part of what it costs.
        self.quiet(target).await?;
        let cpu = match target.process {
            Some(_) => Some(self.cpu(target)? - used),
            None => None,
        };
        let calls = seen.exchanges.len() as u64;
        let times = |of: fn(&Exchange) -> Option<Duration>| {
            let mut times: Vec<u64> =
                seen.exchanges.iter().filter_map(of).map(|time| time.as_nanos() as u64).collect();
            (percentile(&mut times, 0.5), percentile(&mut times, 0.99))
        };
        Ok(Round {
            calls,
            chunks: scenario.chunks().map(|chunks| chunks as u64 * calls),
            elapsed: seen.elapsed,
            cpu,
            upstream_cpu: upstream,
            clients_cpu: clients,
            resident_kib,
            total: times(|exchange| Some(exchange.total)),
            first_token: times(|exchange| exchange.first_token),
        })
    }

    fn cpu(&self, target: &Target) -> Result<Duration> {
        target.process.as_ref().map_or(Ok(Duration::ZERO), Process::cpu)
    }

    /// Waits until the target has done what it had to.
    async fn quiet(&self, target: &Target) -> Result<()> {
        let start = now();
        let (mut since, mut used) = (start, self.cpu(target)?);
        while since.elapsed() < target.lingers && start.elapsed() < RESTLESS {
            tokio::time::sleep(LOOK).await;
            let by_now = self.cpu(target)?;
            if by_now - used > QUIET {
                since = now();
            }
            used = by_now;
        }
        Ok(())
    }
}

fn own_cpu() -> Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?.into())
}

/// Starts everything, measures it and stops it.
pub(crate) async fn run(arguments: &Arguments) -> Result<Outcome> {
    let stand = Stand::start(arguments).await?;
    let mut measured = Vec::new();
    let asked = ALL.iter().filter(|scenario| scenario.title.contains(&arguments.only));
    for scenario in asked.filter(|scenario| !stand.lines(scenario).is_empty()) {
        writeln!(std::io::stderr(), "measuring: {}", scenario.title)?;
        measured.push(interleaved(&stand, scenario, arguments).await?);
    }
    let gateways = stand.targets.iter().filter_map(|target| Some((target.way, target.gateway.as_ref()?)));
    let books = gateways.map(|(way, gateway)| Ok((way, gateway.books()?))).collect::<Result<_>>()?;
    Ok(Outcome { books, measured })
}

async fn interleaved(stand: &Stand, scenario: &'static Scenario, arguments: &Arguments) -> Result<Measured> {
    let lines = stand.lines(scenario);
    let mut measured = Measured::new(scenario, lines.iter().map(|(_, line)| *line));
    for round in 0..arguments.rounds() {
        for turn in 0..lines.len() {
            // Each round begins with another, lest one always follow the same neighbour.
            let at = (round + turn) % lines.len();
            let Some((target, line)) = lines.get(at) else { continue };
            let figures = stand.round(target, line.dialect, scenario, arguments.duration()).await;
            let context = || {
                let log = target.gateway.as_ref().map(Gateway::last_words).unwrap_or_default();
                format!("{} through {}{log}", scenario.title, line.title())
            };
            measured.add(at, figures.with_context(context)?);
        }
    }
    Ok(measured)
}
