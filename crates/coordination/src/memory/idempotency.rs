//! Idempotency keys of one process.
//!
//! Names are few bytes and answers many, so they have bounds of their own: an answer is forgotten long before the name that it
//! belongs to, which then says that the request was carried out and no more.

use async_trait::async_trait;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::idempotency::{
    CLAIMED_FOR, Finish, IdempotencyStore, IdempotencyUnavailable, KEPT_FOR, KeptAnswer, NamedRequest,
    Standing,
};
use uuid::Uuid;

/// Bytes of answers that are kept in all.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Names that are kept in all: some 30 MiB.
const MOST_NAMES: usize = 200_000;
/// What an answer takes beside its body and its headers.
const FRAME: usize = 256;

/// Idempotency keys within one process; see the port for the contract. A restart forgets them.
pub struct MemoryIdempotency {
    clock: Arc<dyn Clock>,
    most_bytes: usize,
    most_names: usize,
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    names: HashMap<[u8; 32], Entry>,
    /// From the oldest, which is the first to end and to be forgotten.
    finished: VecDeque<Mark>,
    /// Finished ones whose answer is still kept, from the oldest.
    answered: VecDeque<Mark>,
    bytes: usize,
}

/// An entry at the time of its claim. Where the entry has another claim since, the mark stands for nothing.
#[derive(Clone, Copy)]
struct Mark {
    name: [u8; 32],
    claim: Uuid,
}

struct Entry {
    content: [u8; 32],
    claim: Uuid,
    state: State,
    until: Monotonic,
}

enum State {
    InFlight,
    Answered(KeptAnswer),
    Spent,
}

impl State {
    fn bytes(&self) -> usize {
        match self {
            Self::Answered(answer) => weight(answer),
            Self::InFlight | Self::Spent => 0,
        }
    }
}

fn weight(answer: &KeptAnswer) -> usize {
    let headers = answer.headers.iter().map(|(name, value)| name.len() + value.len() + FRAME / 4);
    answer.body.len() + headers.sum::<usize>() + FRAME
}

impl MemoryIdempotency {
    /// A store that goes by `clock`'s monotonic time.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::bounded(clock, MOST_BYTES, MOST_NAMES)
    }

    /// The same with other bounds: bytes of answers, and names.
    #[must_use]
    pub fn bounded(clock: Arc<dyn Clock>, most_bytes: usize, most_names: usize) -> Self {
        Self { clock, most_bytes, most_names, books: Mutex::default() }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    /// Forgets what has ended. Of claims that nobody ended there should be none; one is passed over when its name comes again.
    fn sweep(&mut self, now: Monotonic) {
        while let Some(mark) = self.finished.front().copied() {
            let own = self.names.get(&mark.name).filter(|entry| entry.claim == mark.claim);
            if own.is_some_and(|entry| now < entry.until) {
                return;
            }
            self.finished.pop_front();
            self.forget(mark);
        }
    }

    fn forget(&mut self, mark: Mark) {
        let is_own = self.names.get(&mark.name).is_some_and(|entry| entry.claim == mark.claim);
        if is_own && let Some(entry) = self.names.remove(&mark.name) {
            self.bytes -= entry.state.bytes();
        }
    }

    /// Forgets the oldest answers, and then the oldest names, until the bounds hold. Claims are never forgotten: there are no more of
    /// them than requests that are being answered.
    fn shrink(&mut self, most_bytes: usize, most_names: usize) {
        while self.bytes > most_bytes
            && let Some(mark) = self.answered.pop_front()
        {
            if let Some(entry) = self.names.get_mut(&mark.name).filter(|entry| entry.claim == mark.claim) {
                self.bytes -= entry.state.bytes();
                entry.state = State::Spent;
            }
        }
        while self.names.len() > most_names
            && let Some(mark) = self.finished.pop_front()
        {
            self.forget(mark);
        }
        while self.answered.len() > most_names {
            self.answered.pop_front();
        }
    }
}

#[async_trait]
impl IdempotencyStore for MemoryIdempotency {
    async fn claim(&self, request: &NamedRequest) -> Result<Standing, IdempotencyUnavailable> {
        let now = self.clock.monotonic();
        let mut books = self.books();
        books.sweep(now);
        if let Some(entry) = books.names.get(&request.name).filter(|entry| now < entry.until) {
            return Ok(match &entry.state {
                _ if entry.content != request.content => Standing::Different,
                State::InFlight => Standing::InFlight,
                State::Answered(answer) => Standing::Answered(answer.clone()),
                State::Spent => Standing::Spent,
            });
        }
        let NamedRequest { name, content, claim } = *request;
        let until = Monotonic(now.0 + CLAIMED_FOR);
        books.names.insert(name, Entry { content, claim, state: State::InFlight, until });
        books.shrink(self.most_bytes, self.most_names);
        Ok(Standing::Claimed)
    }

    async fn finish(&self, request: &NamedRequest, finish: Finish) -> Result<(), IdempotencyUnavailable> {
        let until = Monotonic(self.clock.monotonic().0 + KEPT_FOR);
        let mut books = self.books();
        let own = books.names.get_mut(&request.name).filter(|entry| entry.claim == request.claim);
        let Some(entry) = own.filter(|entry| matches!(entry.state, State::InFlight)) else { return Ok(()) };
        entry.until = until;
        entry.state = match finish {
            Finish::Answered(answer) => State::Answered(answer),
            Finish::Spent => State::Spent,
        };
        let (bytes, mark) = (entry.state.bytes(), Mark { name: request.name, claim: request.claim });
        books.bytes += bytes;
        books.finished.push_back(mark);
        if bytes > 0 {
            books.answered.push_back(mark);
        }
        books.shrink(self.most_bytes, self.most_names);
        Ok(())
    }

    fn give_back(&self, request: &NamedRequest) {
        let mut books = self.books();
        let own = books.names.get(&request.name).filter(|entry| entry.claim == request.claim);
        if own.is_some_and(|entry| matches!(entry.state, State::InFlight)) {
            books.names.remove(&request.name);
        }
    }
}
