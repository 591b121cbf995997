//! The state of every scope that is in use, and nothing of those that are idle.

use super::day::DayCount;
use super::window::Window;
use std::collections::HashMap;
use std::sync::Arc;
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::Monotonic;

/// What is known of a scope.
#[derive(Debug, Default)]
pub(super) struct Usage {
    pub(super) window: Window,
    pub(super) day: DayCount,
    /// Slots that are taken.
    pub(super) in_flight: u64,
    /// Permits that are not dropped yet: they know the place.
    pub(super) permits: u64,
}

impl Usage {
    fn is_idle(&mut self, now: Monotonic, today: impl FnOnce() -> Timestamp) -> bool {
        if self.permits > 0 {
            return false;
        }
        self.window.expire(now);
        self.window.is_empty() && (self.day.is_unused() || self.day.at(today()) == 0)
    }
}

/// The place of a scope. It stays the scope's own for as long as a permit is held on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(usize);

#[derive(Debug)]
struct Slot {
    name: Arc<str>,
    usage: Usage,
}

/// Scopes by name and by place. Each call looks at a few places in turn and clears the idle ones, so that memory follows the
/// scopes in use and no single call pays for clearing many.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    places: HashMap<Arc<str>, usize>,
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    hand: usize,
}

impl Scopes {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn all(&mut self) -> impl Iterator<Item = (&str, &mut Usage)> {
        self.slots.iter_mut().flatten().map(|slot| (&*slot.name, &mut slot.usage))
    }

    /// The place of a scope that is in use.
    pub(super) fn find(&self, name: &str) -> Option<Place> {
        self.places.get(name).copied().map(Place)
    }

    pub(super) fn get(&mut self, place: Place) -> Option<&mut Usage> {
        self.slots.get_mut(place.0)?.as_mut().map(|slot| &mut slot.usage)
    }

    pub(super) fn place_of(&mut self, name: &str) -> Place {
        if let Some(place) = self.places.get(name) {
            return Place(*place);
        }
        let name: Arc<str> = Arc::from(name);
        let slot = Some(Slot { name: Arc::clone(&name), usage: Usage::default() });
        let place = match self.free.pop() {
            Some(place) => place,
            None => {
                self.slots.push(None);
                self.slots.len() - 1
            }
        };
        if let Some(room) = self.slots.get_mut(place) {
            *room = slot;
        }
        self.places.insert(name, place);
        Place(place)
    }

    /// Looks at the next `count` places and clears those whose scope is idle.
    pub(super) fn sweep(&mut self, count: usize, now: Monotonic, today: impl Fn() -> Timestamp) {
        for _ in 0..count.min(self.slots.len()) {
            self.hand = if self.hand + 1 < self.slots.len() { self.hand + 1 } else { 0 };
            let Some(room) = self.slots.get_mut(self.hand) else { return };
            if let Some(slot) = room.take_if(|slot| slot.usage.is_idle(now, &today)) {
                self.places.remove(&slot.name);
                self.free.push(self.hand);
            }
        }
    }
}
