use std::collections::BTreeMap;

/// How many exchanges of each provider came out right, and what went wrong with the others.
#[derive(Default)]
pub(crate) struct Score {
    by_provider: BTreeMap<String, (u32, u32)>,
    failures: Vec<String>,
}

impl Score {
    pub(crate) fn note(&mut self, provider: &str, id: &str, outcome: Result<(), String>) {
        let (passed, total) = self.by_provider.entry(provider.to_owned()).or_default();
        *total += 1;
        match outcome {
            Ok(()) => *passed += 1,
            Err(why) => self.failures.push(format!("{id}: {why}")),
        }
    }

    /// Prints the score and checks it: exactly so many must pass, and exactly those may fail that are known to.
    pub(crate) fn settle(&self, what: &str, expected: u32, known: &[(&str, &str)]) {
        println!("{what}");
        for (provider, (passed, total)) in &self.by_provider {
            println!("  {provider}: {passed}/{total}");
        }
        let unknown: Vec<&String> = self
            .failures
            .iter()
            .filter(|failure| !known.iter().any(|(id, _)| failure.starts_with(id)))
            .collect();
        for failure in &unknown {
            println!("  FAILED {}", failure.chars().take(600).collect::<String>());
        }
        assert!(unknown.is_empty(), "{} of {what} fail that did not before", unknown.len());
        assert_eq!(
            self.failures.len(),
            known.len(),
            "{what}: a known failure passes now; take it off the list"
        );
        let passed: u32 = self.by_provider.values().map(|(passed, _)| passed).sum();
        assert_eq!(passed, expected, "{what}");
    }
}
