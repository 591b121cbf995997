//! Room that people share for what is made on their behalf, such as bytes of memory or turns: whoever holds least of it goes first, so
//! that nobody who holds some keeps the rest from everybody.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use switchyard_domain::ids::UserId;

/// So many bytes or turns, shared.
pub struct Room {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    all: usize,
    free: usize,
    of_each: HashMap<UserId, usize>,
    /// By the order in which they were asked for.
    parts: HashMap<u64, Asked>,
    asked: u64,
}

/// A part that somebody asked for.
struct Asked {
    person: UserId,
    bytes: usize,
    is_given: bool,
    waker: Option<Waker>,
}

/// A part of the room, held until it is dropped.
pub struct Part {
    number: u64,
    shared: Arc<Mutex<Shared>>,
}

impl Room {
    /// Of so many bytes or turns.
    #[must_use]
    pub fn of(bytes: usize) -> Self {
        let (of_each, parts) = (HashMap::new(), HashMap::new());
        let shared = Shared { all: bytes, free: bytes, of_each, parts, asked: 0 };
        Self { shared: Arc::new(Mutex::new(shared)) }
    }

    /// Waits for so many, or for all that there are where that is less. Who gives up waiting drops this.
    pub async fn take(&self, person: UserId, bytes: usize) -> Part {
        let part = self.ask(person, bytes);
        poll_fn(|cx| {
            let mut shared = held(&part.shared);
            match shared.parts.get_mut(&part.number) {
                Some(asked) if !asked.is_given => {
                    asked.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
                _ => Poll::Ready(()),
            }
        })
        .await;
        part
    }

    fn ask(&self, person: UserId, bytes: usize) -> Part {
        let mut shared = held(&self.shared);
        let (number, bytes) = (shared.asked, bytes.min(shared.all));
        shared.asked += 1;
        shared.parts.insert(number, Asked { person, bytes, is_given: false, waker: None });
        shared.give();
        Part { number, shared: Arc::clone(&self.shared) }
    }
}

impl Part {
    /// Gives all but so many bytes back.
    pub fn shrink_to(&mut self, bytes: usize) {
        let mut shared = held(&self.shared);
        let Some(asked) = shared.parts.get_mut(&self.number) else { return };
        let (person, less) = (asked.person, asked.bytes.saturating_sub(bytes));
        asked.bytes -= less;
        if asked.is_given {
            shared.given_back(person, less);
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut shared = held(&self.shared);
        match shared.parts.remove(&self.number) {
            Some(Asked { person, bytes, is_given: true, .. }) => shared.given_back(person, bytes),
            // Whoever asked for much may have stood before others.
            _ => shared.give(),
        }
    }
}

impl Shared {
    fn given_back(&mut self, person: UserId, bytes: usize) {
        self.free += bytes;
        if let Some(own) = self.of_each.get_mut(&person) {
            *own = own.saturating_sub(bytes);
            if *own == 0 {
                self.of_each.remove(&person);
            }
        }
        self.give();
    }

    /// Gives to those who wait as long as there is enough for the next one. Nobody passes them, so that who needs much gets it. The
    /// last quarter is for those who hold nothing, however many people hold much.
    fn give(&mut self) {
        loop {
            let waiting = self.parts.iter().filter(|(_, asked)| !asked.is_given);
            let of = |person: &UserId| self.of_each.get(person).copied().unwrap_or_default();
            let next = waiting.min_by_key(|(number, asked)| (of(&asked.person), **number));
            let next = next.map(|(number, _)| *number);
            let Some(asked) = next.and_then(|number| self.parts.get_mut(&number)) else { return };
            let kept = if self.of_each.contains_key(&asked.person) { self.all / 4 } else { 0 };
            if asked.bytes.saturating_add(kept) > self.free {
                return;
            }
            asked.is_given = true;
            self.free -= asked.bytes;
            *self.of_each.entry(asked.person).or_default() += asked.bytes;
            if let Some(waker) = asked.waker.take() {
                waker.wake();
            }
        }
    }
}

fn held(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const ANN: UserId = UserId(1);
    const BEN: UserId = UserId(2);

    fn free(room: &Room) -> (usize, usize) {
        let shared = held(&room.shared);
        (shared.free, shared.of_each.len())
    }

    #[test]
    fn what_is_dropped_or_not_needed_is_given_back() {
        let room = Room::of(10);
        let mut part = room.take(ANN, 8).now_or_never().unwrap();
        assert_eq!(free(&room), (2, 1));
        part.shrink_to(3);
        part.shrink_to(5);
        assert_eq!(free(&room), (7, 1));
        drop(part);
        assert_eq!(free(&room), (10, 0));
        drop(room.take(ANN, 99).now_or_never().unwrap());
        assert_eq!(free(&room), (10, 0), "whoever needs more than all gets all");
    }

    #[test]
    fn whoever_holds_least_goes_first_and_who_asked_first_among_those() {
        let room = Room::of(14);
        let mut anns =
            vec![room.take(ANN, 5).now_or_never().unwrap(), room.take(ANN, 5).now_or_never().unwrap()];
        let (mut third, mut first) = (Box::pin(room.take(ANN, 5)), Box::pin(room.take(BEN, 5)));
        let mut second = Box::pin(room.take(BEN, 5));
        assert!(third.as_mut().now_or_never().is_none() && first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        anns.pop();
        assert!(third.as_mut().now_or_never().is_none(), "she holds some already");
        let of_ben = first.as_mut().now_or_never().unwrap();
        assert!(second.as_mut().now_or_never().is_none());
        drop(anns);
        let of_ann = third.as_mut().now_or_never().unwrap();
        assert!(second.as_mut().now_or_never().is_none(), "now he holds some");
        drop((of_ben, of_ann));
        assert!(second.as_mut().now_or_never().is_some());
        assert_eq!(free(&room), (14, 0));
    }

    #[test]
    fn who_needs_much_is_not_passed_and_who_gives_up_holds_nobody_up() {
        let room = Room::of(10);
        let part = room.take(ANN, 5).now_or_never().unwrap();
        let mut much = Box::pin(room.take(BEN, 10));
        assert!(much.as_mut().now_or_never().is_none());
        let mut little = Box::pin(room.take(UserId(3), 1));
        assert!(little.as_mut().now_or_never().is_none(), "there would be enough, but he stands before");
        drop(much);
        assert!(little.as_mut().now_or_never().is_some());
        drop(part);
        assert_eq!(free(&room), (10, 0));
    }

    #[test]
    fn the_last_quarter_is_for_those_who_hold_nothing() {
        let room = Room::of(20);
        let first = room.take(ANN, 5).now_or_never().unwrap();
        let second = room.take(ANN, 10).now_or_never().unwrap();
        let mut third = Box::pin(room.take(ANN, 1));
        assert!(third.as_mut().now_or_never().is_none());
        let of_ben = room.take(BEN, 5).now_or_never().unwrap();
        drop(second);
        assert!(third.as_mut().now_or_never().is_some());
        drop((first, of_ben));
        assert_eq!(free(&room), (20, 0));
    }
}
