//! Idempotency keys of one process.
//!
//! Names are few bytes and answers many, so they have bounds of their own: an answer is forgotten long before the name that it
//! belongs to, which then says that the request was carried out and no more. Where a bound is reached, the caller who takes most room
//! makes some: whoever names few requests is not forgotten for another's many.

use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::idempotency::{
    CLAIMED_FOR, Finish, IdempotencyStore, IdempotencyUnavailable, KEPT_FOR, KeptAnswer, NamedRequest,
    Standing,
};
use uuid::Uuid;

/// Bytes of answers that are kept in all.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Names that are kept in all: some 60 MiB.
const MOST_NAMES: usize = 200_000;
/// What an answer takes beside its body and its headers.
const FRAME: usize = 256;

type Digest = [u8; 32];

/// Idempotency keys within one process; see the port for the contract. A restart forgets them.
pub struct MemoryIdempotency {
    clock: Arc<dyn Clock>,
    most_bytes: usize,
    most_names: usize,
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    names: HashMap<Digest, Entry>,
    /// Finished ones by their number: from the oldest, which is the first to end.
    finished: BTreeMap<u64, Digest>,
    next: u64,
    shares: HashMap<Digest, Share>,
    /// Callers by how much they have of either: bytes of answers, and names.
    by_bytes: BTreeSet<(usize, Digest)>,
    by_names: BTreeSet<(usize, Digest)>,
    bytes: usize,
}

/// What one caller has.
#[derive(Default)]
struct Share {
    names: usize,
    bytes: usize,
    /// The numbers of their finished requests, and of those whose answer is still kept.
    finished: BTreeSet<u64>,
    answered: BTreeSet<u64>,
}

struct Entry {
    content: Digest,
    caller: Digest,
    claim: Uuid,
    state: State,
    until: Monotonic,
    /// Of a finished one.
    number: Option<u64>,
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
        while let Some((_, name)) = self.finished.first_key_value().map(|(number, name)| (*number, *name))
            && self.names.get(&name).is_none_or(|entry| now >= entry.until)
        {
            self.forget(&name);
        }
    }

    fn add(&mut self, name: Digest, entry: Entry) {
        self.forget(&name);
        self.share(entry.caller, |share| share.names += 1);
        self.names.insert(name, entry);
    }

    fn finish(&mut self, request: &NamedRequest, state: State, until: Monotonic) {
        let own = self.names.get_mut(&request.name).filter(|entry| entry.claim == request.claim);
        let Some(entry) = own.filter(|entry| matches!(entry.state, State::InFlight)) else { return };
        let (bytes, number, caller) = (state.bytes(), self.next, entry.caller);
        (entry.state, entry.until, entry.number) = (state, until, Some(number));
        self.next += 1;
        self.bytes += bytes;
        self.finished.insert(number, request.name);
        self.share(caller, |share| {
            share.bytes += bytes;
            share.finished.insert(number);
            if bytes > 0 {
                share.answered.insert(number);
            }
        });
    }

    fn forget(&mut self, name: &Digest) {
        let Some(entry) = self.names.remove(name) else { return };
        let (bytes, number) = (entry.state.bytes(), entry.number);
        self.bytes -= bytes;
        number.map(|number| self.finished.remove(&number));
        self.share(entry.caller, |share| {
            share.names -= 1;
            share.bytes -= bytes;
            number.map(|number| (share.finished.remove(&number), share.answered.remove(&number)));
        });
    }

    /// Changes what a caller has, and their place among the others.
    fn share(&mut self, caller: Digest, change: impl FnOnce(&mut Share)) {
        let share = self.shares.entry(caller).or_default();
        self.by_bytes.remove(&(share.bytes, caller));
        self.by_names.remove(&(share.names, caller));
        change(share);
        if share.names == 0 {
            self.shares.remove(&caller);
        } else {
            self.by_bytes.insert((share.bytes, caller));
            self.by_names.insert((share.names, caller));
        }
    }

    /// Forgets the oldest answers, and then the oldest names, of whoever has most of them, until the bounds hold. Claims are never
    /// forgotten: there are no more of them than requests that are being answered.
    fn shrink(&mut self, most_bytes: usize, most_names: usize) {
        while self.bytes > most_bytes
            && let Some((caller, number)) = self.oldest_answer()
        {
            let name = self.finished.get(&number).copied();
            let entry = name.and_then(|name| self.names.get_mut(&name));
            let bytes = entry.map_or(0, |entry| std::mem::replace(&mut entry.state, State::Spent).bytes());
            self.bytes -= bytes;
            self.share(caller, |share| {
                share.bytes -= bytes;
                share.answered.remove(&number);
            });
        }
        while self.names.len() > most_names
            && let Some(name) = self.oldest_name()
        {
            self.forget(&name);
        }
    }

    fn oldest_answer(&self) -> Option<(Digest, u64)> {
        let (_, caller) = self.by_bytes.last()?;
        Some((*caller, *self.shares.get(caller)?.answered.first()?))
    }

    fn oldest_name(&self) -> Option<Digest> {
        let oldest = |caller: &Digest| self.shares.get(caller)?.finished.first().copied();
        let number = self.by_names.iter().rev().find_map(|(_, caller)| oldest(caller))?;
        self.finished.get(&number).copied()
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
        let NamedRequest { name, caller, content, claim } = *request;
        let until = Monotonic(now.0 + CLAIMED_FOR);
        books.add(name, Entry { content, caller, claim, state: State::InFlight, until, number: None });
        books.shrink(self.most_bytes, self.most_names);
        Ok(Standing::Claimed)
    }

    async fn finish(&self, request: &NamedRequest, finish: Finish) -> Result<(), IdempotencyUnavailable> {
        let until = Monotonic(self.clock.monotonic().0 + KEPT_FOR);
        let state = match finish {
            Finish::Answered(answer) => State::Answered(answer),
            Finish::Spent => State::Spent,
        };
        let mut books = self.books();
        books.finish(request, state, until);
        books.shrink(self.most_bytes, self.most_names);
        Ok(())
    }

    fn give_back(&self, request: &NamedRequest) {
        let mut books = self.books();
        let own = books.names.get(&request.name).filter(|entry| entry.claim == request.claim);
        if own.is_some_and(|entry| matches!(entry.state, State::InFlight)) {
            books.forget(&request.name);
        }
    }
}
