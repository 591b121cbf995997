//! The page, and what stands on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use switchyard_testkit::corpus;

use crate::known::{MISSES, UNCALLED};
use crate::reading::{FEATURES, FOLDERS, compare};

/// How many came out right, of how many.
type Tally = (u32, u32);

#[derive(Default)]
pub(crate) struct Page {
    /// By folder and provider.
    rows: BTreeMap<(usize, String), Row>,
    /// Exchange, and what was read otherwise.
    misses: BTreeMap<String, Vec<String>>,
    /// How many exchanges nobody interpreted, by operation.
    uninterpreted: BTreeMap<String, u32>,
    /// How many there are of the operations that nothing calls.
    uncalled: BTreeMap<&'static str, u32>,
}

#[derive(Default)]
struct Row {
    exchanges: Tally,
    features: BTreeMap<&'static str, Tally>,
}

impl Page {
    pub(crate) fn of_all_recordings() -> Self {
        let mut page = Self::default();
        for (at, (folder, codec)) in FOLDERS.iter().enumerate() {
            for exchange in corpus::of(folder).unwrap() {
                let operation = exchange.operation.as_str();
                if exchange.expected.ok.is_none() {
                    let name = if operation.is_empty() { folder } else { operation };
                    *page.uninterpreted.entry(name.to_owned()).or_default() += 1;
                    continue;
                }
                if let Some((.., why)) =
                    UNCALLED.iter().find(|known| (known.0, known.1) == (*folder, operation))
                {
                    *page.uncalled.entry(why).or_default() += 1;
                    continue;
                }
                let row = page.rows.entry((at, exchange.provider().to_owned())).or_default();
                let compared = compare(*codec, &exchange);
                count(&mut row.exchanges, compared.iter().all(|(_, outcome)| outcome.is_ok()));
                for (feature, outcome) in compared {
                    count(row.features.entry(feature).or_default(), outcome.is_ok());
                    if let Err(why) = outcome {
                        page.misses.entry(exchange.id.clone()).or_default().push(why);
                    }
                }
            }
        }
        page
    }

    pub(crate) fn unknown_misses(&self) -> Vec<String> {
        let is_known = |id: &String| MISSES.iter().any(|(known, _)| known == id);
        let unknown = self.misses.iter().filter(|(id, _)| !is_known(id));
        unknown
            .map(|(id, whys)| format!("{id}: {}", whys.join("; ").chars().take(600).collect::<String>()))
            .collect()
    }

    /// Exchanges that are said to miss, and do not.
    pub(crate) fn outdated_reasons(&self) -> Vec<&'static str> {
        MISSES.iter().map(|(id, _)| *id).filter(|id| !self.misses.contains_key(*id)).collect()
    }

    pub(crate) fn text(&self) -> String {
        let mut out = HEAD.to_owned();
        write!(out, "\n| dialect | provider | exchanges |").unwrap();
        FEATURES.iter().for_each(|feature| write!(out, " {feature} |").unwrap());
        out += "\n|---|---|---:|";
        FEATURES.iter().for_each(|_| out += "---:|");
        out += "\n";
        let mut all = Row::default();
        for ((folder, provider), row) in &self.rows {
            write_row(&mut out, FOLDERS[*folder].0, provider, row);
            add(&mut all.exchanges, row.exchanges);
            row.features
                .iter()
                .for_each(|(feature, tally)| add(all.features.entry(feature).or_default(), *tally));
        }
        write_row(&mut out, "**all**", "", &all);
        out += "\n## What is read otherwise\n\n| exchanges | why |\n|---|---|\n";
        let reasons: BTreeSet<&str> = MISSES.iter().map(|(_, why)| *why).collect();
        for reason in reasons {
            let ids = MISSES.iter().filter(|(_, why)| *why == reason).map(|(id, _)| format!("`{id}`"));
            writeln!(out, "| {} | {reason} |", ids.collect::<Vec<_>>().join(", ")).unwrap();
        }
        out += "\n## What is not compared here\n\n";
        for (why, count) in &self.uncalled {
            writeln!(out, "- {count} exchanges: {why}.").unwrap();
        }
        let names = self.uninterpreted.iter().map(|(name, count)| format!("{name} {count}"));
        writeln!(
            out,
            "- {} answers that no SDK's reading was kept of ({}): tests of their own read them.",
            self.uninterpreted.values().sum::<u32>(),
            names.collect::<Vec<_>>().join(", ")
        )
        .unwrap();
        out
    }
}

const HEAD: &str = "# Recorded traffic, and how it is read

Made by `UPDATE=1 cargo test -p switchyard-dialects --test scores`; the same is a test. Each row is a provider of which real
traffic was recorded (`crates/testkit/corpus`); each figure says how many exchanges that have the feature are read as the vendor's own
SDK reads them, of how many: the text and refusals; the tool calls with names, ids and parsed arguments; the finish reason; the
reasoning where the SDK shows it; the counts of tokens, of Cohere's those that it bills; of errors the status and the message.
";

fn count(tally: &mut Tally, is_right: bool) {
    add(tally, (u32::from(is_right), 1));
}

fn add(tally: &mut Tally, more: Tally) {
    tally.0 += more.0;
    tally.1 += more.1;
}

fn write_row(out: &mut String, folder: &str, provider: &str, row: &Row) {
    write!(out, "| {folder} | {provider} | {}/{} |", row.exchanges.0, row.exchanges.1).unwrap();
    for feature in FEATURES {
        match row.features.get(feature) {
            Some((right, all)) => write!(out, " {right}/{all} |").unwrap(),
            None => *out += " |",
        }
    }
    *out += "\n";
}
