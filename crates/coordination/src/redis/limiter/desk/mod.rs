//! The desk: the one that talks to Redis about limits, in the order in which things happened.
//!
//! It gathers what came in and sends it in one round trip; meanwhile the next batch gathers. What became of permits is kept until it is
//! confirmed. When an answer is late, nobody knows whether Redis did what it was asked: so the process takes a new name, under which it
//! says what it holds, and whatever was sent under the old one counts no more and is refused when it arrives.

mod rounds;

use super::books::{Book, Books, charges};
use super::deeds::{Count, Deeds, Difference, Settle, What};
use super::holdings::{Holdings, Release};
use super::jobs::Job;
use super::untold::Untold;
use super::{ANSWER, Arguments, Terms, TimeSource};
use crate::memory::MemoryLimiter;
use crate::redis::address::RedisAddress;
use crate::redis::answer::Answer;
use crate::redis::presence::Presence;
use crate::redis::programs;
use crate::redis::wire::{Call, Wire, WireError};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::limiter::{Ask, Payer, SharedStore, Used};
use tokio::sync::mpsc::{UnboundedReceiver, WeakUnboundedSender};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// How often a process says that it lives.
const BEAT: Duration = Duration::from_secs(1);
/// How long it is believed to live after it said so: then what it holds is free.
const LEASE: Duration = Duration::from_secs(30);
/// How long between two tries to reach a Redis that is away.
const RETRY: Duration = Duration::from_millis(200);
/// The most jobs in one round trip.
const MOST_AT_ONCE: usize = 128;
/// How long the end waits for what is not said yet.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What the desk stands among.
pub(super) struct Around {
    pub(super) presence: Arc<Presence>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) own: Arc<MemoryLimiter>,
    pub(super) permits: Arc<AtomicU64>,
    pub(super) sender: WeakUnboundedSender<Job>,
}

/// See the module. [`Desk::run`] must run for its limiter to answer.
pub struct Desk {
    jobs: UnboundedReceiver<Job>,
    inbox: VecDeque<Job>,
    wire: Wire,
    place: String,
    terms: Terms,
    around: Around,
    /// How many names the process had so far.
    names: u64,
    /// Those that Redis may believe to live.
    former: Vec<String>,
    epoch: String,
    deeds: Deeds,
    holdings: Holdings,
    books: Books,
    untold: Untold,
}

impl Desk {
    pub(super) fn new(
        address: &RedisAddress,
        terms: Terms,
        around: Around,
        jobs: UnboundedReceiver<Job>,
    ) -> Self {
        Self {
            jobs,
            inbox: VecDeque::new(),
            wire: Wire::new(address, ANSWER),
            place: address.to_string(),
            terms,
            around,
            names: 0,
            former: Vec::new(),
            epoch: String::new(),
            deeds: Deeds::default(),
            holdings: Holdings::default(),
            books: Books::new(),
            untold: Untold::default(),
        }
    }

    /// Works until `stop` resolves or nobody can ask any longer, and then until everything is said that became of permits, though not
    /// for long.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        {
            let working = self.work();
            tokio::select! {
                () = working => {}
                () = &mut stop => {}
            }
        }
        if timeout(LAST_WORDS, self.finish()).await.is_err() {
            tracing::warn!("Redis was not told what became of all calls: budgets will ask the ledger");
        }
    }

    /// Ends when nobody can ask any longer.
    async fn work(&mut self) {
        let mut failed = self.come_in().await.err();
        loop {
            if let Some(error) = failed.take()
                && !self.is_back(&error).await
            {
                return;
            }
            match self.serve().await {
                Ok(()) => return,
                // A new connection may do; whoever asked is asked for again, as what was sent under the old name counts no more.
                Err(error) => failed = self.come_back(error).await.err(),
            }
        }
    }

    async fn finish(&mut self) {
        loop {
            self.gather();
            if self.books.is_empty() && self.deeds.is_empty() && self.inbox.is_empty() {
                break;
            }
            if self.around.presence.is_connected() {
                if let Err(error) = self.round(false).await
                    && let Err(error) = self.come_back(error).await
                {
                    self.fall_away(&error);
                }
            } else if self.come_in().await.is_err() {
                sleep(RETRY).await;
            }
            if self.deeds.is_empty() && self.inbox.is_empty() {
                sleep(Duration::from_millis(5)).await;
            }
        }
        let leaving = Call { program: &programs::LEAVE, arguments: self.head().into_vec() };
        // If it fails, the lease ends by itself.
        let _ = self.wire.run(&[leaving]).await;
        self.around.presence.fell_away();
    }

    /// Connects and says who this is; then the limits are Redis's matter.
    async fn come_in(&mut self) -> Result<(), WireError> {
        self.wire.open().await?;
        self.introduce().await?;
        self.around.presence.came_in();
        Ok(())
    }

    /// After a failure: a new connection at once, if that is possible.
    async fn come_back(&mut self, error: WireError) -> Result<(), WireError> {
        tracing::debug!(error = %error, "the connection to Redis is made anew");
        self.wire.close();
        match timeout(ANSWER, self.come_in()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(error),
        }
    }

    fn fall_away(&mut self, error: &WireError) {
        self.wire.close();
        self.around.presence.fell_away();
        tracing::error!(
            redis = %self.place,
            error = %error,
            "Redis does not answer: limits hold by this process's share of them, calls under a budget are refused"
        );
    }

    /// Goes on alone until Redis is back; false when nobody can ask any longer.
    async fn is_back(&mut self, error: &WireError) -> bool {
        self.fall_away(error);
        loop {
            self.gather();
            self.go_on_alone();
            if self.come_in().await.is_ok() {
                tracing::info!(redis = %self.place, "Redis answers: limits and budgets are shared");
                return true;
            }
            self.wire.close();
            match timeout(RETRY, self.jobs.recv()).await {
                Ok(Some(job)) => self.inbox.push_back(job),
                Ok(None) => return false,
                Err(_) => {}
            }
        }
    }

    fn gather(&mut self) {
        while self.inbox.len() < MOST_AT_ONCE
            && let Ok(job) = self.jobs.try_recv()
        {
            self.inbox.push_back(job);
        }
    }

    async fn serve(&mut self) -> Result<(), WireError> {
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut is_beat = false;
            if self.inbox.is_empty() && self.deeds.is_empty() {
                tokio::select! {
                    job = self.jobs.recv() => match job {
                        Some(job) => self.inbox.push_back(job),
                        None => return Ok(()),
                    },
                    _ = beats.tick() => is_beat = true,
                }
            } else {
                is_beat = timeout(Duration::ZERO, beats.tick()).await.is_ok();
            }
            self.gather();
            self.round(is_beat).await?;
        }
    }

    fn settle(&mut self, permit: u64, used: &Used) {
        let now = self.around.clock.monotonic();
        // One that nothing was asked for has no book.
        let Some(book) = self.books.get_mut(&permit) else { return self.charge(used, &[]) };
        if book.is_alone {
            let (difference, windows) = book.difference(used);
            windows.iter().for_each(|scope| self.untold.correct(scope, difference, now));
            book.void(used).iter().for_each(|scope| self.untold.void(scope));
            let payers = book.payers.clone();
            let _said = book.settle(used, now);
            self.charge(used, &payers);
        } else if let Some((what, release)) = book.settle(used, now) {
            self.deeds.push(what, release);
        }
    }

    /// What was used under a permit that Redis does not know, or under none.
    fn charge(&mut self, used: &Used, payers: &[Payer]) {
        let charges = charges(used, payers);
        if !charges.is_empty() {
            let at = used.since.unwrap_or_else(|| self.around.clock.monotonic());
            let settle =
                Settle { at, tokens: Difference::Less(0), windows: Vec::new(), days: Vec::new(), charges };
            self.deeds.push(What::Settle(settle), Release::default());
        }
    }

    pub(super) fn doubt(&mut self) {
        self.deeds.push(What::Doubt, Release::default());
    }

    fn land(&mut self, permit: u64) {
        let Some(book) = self.books.get_mut(&permit) else { return };
        let Some((what, release)) = book.land() else { return };
        if book.is_alone {
            self.holdings.release(&release);
        } else {
            self.deeds.push(what, release);
        }
    }

    fn end(&mut self, permit: u64) {
        let Some(mut book) = self.books.remove(&permit) else { return };
        let (what, release) = book.end();
        if book.is_alone {
            self.holdings.release(&release);
        } else {
            self.deeds.push(what, release);
        }
    }

    /// What came in while Redis is away.
    fn go_on_alone(&mut self) {
        let now = self.around.clock.monotonic();
        for job in std::mem::take(&mut self.inbox) {
            match job {
                Job::Ask(question, _) => question.leave("it does not answer"),
                Job::Settle { permit, used } => self.settle(permit, &used),
                Job::Charge { used } => self.charge(&used, &[]),
                Job::Doubt => self.doubt(),
                // Told again when Redis is back.
                Job::Day(..) => {}
                Job::Land { permit } => self.land(permit),
                Job::Drop { permit } => self.end(permit),
                Job::Alone { permit, ask } => self.enter_alone(permit, &ask, now),
            }
        }
    }

    fn enter_alone(&mut self, permit: u64, ask: &Ask, now: Monotonic) {
        let book = Book::alone(ask, self.around.clock.now());
        book.enter(&mut self.holdings);
        book.counts(0).iter().for_each(|count| self.untold.add(count, now));
        self.books.insert(permit, book);
    }

    /// Takes a new name and says what this process holds. Everything that Redis confirmed under an older name is known afterwards.
    async fn introduce(&mut self) -> Result<(), WireError> {
        if self.names > 0 {
            self.former.push(self.name());
        }
        self.names += 1;
        let mut arguments = self.head();
        arguments.push(LEASE.as_micros());
        // One at least: that is what tells an introduction from a beat.
        let former = if self.former.is_empty() {
            vec![format!("{}.0", self.terms.process)]
        } else {
            self.former.clone()
        };
        arguments.push(former.len());
        former.iter().for_each(|name| arguments.push(name));
        let call = Call { program: &programs::BEAT, arguments: arguments.into_vec() };
        let answer = self.wire.run(&[call]).await?.pop().unwrap_or_default();
        let mut answer = Answer::read(answer);
        let (epoch, applied) = (answer.text().unwrap_or_default(), answer.number().unwrap_or(0));
        self.around.presence.set_processes(answer.number().unwrap_or(1));
        self.former.clear();
        self.deeds.confirm_until(applied, &mut self.holdings);
        let now = self.around.clock.monotonic();
        let untold = self.untold.take(now);
        let counts = if epoch == self.epoch {
            untold
        } else {
            self.deeds.forget_counts();
            let count = |(scope, requests, tokens, days)| Count { scope, requests, tokens, days, flights: 0 };
            self.around.own.recent().into_iter().map(count).collect()
        };
        self.epoch = epoch;
        self.books.values_mut().for_each(|book| book.is_alone = false);
        self.deeds.begin_with(&self.holdings, counts);
        Ok(())
    }

    fn name(&self) -> String {
        format!("{}.{}", self.terms.process, self.names)
    }

    /// What every script is told first.
    fn head(&self) -> Arguments {
        let mut arguments = Arguments::default();
        match self.terms.time {
            TimeSource::Server => {
                arguments.push("");
                arguments.push("");
            }
            TimeSource::Clock => {
                arguments.push(self.around.clock.monotonic().0.as_micros());
                arguments.push(i128::from(self.around.clock.now().0) * 1000);
            }
        }
        arguments.push(self.name());
        arguments.push(&self.epoch);
        arguments
    }

    /// The same for those that know budgets.
    fn head_for_budgets(&self) -> Arguments {
        let mut arguments = self.head();
        arguments.push(self.terms.rest.as_micros());
        arguments
    }
}
