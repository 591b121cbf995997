//! Places for what takes much of the server's memory: how many people together, and each of them, may have it done at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use switchyard_domain::ids::UserId;

/// What is under way.
#[derive(Default)]
struct UnderWay {
    all: usize,
    of_each: HashMap<UserId, usize>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlacesTaken {
    /// This person has as many as one may have.
    Own,
    /// Everybody together has as many as there are.
    All,
}

/// A person's place: held until whatever was made for them has gone.
pub struct Place {
    person: UserId,
    under_way: Arc<Mutex<UnderWay>>,
}

impl Place {
    /// Whose it is.
    #[must_use]
    pub fn person(&self) -> UserId {
        self.person
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.all = under_way.all.saturating_sub(1);
        let own = under_way.of_each.get_mut(&self.person).map_or(0, |own| {
            *own = own.saturating_sub(1);
            *own
        });
        if own == 0 {
            under_way.of_each.remove(&self.person);
        }
    }
}

/// The places that there are.
pub struct Places {
    at_once: usize,
    at_once_each: usize,
    under_way: Arc<Mutex<UnderWay>>,
}

impl Places {
    /// So many for everybody together, and for one person.
    #[must_use]
    pub fn new(at_once: usize, at_once_each: usize) -> Self {
        Self { at_once, at_once_each, under_way: Arc::default() }
    }

    /// A place for this person.
    ///
    /// # Errors
    /// Whose places are taken; one's own are the nearer reason.
    pub fn take(&self, person: UserId) -> Result<Place, PlacesTaken> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if under_way.of_each.get(&person).is_some_and(|own| *own >= self.at_once_each) {
            return Err(PlacesTaken::Own);
        }
        if under_way.all >= self.at_once {
            return Err(PlacesTaken::All);
        }
        under_way.all += 1;
        *under_way.of_each.entry(person).or_default() += 1;
        Ok(Place { person, under_way: Arc::clone(&self.under_way) })
    }
}
