//! Questions to Redis that stand each for itself: in order, several in one round trip.

use super::address::RedisAddress;
use super::answer::Answer;
use super::limiter::Arguments;
use super::programs::Program;
use super::wire::{Call, Wire, WireError};
use std::time::Duration;
use switchyard_ports::clock::Clock;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long Redis may take: answers of a mebibyte are on their way here, and no call waits for them.
const ANSWER: Duration = Duration::from_millis(250);
/// How long a new connection may take while somebody waits.
const CONNECT: Duration = Duration::from_millis(250);
const MOST_AT_ONCE: usize = 16;

struct Job {
    call: Call,
    reply: Option<oneshot::Sender<Result<Answer, WireError>>>,
}

/// Asks. Clones ask the same line.
#[derive(Clone)]
pub(super) struct Asker {
    jobs: UnboundedSender<Job>,
}

impl Asker {
    /// Asks, and waits for the answer.
    pub(super) async fn ask(
        &self,
        program: &'static Program,
        arguments: Arguments,
    ) -> Result<Answer, WireError> {
        let (reply, answer) = oneshot::channel();
        let call = Call { program, arguments: arguments.into_vec() };
        self.jobs.send(Job { call, reply: Some(reply) }).map_err(|_| WireError::Closed)?;
        answer.await.unwrap_or(Err(WireError::Closed))
    }

    /// Says something, and waits for nothing.
    pub(super) fn say(&self, program: &'static Program, arguments: Arguments) {
        let call = Call { program, arguments: arguments.into_vec() };
        // A line that is closed has ended with its process.
        let _ = self.jobs.send(Job { call, reply: None });
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
    jobs: UnboundedReceiver<Job>,
    wire: Wire,
    is_open: bool,
}

impl Line {
    /// A line to the server at `address`.
    pub(super) fn new(address: &RedisAddress) -> (Asker, Self) {
        let (sender, jobs) = unbounded_channel();
        (Asker { jobs: sender }, Self { jobs, wire: Wire::new(address, ANSWER), is_open: false })
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
        let mut jobs = vec![job];
        while jobs.len() < MOST_AT_ONCE
            && let Ok(job) = self.jobs.try_recv()
        {
            jobs.push(job);
        }
        let calls: Vec<Call> = jobs.iter().map(|job| job.call.clone()).collect();
        let answers = match self.send(&calls).await {
            // A connection that broke while nobody used it is noticed now.
            Err(error) if !matches!(error, WireError::Late(_)) => self.send(&calls).await,
            answers => answers,
        };
        match answers {
            Ok(answers) => {
                for (job, answer) in jobs.into_iter().zip(answers) {
                    job.reply.map(|reply| reply.send(Ok(Answer::read(answer))));
                }
            }
            Err(error) => {
                for reply in jobs.into_iter().filter_map(|job| job.reply) {
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
    }

    async fn send(&mut self, calls: &[Call]) -> Result<Vec<redis::Value>, WireError> {
        if !self.is_open {
            timeout(CONNECT, self.wire.open()).await.map_err(|_| WireError::Late(CONNECT))??;
            self.is_open = true;
        }
        let answers = self.wire.run(calls).await;
        if answers.is_err() {
            self.wire.close();
            self.is_open = false;
        }
        answers
    }
}
