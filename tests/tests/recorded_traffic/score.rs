//! How many exchanges of each provider came out right, and what went wrong with the others.

use std::collections::{BTreeMap, BTreeSet};
use switchyard_testkit::corpus::Exchange;

#[derive(Default)]
pub(crate) struct Score {
    by_provider: BTreeMap<String, (u32, u32)>,
    noted: BTreeSet<String>,
    misses: Vec<(String, String)>,
}

impl Score {
    pub(crate) fn note(&mut self, exchange: &Exchange, outcome: Result<(), String>) {
        let (passed, total) = self.by_provider.entry(exchange.provider().to_owned()).or_default();
        *total += 1;
        self.noted.insert(exchange.id.clone());
        match outcome {
            Ok(()) => *passed += 1,
            Err(why) => self.misses.push((exchange.id.clone(), why)),
        }
    }

    /// Prints the score and checks it: so many pass, and those that do not are exactly the known ones. The known ones
    /// come by their reasons, each with what is seen; those of exchanges that were not noted don't matter.
    pub(crate) fn settle(&mut self, what: &str, expected: u32, known: &[(&str, &[(&str, &str)])]) {
        self.misses.sort_unstable();
        println!("{what}");
        for (provider, (passed, total)) in &self.by_provider {
            println!("  {provider}: {passed}/{total}");
        }
        let mut excused = Vec::new();
        for (reason, misses) in known {
            let mine = misses.iter().filter(|(id, _)| self.noted.contains(*id));
            let before = excused.len();
            excused.extend(mine.map(|(id, seen)| ((*id).to_owned(), (*seen).to_owned())));
            println!("  known, as {reason}: {}", excused.len() - before);
        }
        excused.sort_unstable();
        for (id, seen) in self.misses.iter().filter(|miss| !excused.contains(miss)) {
            println!("  MISSED {id}: {}", seen.chars().take(800).collect::<String>());
        }
        assert_eq!(self.misses, excused, "{what}: not those that are known to miss");
        let passed: u32 = self.by_provider.values().map(|(passed, _)| passed).sum();
        assert_eq!(passed, expected, "{what}");
    }
}
