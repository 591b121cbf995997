//! What was searched, and what was found.

use super::forms::Form;
use super::secrets::Canaries;
use super::{Hit, Place, Scanner};
use std::collections::BTreeMap;
use std::fmt;

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct CanaryReport {
    /// Secrets that were searched for.
    pub secrets: usize,
    /// Texts by which they would have been known.
    pub forms: usize,
    /// Answers that clients were given.
    pub responses: usize,
    /// How often each status was among them.
    pub statuses: BTreeMap<u16, usize>,
    /// By kind of place: how many, how many bytes, and what was found that does not belong there.
    pub places: BTreeMap<&'static str, (usize, usize, Vec<Hit>)>,
    /// Secrets that stood where they were asked for.
    pub told: usize,
    /// Credentials that no provider was ever sent.
    pub unused: Vec<String>,
    /// Secrets and forms that the search is blind to.
    pub blind: Vec<String>,
}

impl CanaryReport {
    pub(super) fn search(&mut self, canaries: &Canaries, places: &[Place]) {
        let scanner = Scanner::new(canaries.all());
        self.secrets = canaries.all().len();
        for place in places {
            let entry = self.places.entry(place.kind).or_default();
            entry.0 += 1;
            entry.1 += place.bytes.len();
            for hit in scanner.scan(&place.name, &place.bytes) {
                if place.tells.contains(&hit.canary) {
                    self.told += 1;
                } else {
                    entry.2.push(hit);
                }
            }
        }
        for canary in canaries.all() {
            for form in Form::ALL {
                let Some(leak) = form.written(canary) else { continue };
                self.forms += 1;
                let leak = [b"{\"noise\":\"", leak.as_slice(), b"\"}"].concat();
                let hits = scanner.scan("", &leak);
                if !hits.iter().any(|hit| hit.canary == canary.name && hit.form == form) {
                    self.blind.push(format!("{} as {form:?}", canary.name));
                }
            }
        }
    }

    /// Everything that was found where it does not belong.
    pub fn hits(&self) -> impl Iterator<Item = (&'static str, &Hit)> {
        self.places.iter().flat_map(|(kind, (_, _, hits))| hits.iter().map(|hit| (*kind, hit)))
    }

    /// What breaks the promise, in words.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let mut broken: Vec<String> = self
            .hits()
            .map(|(kind, hit)| {
                format!("{kind}: {} stands in {} ({:?}): {}", hit.canary, hit.place, hit.form, hit.around)
            })
            .collect();
        broken.extend(self.blind.iter().map(|what| format!("the search is blind to {what}")));
        broken.extend(self.unused.iter().map(|what| format!("{what} was never used")));
        let kinds =
            ["responses", "metrics", "panics", "command line", "log, standard error", "log, in files"];
        let missing =
            kinds.iter().filter(|kind| self.places.get(*kind).is_none_or(|(_, bytes, _)| *bytes == 0));
        broken.extend(missing.map(|kind| format!("nothing was searched of this kind: {kind}")));
        if !self.statuses.contains_key(&200) || self.told == 0 {
            broken.push("nothing succeeded, so nothing was tried".to_owned());
        }
        broken
    }
}

impl fmt::Display for CanaryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} secrets, each in up to {} forms, whole or in part", self.secrets, Form::ALL.len())?;
        let statuses: Vec<String> =
            self.statuses.iter().map(|(status, count)| format!("{count} x {status}")).collect();
        writeln!(
            f,
            "{} answers ({}); a secret stood in {} where it was asked for",
            self.responses,
            statuses.join(", "),
            self.told
        )?;
        writeln!(f, "{:<28}{:>8}{:>14}{:>8}", "place", "files", "bytes", "hits")?;
        for (kind, (count, bytes, hits)) in &self.places {
            writeln!(f, "{kind:<28}{count:>8}{bytes:>14}{:>8}", hits.len())?;
        }
        writeln!(f, "planted to try the search itself: {}, not found: {}", self.forms, self.blind.len())
    }
}
