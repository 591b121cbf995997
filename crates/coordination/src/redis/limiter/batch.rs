//! What goes to Redis in one round trip.

use super::deeds::Deeds;
use super::jobs::Question;
use crate::redis::programs::Program;
use crate::redis::wire::Call;
use std::collections::HashSet;
use switchyard_domain::time::Timestamp;

/// What is to be done with an answer.
pub(super) enum Pending {
    /// So many deeds were told.
    Deeds(usize),
    /// A question that was asked at a time of the calendar, and whether for the second time.
    Question(Question, Timestamp, bool),
    /// The process said that it lives.
    Beat,
}

/// Calls in their order, and what is to be done with their answers.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) calls: Vec<Call>,
    pub(super) pending: Vec<Pending>,
    /// How many of the waiting deeds are in it.
    pub(super) deeds: usize,
    /// Permits that ask for more money: what becomes of them waits for the answer.
    pub(super) covering: HashSet<u64>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    pub(super) fn add(&mut self, program: &'static Program, arguments: Vec<Vec<u8>>, pending: Pending) {
        if let Pending::Question(Question::Cover { permit, .. }, ..) = &pending {
            self.covering.insert(*permit);
        }
        self.calls.push(Call { program, arguments });
        self.pending.push(pending);
    }

    /// Whether deeds wait that are not in it.
    pub(super) fn lacks(&self, deeds: &Deeds) -> bool {
        self.deeds < deeds.len()
    }
}
