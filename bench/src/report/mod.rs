//! What was measured, and how it is shown.

mod figure;
mod machine;
mod markdown;

pub(crate) use figure::Figure;
pub(crate) use markdown::print;

use crate::arguments::Arguments;
use crate::dialect::Dialect;
use crate::scenario::Scenario;
use crate::statistics::Spread;
use crate::targets::{Books, Way};
use anyhow::Result;
use figure::Comparison;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// One measurement of one way.
pub(crate) struct Round {
    pub(crate) calls: u64,
    /// Content chunks of all answers.
    pub(crate) chunks: Option<u64>,
    pub(crate) elapsed: Duration,
    /// What the process between used, until it was quiet again.
    pub(crate) cpu: Option<Duration>,
    pub(crate) upstream_cpu: Duration,
    pub(crate) clients_cpu: Duration,
    pub(crate) resident_kib: Option<u64>,
    /// Nanoseconds to the last byte: median and 99th percentile.
    pub(crate) total: (Option<u64>, Option<u64>),
    /// Nanoseconds to the first content: median and 99th percentile.
    pub(crate) first_token: (Option<u64>, Option<u64>),
}

/// All that is known at the end.
pub(crate) struct Outcome {
    pub(crate) measured: Vec<Measured>,
    /// Those of each way through the gateway that took part.
    pub(crate) books: Vec<(Way, Books)>,
}

impl Outcome {
    /// The calls that the gateway answered on this way, the first ones of each connection included.
    fn calls_of(&self, way: Way) -> u64 {
        let calls = |measured: &Measured| {
            let first = measured.scenario.connections as u64;
            let ours = measured.lines.iter().filter(|(line, _)| line.way == way);
            ours.flat_map(|(_, rounds)| rounds).map(|round| round.calls + first).sum::<u64>()
        };
        self.measured.iter().map(calls).sum()
    }
}

/// A line of a load's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) way: Way,
    /// What the upstream spoke.
    pub(crate) dialect: Dialect,
}

impl Line {
    /// Where the upstream speaks what the client speaks.
    const fn same_dialect(way: Way) -> Self {
        Self { way, dialect: Dialect::OpenAi }
    }

    pub(crate) fn title(self) -> String {
        match self.dialect {
            Dialect::OpenAi => self.way.title().to_owned(),
            other => format!("{} to {}", self.way.title(), other.title()),
        }
    }
}

/// All rounds of one load.
pub(crate) struct Measured {
    scenario: &'static Scenario,
    lines: Vec<(Line, Vec<Round>)>,
}

impl Measured {
    pub(crate) fn new(scenario: &'static Scenario, lines: impl Iterator<Item = Line>) -> Self {
        Self { scenario, lines: lines.map(|line| (line, Vec::new())).collect() }
    }

    /// Adds a round of the line at this place.
    pub(crate) fn add(&mut self, at: usize, round: Round) {
        if let Some((_, rounds)) = self.lines.get_mut(at) {
            rounds.push(round);
        }
    }

    fn rounds(&self, line: Line) -> &[Round] {
        self.lines.iter().find(|(other, _)| *other == line).map_or(&[], |(_, rounds)| rounds)
    }

    fn spread(&self, line: Line, figure: Figure) -> Option<Spread> {
        Spread::of(self.rounds(line).iter().filter_map(|round| figure.of(round)))
    }

    /// One line against another: round by round, since what disturbed one half of a pair disturbed the other too.
    fn against(&self, line: Line, other: Line, figure: Figure) -> Option<Spread> {
        let pairs = self.rounds(line).iter().zip(self.rounds(other));
        Spread::of(pairs.filter_map(|(ours, theirs)| {
            let (ours, theirs) = (figure.of(ours)?, figure.of(theirs)?);
            match figure.comparison() {
                Comparison::Ratio => (theirs > 0.0).then(|| ours / theirs),
                Comparison::Difference => Some(ours - theirs),
            }
        }))
    }
}

/// Writes every round's figures as JSON.
pub(crate) fn write_json(path: &Path, arguments: &Arguments, outcome: &Outcome) -> Result<()> {
    let loads: Vec<Value> = outcome.measured.iter().map(load).collect();
    let document = json!({
        "machine": machine::facts(&arguments.nginx),
        "workers": arguments.workers,
        "loads": loads,
    });
    Ok(std::fs::write(path, serde_json::to_vec_pretty(&document)?)?)
}

fn load(measured: &Measured) -> Value {
    let ways: serde_json::Map<String, Value> = measured
        .lines
        .iter()
        .map(|(line, rounds)| (line.title(), rounds.iter().map(round).collect()))
        .collect();
    json!({"title": measured.scenario.title, "connections": measured.scenario.connections, "ways": ways})
}

fn round(round: &Round) -> Value {
    let micros = |time: Duration| time.as_nanos() as f64 / 1_000.0;
    json!({
        "calls": round.calls,
        "chunks": round.chunks,
        "elapsed_s": round.elapsed.as_secs_f64(),
        "cpu_us": round.cpu.map(micros),
        "upstream_cpu_us": micros(round.upstream_cpu),
        "clients_cpu_us": micros(round.clients_cpu),
        "resident_kib": round.resident_kib,
        "p50_ns": round.total.0,
        "p99_ns": round.total.1,
        "first_token_p50_ns": round.first_token.0,
        "first_token_p99_ns": round.first_token.1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::ALL;

    const OURS: Line = Line::same_dialect(Way::Switchyard);
    const BARE: Line = Line::same_dialect(Way::Bare);

    fn round(calls: u64, cpu_us: u64, p50_us: u64) -> Round {
        Round {
            calls,
            chunks: None,
            elapsed: Duration::from_secs(2),
            cpu: Some(Duration::from_micros(cpu_us)),
            upstream_cpu: Duration::ZERO,
            clients_cpu: Duration::ZERO,
            resident_kib: Some(2048),
            total: (Some(p50_us * 1_000), None),
            first_token: (None, None),
        }
    }

    #[test]
    fn the_gateway_is_compared_with_the_other_half_of_each_pair() {
        let mut measured = Measured::new(&ALL[0], [BARE, OURS].into_iter());
        // The second pair ran while the machine was busy: both took twice as much.
        for (at, cpu_us, p50_us) in [(0, 1_000, 100), (1, 1_500, 150), (0, 2_000, 200), (1, 3_000, 260)] {
            measured.add(at, round(100, cpu_us, p50_us));
        }
        let cpu = measured.against(OURS, BARE, Figure::CpuPerCall).unwrap();
        assert_eq!(cpu, Spread { median: 1.5, min: 1.5, max: 1.5 });
        let added = measured.against(OURS, BARE, Figure::Median).unwrap();
        assert!((added.min - 0.050).abs() < 1e-9 && (added.max - 0.060).abs() < 1e-9, "{added:?}");
        let nginx = Line::same_dialect(Way::Nginx);
        assert_eq!(measured.against(OURS, nginx, Figure::CpuPerCall), None);
    }

    #[test]
    fn figures_are_per_call_and_per_second() {
        let round = round(400, 8_000, 100);
        assert_eq!(Figure::CpuPerCall.of(&round), Some(20.0));
        assert_eq!(Figure::CallRate.of(&round), Some(200.0));
        assert_eq!(Figure::Median.of(&round), Some(0.1));
        assert_eq!(Figure::Resident.of(&round), Some(2.0));
        assert_eq!(Figure::CpuPerChunk.of(&round), None);
    }
}
