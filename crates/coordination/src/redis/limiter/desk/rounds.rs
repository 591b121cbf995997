//! A round trip of the desk: what came in goes out, and each answer to whom it belongs.

use super::{Desk, LEASE};
use crate::redis::answer::Answer;
use crate::redis::limiter::answers;
use crate::redis::limiter::batch::{Batch, Pending};
use crate::redis::limiter::books::Book;
use crate::redis::limiter::deeds::What;
use crate::redis::limiter::holdings::Release;
use crate::redis::limiter::jobs::{Away, Job, Question};
use crate::redis::limiter::permit::RedisPermit;
use crate::redis::programs;
use crate::redis::wire::WireError;
use std::sync::atomic::{AtomicBool, Ordering};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::limiter::{Ask, LimiterError};

/// Counters of which the ledger is to be asked that are told at once.
const MOST_QUESTIONS: usize = 64;

/// How a round ended.
enum Round {
    Done,
    /// Redis does not know this process (any longer).
    Stranger,
}

impl Desk {
    /// One round trip.
    pub(super) async fn round(&mut self, is_beat: bool) -> Result<(), WireError> {
        let mut batch = Batch::default();
        if is_beat {
            let mut arguments = self.head();
            arguments.push(LEASE.as_micros());
            arguments.push(0);
            batch.add(&programs::BEAT, arguments.into_vec(), Pending::Beat);
        }
        while let Some(job) = self.inbox.pop_front() {
            if let Some(job) = self.put(job, &mut batch) {
                self.inbox.push_front(job);
                break;
            }
        }
        self.put_deeds(&mut batch);
        if batch.is_empty() {
            return Ok(());
        }
        let answers = match self.wire.run(&batch.calls).await {
            Ok(answers) => answers,
            Err(error) => {
                self.ask_again(batch.pending, &error.to_string());
                return Err(error);
            }
        };
        let mut round = Round::Done;
        for (answer, pending) in answers.into_iter().zip(batch.pending) {
            let answer = Answer::read(answer);
            if answer.is_for_a_stranger() {
                round = Round::Stranger;
                self.ask_again(vec![pending], "Redis does not know this process");
            } else {
                self.take_answer(answer, pending);
            }
        }
        match round {
            Round::Done => Ok(()),
            Round::Stranger => self.introduce().await,
        }
    }

    /// Questions are put once more, before whatever came since.
    fn ask_again(&mut self, pending: Vec<Pending>, why: &str) {
        for pending in pending.into_iter().rev() {
            match pending {
                Pending::Question(question, _, false) => self.inbox.push_front(Job::Ask(question, true)),
                Pending::Question(question, _, true) => question.leave(why),
                Pending::Deeds(_) | Pending::Beat => {}
            }
        }
    }

    /// Puts a job into the batch; gives it back where it must wait for the next one.
    fn put(&mut self, job: Job, batch: &mut Batch) -> Option<Job> {
        match job {
            Job::Ask(Question::Cover { permit, .. }, _)
            | Job::Settle { permit, .. }
            | Job::Land { permit }
            | Job::Drop { permit }
                if batch.covering.contains(&permit) =>
            {
                return Some(job);
            }
            Job::Ask(question, is_second) => {
                self.put_deeds(batch);
                self.put_question(question, is_second, batch);
            }
            Job::Settle { permit, used } => self.settle(permit, &used),
            Job::Charge { used } => self.charge(&used, &[]),
            Job::Doubt => self.doubt(),
            Job::Day(day, requests) => self.deeds.push(What::Day(day, requests), Release::default()),
            Job::Land { permit } => self.land(permit),
            Job::Drop { permit } => self.end(permit),
            Job::Alone { permit, ask } => {
                let book = Book::new(&ask, self.around.clock.now(), None);
                let release = Release { entered: book.flights().to_vec(), ..Default::default() };
                self.deeds.push(What::Count(book.counts(1)), release);
                self.books.insert(permit, book);
            }
        }
        None
    }

    fn put_deeds(&mut self, batch: &mut Batch) {
        while batch.lacks(&self.deeds) {
            let (deeds, count) = self.deeds.arguments(batch.deeds, self.around.clock.monotonic());
            let mut arguments = self.head_for_budgets();
            arguments.append(deeds);
            batch.add(&programs::APPLY, arguments.into_vec(), Pending::Deeds(count));
            batch.deeds += count;
        }
    }

    fn put_question(&mut self, question: Question, is_second: bool, batch: &mut Batch) {
        let now = self.around.clock.now();
        let mut arguments = self.head_for_budgets();
        let program = match &question {
            Question::Acquire { asks, .. } => {
                arguments.asks(asks, now);
                &*programs::ACQUIRE
            }
            Question::Cover { permit, money, at, .. } => {
                let wanted = self.books.get(permit).map(|book| book.wanted(*money, *at)).unwrap_or_default();
                if wanted.is_empty() {
                    if let Question::Cover { reply, .. } = question {
                        let _ = reply.send(Ok(Ok(())));
                    }
                    return;
                }
                arguments.push(now.0);
                arguments.push(wanted.len());
                for wanted in &wanted {
                    arguments.counter(&wanted.counter);
                    arguments.money(wanted.payer.allowance.budget().amount);
                    arguments.money(wanted.more);
                }
                &*programs::COVER
            }
            Question::Standing { counter, .. } => {
                arguments.counter(counter);
                &*programs::STANDING
            }
            Question::Seed { counter, mark, spent, .. } => {
                arguments.push(now.0);
                arguments.counter(counter);
                arguments.money(*spent);
                arguments.push(&mark.life);
                arguments.push(mark.counted);
                &*programs::SEED
            }
            Question::Asked { .. } => {
                arguments = self.head();
                arguments.push(MOST_QUESTIONS);
                &*programs::QUESTIONS
            }
        };
        batch.add(program, arguments.into_vec(), Pending::Question(question, now, is_second));
    }

    fn take_answer(&mut self, mut answer: Answer, pending: Pending) {
        match pending {
            Pending::Deeds(count) => self.deeds.confirm(count, &mut self.holdings),
            Pending::Beat => {
                let (_epoch, _applied) = (answer.text(), answer.text());
                self.around.presence.set_processes(answer.number().unwrap_or(1));
            }
            Pending::Question(Question::Acquire { asks, reply }, now, _) => {
                let taken = answers::acquired(answer, &asks, now);
                let permits = taken.map(|taken| self.permits(&asks, now, taken));
                // Whoever waits no longer lets the permits go.
                let _ = reply.send(Ok(permits));
            }
            Pending::Question(Question::Cover { permit, money, at, reply }, now, _) => {
                let _ = reply.send(Ok(self.covered(answer, permit, (money, at), now)));
            }
            Pending::Question(Question::Standing { reply, .. }, ..) => {
                let known = answers::known(answer);
                let _ = reply.send(known.ok_or_else(|| Away("an unexpected answer".to_owned())));
            }
            Pending::Question(Question::Seed { reply, .. }, ..) => {
                let _ = reply.send(Ok(answer.word() == "known"));
            }
            Pending::Question(Question::Asked { reply }, ..) => {
                let _ = reply.send(Ok(answers::in_question(answer)));
            }
        }
    }

    fn permits(&mut self, asks: &[Ask], now: Timestamp, taken: answers::Taken) -> Vec<RedisPermit> {
        let sender = self.around.sender.upgrade();
        let each = asks.iter().zip(taken.rooms).filter_map(|(ask, rooms)| {
            let book = Book::new(ask, now, Some(taken.step)).in_day(taken.day);
            book.enter(&mut self.holdings);
            let number = self.around.permits.fetch_add(1, Ordering::Relaxed);
            let permit = RedisPermit {
                number,
                desk: sender.clone()?,
                own: self.around.own.note(ask),
                rooms,
                taken_at: (!book.payers.is_empty()).then_some(now),
                is_settled: AtomicBool::new(false),
            };
            self.books.insert(number, book);
            Some(permit)
        });
        each.collect()
    }

    fn covered(
        &mut self,
        answer: Answer,
        permit: u64,
        (money, at): (NanoUsd, Timestamp),
        now: Timestamp,
    ) -> Result<(), LimiterError> {
        let Some(book) = self.books.get_mut(&permit) else { return Ok(()) };
        let wanted = book.wanted(money, at);
        answers::covered(answer, &wanted, now)?;
        book.hold(wanted, &mut self.holdings);
        Ok(())
    }
}
