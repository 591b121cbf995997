//! Which refused rights are written down: the audit log is never cut, so nobody may fill it by being refused.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use switchyard_domain::ids::UserId;
use switchyard_ports::clock::Monotonic;

const WINDOW: Duration = Duration::from_secs(60);
/// Entries of one person about one object in a minute.
const OF_ONE_OBJECT: u32 = 3;
/// Entries of one person in a minute.
const OF_ONE_PERSON: u32 = 30;
/// The most objects that are remembered of one person; there are no more routes.
const MOST_OBJECTS: usize = 1000;

/// What was written down in this minute, of each person.
#[derive(Default)]
pub(super) struct Refusals(Mutex<HashMap<UserId, Person>>);

#[derive(Default)]
struct Person {
    began: Option<Monotonic>,
    entries: u32,
    objects: HashMap<String, Seen>,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    entries: u32,
    /// What was not written down of this object since its last entry.
    left_out: u64,
}

/// An entry that is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// How many refusals of this person and object before this one were not written down.
    pub(super) left_out: u64,
    /// Whether further ones are not, for a minute.
    pub(super) is_last: bool,
}

impl Entry {
    /// What the log says beside the refusal.
    pub(super) fn details(self) -> impl Iterator<Item = (String, String)> {
        let left_out = (self.left_out > 0).then(|| ("left_out".to_owned(), self.left_out.to_string()));
        let more = "counted for a minute, and told with the next entry";
        left_out.into_iter().chain(self.is_last.then(|| ("more".to_owned(), more.to_owned())))
    }
}

impl Refusals {
    /// Whether a refusal is written down, and with what.
    pub(super) fn entry(&self, person: UserId, object: &str, now: Monotonic) -> Option<Entry> {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let person = people.entry(person).or_default();
        person.turn(now);
        if person.objects.len() >= MOST_OBJECTS && !person.objects.contains_key(object) {
            return None;
        }
        let seen = person.objects.entry(object.to_owned()).or_default();
        if seen.entries >= OF_ONE_OBJECT || person.entries >= OF_ONE_PERSON {
            seen.left_out += 1;
            return None;
        }
        seen.entries += 1;
        person.entries += 1;
        let left_out = std::mem::take(&mut seen.left_out);
        let is_last = seen.entries == OF_ONE_OBJECT || person.entries == OF_ONE_PERSON;
        Some(Entry { left_out, is_last })
    }
}

impl Person {
    /// Begins a minute anew where the one before is over. What was left out in it is told with the next entry.
    fn turn(&mut self, now: Monotonic) {
        if self.began.is_some_and(|began| now.since(began) < WINDOW) {
            return;
        }
        (self.began, self.entries) = (Some(now), 0);
        self.objects.retain(|_, seen| {
            seen.entries = 0;
            seen.left_out > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Monotonic {
        Monotonic(Duration::from_secs(seconds))
    }

    #[test]
    fn of_one_person_and_object_some_entries_a_minute_are_written_and_the_rest_is_counted() {
        let refusals = Refusals::default();
        let entry = |seconds| refusals.entry(UserId(1), "GET /users", at(seconds));
        let plain = Entry { left_out: 0, is_last: false };
        assert_eq!(
            [entry(0), entry(1), entry(2)],
            [Some(plain), Some(plain), Some(Entry { is_last: true, ..plain })]
        );
        assert!((3..60).all(|second| entry(second).is_none()));
        assert_eq!(entry(60), Some(Entry { left_out: 57, is_last: false }));
        assert_eq!(entry(61), Some(plain));
    }

    #[test]
    fn one_person_fills_no_more_than_their_minute_whatever_they_ask_for() {
        let refusals = Refusals::default();
        let written = |person, second: u64| {
            let objects = (0..5_000).map(|number| format!("GET /{number}"));
            objects.filter(|object| refusals.entry(UserId(person), object, at(second)).is_some()).count()
        };
        assert_eq!((written(1, 0), written(1, 59), written(2, 59), written(1, 60)), (30, 0, 30, 30));
    }
}
