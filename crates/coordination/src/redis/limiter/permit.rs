//! A call's hold on limits and budgets that many processes share.

use super::BUDGET_ANSWER;
use super::jobs::{Job, Question};
use crate::memory::MemoryPermit;
use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, Ordering};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::limiter::{LimiterError, Permit, Rooms, Used};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

/// See the module. What it says is said to the desk, which tells Redis.
pub(super) struct RedisPermit {
    pub(super) number: u64,
    pub(super) desk: UnboundedSender<Job>,
    /// The same call, in what this process counts for itself.
    pub(super) own: MemoryPermit,
    pub(super) rooms: Rooms,
    /// The moment in whose windows it holds money; absent where it was taken under no budget.
    pub(super) taken_at: Option<Timestamp>,
    pub(super) is_settled: AtomicBool,
}

#[async_trait]
impl Permit for RedisPermit {
    fn taken_at(&self) -> Option<Timestamp> {
        self.taken_at
    }

    async fn cover(&self, money: NanoUsd, at: Timestamp) -> Result<(), LimiterError> {
        if self.taken_at.is_none() || self.is_settled.load(Ordering::Relaxed) {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        let question = Question::Cover { permit: self.number, money, at, reply };
        let away = |why: String| LimiterError::Unavailable(why);
        self.desk.send(Job::Ask(question, false)).map_err(|_| away("it is closed".to_owned()))?;
        match tokio::time::timeout(BUDGET_ANSWER, answer).await {
            Ok(Ok(Ok(covered))) => covered,
            Ok(Ok(Err(why))) => Err(away(why.0)),
            Ok(Err(_)) => Err(away("it is closed".to_owned())),
            Err(_) => Err(away(format!("no answer within {} ms", BUDGET_ANSWER.as_millis()))),
        }
    }

    fn settle(&self, used: &Used) {
        if !self.is_settled.swap(true, Ordering::Relaxed) {
            self.own.settle(used);
            // A desk that is closed ended after all calls.
            let _ = self.desk.send(Job::Settle { permit: self.number, used: used.clone() });
        }
    }

    fn release_slots(&self) {
        self.own.release_slots();
        let _ = self.desk.send(Job::Land { permit: self.number });
    }

    fn rooms(&self) -> Rooms {
        self.rooms
    }
}

impl Drop for RedisPermit {
    fn drop(&mut self) {
        let _ = self.desk.send(Job::Drop { permit: self.number });
    }
}
