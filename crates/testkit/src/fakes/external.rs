//! The rest of the world, as a test tells it.

use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switchyard_ports::external::{ExternalAnswer, ExternalApi, ExternalFault, ExternalRequest};

/// Gives the answers that it was told, in order, then the last one again; remembers what was asked.
#[derive(Debug, Default)]
pub struct ToldWorld {
    told: Mutex<VecDeque<Result<ExternalAnswer, ExternalFault>>>,
    asked: Mutex<Vec<(ExternalRequest, Duration)>>,
}

impl ToldWorld {
    /// A world with these answers.
    #[must_use]
    pub fn of(answers: impl IntoIterator<Item = Result<ExternalAnswer, ExternalFault>>) -> Self {
        Self { told: Mutex::new(answers.into_iter().collect()), asked: Mutex::default() }
    }

    /// What was asked so far, each with the time that it was given.
    #[must_use]
    pub fn asked(&self) -> Vec<(ExternalRequest, Duration)> {
        held(&self.asked).clone()
    }
}

/// An answer without headers.
#[must_use]
pub fn answer(status: u16, body: &'static str) -> ExternalAnswer {
    ExternalAnswer { status, headers: Vec::new(), body: body.into() }
}

fn held<T>(cell: &Mutex<T>) -> MutexGuard<'_, T> {
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl ExternalApi for ToldWorld {
    async fn call(
        &self,
        request: &ExternalRequest,
        patience: Duration,
    ) -> Result<ExternalAnswer, ExternalFault> {
        held(&self.asked).push((request.clone(), patience));
        let mut told = held(&self.told);
        let answer = if told.len() > 1 { told.pop_front() } else { told.front().cloned() };
        answer.unwrap_or_else(|| Err(ExternalFault::Unreachable("nobody told what is there".to_owned())))
    }
}
