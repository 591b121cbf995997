//! Questions to Redis that stand each for itself: in order, several in one round trip.
//!
//! Nobody waits behind what a hanging Redis does not answer: the queue is bounded, what its asker waits for no longer is left out, and
//! while Redis is known to be away nothing is asked at all. So when it is back it is not told what was done without it meanwhile.

use super::address::RedisAddress;
use super::answer::Answer;
use super::limiter::Arguments;
use super::presence::Presence;
use super::programs::Program;
use super::wire::{Call, Wire, WireError};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use switchyard_ports::clock::Clock;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long Redis may take: answers of a mebibyte are on their way here, and no call waits for them.
const ANSWER: Duration = Duration::from_millis(250);
/// How long a new connection may take while somebody waits.
const CONNECT: Duration = Duration::from_millis(250);
const MOST_AT_ONCE: usize = 16;
/// The most that wait. Redis answers thousands in the time that anybody waits.
const MOST_WAITING: usize = 1024;
/// The most that is kept to be said again once Redis is back.
const MOST_UNSAID: usize = 1024;

/// What it means that Redis is told the same again, because it is not known whether it did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// Nothing.
    Harmless,
    /// It is done twice.
    Counts,
}

struct Job {
    call: Call,
    again: Again,
    /// Absent: nobody waits.
    reply: Option<oneshot::Sender<Result<Answer, WireError>>>,
}

impl Job {
    fn is_left(&self) -> bool {
        self.reply.as_ref().is_some_and(oneshot::Sender::is_closed)
    }

    fn answer(self, answer: Result<Answer, WireError>) {
        if let Some(reply) = self.reply {
            // Who left needs no answer.
            let _ = reply.send(answer);
        }
    }
}

/// Asks. Clones ask the same line.
#[derive(Clone)]
pub(super) struct Asker {
    jobs: Sender<Job>,
    presence: Arc<Presence>,
}

/// An answer that is on its way. Dropped before the question was sent, that is left out.
pub(super) struct Awaited(oneshot::Receiver<Result<Answer, WireError>>);

impl Awaited {
    /// Waits for it.
    pub(super) async fn answer(self) -> Result<Answer, WireError> {
        self.0.await.unwrap_or(Err(WireError::Closed))
    }
}

impl Asker {
    /// Asks. An error means that Redis will not hear of it.
    pub(super) fn ask(
        &self,
        program: &'static Program,
        arguments: Arguments,
        again: Again,
    ) -> Result<Awaited, WireError> {
        if self.presence.is_away() {
            return Err(WireError::Closed);
        }
        let (reply, answer) = oneshot::channel();
        let call = Call { program, arguments: arguments.into_vec() };
        self.jobs.try_send(Job { call, again, reply: Some(reply) }).map_err(|_| WireError::Closed)?;
        Ok(Awaited(answer))
    }

    /// Says something, and waits for nothing. What may be said again is said even to a Redis that is away, when it is back.
    pub(super) fn say(&self, program: &'static Program, arguments: Arguments, again: Again) {
        if again == Again::Counts && self.presence.is_away() {
            return;
        }
        let call = Call { program, arguments: arguments.into_vec() };
        if self.jobs.try_send(Job { call, again, reply: None }).is_err() {
            tracing::debug!("too much waits for Redis: something was not said to it");
        }
    }
}

/// The time that a script is told: the server's own, or that of a clock which a test moves.
pub(super) fn head(clock: Option<&dyn Clock>) -> Arguments {
    let mut arguments = Arguments::default();
    match clock {
        None => {
            arguments.push("");
            arguments.push("");
        }
        Some(clock) => {
            arguments.push(clock.monotonic().0.as_micros());
            arguments.push(i128::from(clock.now().0) * 1000);
        }
    }
    // These scripts ask for nobody's name.
    arguments.push("-");
    arguments.push("");
    arguments
}

/// The work behind the askers. [`Line::run`] must run for them to be answered.
pub struct Line {
    jobs: Receiver<Job>,
    wire: Wire,
    is_open: bool,
    /// What was said to a Redis that did not hear it.
    unsaid: VecDeque<Job>,
}

impl Line {
    /// A line to the server at `address`, of which it is known elsewhere whether it is there.
    pub(super) fn new(address: &RedisAddress, presence: Arc<Presence>) -> (Asker, Self) {
        let (sender, jobs) = channel(MOST_WAITING);
        let wire = Wire::new(address, ANSWER);
        (Asker { jobs: sender, presence }, Self { jobs, wire, is_open: false, unsaid: VecDeque::new() })
    }

    /// Works until `stop` resolves, and then until what was said before is sent.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                job = self.jobs.recv() => match job {
                    Some(job) => self.serve(job).await,
                    None => return,
                },
                () = &mut stop => break,
            }
        }
        self.jobs.close();
        while let Some(job) = self.jobs.recv().await {
            self.serve(job).await;
        }
    }

    async fn serve(&mut self, job: Job) {
        let mut jobs: Vec<Job> = self.unsaid.drain(..).collect();
        jobs.push(job);
        for _ in 1..MOST_AT_ONCE {
            jobs.extend(self.jobs.try_recv());
        }
        jobs.retain(|job| !job.is_left());
        if jobs.is_empty() {
            return;
        }
        match self.send(&jobs).await {
            Ok(answers) => answer(jobs, answers),
            // A connection that broke while nobody used it is noticed now. It may have broken after all was done, too.
            Err(error) if !matches!(error, WireError::Late(_)) => {
                let (again, lost) = jobs.into_iter().partition(|job| job.again == Again::Harmless);
                self.fail(lost, &error);
                match self.send(&again).await {
                    Ok(answers) => answer(again, answers),
                    Err(error) => self.fail(again, &error),
                }
            }
            Err(error) => self.fail(jobs, &error),
        }
    }

    fn fail(&mut self, jobs: Vec<Job>, error: &WireError) {
        for job in jobs {
            if job.reply.is_none() && job.again == Again::Harmless {
                self.unsaid.push_back(job);
            } else {
                job.answer(Err(error.clone()));
            }
        }
        let surplus = self.unsaid.len().saturating_sub(MOST_UNSAID);
        self.unsaid.drain(..surplus);
    }

    async fn send(&mut self, jobs: &[Job]) -> Result<Vec<redis::Value>, WireError> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let calls: Vec<Call> = jobs.iter().map(|job| job.call.clone()).collect();
        if !self.is_open {
            timeout(CONNECT, self.wire.open()).await.map_err(|_| WireError::Late(CONNECT))??;
            self.is_open = true;
        }
        let answers = self.wire.run(&calls).await;
        if answers.is_err() {
            self.wire.close();
            self.is_open = false;
        }
        answers
    }
}

fn answer(jobs: Vec<Job>, answers: Vec<redis::Value>) {
    for (job, answer) in jobs.into_iter().zip(answers) {
        job.answer(Ok(Answer::read(answer)));
    }
}
