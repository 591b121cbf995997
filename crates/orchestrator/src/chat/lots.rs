//! Where plans get their turns and draws from: taken, or only looked at.

use crate::snapshot::{TakenTurn, Turns};
use std::sync::Arc;
use switchyard_ports::entropy::Entropy;

/// Whose turn is asked for: calls that name different models, or that different targets can serve, take turns apart. One count for all
/// would give each of two kinds of calls that alternate the same target for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TurnKey {
    /// The model that was named.
    pub model: Option<String>,
    /// The targets that can't serve such a call, whatever their health.
    pub misfits: Vec<usize>,
}

/// Where a plan gets its turn and its draw from.
pub(crate) trait Lots {
    /// The number of the turn of a route whose turns these are.
    fn turn(&mut self, turns: &Arc<Turns>, key: TurnKey) -> u64;
    /// A draw.
    fn draw(&mut self) -> u64;
}

/// Takes turns and draws. Turns that were taken before [`Taking::used`] go back when it is dropped without that.
pub(crate) struct Taking<'a> {
    entropy: &'a dyn Entropy,
    taken: Vec<TakenTurn>,
    is_used: bool,
}

impl<'a> Taking<'a> {
    pub(crate) fn of(entropy: &'a dyn Entropy) -> Self {
        Self { entropy, taken: Vec::new(), is_used: false }
    }

    /// The turns are used, those that follow too.
    pub(crate) fn used(&mut self) {
        self.is_used = true;
        self.taken.iter_mut().for_each(TakenTurn::used);
    }
}

impl Lots for Taking<'_> {
    fn turn(&mut self, turns: &Arc<Turns>, key: TurnKey) -> u64 {
        let mut taken = turns.take(key);
        if self.is_used {
            taken.used();
        }
        let number = taken.number();
        self.taken.push(taken);
        number
    }

    fn draw(&mut self) -> u64 {
        self.entropy.random()
    }
}

/// Looks at the turns that come, and takes none.
pub(crate) struct Foreseeing<'a> {
    pub(crate) entropy: &'a dyn Entropy,
    /// How many calls of the same kind come before.
    pub(crate) ahead: u64,
}

impl Lots for Foreseeing<'_> {
    fn turn(&mut self, turns: &Arc<Turns>, key: TurnKey) -> u64 {
        turns.coming(&key).wrapping_add(self.ahead)
    }

    fn draw(&mut self) -> u64 {
        self.entropy.random()
    }
}
