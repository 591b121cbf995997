//! A bounded number of places.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Places, of which so many may be taken at once.
#[derive(Clone, Debug)]
pub(crate) struct Seats {
    taken: Arc<AtomicUsize>,
    capacity: usize,
}

impl Seats {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { taken: Arc::new(AtomicUsize::new(0)), capacity }
    }

    /// A place, or how many are taken when none is free.
    pub(crate) fn take(&self) -> Result<Seat, usize> {
        let one_more = |taken: usize| (taken < self.capacity).then_some(taken + 1);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)?;
        Ok(Seat { taken: Arc::clone(&self.taken) })
    }
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    taken: Arc<AtomicUsize>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_seats_are_taken_than_there_are_and_dropped_ones_are_free_again() {
        let seats = Seats::new(2);
        let (first, _second) = (seats.take().unwrap(), seats.take().unwrap());
        assert_eq!(seats.take().unwrap_err(), 2);
        drop(first);
        let _third = seats.take().unwrap();
        assert_eq!(seats.take().unwrap_err(), 2);
    }
}
