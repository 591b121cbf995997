//! The figures as Markdown: read in a terminal, or put into a document as it stands.

use super::figure::{Comparison, Figure};
use super::{Line, Measured, Outcome, Round, machine};
use crate::arguments::{Arguments, Provider};
use crate::dialect::Dialect;
use crate::scenario::Answer;
use crate::statistics::Spread;
use crate::targets::Way;
use anyhow::Result;
use std::io::Write;
use std::time::Duration;

/// Prints all tables.
pub(crate) fn print(out: &mut impl Write, arguments: &Arguments, outcome: &Outcome) -> Result<()> {
    head(out, arguments)?;
    for measured in &outcome.measured {
        table(out, measured)?;
    }
    goals(out, &outcome.measured)?;
    books(out, outcome)
}

/// A gateway that forgot a call would have measured well for it.
fn books(out: &mut impl Write, outcome: &Outcome) -> Result<()> {
    for (way, books) in &outcome.books {
        let calls = outcome.calls_of(*way);
        let right = books.events == calls && books.problems.is_empty();
        let verdict = if right { "every call stands in it once, and its sums agree" } else { "IT IS WRONG" };
        writeln!(
            out,
            "\nLedger of {}: {calls} calls made, {} recorded, {} sums wrong: {verdict}.",
            way.title(),
            books.events,
            books.problems.len()
        )?;
    }
    Ok(())
}

fn head(out: &mut impl Write, arguments: &Arguments) -> Result<()> {
    let facts = machine::facts(&arguments.nginx);
    let fact = |name: &str| facts.get(name).map_or_else(String::new, ToString::to_string).replace('"', "");
    let upstream = match arguments.upstream {
        Provider::Prepared => "prepared answers",
        Provider::Simulator => "the simulator",
    };
    writeln!(
        out,
        "Machine: {} x {}, {}, Linux {}, {}; load average at the end {}.\n\n\
         {} rounds of {} s for each way and load, {} workers each; upstream: {upstream}. \
         Median (least-most) of the rounds; comparisons are made pair by pair.\n",
        fact("processors"),
        fact("processor"),
        fact("memory"),
        fact("kernel"),
        fact("nginx"),
        fact("load"),
        arguments.rounds(),
        arguments.duration().as_secs_f64(),
        arguments.workers,
    )?;
    Ok(())
}

fn table(out: &mut impl Write, measured: &Measured) -> Result<()> {
    let figures = match measured.scenario.answer {
        Answer::Whole => Figure::OF_WHOLE,
        Answer::Stream { .. } => Figure::OF_STREAMS,
    };
    writeln!(out, "### {}\n\nConnections: {}.\n", measured.scenario.title, measured.scenario.connections)?;
    let titles = figures.iter().map(|figure| figure.title().to_owned());
    row(out, "", titles)?;
    row(out, "---", figures.iter().map(|_| "---:".to_owned()))?;
    for (line, _) in &measured.lines {
        let cells = figures.iter().map(|figure| absolute(*figure, measured.spread(*line, *figure)));
        row(out, &line.title(), cells)?;
    }
    for (title, line, other) in comparisons() {
        let cells: Vec<String> =
            figures.iter().map(|figure| relative(*figure, measured.against(line, other, *figure))).collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            row(out, &title, cells.into_iter())?;
        }
    }
    around(out, measured)
}

/// The gateway against the other ways, and against itself where it has to limit or to translate.
fn comparisons() -> impl Iterator<Item = (String, Line, Line)> {
    let ways = [Way::Nginx, Way::Bare].map(|way| {
        let title = format!("switchyard against {}", way.title());
        (title, Line::same_dialect(Way::Switchyard), Line::same_dialect(way))
    });
    let dialects = [Dialect::Anthropic, Dialect::Gemini].map(|dialect| {
        let same = Line::same_dialect(Way::Switchyard);
        let title = format!("{} against {}", dialect.title(), same.dialect.title());
        (title, Line { dialect, ..same }, same)
    });
    let limits = [Way::Limited, Way::LimitedByRedis].map(|way| {
        let title = format!("{} against {}", way.title(), Way::Switchyard.title());
        (title, Line::same_dialect(way), Line::same_dialect(Way::Switchyard))
    });
    ways.into_iter().chain(limits).chain(dialects)
}

/// What the clients and the upstream used themselves: if it is most of the machine, rates and times are theirs.
fn around(out: &mut impl Write, measured: &Measured) -> Result<()> {
    let rounds = || measured.lines.iter().flat_map(|(_, rounds)| rounds);
    let spread = |of: fn(&Round) -> Duration| {
        let each = |round: &Round| of(round).as_nanos() as f64 / 1_000.0 / round.calls as f64;
        cell(1, Spread::of(rounds().map(each)), "")
    };
    let (clients, upstream) = (spread(|round| round.clients_cpu), spread(|round| round.upstream_cpu));
    writeln!(out, "\nCPU us/call beside it: clients {clients}, upstream {upstream}.\n")?;
    Ok(())
}

fn goals(out: &mut impl Write, measured: &[Measured]) -> Result<()> {
    let mut lines = Vec::new();
    for measured in measured {
        for goal in measured.scenario.goals {
            let [of, against] = [goal.of, goal.against].map(Line::same_dialect);
            if let Some(found) = measured.against(of, against, goal.figure) {
                let reached = if found.median <= goal.most { "yes" } else { "no" };
                lines.push([
                    measured.scenario.title.to_owned(),
                    format!("{} against {}", goal.of.title(), goal.against.title()),
                    goal.figure.title().to_owned(),
                    relative(goal.figure, Some(found)),
                    bound(goal.figure, goal.most),
                    reached.to_owned(),
                ]);
            }
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "### Goals\n")?;
    row(out, "load", ["ways", "figure", "measured", "at most", "reached"].map(str::to_owned).into_iter())?;
    row(out, "---", ["---", "---", "---:", "---:", "---"].map(str::to_owned).into_iter())?;
    for [title, cells @ ..] in lines {
        row(out, &title, cells.into_iter())?;
    }
    Ok(())
}

fn row(out: &mut impl Write, title: &str, cells: impl Iterator<Item = String>) -> Result<()> {
    let cells: Vec<String> = cells.collect();
    Ok(writeln!(out, "| {title} | {} |", cells.join(" | "))?)
}

fn absolute(figure: Figure, spread: Option<Spread>) -> String {
    cell(figure.digits(), spread, "")
}

fn relative(figure: Figure, spread: Option<Spread>) -> String {
    match figure.comparison() {
        Comparison::Ratio => cell(2, spread, "x "),
        Comparison::Difference => cell(figure.digits(), spread, "+ ").replace("+ -", "- "),
    }
}

fn bound(figure: Figure, most: f64) -> String {
    match figure.comparison() {
        Comparison::Ratio => format!("x {most:.2}"),
        Comparison::Difference => format!("+ {most:.digits$}", digits = figure.digits()),
    }
}

fn cell(digits: usize, spread: Option<Spread>, sign: &str) -> String {
    spread.map_or_else(String::new, |Spread { median, min, max }| {
        format!("{sign}{median:.digits$} ({min:.digits$} to {max:.digits$})")
    })
}
